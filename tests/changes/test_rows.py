"""Rows are matched by key; a value that changed is told from one that is only written otherwise."""

from __future__ import annotations

import csv
import io
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.changes import row_hashes
from deedbook.changes.compare import compare
from deedbook.changes.highlighter import highlighter_csv
from deedbook.changes.records import KEY, Changes, TableChanges, split_key
from deedbook.changes.sources import Side
from deedbook.findings import join_key
from tests.package import Content, fields, make_package

SCHEMA = fields("id:integer", "name", "share:number", "members", "day:date", primaryKey=["id"])
SCHEMA["fields"][3] |= {"packed": "set", "delimiter": ","}
OLD = """
id,name,share,members,day
1,Laos,1.5,"b, a",2024-01-01
2,Namibia,2,c,2024-01-02
3,Chad,3,"d,e",2024-01-03
4,Mali,,f,
"""
NEW = """
id,name,share,members,day
4,Mali,,f,
02,Namibia,2.00,c,2024-01-02
3,Chad,3,"e,d",2024-02-03
5,Togo,,,2024-05-05
9,Laos,1.50,"a,b",2024-01-01
"""


def changes_of(root: Path, old: Content, new: Content, schema: dict[str, Any] = SCHEMA, **how: Any) -> Changes:
    sides = [
        Side(name, make_package(root / name, schemas={"data": schema}, data=content))
        for name, content in (("old", old), ("new", new))
    ]
    return compare(sides[0], sides[1], **how)


def table_of(root: Path, old: Content, new: Content, schema: dict[str, Any] = SCHEMA, **how: Any) -> TableChanges:
    return changes_of(root, old, new, schema, **how).tables[0]


def random_versions(seed: int, *, key: bool) -> tuple[str, str]:
    """Two versions of a table with moved, changed, removed, added, rewritten and repeated rows."""
    chosen = random.Random(seed)  # noqa: S311  # a reproducible choice, no secret
    names = ["Laos", "", 'the "old" one', "two\nlines", "a,b", "b, a"]
    rows = [
        [str(at), chosen.choice(names), chosen.choice(["1.5", "1.50", "2", ""]), chosen.choice(names), "2024-01-01"]
        for at in range(400)
    ]
    newer = [list(row) for row in rows if chosen.random() > 0.05]
    for row in newer:
        if chosen.random() < 0.1:
            row[chosen.randrange(1, 4)] = chosen.choice(["Chad", "3", "3.0", ""])
    newer += [[str(1000 + at), "Togo", "", "", ""] for at in range(9)]
    if not key:
        newer += [chosen.choice(rows) for _ in range(9)]
    chosen.shuffle(newer)
    header = [["id", "name", "share", "members", "day"]]
    return tuple(written(header + side) for side in (rows, newer))  # type: ignore[return-value]


def written(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("how", [{}, {"literal": False}, {"everything": True}])
@pytest.mark.parametrize("key", [True, False])
def test_comparing_records_first_finds_what_comparing_all_cells_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], key: bool
) -> None:
    schema = {**SCHEMA, "primaryKey": ["id"] if key else []}
    for seed in range(3):
        old, new = random_versions(seed, key=key)
        with monkeypatch.context() as patch:
            patch.setattr(row_hashes, "hash_cells", lambda *_: pytest.fail("all cells were read"))
            found = table_of(tmp_path / f"{seed}r", old.encode(), new.encode(), schema, **how)
        with monkeypatch.context() as patch:
            patch.setattr(row_hashes, "_MOST_PARSED", -1)
            expected = table_of(tmp_path / f"{seed}c", old.encode(), new.encode(), schema, **how)
        for name in ("added", "removed", "cells", "rekeyed", "touched", "old_rows_touched"):
            assert getattr(found, name).equals(getattr(expected, name)), name
        assert found.counts == expected.counts
        assert (found.reused, found.context) == (expected.reused, expected.context)
        assert found.added.height
        assert found.cells.height or not key


@pytest.mark.parametrize("how", [{}, {"literal": False}])
@pytest.mark.parametrize("key", [True, False])
def test_any_memory_finds_the_same(tmp_path: Path, how: dict[str, Any], key: bool) -> None:
    schema = {**SCHEMA, "primaryKey": ["id"] if key else []}
    old, new = random_versions(11, key=key)
    expected = table_of(tmp_path / "whole", old.encode(), new.encode(), schema, **how)
    for memory in (1, 100 * 128, 40_000):  # a row, some rows, blocks of some rows
        found = table_of(tmp_path / str(memory), old.encode(), new.encode(), schema, memory=memory, **how)
        assert found.counts == expected.counts
        for name in ("added", "removed", "cells", "rekeyed", "touched", "old_rows_touched"):
            assert getattr(found, name).equals(getattr(expected, name)), (memory, name)


def test_line_ends_and_quotes_alone_are_no_change(tmp_path: Path) -> None:
    quoted = "id,name,share,members,day\r\n" + '1,"Laos","1.5","b, a","2024-01-01"\r\n'
    plain = 'id,name,share,members,day\n1,Laos,1.5,"b, a",2024-01-01\n'
    assert changes_of(tmp_path, quoted.encode(), plain.encode()).is_equal


def test_equal_tables_in_another_order_are_equal(tmp_path: Path) -> None:
    lines = OLD.strip().split("\n")
    shuffled = "\n".join([lines[0], *reversed(lines[1:])]) + "\n"
    changes = changes_of(tmp_path, OLD, shuffled)
    assert changes.is_equal
    assert not changes.needs_release


def test_rows_are_added_removed_changed_and_rekeyed(tmp_path: Path) -> None:
    table = table_of(tmp_path, OLD, NEW)
    assert table.added.get_column(KEY).to_list() == ["5"]
    assert table.removed.height == 0
    assert table.rekeyed.rows() == [("1", "9")]
    assert table.values.rows() == [("3", "day", "value", "2024-01-03", "2024-02-03")]
    assert table.counts == {
        "old_rows": 4,
        "new_rows": 5,
        "added": 1,
        "removed": 0,
        "rekeyed": 1,
        "revised": 1,
        "rewritten": 1,
        "cells": 1,
    }


def test_another_way_to_write_a_value_is_a_representation_change(tmp_path: Path) -> None:
    table = table_of(tmp_path, OLD, NEW)
    written = table.cells.filter(pl.col("kind") == "representation")
    assert written.select("key", "field", "old", "new").rows() == [
        ("2", "id", "2", "02"),
        ("2", "share", "2", "2.00"),
        ("3", "members", "d,e", "e,d"),
    ]


def test_canonical_texts_hide_how_numbers_are_written_but_not_how_sets_are_ordered(tmp_path: Path) -> None:
    table = table_of(tmp_path, OLD, NEW, literal=False)
    assert table.cells.filter(pl.col("kind") == "representation").get_column("field").to_list() == ["members"]


def test_empty_and_filled_cells_differ(tmp_path: Path) -> None:
    table = table_of(tmp_path, OLD, OLD.replace("4,Mali,,f,", "4,Mali,0,,"))
    assert table.values.select("field", "old", "new").rows() == [("share", None, "0"), ("members", "f", None)]


def test_whole_rows_are_compared_without_a_key_and_copies_count(tmp_path: Path) -> None:
    schema = fields("a", "b")
    table = table_of(tmp_path, "a,b\nx,1\nx,1\ny,2\n", "a,b\nx,1\ny,2\ny,2\n", schema)
    assert (table.removed.select("a").rows(), table.added.select("a").rows()) == ([("x",)], [("y",)])


def test_a_key_that_names_something_else_is_suspected(tmp_path: Path) -> None:
    assert table_of(
        tmp_path, OLD, OLD.replace("3,Chad,3,", "3,Peru,8,").replace('"d,e",2024-01-03', "x,1999-09-09")
    ).reused == ("3",)


def test_keys_of_several_parts_are_escaped(tmp_path: Path) -> None:
    schema = fields("a", "b", "c", primaryKey=["a", "b"])
    table = table_of(tmp_path, "a,b,c\nx|y,z,1\n", "a,b,c\nx|y,z,2\n", schema)
    assert table.cells.get_column("key").to_list() == [join_key(["x|y", "z"])]
    for parts in (["a"], ["x|y", "z"], ["\\", "|"], ["", ""], ["a\\|b", ""]):
        assert split_key(join_key(parts)) == parts


def test_line_breaks_quotes_and_blocks_do_not_move_rows(tmp_path: Path) -> None:
    def text(changed: set[int]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["id", "note"])
        writer.writerows(
            [number, 'a "b"\nc' if number % 3 else f"{'x' * 900}{number in changed}"] for number in range(60_000)
        )
        return out.getvalue().encode()

    wanted = {3, 29_997, 59_997}
    schema = fields("id:integer", "note", primaryKey=["id"])
    table = table_of(tmp_path, text(set()), text(wanted), schema)
    assert {int(key) for key in table.values.get_column("key")} == wanted
    assert table.added.height == table.removed.height == 0


@pytest.mark.parametrize("irregular", [b'id,note\n1,say "x" now\n2,b\n3,c\n', b"id,note\r\n1,a\r\n\r\n2,b\r\n3,c\r\n"])
def test_irregular_files_are_compared_all_the_same(tmp_path: Path, irregular: bytes) -> None:
    schema = fields("id:integer", "note", primaryKey=["id"])
    table = table_of(tmp_path, irregular, irregular.replace(b"2,b", b"2,z"), schema)
    assert table.cells.rows() == [("2", "note", "value", "b", "z")]


def patched(tmp_path: Path, old: str, new: str, schema: dict[str, Any]) -> list[list[str]]:
    daff = shutil.which("daff", path=str(Path(sys.executable).parent))
    if daff is None:
        pytest.skip("daff is not installed")
    changes = changes_of(tmp_path, old, new, schema, everything=True)
    diff = tmp_path / "data.diff.csv"
    diff.write_text(highlighter_csv(changes, changes.tables[0]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", daff, "patch", str(tmp_path / "old" / "data.csv"), str(diff)],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return list(csv.reader(io.StringIO(done.stdout)))


def test_daff_patches_the_old_table_to_the_new_one(tmp_path: Path) -> None:
    rows = patched(tmp_path, OLD.replace("Chad", "a->b --> c"), NEW.replace("Chad", "a-->b"), SCHEMA)
    wanted = list(csv.reader(io.StringIO(NEW.strip().replace("Chad", "a-->b"))))
    assert rows[0] == wanted[0]
    assert sorted(rows[1:]) == sorted(wanted[1:])


def test_daff_finds_rows_that_resemble_each_other(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(8)]
    schema = fields("id", "year", *names, primaryKey=["id", "year"])
    head = ",".join(["id", "year", *names])
    lines = [f"i{n // 40},{n % 40}," + ",".join(f"{c}{n // 3 if n > 3 else n}" for c in range(8)) for n in range(200)]
    new = [line + ("!" if at in {0, 50, 51, 100, 199} else "") for at, line in enumerate(lines) if at not in {60, 61}]
    rows = patched(tmp_path, "\n".join([head, *lines]) + "\n", "\n".join([head, *new]) + "\n", schema)
    assert sorted(",".join(row) for row in rows[1:]) == sorted(new)


def test_a_table_that_had_no_rows_can_be_patched(tmp_path: Path) -> None:
    table = table_of(tmp_path, "id,name,share,members,day\n", "id,name,share,members,day\n1,Laos,,,\n", everything=True)
    assert (table.old_rows, table.added.height, table.context) == (0, 1, {})
    empty = "id,name,share,members,day\n"
    assert table_of(tmp_path / "same", empty, empty, everything=True).is_equal
