"""Likely duplicates: which rows are compared, what is alike, and when the rules run."""

from __future__ import annotations

import random
from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest

from deedbook.checking.rules import _read_schema, evaluate
from deedbook.checking.settings import RuleSettings
from deedbook.errors import RuleError
from deedbook.rules import duplicates
from deedbook.rules.duplicates import near_names, near_texts
from deedbook.validation import Options, validate
from tests.package import fields, make_package

ASKED = RuleSettings(select=("*",))
VISIT = "The minister visits the port of Riga"
STRIKE = "Nobody works in the harbours of the whole country"


def said(frame: pl.DataFrame, *checks: pa.Check, settings: RuleSettings = ASKED) -> dict[int, tuple[str, int]]:
    """Of each row that fails, the other one and how like they are."""
    with settings.readable():
        rules = _read_schema(pa.DataFrameSchema(checks=list(checks)), "here", "`schema`", settings)
    found = {}
    for outcome in evaluate(rules, frame):
        for row, shown in zip(outcome.failing.to_list(), outcome.values.iter_rows(named=True), strict=True):
            found[row] = (shown["other"], shown["score"])
    return found


def logs(**columns: object) -> pl.DataFrame:
    """Entries of a log, of which each column may be a single value."""
    return pl.DataFrame({"entry": ["L1", "L2", "L3"]}).with_columns(
        pl.Series(name, value) if isinstance(value, list) else pl.lit(value).alias(name)
        for name, value in columns.items()
    )


def test_an_entry_is_held_against_the_earlier_one_that_is_most_like_it() -> None:
    frame = logs(text=["The minister visits the port of Rome", VISIT, VISIT.upper() + "!"], on="2024-03-07")
    assert said(frame, near_texts("twice", "entry", ["text"], day="on")) == {1: ("L1", 91), 2: ("L2", 100)}


def test_the_order_of_words_does_not_count() -> None:
    frame = logs(text=[VISIT, STRIKE, "Port of Riga: the minister visits the"], on="2024-03-07")
    assert said(frame, near_texts("twice", "entry", ["text"], day="on")) == {2: ("L1", 100)}


@pytest.mark.parametrize(
    ("first", "second", "is_near"),
    [
        ("2024-03-07", "2024-03-09", True),
        ("2024-03-09", "2024-03-07", True),
        ("2024-03-07", "2024-03-10", False),
        ("2024-03", "2024-03-20", True),
        ("2024-03~", "2024-04-02", True),
        ("2024", "2024-07-14", True),
        ("2024", "2025-01-03", False),
        ("../2024-03-07", "2024-03-08", True),
        ("2024-03-07", None, False),
        ("../..", "2024-03-08", False),
    ],
)
def test_as_many_days_may_lie_between_as_are_given(first: str, second: str | None, is_near: bool) -> None:
    frame = logs(text=[VISIT, VISIT, STRIKE], on=[first, second, first])
    assert bool(said(frame, near_texts("twice", "entry", ["text"], day="on", days=2))) == is_near


def test_days_may_be_dates_or_parts_or_have_an_end() -> None:
    frame = logs(text=VISIT, year=2024, month=[3, 3, 5], day=[7, None, 7])
    assert said(frame, near_texts("twice", "entry", ["text"], day=["year", "month", "day"])) == {1: ("L1", 100)}
    frame = logs(text=VISIT, first=["2024-03-01", "2024-03-20", "2024-05-01"], last=["2024-03-19", None, None])
    frame = frame.with_columns(pl.col("first", "last").str.to_date())
    assert said(frame, near_texts("twice", "entry", ["text"], day="first", until="last")) == {1: ("L1", 100)}


def test_codes_are_the_same_and_those_of_two_sides_in_any_order() -> None:
    frame = logs(text=VISIT, on="2024", kind=["call", "call", "talk"], a=["RU", "LA", "RU"], b=["LA", "RU", "LA"])
    check = near_texts("twice", "entry", ["text"], day="on", same=["kind", ["a", "b"]])
    assert said(frame, check) == {1: ("L1", 100)}
    assert said(frame, near_texts("twice", "entry", ["text"], day="on", same=["a"])) == {2: ("L1", 100)}
    empty = frame.with_columns(pl.lit(None, pl.String).alias("a"), pl.lit("LA").alias("b"))
    assert said(empty, check) == {1: ("L1", 100)}


def test_an_entry_without_a_text_is_like_none() -> None:
    frame = logs(text=[None, "", None], more=[None, None, ""], on="2024")
    assert said(frame.cast({"more": pl.String}), near_texts("twice", "entry", ["text", "more"], day="on")) == {}
    assert said(frame.clear(), near_texts("twice", "entry", ["text"], day="on")) == {}


def test_facts_of_other_tables_are_codes_too() -> None:
    crews = pl.LazyFrame({"entry": ["L1", "L2", "L3"], "crew": ["Ann|Bo", "Ann|Bo", "Cy"]})
    check = near_texts("twice", "entry", ["text"], day="on", same=["crew"], facts=crews, reads=["crews"])
    assert said(logs(text=VISIT, on="2024"), check) == {1: ("L1", 100)}


@pytest.mark.parametrize(
    ("name", "other", "is_like"),
    [
        ("Vladimir Petrovich Orlov", "Владимир Петрович Орлов", True),
        ("Vladimir Petrovich Orlov", "Wladimir Petrowitsch Orlow", True),
        ("Mohammed Abdullah", "Abdallah, Muhammad", True),
        ("Yevgeny Prigozhin", "Евгений Пригожин", True),
        ("Nguyễn Văn Minh", "Nguyen Van Minh", True),
        ("北京", "Bei Jing", True),
        ("Ministry of Defence of Laos", "Laos: Ministry of Defense", True),
        ("Iran", "Iraq", False),
        ("North Korea", "South Korea", False),
        ("Police Forces of Chad", "Military Forces of Chad", False),
    ],
)
def test_names_are_alike_in_any_script(name: str, other: str, is_like: bool) -> None:
    frame = pl.DataFrame({"who": ["W1", "W2"], "name": [name, other]})
    assert bool(said(frame, near_names("twice", "who", "name"))) == is_like


def test_names_of_one_owner_may_be_alike() -> None:
    frame = pl.DataFrame({"name": ["Ann Lee", "Ann Leigh", "Anne Lee"], "of": ["A", "A", "B"]})
    assert said(frame, near_names("twice", "of", "name", apart="of", at_least=80)).keys() == {2}


def crowd(rows: int) -> pl.DataFrame:
    """Entries of few kinds in one week, one in ten of them told twice with a typing error."""
    chance = random.Random(7)  # noqa: S311
    words = ["".join(chance.choices("abcdefghiklmnoprstuvw", k=6)) for _ in range(400)]
    texts = [" ".join(chance.choices(words, k=9)) for _ in range(rows)]
    for at in range(0, rows, 10):
        place = chance.randrange(len(texts[at]))
        texts[at + 5] = texts[at][:place] + "x" + texts[at][place + 1 :]
    days = [f"2024-03-0{chance.randint(1, 2)}" for _ in range(rows)]
    order = chance.sample(range(rows), rows)
    return pl.DataFrame({"entry": [f"L{at}" for at in order], "text": [texts[at] for at in order], "on": days})


def test_crowded_blocks_are_thinned_out_and_hardly_any_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, check = crowd(2_000), near_texts("twice", "entry", ["text"], day="on")
    every = said(frame, check)
    assert len(every) == 200
    monkeypatch.setattr(duplicates, "_FEW", 1_000)
    thinned = said(frame, near_texts("twice", "entry", ["text"], day="on"))
    assert thinned.items() <= every.items()
    assert len(thinned) > 190
    names = said(frame, near_names("twice", "entry", "text"))
    assert len(names) > 190


def test_it_is_said_in_toml_and_its_limits_in_the_settings(tmp_path: Path) -> None:
    project = make_package(
        tmp_path,
        schemas={"logs": fields("entry", "on:date", "text")},
        logs=f"entry,on,text\nL1,2024-03-07,{VISIT}\nL2,2024-03-12,{VISIT}\n",
    )
    rules = tmp_path / "schemas" / "logs.rules.toml"
    rules.parent.mkdir()
    rules.write_text('[told-twice]\nbuilder = "duplicates.near_texts"\nargs = ["entry", ["text"]]\nday = "on"\n')
    (tmp_path / "deedbook.toml").write_text('package = "datapackage.json"\n')

    def outcome(**options: tuple[str, ...]) -> tuple[list[int | None], list[str]]:
        from deedbook.project import load_project

        report = validate(load_project(project.root), Options(trust_rules=True, **options))  # type: ignore[arg-type]
        return [item.row for item in report.findings], [item.reason for item in report.not_checked]

    assert outcome() == ([], [])
    assert outcome(select=("told-*",)) == ([], [])
    with (tmp_path / "deedbook.toml").open("a", encoding="utf-8") as file:
        file.write('[rules.told-twice]\noff = false\ndays = 5\nreason = "our sources report late"\n')
    assert outcome() == ([3], [])
    assert outcome(ignore=("told-*",)) == ([], ["left out by --ignore"])


def test_a_wrong_limit_is_named() -> None:
    settings = RuleSettings({"twice": {"days": "2"}}, select=("*",))
    with settings.readable(), pytest.raises(RuleError, match=r"`days` of \[rules\.twice\] is '2'"):
        near_texts("twice", "entry", ["text"], day="on")


def test_without_the_extra_the_rule_says_so_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "find_spec", {}.get)
    logs = f"entry,on,text\nL1,2024-03-07,{VISIT}\nL2,2024-03-07,{VISIT}\n"
    make_package(tmp_path, schemas={"logs": fields("entry", "on:date", "text")}, logs=logs)
    (tmp_path / "deedbook.toml").write_text('package = "datapackage.json"\nschemas = "rules"\n')
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "logs.py").write_text(
        "import pandera.polars as pa\nfrom deedbook.rules import duplicates\n"
        "schema = pa.DataFrameSchema(checks=[duplicates.near_texts('twice', 'entry', ['text'], day='on')])\n"
    )
    from deedbook.project import load_project

    loaded = load_project(tmp_path)
    asked = validate(loaded, Options(trust_rules=True, select=("twice",)))
    assert [(item.name, item.reason) for item in asked.not_checked] == [
        ("twice", "needs `pip install 'deedbook[duplicates]'`")
    ]
    assert not asked.passes(strict=True)
    assert validate(loaded, Options(trust_rules=True)).not_checked == ()


def test_a_row_with_a_bad_cell_is_not_judged(tmp_path: Path) -> None:
    rows = "".join(f"L{n},{day},{VISIT}\n" for n, day in enumerate(["2024-03-07", "2024-03-7", "2024-03-08"]))
    make_package(tmp_path, schemas={"logs": fields("entry", "on:date", "text")}, logs=f"entry,on,text\n{rows}")
    (tmp_path / "deedbook.toml").write_text('package = "datapackage.json"\n')
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "logs.rules.toml").write_text(
        '[told-twice]\nbuilder = "duplicates.near_texts"\nargs = ["entry", ["text"]]\nday = "on"\n'
    )
    from deedbook.project import load_project

    report = validate(load_project(tmp_path), Options(trust_rules=True, select=("*",)))
    assert [(item.rule, item.row) for item in report.findings] == [("type-error", 3), ("told-twice", 4)]
