"""Rule files: what is refused, with file and line, and that running them leaves no trace."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import polars as pl
import pytest

from deedbook.checking.rules import load_rules
from deedbook.errors import RuleError
from tests.package import as_bytes

HEAD = "import pandera.polars as pa\nimport polars as pl\nfrom deedbook.rules.rule import rule\n"


def rule_file(folder: Path, text: str, name: str = "events") -> Path:
    """A rule file with the usual imports in its first three lines."""
    file = folder / f"{name}.py"
    file.write_bytes(HEAD.encode() + as_bytes(text))
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = (", ":4: '(' was never closed"),
        ("x = 1\nschema = 1 / 0", ":5: ZeroDivisionError: division by zero"),
        ("import does_not_exist", ":4: ModuleNotFoundError: No module named 'does_not_exist'"),
        ("rules = []", ": `schema` is missing; it has to be a pandera.polars.DataFrameSchema"),
        ("schema = {'a': int}", ": `schema` is a dict; it has to be a pandera.polars.DataFrameSchema"),
    ],
)
def test_a_rule_file_that_does_not_load_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = rule_file(tmp_path, text)
    with pytest.raises(RuleError) as caught:
        load_rules({"events": file})
    assert caught.value.message == f"{file}{message}"
    assert caught.value.exit_code == 3


def test_a_missing_rule_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"none\.py: cannot be read"):
        load_rules({"events": tmp_path / "none.py"})


def test_rules_across_tables_need_their_function(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"there is no function `schemas\(tables, created\)`"):
        load_rules({"dataset": rule_file(tmp_path, "schemas = None", "dataset")})


def test_what_rules_across_tables_raise_is_named_with_its_line(tmp_path: Path) -> None:
    text = """
        def schemas(tables, created):
            return {"events": tables["nothing"]}

        def derive(tables, created):
            return tables["events"].select("nothing")
        """
    file = rule_file(tmp_path, text, "dataset")
    book = load_rules({"dataset": file})
    assert book.dataset is not None
    assert book.derive is not None
    with pytest.raises(RuleError, match=r"dataset\.py:5: there is no table `nothing`"):
        book.dataset({}, None)
    with pytest.raises(RuleError, match=r"dataset\.py:8: ColumnNotFoundError"):
        book.derive({"events": pl.DataFrame()}, dt.date(2026, 1, 1))


def test_schemas_across_tables_have_to_be_pandera_s(tmp_path: Path) -> None:
    file = rule_file(tmp_path, "def schemas(tables, created):\n    return {'events': []}", "dataset")
    book = load_rules({"dataset": file})
    assert book.dataset is not None
    with pytest.raises(RuleError, match="`schemas` of events is a list"):
        book.dataset({"events": pl.DataFrame()}, None)


def test_a_rule_file_leaves_sys_path_and_its_folder_as_they_were(tmp_path: Path) -> None:
    before = list(sys.path)
    load_rules({"events": rule_file(tmp_path, "schema = pa.DataFrameSchema()")})
    assert sys.path == before
    assert [file.name for file in tmp_path.iterdir()] == ["events.py"]
    assert "events" not in sys.modules


def test_two_projects_do_not_share_a_module(tmp_path: Path) -> None:
    books = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        text = f"schema = pa.DataFrameSchema(checks=[rule('{name}', pl.col('a') > 0, at='a', message='')])"
        books.append(load_rules({"events": rule_file(tmp_path / name, text)}))
    assert [book.tables["events"].rules[0].id for book in books] == ["first", "second"]


def test_a_rule_knows_its_line_also_when_a_builder_made_it(tmp_path: Path) -> None:
    text = """
        from deedbook.rules import text
        schema = pa.DataFrameSchema(
            checks=[*text.clean("a"), rule("big", pl.col("a") > 0, at="a", message="")],
        )
        """
    file = rule_file(tmp_path, text)
    rules = load_rules({"events": file}).tables["events"].rules
    assert {rule.where for rule in rules} == {f"{file}:6"}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("sys.exit(0)", ":4: it calls exit(0)", "correct the rule file"),
        ("raise KeyboardInterruptLike", ":4: NameError: name 'KeyboardInterruptLike' is not defined", ""),
        ("schema = pa.DataFrameSchema(checks=[[rule('a', pl.lit(True), at='a', message='')]])", "hold a list", "`*`"),
        ("rules = pa.DataFrameSchema()", "`schema` is missing", "call `rules` `schema`"),
        ("rule('Same Id!', pl.lit(True), at='a', message='')", ":4: the rule id `Same Id!` is not", "`same-id`"),
        (
            "rule('a', pl.lit(True), at='a', message='', severity='fatal')",
            "the severity `fatal`",
            "error, warning, info",
        ),
        ("rule('a', True, at='a', message='')", "given a bool", "pl.col"),
        (
            "rule('a', pl.lit(True), at='a', message='', at_most=1.5)",
            "`at_most` of the rule `a` is 1.5",
            "share below 1",
        ),
    ],
)
def test_what_a_rule_file_does_wrong_is_said_with_a_next_step(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(RuleError) as caught:
        load_rules({"events": rule_file(tmp_path, text.replace("sys.", "__import__('sys')."))})
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "events.py" in caught.value.message


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "`schemas` returns nothing; it has to return a dict"),
        ("[pa.DataFrameSchema()]", "`schemas` returns a list; it has to return a dict"),
        ("pa.DataFrameSchema()", "`schemas` returns a DataFrameSchema; it has to return a dict"),
        ("{'event': pa.DataFrameSchema()}", "`schemas` returns rules for `event`, which is no table"),
        ("exit(3)", "it calls exit(3)"),
    ],
)
def test_what_schemas_returns_is_a_dict_of_tables(tmp_path: Path, returned: str, message: str) -> None:
    book = load_rules(
        {"dataset": rule_file(tmp_path, f"def schemas(tables, created):\n    return {returned}", "dataset")}
    )
    assert book.dataset is not None
    with pytest.raises(RuleError) as caught:
        book.dataset({"events": pl.DataFrame()}, None)
    assert message in caught.value.message


def test_a_schema_for_pandas_is_told_from_one_for_polars(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    file = rule_file(tmp_path, "import pandera.pandas as other\nschema = other.DataFrameSchema()")
    with pytest.raises(RuleError, match=r"is a DataFrameSchema for pandas; .* pandera\.polars"):
        load_rules({"events": file})


def test_a_dataframe_model_is_a_schema(tmp_path: Path) -> None:
    text = """
        class Events(pa.DataFrameModel):
            deaths: int = pa.Field(ge=0)

        schema = Events
        """
    [check] = load_rules({"events": rule_file(tmp_path, text)}).tables["events"].rules
    assert (check.id, check.at) == ("greater-than-or-equal-to", "deaths")


def test_a_rule_file_is_run_once_and_prints_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_rules({"events": rule_file(tmp_path, "print('runs')\nschema = pa.DataFrameSchema()")})
    assert capsys.readouterr() == ("", "runs\n")


def test_dataclasses_of_a_rule_file_find_their_module(tmp_path: Path) -> None:
    text = """
        from dataclasses import dataclass

        @dataclass
        class Limit:
            value: "int"

        schema = pa.DataFrameSchema(checks=[rule("few", pl.col("a") < Limit(3).value, at="a", message="")])
        """
    file = rule_file(tmp_path, text)
    file.write_text("from __future__ import annotations\n" + file.read_text())
    assert load_rules({"events": file}).tables["events"].rules[0].id == "few"
