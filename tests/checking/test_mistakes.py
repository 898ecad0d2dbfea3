"""The first finding of an everyday mistake names its cause, and proposes the value that was meant, which is valid."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from deedbook.checking.cells import plan_field
from deedbook.checking.explanation import causes_in
from deedbook.checking.findings import common_cause
from deedbook.schema import read_schema
from tests.checking.mistakes import CODE, MISTAKES, explained, names_cause


@pytest.mark.parametrize(("spec", "text", "cause", "proposal"), MISTAKES, ids=[text for _, text, _, _ in MISTAKES])
def test_the_cause_is_named_and_what_was_meant_is_proposed(
    spec: dict[str, Any], text: str, cause: str, proposal: str | None
) -> None:
    said, plan = explained(spec, text)
    assert names_cause(said, cause)
    assert said.proposal == proposal
    assert proposal is None or plan.problems(proposal) == ()


@pytest.mark.parametrize(
    ("kind", "texts", "cause"),
    [
        ("integer", ["0.0", "17.0"], "ends in `.0`, and whole numbers have no decimals"),
        ("integer", ["0.0", "x"], ""),
        ("date", ["1/2/2023", "13/2/2023"], "is written with the day first (`%d/%m/%Y`)"),
        ("date", ["1/2/2023", "2/13/2023"], "is written with the month first (`%m/%d/%Y`)"),
        ("date", ["1/2/2023", "2/3/2023"], "is written with the day or the month first"),
        ("date", ["13/2/2023", "2/13/2023"], ""),
    ],
)
def test_a_cause_that_all_values_share_is_the_same_however_they_are_cut_into_blocks(
    kind: str, texts: list[str], cause: str
) -> None:
    plan = plan_field(read_schema({"fields": [{"name": "x", "type": kind}]}, "schema").fields[0], ("",), "schema")
    whole = causes_in(plan.field.type, pl.Series(texts))
    parts = [causes_in(plan.field.type, pl.Series([text])) for text in texts]
    assert common_cause(whole) == common_cause(frozenset().union(*parts)) == cause


@pytest.mark.parametrize("name", ["deedbook.patternLabel", "deedbook"])
def test_a_pattern_has_words_of_its_own_and_an_example(name: str) -> None:
    label = {"patternLabel": "a district code"} if name == "deedbook" else "a district code"
    said, _ = explained({**CODE, name: label, "example": "0417"}, "north")
    assert said.message == "`north` is not a district code (pattern [0-9]{4})"
    assert said.hint == "it should look like `0417`"
