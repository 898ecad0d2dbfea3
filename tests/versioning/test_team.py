"""Two people work in git: both plan the same number, one publishes, the other is told what to do and does it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deedbook.cli.main import run
from tests.versioning.dataset import make_dataset

GIT = shutil.which("git") or ""
pytestmark = pytest.mark.skipif(not GIT, reason="git is not installed")
TARGET = '[targets.public]\ntype = "directory"\npath = "../public"\n'
DATE = ("--date", "2026-02-01")


class Person:
    """Somebody with a clone; every command and what it says goes into the log."""

    def __init__(
        self, name: str, root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.name, self.root = name, root
        self.monkeypatch, self.capfd = monkeypatch, capfd

    def do(self, command: str) -> tuple[int, str]:
        """The exit code of a command line, and what it said."""
        self.capfd.readouterr()
        program, *arguments = command.split()
        with self.monkeypatch.context() as patch:
            patch.chdir(self.root)
            code = run(arguments) if program == "deedbook" else git(self.root, *arguments)
        said = "".join(self.capfd.readouterr())
        sys.stdout.write(f"{self.name}$ {command}\n{said}")
        return code, said

    def must(self, *commands: str) -> None:
        for command in commands:
            code, said = self.do(command)
            assert code == 0, said

    def add(self, row: str, *, first: bool) -> None:
        file = self.root / "items.csv"
        header, *lines = file.read_text().splitlines()
        lines = [row, *lines] if first else [*lines, row]
        file.write_text("\n".join([header, *lines, ""]))


def git(root: Path, *arguments: str) -> int:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run([GIT, "-C", str(root), *who, *arguments], check=False).returncode


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[Person, Person]:
    """Ann and Ben have a clone each; 1.0.0 is published."""
    root = make_dataset(tmp_path / "ann", rows=30).root
    with (root / "deedbook.toml").open("a") as file:
        file.write(TARGET)
    (root / ".gitignore").write_text("dist/\n")
    ann = Person("ann", root, monkeypatch, capfd)
    ann.must("deedbook build -q", "deedbook publish -q --to public")
    ann.must("git init -q -b main", "git add .", "git commit -q -m Begin", "git clone -q --bare . ../origin.git")
    ann.must("git remote add origin ../origin.git", "git fetch -q", "git branch -q -u origin/main")
    ann.must("git clone -q ../origin.git ../ben")
    ben = Person("ben", tmp_path / "ben", monkeypatch, capfd)
    ann.add("I9001,of ann,1", first=False)
    ben.add("I9002,of ben,2", first=True)
    for person in (ann, ben):
        person.must(f"deedbook plan -q --write {' '.join(DATE)}", "git commit -q -a -m Add")
    return ann, ben


def held(folder: Path) -> set[str]:
    """The new ids that a published version has."""
    return set(re.findall(r"^I900\d", (folder / "items.csv").read_text(), re.MULTILINE))


@pytest.mark.parametrize("has_built", [False, True])
def test_whoever_comes_second_is_told_what_to_do_and_does_it(
    team: tuple[Person, Person], tmp_path: Path, has_built: bool
) -> None:
    ann, ben = team
    if has_built:
        ben.must("deedbook build -q")
    ann.must("deedbook build -q", "deedbook publish -q --to public", "git push -q")
    refused = "deedbook publish --to public" if has_built else "deedbook plan"
    code, said = ben.do(refused)
    assert code == 4
    assert "1.1.0" in said
    commands = re.findall(r"`((?:git|deedbook) [^`]+)`", said)[:3]
    assert commands == ["git pull", "deedbook plan --write", "deedbook build"]
    ben.must("git pull -q --no-rebase --no-edit", f"deedbook plan -q --write {' '.join(DATE)}", "deedbook build -q")
    ben.must("deedbook publish -q --to public")
    public = tmp_path / "public" / "items"
    assert (held(public / "1.1.0"), held(public / "1.2.0")) == ({"I9001"}, {"I9001", "I9002"})


def test_who_took_over_what_was_published_goes_on_from_there(team: tuple[Person, Person]) -> None:
    ann, ben = team
    ann.must("deedbook build -q", "deedbook publish -q --to public", "git push -q")
    ben.must("git pull -q --no-rebase --no-edit")
    assert "items 1.1.0 -> 1.2.0" in ben.do("deedbook plan")[1]
    assert ben.do("deedbook build")[0] == 4
