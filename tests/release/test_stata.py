"""Our Stata files are those of pandas byte for byte, and hold what no slice of rows may lose."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from deedbook.release.formats import stata
from deedbook.release.formats.cells import first_differences
from deedbook.release.formats.dta import DOUBLE, INTEGERS, LONG_TEXT, Storage
from deedbook.release.formats.stata import Variable, write_dta
from deedbook.release.formats.statistical import Column
from deedbook.release.rows import Rows
from tests.release.test_limits import EDITION, table_of

STAMP = dt.datetime(2026, 11, 22, 3, 4)  # noqa: DTZ001  # has no zone
LONG = "ü" * 300
BYTE, INT, LONG_INT = INTEGERS
NUMBERS = {
    "tiny": (BYTE, [1, None, -127, 100, 0]),
    "small": (INT, [32_740, None, -32_767, 0, 5]),
    "wide": (LONG_INT, [2_147_483_620, -2_147_483_647, None, 1, 2]),
}
PANDAS_TYPES = {BYTE: "Int8", INT: "Int16", LONG_INT: "Int32"}
TEXTS = ["a", "", "Пномпень", "x y", "a"]
LONG_TEXTS = [LONG, "", "short", LONG, "n\nl"]
DAYS = [dt.date(1820, 5, 9), None, dt.date(2024, 2, 29), dt.date(1960, 1, 1), dt.date(1959, 12, 31)]
MOMENTS = [dt.datetime(2024, 1, 1, 1, 2, 3, 500_000), None, dt.datetime(1700, 1, 1), None, dt.datetime(1960, 1, 1)]  # noqa: DTZ001
DOUBLES = [1.5, None, -2.0, 1e300, 0.1]
LABELS: dict[float, str] = {1: "Visit (état)", -127: "lowest", 5: "x" * 200}


def variable(name: str, title: str, values: pl.Series, storage: Storage, labels: Any = None) -> Variable:
    return Variable(Column(name, title, pl.col(name), values.dtype, labels=labels or {}), storage, pl.col(name))


def variables(times: int) -> tuple[list[Variable], Rows]:
    """One variable of every kind, the rows repeated."""
    kinds = [
        (name, f"Title {name}", pl.Series(values * times, dtype=pl.Int64), storage)
        for name, (storage, values) in NUMBERS.items()
    ]
    days = pl.Series(DAYS * times, dtype=pl.Date).to_physical() + 3653
    moments = pl.Series(MOMENTS * times, dtype=pl.Datetime("ms")).to_physical() + 3653 * 86_400_000
    coded = pl.Series([1, 5, -127, None, 1] * times, dtype=pl.Int64)
    doubles = pl.Series(DOUBLES * times, dtype=pl.Float64)
    kinds += [
        ("labelled", "L", coded, BYTE),
        ("text", "", pl.Series(TEXTS * times), Storage(16, "S16", "%16s")),
        ("essay", "Long", pl.Series(LONG_TEXTS * times), LONG_TEXT),
        ("day", "Day", days, replace(DOUBLE, format="%td")),
        ("moment", "Moment", moments, replace(DOUBLE, format="%tc")),
        ("number", "Number", doubles, DOUBLE),
    ]
    labels = {"labelled": {int(number): text for number, text in LABELS.items()}}
    found = [variable(*kind, labels=labels.get(kind[0])) for kind in kinds]
    return found, Rows.of(pl.DataFrame([values.alias(name) for name, _, values, _ in kinds]))


def write_with_pandas(path: Path, times: int) -> None:
    frame: dict[str, Any] = {
        name: pd.Series(values * times, dtype=PANDAS_TYPES[storage]) for name, (storage, values) in NUMBERS.items()
    }
    frame["labelled"] = pd.Series([1, 5, -127, None, 1] * times, dtype="Int8")
    frame["text"] = pd.Series(TEXTS * times, dtype=object)
    frame["essay"] = pd.Series(LONG_TEXTS * times, dtype=object)
    frame["day"] = pd.Series(np.array(DAYS * times, dtype="datetime64[ms]"))
    frame["moment"] = pd.Series(np.array(MOMENTS * times, dtype="datetime64[ms]"))
    frame["number"] = pd.Series(np.array(DOUBLES * times, dtype=np.float64))
    titles = {item.column.name: item.column.title for item in variables(1)[0]}
    pd.DataFrame(frame).to_stata(
        path,
        write_index=False,
        version=118,
        time_stamp=STAMP,
        data_label="deeds 1.0.0 é",
        variable_labels=titles,
        value_labels={"labelled": dict(LABELS)},
        convert_dates={"day": "td", "moment": "tc"},
        convert_strl=["essay"],
    )


@pytest.mark.parametrize("slice_size", [2, 3, 20_000])
def test_a_file_is_that_of_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slice_size: int) -> None:
    monkeypatch.setattr(stata, "_SLICE", slice_size)
    write_dta(tmp_path / "ours.dta", *variables(4), "deeds 1.0.0 é", "22 Nov 2026 03:04")
    write_with_pandas(tmp_path / "pandas.dta", 4)
    assert (tmp_path / "ours.dta").read_bytes() == (tmp_path / "pandas.dta").read_bytes()


def test_two_variables_of_long_texts_are_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stata, "_SLICE", 2)
    one, other = [LONG, "b", "", LONG, "b"], ["", LONG, LONG, "c", "c"]
    rows = pl.DataFrame({"one": one, "other": other})
    both = [variable(texts.name, "", texts, LONG_TEXT) for texts in rows.iter_columns()]
    write_dta(tmp_path / "two.dta", both, Rows.of(rows), "", "22 Nov 2026 03:04")
    frame = pd.read_stata(tmp_path / "two.dta")
    assert (frame["one"].tolist(), frame["other"].tolist()) == (one, other)


def test_a_table_without_rows_is_read_back(tmp_path: Path) -> None:
    rows = pl.DataFrame(schema={"a": pl.String, "b": pl.Int64})
    empty = [variable("a", "", rows["a"], LONG_TEXT), variable("b", "", rows["b"], BYTE)]
    write_dta(tmp_path / "empty.dta", empty, Rows.of(rows), "", "22 Nov 2026 03:04")
    frame = pd.read_stata(tmp_path / "empty.dta")
    assert (frame.shape, list(frame.columns)) == ((0, 2), ["a", "b"])


def test_a_file_of_pandas_is_read_and_its_differences_are_found(tmp_path: Path) -> None:
    texts: list[str | None] = ["a", "", "Пномпень", "x y"]
    numbers: list[str | None] = ["1", None, "-7", "300"]
    columns: dict[str, list[str | None]] = {
        "whole": numbers,
        "number": ["0.5", None, "1e300", "-2"],
        "text": texts,
        "remark": [LONG, "", "short", LONG],
    }
    cells = {name: values * 50 for name, values in columns.items()}
    table = table_of(cells, {"name": "whole", "type": "integer"}, {"name": "number", "type": "number"})
    frame = pd.DataFrame(
        {
            "whole": pd.array([pd.NA if n is None else int(n) for n in cells["whole"]], dtype="Int16"),
            "number": [None if n is None else float(n) for n in cells["number"]],
            "text": [text or "" for text in cells["text"]],
            "remark": [text or "" for text in cells["remark"]],
        }
    )
    frame.to_stata(tmp_path / "t.dta", version=118, write_index=False, convert_strl=["remark"])
    assert first_differences(stata.read(table, tmp_path / "t.dta"), 3) == (0, [])
    frame.loc[150, "whole"], frame.loc[151, "remark"], frame.loc[152, "text"] = 5, "other", ""
    frame.to_stata(tmp_path / "t.dta", version=118, write_index=False, convert_strl=["remark"])
    count, found = first_differences(stata.read(table, tmp_path / "t.dta"), 4)
    assert (count, [(one.row, one.name, one.texts) for one in found]) == (
        3,
        [(150, "whole", ("-7", "5")), (151, "remark", (LONG, "other")), (152, "text", ("a", ""))],
    )


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    table = table_of({"n": [str(n) for n in range(300)], "long": [LONG] * 300}, {"name": "n", "type": "integer"})
    path = tmp_path / "t.dta"
    stata.write(table, EDITION, path)
    content = path.read_bytes()
    for end in (3, 100, 300, 900, content.index(b"<data>") + 90, content.index(b"GSO") + 9):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"ends early|is no file|no section|not there"):
            first_differences(stata.read(table, path), 3)
