"""A pattern means what Python means by it, whichever engine runs it."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from deedbook.checking import constraints
from deedbook.checking.patterns import compile_pattern, rust_pattern
from deedbook.errors import ProjectError
from tests.examples import examples
from tests.package import places, report_of

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "é",
        "ß",
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        "[a-c]",
        "[^a]",
        r"[\w-]",
        r"\W",
        r"\S",
        r"[\d_]",
        r"[^\d]",
        "[é-ü]",
        r"\.",
        r"\-",
        "[-a]",
        "^",
        "$",
        r"\Z",
        r"\b",
        "(?:ab)",
        "(a|b)",
        "(?i:a)",
        "[[:alpha:]]",
        "[a&&b]",
        "[a--b]",
        "[a~~b]",
        r"\x41",
        "{e}",
        "{",
        "[]a]",
        "[[a]",
        r"\n",
        r"\/",
        " ",
        "#",
        "(?=a)",
        r"(a)\1",
        "(?P<n>a)",
    ]
)
COUNTS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "{2}", "{0,2}", "{1,}", "{,2}"])
PATTERNS = st.lists(st.tuples(ATOMS, COUNTS).map("".join), max_size=5).map("".join)
VALUES = st.lists(
    st.one_of(
        st.text(alphabet="abcABé-_. \n09٣\u017fKß[]:&~{}e#¹½\u0301\x1c", max_size=6),
        st.sampled_from(["", "a\n", "ab", "A", "\u2028"]),
    ),
    min_size=5,
    max_size=20,
)


def _is_pattern(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


@pytest.mark.filterwarnings("ignore:Possible")  # of Python itself, which is the truth here
@examples(1500)
@given(PATTERNS, VALUES)
@example("[[:alpha:]]", ["a]", "b", ":]"])
@example("a{e}", ["b", "a{e}"])
@example("^a|b$", ["ab", "a", "b"])
def test_both_engines_agree_with_python(pattern: str, values: list[str]) -> None:
    assume(_is_pattern(pattern))
    truth = [re.fullmatch(pattern, value) is not None for value in values]
    exact = compile_pattern(pattern, "field")
    assert [exact.fullmatch(value) is not None for value in values] == truth
    quick = rust_pattern(pattern)
    if quick is not None:
        found = pl.Series(values).str.contains(quick).to_list()
        assert [value for value, mine, python in zip(values, found, truth, strict=True) if mine and not python] == []


@pytest.mark.parametrize(
    "pattern", ["A[0-9]{6}", "^[a-z]+$", r"\d{4}(-\d{2})?", "(yes|no)", "[A-Z]{3}|NA", r"[^,]*", "x.*"]
)
def test_everyday_patterns_run_in_rust(pattern: str) -> None:
    assert rust_pattern(pattern) is not None


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)a", r"\bx", "(?i)a", "a++", "(?>a)", "x{2000}", "(?:x{1000}){1000}", "[\ud800-\udfff]"]
)
def test_what_rust_cannot_run_is_left_to_python(pattern: str) -> None:
    quick = rust_pattern(pattern)
    assert quick is None or pl.Series(["a"]).str.contains(quick).len() == 1


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "(?P<a>", "a{2,1}", "(" * 2000])
def test_what_is_no_pattern_stops_with_a_sentence(pattern: str) -> None:
    with pytest.raises(ProjectError, match="no regular expression"):
        compile_pattern(pattern, "field `x`")


def test_a_pattern_that_never_ends_is_given_up_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matched: list[str] = []
    made = constraints._pattern_test

    def noting(pattern: str, where: str) -> constraints.Test:
        holds = made(pattern, where)

        def test(text: str, value: object) -> bool:
            matched.append(text)
            return holds(text, value)

        return test

    monkeypatch.setattr(constraints, "_pattern_test", noting)
    schema = {"fields": [{"name": "x", "constraints": {"pattern": r"(a|aa)+(?<!a)"}}, {"name": "n", "type": "integer"}]}
    content = "x,n\n" + "a" * 45 + ",1\n" + "a" * 46 + ",y\n"
    report = report_of(tmp_path, content, schema)
    assert places(report) == [(3, "n", "type-error")]
    assert [(item.column, item.name) for item in report.not_checked] == [("x", "pattern")]
    assert len(matched) == 1  # the first value that takes too long is the last one
