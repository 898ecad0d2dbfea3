"""Documents with commands in them: what they say that a command prints, and what it does print.

A block that starts with ```console holds lines that begin with `$ `, each a shell command, followed by what it prints on stdout and stderr;
lines after it that begin with `>` belong to the command, as in a shell.
All blocks of a document run in one shell, in a copy of the repository. A line `...` stands for any lines. Times, sizes and counts of files are not
compared.

Usage: python -m tests.documents    writes what the commands print now into the documents
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "docs/tutorial/first-dataset.md",
    "docs/tutorial/from-excel.md",
    "docs/tutorial/spreadsheet-team.md",
    "docs/how-to/write-a-schema.md",
    "docs/how-to/write-a-rule.md",
)
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "work", "tests", "results"
)

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=== the next command ==="
_UNWANTED = frozenset(
    {
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "FORCE_COLOR",
        "COLUMNS",
        "PYTHONPATH",
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
    }
)
"""Variables that change what commands print; the last three are there when `make` runs the tests."""
_VARYING = (
    (re.compile(r"\d+\.\d+ s\b"), "N s"),
    (re.compile(r"\d+ files, \d+\.\d+ [kM]B"), "N files, N MB"),
    (re.compile(r"/\S+/deedbook/releases/"), "PATH"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:N"),
    (re.compile(r"\d{4}-\d\d-\d\d|\(\d{4}\)"), "DATE"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what it prints."""

    command: str
    output: str


def read_steps(text: str) -> list[list[Step]]:
    """The commands of each block, with the output that the document shows."""
    blocks = []
    for found in _BLOCK.finditer(text):
        parts = re.split(r"^\$ (.*(?:\n>.*)*)\n", found[1], flags=re.MULTILINE)[1:]
        blocks.append([Step(command, output) for command, output in zip(parts[::2], parts[1::2], strict=True)])
    return blocks


def run_steps(steps: list[Step], folder: Path, *programs: Path) -> list[Step]:
    """The same commands with the output that they give, run one after another in one shell; folders of programs come first."""
    commands = (re.sub(r"\n> ?", "\n", step.command) for step in steps)
    script = "\n".join(f"echo '{_MARK}'\n{command}" for command in commands)
    environment = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    path = os.pathsep.join(map(str, [*programs, Path(sys.executable).parent, os.environ["PATH"]]))
    environment |= {"PATH": path, "LC_ALL": "C.UTF-8"}
    environment |= {"HOME": str(folder.parent)}  # of a user who never fetched anything
    outputs = run_bash(["-c", script], folder, environment).stdout.split(f"{_MARK}\n")[1:]
    return [Step(step.command, output) for step, output in zip(steps, outputs, strict=True)]


def run_bash(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What bash does with nothing to read, its stdout and stderr as one text."""
    return subprocess.run(
        ["bash", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )


def copy_repository(folder: Path) -> Path:
    """A copy of the repository in which `make` finds the environment that runs this test."""
    copy = folder / "deedbook"
    shutil.copytree(REPOSITORY, copy, ignore=LEFT_OUT)
    (copy / ".venv").mkdir()
    (copy / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (copy / ".venv" / ".ready").touch()
    return copy


def agree(shown: str, printed: str) -> bool:
    """Whether the shown output is what was printed, apart from what varies."""
    for varying, same in _VARYING:
        shown, printed = varying.sub(same, shown), varying.sub(same, printed)
    parts = re.split(r"^ *\.\.\.\n", shown, flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*".join(map(re.escape, parts)), printed) is not None


def refresh(document: str) -> str:
    """The text of the document with what its commands print now; what agrees stays as it is."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    blocks = read_steps(text)
    with tempfile.TemporaryDirectory() as folder:
        printed = iter(run_steps([step for block in blocks for step in block], copy_repository(Path(folder))))
    fresh = iter(["".join(_written(step, next(printed)) for step in block) for block in blocks])
    return _BLOCK.sub(lambda _found: f"```console\n{next(fresh)}```", text)


def _written(shown: Step, printed: Step) -> str:
    output = shown.output if agree(shown.output, printed.output) else printed.output
    return f"$ {shown.command}\n{output}"


if __name__ == "__main__":
    for name in DOCUMENTS:
        (REPOSITORY / name).write_text(refresh(name), encoding="utf-8", newline="\n")
