"""A job of a workflow run here: its shell steps as GitHub or GitLab would run them, in a repository of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import deedbook
from tests.documents import REPOSITORY, run_bash
from tests.rendering.test_github import Command, read_command

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TOOLKIT = Path(deedbook.__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a step left: its exit code, its log, and the job summary so far."""

    code: int
    log: str
    summary: str

    @property
    def commands(self) -> list[Command]:
        """What GitHub's runner obeys in the log, apart from what is switched off for a while."""
        obeyed: list[Command] = []
        token = ""
        for line in self.log.split("\n"):
            found = read_command(line)
            if token:
                token = "" if line.strip() == f"::{token}::" else token
            elif found is not None and found.name == "stop-commands":
                token = found.data
            elif found is not None:
                obeyed.append(found)
        assert not token, "commands were never switched on again"
        return obeyed


def read_yaml(path: Path) -> dict[Any, Any]:
    """A workflow, an action or a pipeline; `on` is read as the text that it is."""
    text = re.sub(r"^on:", '"on":', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


def expressions(value: object) -> list[str]:
    """The expressions in a text, or in all texts of a structure."""
    match value:
        case str():
            return _EXPRESSION.findall(value)
        case Mapping():
            return [found for item in value.values() for found in expressions(item)]
        case list():
            return [found for item in value for found in expressions(item)]
    return []


def run_steps(steps: list[dict[str, Any]], root: Path, context: Mapping[str, str], variables: Mapping[str, str]) -> Ran:
    """Runs the shell steps that install nothing, one after another until one fails.

    Args:
        steps: Of a job or a composite action.
        root: The checkout.
        context: What each expression is; one that is not there is an error.
        variables: More of the environment.
    """
    summary = root.parent / "summary.md"
    log = ""
    code = 0
    for step in steps:
        if "run" not in step or step.get("name", "").startswith("Install"):
            continue
        own = {name: _filled(str(value), context) for name, value in step.get("env", {}).items()}
        given = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(root), "GITHUB_STEP_SUMMARY": str(summary)}
        folder = root / _filled(step.get("working-directory", "."), context)
        code, said = shell(step["run"], folder, {**given, **variables, **own})
        log += said
        if code:
            break
    return Ran(code, log, summary.read_text(encoding="utf-8") if summary.exists() else "")


def _filled(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: context[found[1]], text)


def shell(script: str, folder: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    """A script as GitHub runs it with `shell: bash`; its exit code and what it prints."""
    programs = _programs(folder.parent / "programs")
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "PYTHONPATH": str(_TOOLKIT),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        **variables,
    }
    done = run_bash(["--noprofile", "--norc", "-eo", "pipefail", "-c", script], folder, environment)
    return done.returncode, done.stdout


def _programs(folder: Path) -> Path:
    """A folder with `deedbook` and `python`, those of this test."""
    folder.mkdir(exist_ok=True)
    for name, arguments in (("python", ""), ("deedbook", "-m deedbook ")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder


def git(root: Path, *arguments: str) -> str:
    """What git prints, for an author who always is the same."""
    author = ("-c", "user.name=A. Maintainer", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *author, *arguments], cwd=root, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return done.stdout.strip()


ACTION = REPOSITORY / "action.yml"
"""The composite action."""
REUSABLE = REPOSITORY / ".github" / "workflows" / "dataset.yml"
"""The workflow that others call."""
