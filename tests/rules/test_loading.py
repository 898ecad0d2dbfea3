"""Rule files: what is refused, with file and line, and that running them leaves no trace."""

from __future__ import annotations

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
    with pytest.raises(RuleError, match=r"dataset\.py:5: KeyError: 'nothing'"):
        book.dataset({}, None)
    with pytest.raises(RuleError, match=r"dataset\.py:8: ColumnNotFoundError"):
        book.derive({"events": pl.DataFrame()}, None)


def test_schemas_across_tables_have_to_be_pandera_s(tmp_path: Path) -> None:
    file = rule_file(tmp_path, "def schemas(tables, created):\n    return {'events': []}", "dataset")
    book = load_rules({"dataset": file})
    assert book.dataset is not None
    with pytest.raises(RuleError, match="`schemas` of events is a list"):
        book.dataset({}, None)


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
