"""The fast path never accepts what the exact judge rejects, and takes the ordinary cells."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.checking.acceptors import acceptor, parsed_number
from deedbook.checking.cells import FieldPlan, plan_field, select
from deedbook.schema import Field, read_schema
from tests.examples import examples

DIGITS = "0123456789٣०𝟙²"  # noqa: RUF001  # digits that are not 0 to 9
NUMERIC = st.text(alphabet=DIGITS + "+-.eE_ ,\n\t\0nNaAifINF", max_size=20)
DECIMALS = st.from_regex(r"[+-]?[0-9]{0,20}\.?[0-9]{0,20}([eE][+-]?[0-9]{1,12})?", fullmatch=True)
CALENDAR = st.from_regex(
    r"[0-9]{4}-?(0[0-9]|1[0-3])?-?([0-3][0-9])?(T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?(Z|[+-][0-2][0-9]:[0-9]{2})?)?\n?",
    fullmatch=True,
)
CLOCK = st.from_regex(r"[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?(Z|[+-][0-2][0-9]:[0-9]{2})?", fullmatch=True)
WORDS = st.text(alphabet="abAB01-_.@/:?#%[]~é \n'+", max_size=24)
ADDRESSES = st.from_regex(
    r"(https?://)?[a-z0-9.-]{0,8}(\.[a-z]{1,4})?(:[0-9]*)?(/[a-z%@:]*)?(\?[a-z?=]*)?(#[a-z#]*)?|[a-z._]{0,6}@[a-z0-9.-]{0,10}(\.[a-z]{1,7})?",
    fullmatch=True,
)
TEXTS = st.one_of(
    NUMERIC,
    DECIMALS,
    CALENDAR,
    CLOCK,
    WORDS,
    ADDRESSES,
    st.text(max_size=12),
    st.uuids().map(str),
    st.sampled_from(
        [
            "",
            "NA",
            "true",
            "True",
            "1",
            "0",
            "TRUE ",
            "inf",
            "nan",
            "-0",
            "0x1",
            "1e5",
            "1.",
            ".5",
            "2024-02-29",
            "2100-02-29",
            "0000-02-29",
            "0000-01-01",
            "9999-12-31",
            "2024-02-30",
            "2024-06-31",
            "23:59:60",
            "24:00:00",
            "9223372036854775808",
            "0e0000000000005",
            "1e-400",
            "1e400",
            "0.1",
            "0.10000000000000001",
            "9007199254740993",
            "5",
            "5.0",
            "4.9999999999999999",
        ]
    ),
)


def _field(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "x", "type": kind, **more}


FIELDS: list[dict[str, Any]] = [
    *(
        _field(kind)
        for kind in ("any", "boolean", "date", "datetime", "integer", "number", "string", "time", "year", "yearmonth")
    ),
    *(_field(kind, constraints={"required": True}) for kind in ("any", "integer", "string", "boolean")),
    *(_field("string", format=name) for name in ("uri", "email", "uuid")),
    _field("boolean", trueValues=["yes", ""], falseValues=["no"], constraints={"required": True}),
    *(
        _field("number", constraints={name: bound})
        for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        for bound in (0, 5, "0.1", 0.1, -3, "9007199254740992", "9007199254740993", "1e3", "0.000000000000001")
    ),
    *(
        _field("integer", constraints={name: bound})
        for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        for bound in (0, 5, -3, "9007199254740993", "9223372036854775807", "99999999999999999999")
    ),
    *(
        _field("date", constraints={name: "2024-02-29"})
        for name in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    ),
    *(_field("year", constraints={name: 2000}) for name in ("minimum", "exclusiveMaximum")),
    *(_field("yearmonth", constraints={name: "2000-02"}) for name in ("exclusiveMinimum", "maximum")),
    _field("datetime", constraints={"minimum": "2024-02-29T00:00:00Z"}),
    _field("time", constraints={"maximum": "12:00:00"}),
    _field("string", constraints={"minLength": 2, "maxLength": 4}),
    _field("string", constraints={"pattern": "[A-Z]{3}"}),
    _field("string", constraints={"pattern": "^a|b$"}),
    _field("string", constraints={"pattern": r"\d+"}),
    _field("string", constraints={"pattern": r"[^\d]*"}),
    _field("string", constraints={"pattern": r"(?i)a.b"}),
    _field("string", constraints={"pattern": "[[:alpha:]]"}),
    _field("string", constraints={"pattern": "a{e}"}),
    _field("string", constraints={"pattern": r"é\w*\s?"}),
    _field("integer", constraints={"pattern": "[0-9]*"}),
    _field("integer", constraints={"enum": [1, "5"]}),
    _field("string", constraints={"enum": ["a", "NA", "5"], "required": True}),
    _field("string", categories=["a", "0"]),
    _field("integer", categories=[1, 5]),
    _field("number", decimalChar=","),
    _field("number", groupChar=","),
    _field("number", bareNumber=False),
    _field("integer", bareNumber=False),
]


def _accepts(field: Field, missing: tuple[str, ...], texts: list[str]) -> list[bool]:
    accepted = acceptor(field, missing)
    if accepted is None:
        return [False] * len(texts)
    frame = pl.DataFrame({field.name: texts}, schema={field.name: pl.String})
    parsed = parsed_number(field)
    if parsed is not None:
        frame = frame.with_columns(parsed)
    return frame.select(accepted.fill_null(False)).to_series().to_list()


@cache
def _judged(missing: tuple[str, ...]) -> list[tuple[Field, FieldPlan]]:
    """Every field with its exact judge."""
    fields = [read_schema({"fields": [raw]}, "schema").fields[0] for raw in FIELDS]
    return [(field, plan_field(field, missing, "schema")) for field in fields]


@examples(100, 8)
@given(st.lists(TEXTS, min_size=20, max_size=40), st.sampled_from([("",), ("", "NA"), ()]))
@example(["", "NA", "0e0000000000005", "1e-400", "٣", "a\n", "2100-02-29", "[", ":]"], ("", "NA"))
def test_a_text_that_any_field_accepts_has_no_problem(texts: list[str], missing: tuple[str, ...]) -> None:
    for field, judge in _judged(missing):
        for text, accepted in zip(texts, _accepts(field, missing, texts), strict=True):
            assert not accepted or judge.problems(text) == (), (field, text)


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (_field("integer"), ["0", "-12", "9223372036854775807"]),
        (_field("number"), ["0", "-1.5", "1e5", "3.0"]),
        (_field("boolean"), ["true", "FALSE", "1"]),
        (_field("date"), ["2024-02-29", "1899-12-31"]),
        (_field("datetime"), ["2024-02-29T12:00:00Z"]),
        (_field("year"), ["1999"]),
        (_field("yearmonth"), ["1999-12"]),
        (_field("string", constraints={"pattern": "A[0-9]{6}"}), ["A000001"]),
        (_field("string", format="uri"), ["https://example.org/a/b?c=d#e"]),
        (_field("string", format="email"), ["a.b@example.org"]),
        (_field("integer", constraints={"minimum": 3, "required": True}), ["3", "99"]),
        (_field("number", constraints={"maximum": 0.5}), ["0.5", "-1"]),
    ],
    ids=str,
)
def test_ordinary_cells_take_the_fast_path(raw: dict[str, Any], texts: list[str]) -> None:
    field = read_schema({"fields": [raw]}, "schema").fields[0]
    assert all(_accepts(field, ("",), texts))


def _proves(plan: FieldPlan, texts: list[str | None]) -> bool:
    frame = pl.DataFrame({plan.name: texts}, schema={plan.name: pl.String})
    return plan.proof is not None and bool(select(frame, [], lambda fails: fails, [], [plan]).item())


@examples(25, 3)
@given(st.lists(st.none() | TEXTS, min_size=1, max_size=3), st.sampled_from([("",), ("", "NA"), ()]))
@example(["0", "0e0000000000005"], ("",))
@example(["1e400"], ("",))
@example(["éé", "ééééé"], ("",))
@example(["5", "4.9999999999999999"], ("",))
@example([None, ""], ("",))
def test_no_cell_of_a_column_that_is_proven_has_a_problem(texts: list[str | None], missing: tuple[str, ...]) -> None:
    for field, plan in _judged(missing):
        assert not _proves(plan, texts) or not any(map(plan.problems, texts)), (field, texts)


@pytest.mark.parametrize(
    ("raw", "texts", "is_proven"),
    [
        (_field("integer", constraints={"minimum": -3, "required": True}), ["-3", "99"], True),
        (_field("integer", constraints={"minimum": -3, "required": True}), ["-3", None], False),
        (_field("integer", constraints={"exclusiveMaximum": 5}), ["5", "4"], False),
        (_field("number", constraints={"minimum": -90, "maximum": 90}), ["-90", "89.12345", None], True),
        (_field("number", constraints={"minimum": -90, "maximum": 90}), ["90.00001"], False),
        (_field("number", constraints={"minimum": 0}), ["0", "0.05"], True),
        (_field("number"), ["1", "nan"], False),
        (_field("number"), ["1", "-inf"], False),
        (_field("number"), ["1", "one"], False),
        (_field("number"), [None], True),
        (_field("string", constraints={"required": True, "maxLength": 4}), ["abcd", "e"], True),
        (_field("string", constraints={"required": True}), ["a", ""], False),
        (_field("string", constraints={"minLength": 2}), ["é"], False),
        (_field("string", constraints={"pattern": "E[0-9]{8}"}), ["E00000001"], True),
        (_field("string", constraints={"enum": ["a", "b"]}), ["a", "c"], False),
        (_field("datetime"), ["2024-02-29T12:00:00Z", "0002-01-01T00:00:00"], True),
        (_field("datetime"), ["2023-02-29T12:00:00Z"], False),
        (_field("date", constraints={"minimum": "1900-01-01"}), ["1899-12-31"], False),
        (_field("date"), ["0001-01-01", "9999-12-31"], True),
        (_field("date"), ["0000-02-29"], False),
    ],
    ids=str,
)
def test_an_ordinary_column_is_proven_as_a_whole(raw: dict[str, Any], texts: list[str | None], is_proven: bool) -> None:
    field = read_schema({"fields": [raw]}, "schema").fields[0]
    assert _proves(plan_field(field, ("",), "schema"), texts) is is_proven
