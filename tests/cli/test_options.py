"""Values of options, the policy of exit codes, and the progress bar."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest

from deedbook.cli import output, progress
from deedbook.cli.options import Size
from deedbook.cli.policy import exit_code, is_own, strict_complaint
from deedbook.findings import NotChecked, Report, Total
from deedbook.project import load_project
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
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "0", "-1M", "1X", "٣M", "M"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Size().convert(text, None, None)


def test_exit_codes_follow_the_report() -> None:
    assert [exit_code(report, strict=strict) for report in (Report(), WARNED, WRONG) for strict in (False, True)] == [
        0,
        0,
        0,
        1,
        1,
        1,
    ]


def test_a_strict_failure_says_what_counted() -> None:
    assert strict_complaint(WARNED) == "not passed, because --strict: 1 unwaived warning, 1 not checked"
    assert [strict_complaint(report) for report in (Report(), WRONG)] == ["", ""]


def test_a_project_is_own_inside_it_only(tmp_path: Path) -> None:
    project = load_project(write_project(tmp_path / "here"))
    (tmp_path / "link").symlink_to(tmp_path / "here")
    assert is_own(project, tmp_path / "here")
    assert is_own(project, tmp_path / "here" / "data")
    assert is_own(project, tmp_path / "link")
    assert not is_own(project, tmp_path)
    assert not is_own(project, tmp_path / "here-too")


def test_colours_need_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert not output.wants_color()
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert output.wants_color()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.wants_color()


def test_a_report_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    output.write(tmp_path / "report.json", "one\n")
    output.write(tmp_path / "report.json", "two \udc80\n")
    assert (tmp_path / "report.json").read_bytes() == b"two \\udc80\n"
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_the_bar_appears_on_a_terminal_after_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_bar(quiet=False) as bar:
        bar.bytes_read(10, 100)
        assert terminal.getvalue() == ""
        monkeypatch.setattr(progress, "PATIENCE", 0.0)
        bar.bytes_read(50, 100)
    assert "checking" in terminal.getvalue()


@pytest.mark.parametrize("quiet", [True, False])
def test_the_bar_is_silent_when_quiet_or_piped(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    stream = Terminal() if quiet else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with progress.progress_bar(quiet=quiet) as bar:
        bar.bytes_read(0, 0)
        bar.update("writing", 0.5)
    assert stream.getvalue() == ""
