"""One `[targets.NAME]` of deedbook.toml, read setting by setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deedbook.errors import ProjectError, UsageError
from deedbook.names import name_problem
from deedbook.project import CONFIG, Project


@dataclass(frozen=True, slots=True)
class Settings:
    """What deedbook.toml says of a target.

    Attributes:
        name: Of the target.
        root: The project's folder, which paths are relative to.
        values: The settings, `type` among them.
        title: That of the project's dataset; a new catalogue gets it.
    """

    name: str
    root: Path
    values: Mapping[str, Any]
    title: str = ""

    @property
    def where(self) -> str:
        """What people call this part of the file."""
        return f"{self.root / CONFIG}: [targets.{self.name}]"

    @property
    def kind(self) -> str:
        """The type."""
        return self.text("type")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; it must be there when it has no default."""
        value = self.values.get(key, default)
        if value is None:
            raise ProjectError(f"{self.where} has no `{key}`", f'add {key} = "..."')
        if not isinstance(value, str) or (not value and default is None):
            raise ProjectError(f"{self.where}: `{key}` is a text in quotes")
        return value

    def flag(self, key: str) -> bool:
        """true or false; false when absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise ProjectError(f"{self.where}: `{key}` is true or false")
        return value

    def address(self, key: str, default: str = "") -> str:
        """An http(s) address without credentials, ending in `/`; empty when absent.

        A plain `http` one is allowed for this machine only, since credentials may go there.
        """
        value = self.text(key, default)
        if not value:
            return ""
        parts = urlsplit(value)
        is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if not parts.hostname or parts.scheme not in {"https", "http" if is_local else "https"}:
            raise ProjectError(f"{self.where}: `{key}` is no https:// address")
        if any((parts.username, parts.password, parts.query, parts.fragment)):
            raise ProjectError(f"{self.where}: `{key}` is a plain address, without user, password, `?` or `#`")
        return value if value.endswith("/") else f"{value}/"

    def only(self, *known: str) -> None:
        """Refuses settings that this kind of target does not have, since they are probably misspelled."""
        unknown = sorted(self.values.keys() - {"type", *known})
        if unknown:
            raise ProjectError(
                f"{self.where}: `{unknown[0]}` is no setting of a {self.kind} target; {', '.join(known)} are"
            )


def read_settings(project: Project, name: str) -> Settings:
    """What the project says of a target.

    Raises:
        UsageError: when it names no such target.
        ProjectError: when what it says is no table.
    """
    targets = project.config.raw.get("targets", {}) if project.config else {}
    where = project.root / CONFIG
    if not isinstance(targets, Mapping):
        raise ProjectError(f"{where}: `targets` is no table", 'write [targets.public] and below it type = "directory"')
    if name not in targets:
        known = f"the targets there are {', '.join(sorted(targets))}" if targets else f"add [targets.{name}]"
        raise UsageError(f"{where}: there is no target `{name}`", known)
    if problem := name_problem(name):
        raise ProjectError(f"{where}: no target can be named {name!r}, which {problem}", "rename it")
    values = targets[name]
    if not isinstance(values, Mapping):
        raise ProjectError(f"{where}: [targets.{name}] is no table", 'write below it type = "directory"')
    return Settings(name, project.root, values, project.package.title or project.package.name)
