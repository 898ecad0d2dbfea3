"""What a file really is is one finding, which names the cause and the next step, and nothing that follows from it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from deedbook.validation import validate
from tests.package import fields, make_package, one, report_of

SCHEMA = fields("id:integer", "name", "day:date", primaryKey=["id"])
ROWS = "1,a,2024-01-01\n2,b,2024-01-02\n"
HEADED = f"id,name,day\n{ROWS}"


@pytest.mark.parametrize(
    ("content", "rule", "said"),
    [
        (HEADED.replace(",", ";"), "dialect-error", "semicolons"),
        (HEADED.replace(",", "\t"), "dialect-error", "tabs"),
        (f"sep=,\n{HEADED}", "dialect-error", "note for Excel"),
        (f"# made by hand\n{HEADED}", "dialect-error", "a comment stands above it"),
        (f"Events of 2024,,\n,,\n{HEADED}", "dialect-error", "the header is in row 3"),
        (ROWS, "dialect-error", "there is no header"),
        ("<!DOCTYPE html>\n<p>404, not found</p>\n", "format-error", "a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "source-error", "Git LFS"),
        (f"<<<<<<< HEAD\n{HEADED}=======\n{HEADED}>>>>>>> b\n", "merge-conflict", "merge conflict"),
        (HEADED.encode("utf-16"), "encoding-error", "UTF-16"),
        (gzip.compress(HEADED.encode(), mtime=0), "compression-error", "gzip"),
        (b"PK\x03\x04" + bytes(60), "format-error", "workbook"),
        (b"id,n\xe4me,day\n", "encoding-error", "0xe4"),
    ],
)
def test_what_a_file_is_is_one_finding(tmp_path: Path, content: str | bytes, rule: str, said: str) -> None:
    finding = one(report_of(tmp_path, content if isinstance(content, bytes) else content.encode(), SCHEMA))
    assert finding.rule == rule
    assert said in finding.message
    assert finding.hint


def test_a_row_that_is_no_data_is_one_finding(tmp_path: Path) -> None:
    content = f"{HEADED},,\nid,name,day\nTotal,,\n3,2024-01-03\n"
    found = [(item.row, item.rule) for item in report_of(tmp_path, content.encode(), SCHEMA).findings]
    assert found == [(4, "blank-row"), (5, "repeated-header"), (6, "total-row"), (7, "missing-cell")]


@pytest.mark.parametrize(
    ("content", "rule", "said"),
    [
        (HEADED.replace(",", ";"), "dialect-error", "semicolons (`;`), in the table's other files by commas"),
        (ROWS.replace(",", "\t"), "dialect-error", "tabs"),
        ("day,name,id\n2024-01-03,c,3\n", "incorrect-label", "another order"),
        (HEADED.replace("name", "actor"), "incorrect-label", "not that of the table's first file"),
        (f"sep=,\n{HEADED}", "dialect-error", "note for Excel"),
        (f"Events of 2024,,\n,,\n{HEADED}", "dialect-error", "the header is in row 3"),
        ("<!DOCTYPE html>\n<p>404, not found</p>\n", "format-error", "a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "source-error", "Git LFS"),
        (HEADED.encode("utf-16"), "encoding-error", "UTF-16"),
        (gzip.compress(HEADED.encode(), mtime=0), "compression-error", "gzip"),
        (b"", "source-error", "the file is empty"),
    ],
)
def test_a_file_that_disagrees_with_the_others_of_its_table_is_one_finding(
    tmp_path: Path, content: str | bytes, rule: str, said: str
) -> None:
    files = {"first.csv": HEADED, "other.csv": content, "last.csv": "id,name,day\n7,g,2024-01-07\n"}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    project = make_package(tmp_path, schemas={"data": SCHEMA}, resources={"data": {"path": list(files)}})
    report = validate(project)
    finding = one(report)
    assert (finding.path, finding.rule) == ("other.csv", rule)
    assert said in finding.message
    assert finding.hint
    assert report.tables[0].rows == (4 if rule == "incorrect-label" and "order" in said else 3)


@pytest.mark.parametrize("content", [ROWS.replace("1,", "3,").replace("2,b", "4,b"), HEADED.replace("1,", "3,", 1)])
def test_a_later_file_may_have_the_header_or_go_on_without_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "first.csv").write_text("id,name,day\n7,g,2024-01-07\n")
    (tmp_path / "other.csv").write_text(content)
    project = make_package(tmp_path, schemas={"data": SCHEMA}, resources={"data": {"path": ["first.csv", "other.csv"]}})
    assert [(item.rule, item.message) for item in validate(project).findings] == []


def test_a_packed_file_that_was_cut_off_is_named_and_the_others_are_counted_exactly(tmp_path: Path) -> None:
    files = [f"part{number}.csv.gz" for number in range(6)]
    for number, name in enumerate(files):
        rows = "".join(
            f"{row},{row * 7919 % 104729},2024-01-01\n" for row in range(number * 2_000, (number + 1) * 2_000)
        )
        (tmp_path / name).write_bytes(gzip.compress(f"id,name,day\n{rows}{number},x,2024-02-30\n".encode(), mtime=0))
    cut = tmp_path / files[3]
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    schema = fields("id:integer", "name", "day:date")
    report = validate(make_package(tmp_path, schemas={"data": schema}, resources={"data": {"path": files}}))
    found = [(item.path, item.rule, item.row) for item in report.findings]
    dates = [(name, "type-error", 2_002) for name in files if name != files[3]]
    assert found == sorted([*dates, (files[3], "compression-error", None)])
    assert report.tables[0].rows == 5 * 2_001
