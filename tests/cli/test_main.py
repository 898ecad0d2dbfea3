"""What `deedbook` does around its verbs: start, fail, be interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook import __version__, validation
from deedbook.cli.main import VERBS, run
from tests.cli.project import BAD, Outcome, write_project

Run = Callable[..., Outcome]
COMMAND = (sys.executable, "-m", "deedbook")
HEAVY = ("polars", "pandera", "frictionless", "numpy", "pyarrow", "pandas", "rich", "jinja2", "yaml", "regex")


def test_version_and_help_exit_with_0(project: Path, deedbook: Run) -> None:
    project.mkdir()
    assert deedbook("--version") == Outcome(0, f"deedbook {__version__}\n", "")
    outcome = deedbook("--help")
    assert outcome.code == 0
    assert "validate" in outcome.out


def test_no_verb_shows_the_help_and_exits_with_2(project: Path, deedbook: Run) -> None:
    project.mkdir()
    outcome = deedbook()
    assert outcome.code == 2
    assert "Usage: deedbook" in outcome.err


def test_an_unknown_verb_is_a_usage_error(project: Path, deedbook: Run) -> None:
    project.mkdir()
    assert deedbook("valdate").code == 2


def test_the_help_lists_every_verb_on_a_line_of_80_columns(project: Path, deedbook: Run) -> None:
    project.mkdir()
    sections = deedbook("--help").out.split("To ")[1:]
    lines = [line for section in sections for line in section.splitlines()[1:] if line]
    assert [line.split()[0] for line in lines] == list(VERBS)
    assert [section.splitlines()[0] for section in sections] == ["maintain tables:", "make releases:", "use releases:"]


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_every_help_fits_80_columns_without_leaving_anything_out(project: Path, deedbook: Run, verb: str) -> None:
    project.mkdir()
    said = deedbook(*verb.split(), "--help").out
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said


@pytest.mark.parametrize("verb", [[], ["validate"], ["build"]])
def test_help_loads_nothing_heavy(verb: list[str]) -> None:
    program = (
        f"import sys; from deedbook.cli.main import run; run({[*verb, '--help']}); "
        f"sys.exit(' '.join(name for name in {HEAVY} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unexpected_exception_is_our_bug(project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(project)
    monkeypatch.setattr(validation, "validate", fail)
    outcome = deedbook("validate")
    assert outcome.code == 70
    assert outcome.err.startswith("deedbook: this is a bug of ours: ZeroDivisionError: division by zero (deedbook ")
    assert "--debug" in outcome.err
    assert "Traceback" not in outcome.err
    assert "Traceback" in deedbook("validate", "--debug").err


def test_an_interruption_is_exit_130(project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(project)
    monkeypatch.setattr(validation, "validate", interrupt)
    assert deedbook("validate") == Outcome(130, "", "\ninterrupted\n")


def test_debug_shows_the_traceback_of_a_refusal_too(project: Path, deedbook: Run) -> None:
    project.mkdir()
    outcome = deedbook("validate", "nowhere", "--debug")
    assert outcome.code == 2
    assert "UsageError" in outcome.err


def test_a_reader_that_goes_away_changes_neither_verdict_nor_stderr(project: Path) -> None:
    write_project(project, BAD, rules="")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "validate"], cwd=project, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_terminal_without_the_letters_shows_their_numbers(project: Path) -> None:
    write_project(project, "    id,start,end\n    Ереван,x,\n", rules="")
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*COMMAND, "validate"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "\\u0415\\u0440" in done.stdout


def test_control_characters_in_a_message_are_escaped(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("validate", "\x1b[2J")
    assert "\\x1b[2J: no such file or folder" in outcome.err


def fail(*_arguments: object, **_options: object) -> None:
    raise ZeroDivisionError("division by zero")


def interrupt(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_verbs_and_options(
    shell: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_DEEDBOOK_COMPLETE", f"{shell}_complete")
    for words, word, expected in (
        ("deedbook vali", "vali", "validate"),
        ("deedbook validate --mod", "--mod", "--model"),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", word if shell == "fish" else str(words.count(" ")))
        with pytest.raises(SystemExit):
            run([])
        assert expected in capfd.readouterr().out
