"""The commands in the README and the tutorial print what the documents say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, REPOSITORY, Step, agree, copy_repository, read_steps, run_steps
from tests.forks import forking


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """`deedbook`, which documents start some seventy times."""
    with forking() as path:
        yield path


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_prints_what_the_document_shows(document: str, program: Path, tmp_path: Path) -> None:
    shown = [step for block in read_steps((REPOSITORY / document).read_text(encoding="utf-8")) for step in block]
    printed = run_steps(shown, copy_repository(tmp_path), program.parent)
    assert shown
    assert [step for step, real in zip(shown, printed, strict=True) if not agree(step.output, real.output)] == [], (
        printed
    )


def test_the_readme_stays_short() -> None:
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_commands_are_read_with_their_output() -> None:
    text = "a\n```console\n$ one\n$ two\nline\n```\n```sh\n$ no\n```\n```console\n$ three\n```\n"
    assert read_steps(text) == [[Step("one", ""), Step("two", "line\n")], [Step("three", "")]]


def test_a_command_may_have_several_lines(tmp_path: Path) -> None:
    [[step]] = read_steps("```console\n$ cat <<'END'\n> one\n>\n> two\n> END\none\n\ntwo\n```\n")
    assert (step.output, run_steps([step], tmp_path)) == ("one\n\ntwo\n", [step])


def test_what_a_command_prints_stays_with_it(tmp_path: Path) -> None:
    steps = [Step("cd /", ""), Step("pwd; false", ""), Step("echo to stderr >&2", "")]
    assert [step.output for step in run_steps(steps, tmp_path)] == ["", "/\n", "to stderr\n"]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("in 0.12 s: no\n", "in 3.45 s: no\n", True),
        ("3 rows\n", "4 rows\n", False),
        ("built x: 53 files, 1.7 MB\n", "built x: 54 files, 1.8 MB\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nb\n", False),
        ("", "something\n", False),
    ],
)
def test_times_and_left_out_lines_are_not_compared(shown: str, printed: str, same: bool) -> None:
    assert agree(shown, printed) is same
