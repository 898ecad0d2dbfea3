"""Where text goes, and what becomes of it when nobody takes it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.cli import streams
from deedbook.rendering import PLAIN
from tests.cli.project import BAD, GOOD, Outcome, write_project

Run = Callable[..., Outcome]
COMMAND = f"{sys.executable} -m deedbook validate"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_need_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert streams.view() == PLAIN
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert streams.view().color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not streams.view().color


def test_a_report_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    streams.write(tmp_path / "report.json", "one\n")
    streams.write(tmp_path / "report.json", "two \udc80\n")
    assert (tmp_path / "report.json").read_bytes() == b"two \\udc80\n"
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def shell(project: Path, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line of shell in the project."""
    return subprocess.run(line, shell=True, cwd=project, env={**os.environ, **environment}, capture_output=True)  # noqa: S602


@pytest.mark.parametrize("events", [GOOD, BAD])
def test_a_full_disk_behind_stdout_is_said_and_never_a_verdict(tmp_path: Path, events: str) -> None:
    write_project(tmp_path, events, rules="")
    done = shell(tmp_path, f"{COMMAND} --format json > /dev/full")
    assert (done.returncode, done.stderr) == (
        75,
        b"deedbook: standard output cannot be written: No space left on device\n",
    )


def test_a_closed_stdout_is_said(tmp_path: Path) -> None:
    write_project(tmp_path, BAD, rules="")
    done = shell(tmp_path, f"{COMMAND} >&-")
    assert done.returncode == 75
    assert b"standard output is closed" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("events", "code"), [(GOOD, 0), (BAD, 1)])
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_a_stderr_that_takes_nothing_changes_no_verdict(tmp_path: Path, events: str, code: int, stderr: str) -> None:
    write_project(tmp_path, events, rules="")
    assert shell(tmp_path, f"{COMMAND} {stderr}").returncode == code


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_a_stderr_that_takes_nothing_changes_no_refusal(tmp_path: Path, stderr: str) -> None:
    assert shell(tmp_path, f"{COMMAND} nowhere {stderr}").returncode == 2


def test_a_closed_stdin_has_no_data(tmp_path: Path) -> None:
    write_project(tmp_path, rules="")
    done = shell(tmp_path, f"{COMMAND} - --schema schemas/events.schema.json <&-")
    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


@pytest.mark.parametrize("format_", ["json", "csv", "junit", "frictionless"])
def test_what_programs_read_is_utf_8_in_any_locale(tmp_path: Path, format_: str) -> None:
    write_project(tmp_path, "    id,start,end\n    x,Ереван,\n", rules="")
    done = shell(tmp_path, f"{COMMAND} --format {format_}", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert done.returncode == 1
    assert "Ереван" in done.stdout.decode("utf-8")


LONG, DEEP, LOOP = "a" * 300, "a/" * 2500, "loop/x"


@pytest.mark.parametrize("path", [LONG, DEEP, LOOP], ids=["long", "deep", "a link to itself"])
@pytest.mark.parametrize("verb", ["validate", "fmt", "plan", "build", "diff .", "verify", "init"])
def test_a_path_that_the_system_refuses_is_one_sentence(project: Path, deedbook: Run, verb: str, path: str) -> None:
    write_project(project)
    (project / "loop").symlink_to("loop")
    outcome = deedbook(*verb.split(), path)
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) <= 2
    assert len(outcome.err) < 700


@pytest.mark.parametrize("option", ["--output", "--summary", "--findings"])
def test_a_report_that_has_no_place_is_one_sentence(project: Path, deedbook: Run, option: str) -> None:
    write_project(project)
    outcome = deedbook("validate", option, f"{LONG}.csv")
    assert (outcome.code, len(outcome.err.splitlines())) == (2, 2)


def test_a_home_that_cannot_be_written_is_one_sentence(
    project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project)
    home = {"HOME": "/proc/none", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "XDG_DATA_HOME": ""}
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    assert deedbook("validate").code == 0
    outcome = deedbook("versions", "--from", ".")
    assert outcome.code in {2, 3, 75}
    assert "bug of ours" not in outcome.err
