"""The examples of docs/reference/builders.md run, and each public builder has one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest

from deedbook.checking.rules import _read_schema, evaluate
from deedbook.checking.settings import RuleSettings
from deedbook.rules import chains, dates, duplicates, geography, references, text, values

PAGE = (Path(__file__).parents[2] / "docs/reference/builders.md").read_text(encoding="utf-8")
HEAD = PAGE.split("```python\n")[1].split("schema =")[0]


def examples() -> Iterator[tuple[str, str, dict[str, list[int]]]]:
    """Heading, code, and the rows that are said to fail by rule."""
    for part in PAGE.split("\n## ")[1:]:
        if "```python" in part:
            code, after = part.split("```python\n")[1].split("```")[:2]
            said = re.findall(r"`([a-z0-9-]+)`: rows? ([0-9, ]+)", after)
            yield part.splitlines()[0], code, {name: [int(row) for row in rows.split(",")] for name, rows in said}


@pytest.mark.parametrize(("heading", "code", "expected"), list(examples()), ids=lambda value: str(value)[:20])
def test_an_example_fails_where_it_says(heading: str, code: str, expected: dict[str, list[int]]) -> None:
    names: dict[str, Any] = {}
    exec(HEAD + code, names)  # noqa: S102  (our own page)
    frame = pl.DataFrame(names[code.split(" = ")[0]])
    rules = _read_schema(pa.DataFrameSchema(checks=names["checks"]), heading, "`schema`", RuleSettings(select=("*",)))
    found: dict[str, list[int]] = {}
    for outcome in evaluate(rules, frame):
        if len(outcome.failing):
            found[outcome.rule.id] = sorted({*found.get(outcome.rule.id, []), *outcome.failing.to_list()})
    assert found == expected


def test_every_builder_that_makes_checks_has_an_example() -> None:
    made = [
        f"{module.__name__.rsplit('.', 1)[1]}.{name}"
        for module in (chains, dates, duplicates, geography, references, text, values)
        for name, value in inspect.getmembers(module, inspect.isfunction)
        if value.__module__ == module.__name__
        and not name.startswith("_")
        and "Check" in str(value.__annotations__["return"])
    ]
    assert len(made) >= 21
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert [name for name in made if not any(name in heading for heading in headings)] == []
