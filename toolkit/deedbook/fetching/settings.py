"""Where a user's configuration, cache and memory are, and the catalogue that is asked when none is named."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deedbook.errors import ProjectError, UsageError

HOME_VARIABLE = "DEEDBOOK_HOME"
CATALOGUE_VARIABLE = "DEEDBOOK_CATALOGUE"
CONFIG_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one user; none needs to exist."""

    config: Path
    cache: Path
    state: Path


def find_home(environment: Mapping[str, str] = os.environ) -> Home:
    """The folders that `DEEDBOOK_HOME` names, else those that the system has for such things."""
    if named := environment.get(HOME_VARIABLE, ""):
        root = Path(named)
        return Home(root, root / "cache", root / "state")
    import platformdirs

    return Home(
        platformdirs.user_config_path("deedbook"),
        platformdirs.user_cache_path("deedbook"),
        platformdirs.user_state_path("deedbook"),
    )


def choose_catalogue(named: str | None, home: Home, environment: Mapping[str, str] = os.environ) -> str:
    """The catalogue to ask: the named one, else that of the environment, else that of the user's configuration.

    Raises:
        UsageError: when there is none.
        ProjectError: when the configuration cannot be read.
    """
    file = home.config / CONFIG_FILE
    chosen = named or environment.get(CATALOGUE_VARIABLE, "") or _configured(file)
    if not chosen:
        raise UsageError(
            "no catalogue is named",
            f'add --from URL_OR_FOLDER, set {CATALOGUE_VARIABLE}, or write catalogue = "URL" into {file}',
        )
    return chosen


def _configured(file: Path) -> str:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("catalogue", "")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProjectError(f"{file}: cannot be read: {error}", "correct the file") from None
    if not isinstance(found, str):
        raise ProjectError(f"{file}: `catalogue` is an address in quotes")
    return found
