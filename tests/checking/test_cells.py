"""A column is judged cell by cell or once for each distinct text, with the same failures."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from deedbook.checking.cells import FieldPlan, check_cells, plan_field
from deedbook.schema import read_schema
from deedbook.types import MISFIT

Failed = list[tuple[str, str, str | None, list[int], list[str | None]]]
MANY = 10_000


def _plans(*specs: dict[str, Any], native: bool = False) -> list[FieldPlan]:
    schema = read_schema({"fields": list(specs), "missingValues": ["", "NA"]}, "schema")
    return [plan_field(item, schema.missing_of(item), "schema", native=native) for item in schema.fields]


def _failed(frame: pl.DataFrame, plans: list[FieldPlan], excused: dict[str, list[int]] | None = None) -> Failed:
    pardons = {name: np.array(rows, np.int64) for name, rows in (excused or {}).items()}
    failures = check_cells(frame, plans, pardons).failures
    return [(it.plan.field.name, *it.problem, it.rows.tolist(), it.texts.to_list()) for it in failures]


DATES = {"name": "x", "type": "date", "constraints": {"minimum": "2000-01-01"}}
REQUIRED = {"name": "x", "type": "integer", "constraints": {"required": True}}


@pytest.mark.parametrize(
    ("spec", "sound", "texts", "failures"),
    [
        (
            DATES,
            "2024-02-28",
            ["2024-02-30", "1999-12-31", "2024-02-29"],
            [("type-error", None, 0), ("constraint-error", "minimum", 1)],
        ),
        (REQUIRED, "2", [None, "x", "NA", "1"], [("type-error", None, 1), ("constraint-error", "required", 0, 2)]),
        ({"name": "x", "type": "boolean"}, "false", ["true", None, "NA", "yes"], [("type-error", None, 3)]),
        ({"name": "x", "type": "integer"}, "7", ["1", None, "02"], []),
    ],
)
def test_a_narrow_column_fails_where_a_wide_one_does(
    spec: dict[str, Any], sound: str, texts: list[str | None], failures: list[tuple[Any, ...]]
) -> None:
    column = [sound] * (MANY - len(texts)) + texts
    frame = pl.DataFrame({"x": column}, schema={"x": pl.String})
    plans, others = _plans(spec), _plans(spec)
    others[0].narrow.append(False)
    found = _failed(frame, plans)
    assert (plans[0].is_narrow(frame), others[0].is_narrow(frame)) == (True, False)
    assert found == _failed(frame, others)
    rows = [(rule, name, [MANY - len(texts) + at for at in places]) for rule, name, *places in failures]
    assert sorted((rule, name or "", where) for _, rule, name, where, _ in found) == sorted(
        (rule, name or "", where) for rule, name, where in rows
    )


def test_a_column_is_narrow_by_the_first_block_alone() -> None:
    few = pl.DataFrame({"x": ["1", "2"] * MANY})
    many = pl.DataFrame({"x": [str(number) for number in range(2 * MANY)]})
    plan, other = _plans({"name": "x", "type": "integer"}) + _plans({"name": "x", "type": "integer"})
    assert [plan.is_narrow(few), plan.is_narrow(many)] == [True, True]
    assert [other.is_narrow(many), other.is_narrow(few)] == [False, False]


def test_texts_that_passed_before_do_not_hide_a_new_one() -> None:
    plans = _plans({"name": "x", "type": "boolean"}, {"name": "y", "type": "date"})
    days = [f"20{at // 300:02}-{at // 25 % 12 + 1:02}-{at % 25 + 1:02}" for at in range(1000)]
    sound = pl.DataFrame({"x": ["true", "false"] * MANY, "y": days * (2 * MANY // 1000)})
    assert _failed(sound, plans) == _failed(sound, plans) == []
    assert (plans[0].passed, plans[1].passed) == ({"true", "false"}, set())
    for place, text in ((0, "yes"), (2 * MANY - 1, "2024-02-30")):
        broken = sound.with_columns(pl.Series("xy"[place > 0], [*sound["xy"[place > 0]]]).scatter(place, text))
        assert [(name, rule, rows, texts) for name, rule, _, rows, texts in _failed(broken, plans)] == [
            ("xy"[place > 0], "type-error", [place], [text])
        ]
    assert plans[0].passed == {"true", "false"}


def test_a_short_block_and_plain_text_are_never_narrow() -> None:
    assert not _plans({"name": "x", "type": "integer"})[0].is_narrow(pl.DataFrame({"x": ["1"] * 8000}))
    assert not _plans({"name": "x"})[0].is_narrow(pl.DataFrame({"x": ["1"] * MANY}))
    assert _plans({"name": "x", "constraints": {"pattern": "1"}})[0].is_narrow(pl.DataFrame({"x": ["1"] * MANY}))


def test_excused_cells_are_not_judged() -> None:
    frame = pl.DataFrame({"x": ["a", "1", "b"]})
    plans = _plans({"name": "x", "type": "integer"})
    assert _failed(frame, plans, {"x": [0]}) == [("x", "type-error", None, [2], ["b"])]
    assert _failed(frame, plans, {"x": [0, 2]}) == []


def test_columns_of_values_of_different_counts_are_told_apart() -> None:
    plans = _plans({"name": "x", "type": "integer"}, {"name": "y", "type": "boolean"})
    frame = pl.DataFrame({"x": ["1", "2", "3", "4"] * (MANY // 4), "y": [*["true"] * (MANY - 1), "no"]})
    assert _failed(frame, plans) == [("y", "type-error", None, [MANY - 1], ["no"])]


def test_more_columns_than_fit_one_select_are_all_checked() -> None:
    plans = _plans(*({"name": f"c{at}", "type": "integer"} for at in range(501)))
    frame = pl.DataFrame({f"c{at}": ["1", "x" if at in {0, 500} else "2"] for at in range(501)})
    assert _failed(frame, plans) == [("c0", "type-error", None, [1], ["x"]), ("c500", "type-error", None, [1], ["x"])]


def test_a_few_rows_of_many_columns_fail_where_more_rows_do() -> None:
    specs = [{"name": f"c{at}", "type": "integer", "constraints": {"required": at % 2 == 0}} for at in range(501)]
    texts = ["1", "x", None, "NA", "02", "x"]
    few = pl.DataFrame({f"c{at}": texts for at in range(501)})
    many = pl.concat([few, *(few.head(1) for _ in range(30))])
    excused = {"c0": [1, 2], "c1": [1, 5]}
    failed = _failed(few, _plans(*specs), excused)
    assert failed == _failed(many, _plans(*specs), excused)
    assert [it for it in failed if it[0] in {"c0", "c1", "c2"}] == [
        ("c0", "constraint-error", "required", [3], ["NA"]),
        ("c0", "type-error", None, [5], ["x"]),
        ("c2", "constraint-error", "required", [2, 3], [None, "NA"]),
        ("c2", "type-error", None, [1, 5], ["x", "x"]),
    ]


ALIKE: list[dict[str, Any]] = [
    {"type": "integer", "constraints": {"minimum": 3}},
    {"type": "integer", "constraints": {"minimum": 3, "required": True}},
    {"type": "number", "constraints": {"minimum": 3}},
    {"type": "number", "decimalChar": ",", "constraints": {"minimum": 3}},
    {"type": "date", "missingValues": ["", "x"]},
    {"type": "string", "constraints": {"pattern": "[0-9]*"}},
    {"type": "boolean", "trueValues": ["1"]},
    {"type": "any"},
]
"""Forms of columns, of which one text passes in some and fails in others."""


@pytest.mark.parametrize("height", [1, 30, 1_500])
@pytest.mark.parametrize("native", [False, True])
def test_columns_that_are_checked_as_one_fail_where_each_does(height: int, native: bool) -> None:
    names = [f"c{at}" for at in range(40 * len(ALIKE))]
    plans = _plans(*({"name": name, **ALIKE[at % len(ALIKE)]} for at, name in enumerate(names)), native=native)
    texts = ["5", "4", "2", None, "", "NA", "x", "3,5", "2024-02-30", "1999-12-31", f"{MISFIT}9", "1"]
    columns = {name: [*(["5"] * 11), texts[at % 12], "5", texts[at % 5]] for at, name in enumerate(names)}
    frame = pl.DataFrame({name: (cells * height)[-height:] for name, cells in columns.items()}).cast(pl.String)
    excused: dict[str, list[int]] = {"c3": [0], "c6": [height - 1], "c9": [0, height - 1]}
    alone = [_failed(frame, [plan], excused) for plan in plans]
    assert _failed(frame, plans, excused) == [item for failed in alone for item in failed]
    together = check_cells(frame, plans, {}, keep={"c0", "c2"})
    kept = [check_cells(frame, [plan], {}, keep={plan.name}).numbers for plan in (plans[0], plans[2])]
    assert {name: it.to_list() for name, it in together.numbers.items()} == {
        name: it.to_list() for numbers in kept for name, it in numbers.items()
    }
    assert together.filled == {name for plan in plans for name in check_cells(frame, [plan], {}).filled}


def test_parsed_numbers_of_a_key_are_handed_on() -> None:
    plans = _plans({"name": "x", "type": "integer"}, {"name": "y", "type": "integer"}, {"name": "z"})
    frame = pl.DataFrame({"x": ["1", "02", None, "q"] * MANY, "y": ["1"] * 4 * MANY, "z": ["t"] * 4 * MANY})
    checked = check_cells(frame, plans, {}, keep={"x", "z"})
    assert [(item.plan.field.name, len(item.rows)) for item in checked.failures] == [("x", MANY)]
    assert {name: column.head(4).to_list() for name, column in checked.numbers.items()} == {"x": [1, 2, None, None]}


def test_a_misfit_of_a_typed_source_fails_even_as_text() -> None:
    frame = pl.DataFrame({"x": ["a", f"{MISFIT}7", None]})
    assert _failed(frame, _plans({"name": "x"}, native=True)) == [("x", "type-error", None, [1], [f"{MISFIT}7"])]
    assert _failed(frame, _plans({"name": "x"})) == []
    many = pl.DataFrame({f"c{at}": [f"{MISFIT}7"] for at in range(501)})
    assert _failed(many, _plans(*({"name": name} for name in many.columns))) == []
    assert len(_failed(many, _plans(*({"name": name} for name in many.columns), native=True))) == 501


def test_a_text_is_judged_once_and_remembered() -> None:
    plan = _plans({"name": "x", "type": "integer"})[0]
    first = plan.verdict("q")
    assert plan.verdict("q") is first


def test_a_column_is_filled_only_where_an_empty_text_would_have_been_judged() -> None:
    frame = pl.DataFrame({"x": ["1", None, "2"], "y": ["a", "", "b"], "z": ["a", "", None]})
    specs = ({"name": "x", "type": "integer"}, {"name": "y", "constraints": {"maxLength": 1}}, {"name": "z"})
    assert check_cells(frame, _plans(*specs), {}).filled == {"x"}
