"""Values of options, whose rules may run, what --strict says, and the progress bar."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest

from deedbook.cli import streams
from deedbook.cli.options import may_run_rules
from deedbook.cli.options import size as parsed
from deedbook.errors import UsageError
from deedbook.findings import NotChecked, Report, Total
from deedbook.project import load_project
from deedbook.rendering.text import strict_complaint
from tests.cli.project import write_project

WARNED = Report(totals=(Total("t", "r", None, "warning", 2, 1),), not_checked=(NotChecked("t", "x", "because"),))
WRONG = Report(totals=(Total("t", "r", None, "error", 1),))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 << 20), ("2 GiB", 2 << 30), ("1.5k", 1536), ("100", 100), ("7b", 7)]
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parsed(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1M", "1X", "٣M", "M"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        parsed(text)


def test_a_report_passes_strictly_when_nothing_is_left_open() -> None:
    passes = [report.passes(strict=strict) for report in (Report(), WARNED, WRONG) for strict in (False, True)]
    assert passes == [True, True, True, False, False, False]


def test_a_strict_failure_says_what_counted() -> None:
    assert strict_complaint(WARNED) == "not passed, because --strict: 1 unwaived warning, 1 not checked"
    assert [strict_complaint(report) for report in (Report(), WRONG)] == ["", ""]


@pytest.mark.parametrize(
    ("folder", "is_own"), [("here", True), ("here/data", True), ("link", True), (".", False), ("here-too", False)]
)
def test_the_rules_of_a_project_run_inside_it_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, is_own: bool
) -> None:
    project = load_project(write_project(tmp_path / "here"))
    (tmp_path / "link").symlink_to(tmp_path / "here")
    (tmp_path / "here-too").mkdir()
    monkeypatch.chdir(tmp_path / folder)
    may_run_rules(project, trusted=True)
    if is_own:
        may_run_rules(project, trusted=False)
    else:
        with pytest.raises(UsageError, match="you are not inside it"):
            may_run_rules(project, trusted=False)


def test_the_bar_appears_on_a_terminal_after_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with streams.progress_bar(quiet=False) as bar:
        bar.update("checking", 0.1)
        assert terminal.getvalue() == ""
        monkeypatch.setattr(streams, "PATIENCE", 0.0)
        bar.update("checking", 0.5)
    assert "checking" in terminal.getvalue()


@pytest.mark.parametrize("quiet", [True, False])
def test_the_bar_is_silent_when_quiet_or_piped(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    stream = Terminal() if quiet else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(streams, "PATIENCE", 0.0)
    with streams.progress_bar(quiet=quiet) as bar:
        bar.update("checking", 1.0)
        bar.update("writing", 0.5)
    assert stream.getvalue() == ""
