"""Rules on typed rows: one Boolean a row, bad cells masked, other pandera checks run by pandera."""

from __future__ import annotations

from collections.abc import Sequence

import pandera.polars as pa
import polars as pl
import pytest
from pandera.api.polars.types import PolarsData

from deedbook.checking.findings import Words
from deedbook.checking.rules import TableRules, evaluate
from deedbook.checking.rules import _read_schema as read_schema
from deedbook.checking.settings import AS_WRITTEN
from deedbook.checking.verdicts import RuleOutcome, is_row_local
from deedbook.errors import RuleError
from deedbook.rules import dates
from deedbook.rules.rule import Rule, rule, rule_of

FRAME = pl.DataFrame({"id": ["a", "b", "c"], "low": [1, 5, None], "high": [2.0, 3.0, 4.0]})
ORDER = rule(
    "out-of-order",
    pl.col("low") <= pl.col("high"),
    at="low",
    message="{low} is above {high} in {id}",
    hint="swap {n}",
    values={"n": pl.col("high") * 10},
)


def rules_of(*checks: pa.Check, **columns: pa.Column) -> TableRules:
    """The rules of a schema as a rule file would hold it."""
    return read_schema(pa.DataFrameSchema(columns, checks=list(checks)), "events.py", "`schema`", AS_WRITTEN)


def failing(outcomes: Sequence[RuleOutcome]) -> dict[str, list[int | None]]:
    """The failing rows by rule; a rule that passes is not there."""
    return {item.rule.id: item.failing.to_list() for item in outcomes if len(item.failing)}


def test_a_rule_fails_where_it_is_false_and_passes_where_it_is_null() -> None:
    found = evaluate(rules_of(ORDER), FRAME)
    assert failing(found) == {"out-of-order": [1]}
    assert found[0].words(0) == Words("5 is above 3 in b", "swap 30", "5")


def test_a_rule_on_a_series_is_aligned_with_the_rows() -> None:
    check = rule(
        "known", pl.Series([True, False, None]), at="id", message="{who}", values={"who": pl.Series(["x", "y", "z"])}
    )
    found = evaluate(rules_of(check), FRAME)
    assert failing(found) == {"known": [1]}
    assert found[0].words(0).message == "y"


@pytest.mark.parametrize(
    ("passes", "problem"),
    [
        (pl.col("nothing") > 0, "ColumnNotFoundError"),
        (pl.col("id") > 0, "ComputeError"),
        (pl.col("low").max() > 2, "it gives 1 values for 3 rows"),
        (pl.col("low").filter(pl.col("low") > 0) > 1, "it gives 2 values for 3 rows"),
        (pl.Series([True]), "it gives 1 values for 3 rows"),
        (pl.col("low") + 1, "it gives Int64, not true or false"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_no_finding(passes: pl.Expr | pl.Series, problem: str) -> None:
    with pytest.raises(RuleError, match=problem) as caught:
        evaluate(rules_of(ORDER, rule("broken", passes, at="id", message="")), FRAME)
    assert "the rule `broken`" in caught.value.message
    assert "test_rules.py:" in caught.value.message


@pytest.mark.parametrize(("message", "problem"), [("{nothing}", "names {nothing}"), ("{", "unmatched brace")])
def test_a_message_that_cannot_be_shown_is_found_before_it_is_needed(message: str, problem: str) -> None:
    with pytest.raises(RuleError, match=problem):
        evaluate(rules_of(rule("fine", pl.col("low") > 0, at="low", message=message)), FRAME)


def test_a_row_with_a_bad_cell_that_the_rule_reads_is_skipped() -> None:
    for column in ("low", "high", "id"):
        found = evaluate(rules_of(ORDER), FRAME, {column: pl.Series([False, True, False])})
        assert (failing(found), found[0].skipped) == ({}, 1)
    other = evaluate(rules_of(ORDER), FRAME.with_columns(other=1), {"other": pl.Series([True, True, True])})
    assert (failing(other), other[0].skipped) == ({"out-of-order": [1]}, 0)


def test_a_group_with_a_bad_cell_is_skipped() -> None:
    frame = pl.DataFrame({"group": ["x", "x", "y", "y"], "n": [1, None, 2, 2]})
    twice = rule("twice", pl.col("n").is_unique().over("group"), at="n", group=("group",), message="")
    found = evaluate(
        rules_of(twice), frame.with_columns(n=pl.Series([2, 2, 2, 2])), {"n": pl.Series([False, True, False, False])}
    )
    assert failing(found) == {"twice": [2, 3]}
    assert found[0].skipped == 2


def test_a_series_rule_is_masked_by_the_columns_that_it_names() -> None:
    check = rule("known", pl.Series([False, False, True]), at="id", message="", columns=("low",))
    assert failing(evaluate(rules_of(check), FRAME, {"low": pl.Series([True, False, False])})) == {"known": [1]}


def test_an_unmet_rule_is_not_checked() -> None:
    check = rule("dated", pl.col("low") > 9, at="low", message="", unmet="there is no date")
    assert evaluate(rules_of(check), FRAME) == ()
    assert [rule.unmet for rule in rules_of(check).rules] == ["there is no date"]


@pytest.mark.parametrize("problem", [ZeroDivisionError("boom"), SystemExit(0)])
def test_whatever_a_rule_does_to_a_cell_is_no_finding_and_no_exit(problem: BaseException) -> None:
    def stop(_value: object) -> bool:
        raise problem

    passes = pl.col("low").map_elements(stop, return_dtype=pl.Boolean)
    for check in (
        rule("broken", passes, at="low", message=""),
        rule("broken", pl.col("low") > 9, at="low", message="{n}", values={"n": passes}),
        rule("broken", pl.col("low") > 9, at="low", message="{n}", values={"n": pl.col("nothing")}),
        pa.Check(lambda _data: stop(1), name="broken"),
    ):
        with pytest.raises(RuleError, match="the rule `broken` cannot be evaluated"):
            evaluate(rules_of(check), FRAME)


def test_tables_without_rows_pass() -> None:
    assert failing(evaluate(rules_of(ORDER), FRAME.clear())) == {}


def carried(check: pa.Check) -> Rule:
    """The rule that a check carries."""
    found = rule_of(check)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("passes", "local"),
    [
        (pl.col("low") <= pl.col("high"), True),
        (pl.col("id").str.contains("a") | pl.col("low").is_null(), True),
        (pl.when(pl.col("low") > 1).then(pl.col("high") > 1).otherwise(pl.lit(True)), True),
        (dates.earliest("id") <= dates.latest("id"), True),
        (pl.len().over("id") == 1, False),
        (pl.col("low") > pl.col("low").mean(), False),
        (pl.col("low").shift() < pl.col("low"), False),
        (pl.col("low").cum_sum() > 0, False),
        (pl.col("low").is_first_distinct(), False),
        (pl.col("id").map_batches(lambda column: column == "a", return_dtype=pl.Boolean), False),
        (pl.Series([True, True, True]), False),
    ],
)
def test_a_rule_may_run_on_blocks_only_where_every_row_stands_for_itself(
    passes: pl.Expr | pl.Series, local: bool
) -> None:
    check = rule("any", passes, at="id", message="")
    assert is_row_local(carried(check), FRAME.schema) is local


def test_a_rule_with_a_group_or_other_tables_needs_whole_tables() -> None:
    for more in ({"group": ("id",)}, {"reads": ("claims",)}):
        check = rule("any", pl.col("low") > 0, at="low", message="", **more)  # type: ignore[arg-type]
        assert not is_row_local(carried(check), FRAME.schema)


def test_local_rules_give_the_same_on_blocks_as_on_the_whole_table() -> None:
    whole = failing(evaluate(rules_of(ORDER), FRAME))
    parts = [failing(evaluate(rules_of(ORDER), FRAME.slice(start, 1))) for start in range(3)]
    assert whole == {"out-of-order": [1]}
    assert parts == [{}, {"out-of-order": [0]}, {}]


def test_any_pandera_check_is_run_one_finding_a_row() -> None:
    def above(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("high") > 2)

    rules = rules_of(pa.Check(above, name="high_above"), id=pa.Column(pl.String, pa.Check.isin(["a", "b"])))
    found = evaluate(rules, FRAME)
    assert failing(found) == {"high-above": [0], "isin": [2]}
    outcome = next(item for item in found if item.rule.id == "isin")
    assert (outcome.rule.at, outcome.words(0)) == ("id", Words("`c` is not one of a, b", "", "c"))


def test_pandera_checks_run_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pandera.config.CONFIG.validation_enabled", False)
    assert failing(evaluate(rules_of(high=pa.Column(pl.Float64, pa.Check.gt(2), unique=True)), FRAME)) == {
        "greater-than": [0]
    }
    repeated = FRAME.with_columns(high=pl.Series([3.0, 3.0, 4.0]))
    assert failing(evaluate(rules_of(high=pa.Column(pl.Float64, unique=True)), repeated)) == {
        "field-uniqueness": [0, 1]
    }


def test_a_verdict_on_the_whole_table_has_no_row() -> None:
    found = evaluate(rules_of(pa.Check(lambda _data: False, name="enough rows")), FRAME)
    assert failing(found) == {"enough-rows": [None]}
    assert found[0].words(0) == Words("does not satisfy enough rows", "", None)
    missing = evaluate(rules_of(other=pa.Column(pl.String)), FRAME)
    assert failing(missing) == {"column-in-dataframe": [None]}


def test_a_pandera_warning_is_a_warning() -> None:
    found = evaluate(rules_of(low=pa.Column(pl.Int64, pa.Check.gt(2, raise_warning=True), nullable=True)), FRAME)
    assert [(item.rule.severity, item.failing.to_list()) for item in found] == [("warning", [0])]


def test_a_pandera_check_that_raises_is_no_finding() -> None:
    def boom(_data: PolarsData) -> pl.LazyFrame:
        raise KeyError("nope")

    with pytest.raises(RuleError, match="the rule `boom` cannot be evaluated: KeyError: 'nope'"):
        evaluate(rules_of(pa.Check(boom, name="boom")), FRAME)


def test_bad_cells_are_no_failures_of_pandera_checks() -> None:
    frame = FRAME.with_columns(high=pl.Series([None, 3.0, 1.0], dtype=pl.Float64))
    bad = {"high": pl.Series([True, False, False])}
    found = evaluate(rules_of(high=pa.Column(pl.Float64, pa.Check.gt(2))), frame, bad)
    assert failing(found) == {"greater-than": [2]}


def test_a_rule_is_an_ordinary_pandera_check_too() -> None:
    schema = pa.DataFrameSchema(checks=[ORDER])
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        schema.validate(FRAME, lazy=True)
    assert set(caught.value.failure_cases["check"]) == {"out-of-order: {low} is above {high} in {id}; swap {n}"}
    assert set(caught.value.failure_cases["index"]) == {1}


def said(frame: pl.DataFrame, *checks: pa.Check, **columns: pa.Column) -> list[tuple[str, str, str]]:
    """Rule, field and message of the first row of each rule that fails."""
    outcomes = evaluate(rules_of(*checks, **columns), frame)
    return [(item.rule.id, item.rule.at, item.words(0).message) for item in outcomes if len(item.failing)]


@pytest.mark.parametrize(
    ("check", "id_", "message"),
    [
        (pa.Check.le(4), "less-than-or-equal-to", "`5` is above 4"),
        (pa.Check.le(4, error="too {many}"), "less-than-or-equal-to", "too {many}"),
        (pa.Check.in_range(6, 9), "in-range", "`1` is not between 6 and 9"),
        (
            pa.Check.isin(list(range(20, 40))),
            "isin",
            "`1` is not one of 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 and 10 more",
        ),
        (pa.Check(lambda x: x > 3, element_wise=True), "low-check", "does not pass the check"),
    ],
)
def test_pandera_checks_speak_plainly_and_print_the_author_s_words(check: pa.Check, id_: str, message: str) -> None:
    assert said(FRAME, low=pa.Column(pl.Int64, check, nullable=True)) == [(id_, "low", message)]


def test_checks_without_a_name_are_told_apart() -> None:
    checks = [pa.Check(lambda x, least=least: x > least, element_wise=True) for least in (3, 4)]
    found = evaluate(rules_of(high=pa.Column(pl.Float64, checks)), FRAME)
    assert list(failing(found)) == ["high-check", "high-check-2"]


def test_a_pattern_of_columns_names_the_column_that_fails() -> None:
    rules = rules_of(**{"^(low|high)$": pa.Column(None, pa.Check.gt(2.5), regex=True, nullable=True)})
    found = [(item.rule.at, item.words(0).value) for item in evaluate(rules, FRAME) if len(item.failing)]
    assert found == [("low", "1"), ("high", "2")]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"strict": True}, [("column-in-schema", "", "the rules allow no column `low`, `high`")]),
        ({"unique": ["id"]}, []),
        ({"ordered": True}, []),
    ],
)
def test_demands_of_a_schema_are_one_sentence(schema: dict[str, object], expected: list[tuple[str, str, str]]) -> None:
    made = pa.DataFrameSchema({"id": pa.Column(str)}, **schema)  # type: ignore[arg-type]
    rules = read_schema(made, "events.py", "`schema`", AS_WRITTEN)
    found = evaluate(rules, FRAME)
    assert [(item.rule.id, item.rule.at, item.words(0).message) for item in found if len(item.failing)] == expected


def test_a_column_of_another_type_is_said_once() -> None:
    assert said(FRAME, id=pa.Column(pl.Int64, coerce=True)) == [
        ("datatype-coercion", "id", "`a` cannot become Int64"),
    ]
    assert said(FRAME, id=pa.Column(pl.Int64)) == [
        ("wrong-datatype", "id", "`id` is String, and the rules ask for Int64"),
    ]


@pytest.mark.parametrize(
    ("at_most", "severity"), [(0, "error"), (1, "error"), (2, "info"), (0.5, "error"), (0.7, "info")]
)
def test_as_many_rows_as_are_tolerated_are_told_and_stop_nothing(at_most: float, severity: str) -> None:
    check = rule("large", pl.col("high") > 3, at="high", message="", at_most=at_most)
    [outcome] = evaluate(rules_of(check), FRAME)
    assert (outcome.rule.severity, outcome.failing.to_list()) == (severity, [0, 1])
    assert not is_row_local(carried(check), FRAME.schema) or not at_most
