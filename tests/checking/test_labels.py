"""Labels find their fields in all five forms of `fieldsMatch`, and each wrong label is named once."""

from __future__ import annotations

import pytest

from deedbook.checking.header import match_header
from deedbook.schema import Field, TableSchema

Problem = tuple[str, int | None, str | None]


def _match(labels: str | None, match: str = "exact", width: int = 0) -> tuple[list[str | None], list[Problem]]:
    """The field of each column, and (rule, column, field) of each problem, for fields a, b and c of which b is required."""
    fields = (Field("a"), Field("b", constraints={"required": True}), Field("c"))
    schema = TableSchema(fields, fields_match=match)  # type: ignore[arg-type]  # one of the five
    header = match_header(labels.split(",") if labels is not None else None, schema, width)
    columns = [column.field.name if column.field else None for column in header.columns]
    return columns, [(item.rule, item.number, item.field) for item in header.problems]


@pytest.mark.parametrize("match", ["exact", "equal", "subset", "superset", "partial"])
def test_the_fields_in_their_order_always_match(match: str) -> None:
    assert _match("a,b,c", match) == (["a", "b", "c"], [])


@pytest.mark.parametrize(
    ("labels", "match", "columns", "problems"),
    [
        ("a,c,b", "exact", ["a", "c", "b"], [("incorrect-label", 2, "b")]),
        ("a,x,c", "exact", ["a", None, "c"], [("incorrect-label", 2, "b")]),
        ("a,b", "exact", ["a", "b"], [("missing-label", 3, "c")]),
        ("a,b,c,d", "exact", ["a", "b", "c", None], [("extra-label", 4, None)]),
        ("a,,c", "exact", ["a", None, "c"], [("blank-label", 2, None)]),
        ("a,a,c", "exact", ["a", None, "c"], [("duplicate-label", 2, None)]),
        ("c,a,b", "equal", ["c", "a", "b"], []),
        ("c,a", "equal", ["c", "a"], [("missing-label", 3, "b")]),
        ("c,a,b,d", "equal", ["c", "a", "b", None], [("extra-label", 4, None)]),
        ("d,b,a,c", "subset", [None, "b", "a", "c"], []),
        ("b,a", "subset", ["b", "a"], [("missing-label", 3, "c")]),
        ("b", "superset", ["b"], []),
        ("a", "superset", ["a"], [("missing-label", 2, "b")]),
        ("b,d", "superset", ["b", None], [("extra-label", 2, None)]),
        ("b,d", "partial", ["b", None], []),
        ("d", "partial", [None], [("unmatched-header", None, None), ("missing-label", 2, "b")]),
    ],
)
def test_each_form_names_what_it_forbids(
    labels: str, match: str, columns: list[str | None], problems: list[Problem]
) -> None:
    assert _match(labels, match) == (columns, problems)


def test_a_blank_header_is_one_finding() -> None:
    assert _match(" ,,") == ([], [("blank-header", None, None)])


def test_without_a_header_fields_are_taken_in_their_order() -> None:
    assert _match(None, width=2) == (["a", "b", "c"], [])
    assert _match(None, width=4) == (["a", "b", "c", None], [])


def test_every_later_label_is_compared_with_the_first() -> None:
    problems = match_header(["a", "a", "a"], TableSchema(()), 0).problems
    assert [item.message for item in problems] == [f"column {number} is named `a` like column 1" for number in (2, 3)]
