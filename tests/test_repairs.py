"""Proposals put into cells: everyday mistakes in files, one each; what is safe is mended, and nothing else is touched."""

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from deedbook import repairs
from deedbook.errors import DeedbookError, UsageError
from deedbook.findings import Finding
from deedbook.project import Project
from deedbook.repairs import mend, propose, read_readings
from deedbook.validation import Options, validate
from tests.checking.mistakes import MISTAKES
from tests.package import fields, make_package

DATES = fields("id:integer", "day:date", "text")


def as_cell(text: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([text, ""])
    return buffer.getvalue()[:-1]


def planted(cell: str) -> bytes:
    """A table with odd neighbours that have to stay as they are."""
    return f'id,x,note\r\n1,,"said ""no"", twice"\r\n2,{cell},  two  spaces \n3,,"1,5"'.encode()


def everyday_files(root: Path) -> Project:
    """One file for each of the everyday mistakes."""
    tables = {f"t{at:02}": planted(as_cell(text)) for at, (_, text, _, _) in enumerate(MISTAKES)}
    note, number = {"name": "note", "type": "string"}, {"name": "id", "type": "integer"}
    schemas = {f"t{at:02}": {"fields": [number, {"name": "x", **spec}, note]} for at, (spec, *_) in enumerate(MISTAKES)}
    return make_package(root, schemas=schemas, resources={}, **tables)


def safe(found: list[Finding]) -> list[Finding]:
    return [item for item in found if item.certainty == "safe"]


def test_what_is_safe_is_mended_in_files_of_everyday_mistakes_and_the_rest_is_proposed(tmp_path: Path) -> None:
    project = everyday_files(tmp_path)
    assert len(MISTAKES) > 80
    expected = {f"t{at:02}": proposal for at, (*_, proposal) in enumerate(MISTAKES) if proposal is not None}
    found = propose(project, Options(), {})
    assert {item.table: item.proposal for item in found} == expected
    assert len(found) == len(expected)

    done = mend(project, safe(found))

    mended = {item.table: item.proposal or "" for table in done for item in table.cells}
    assert mended == {item.table: item.proposal for item in safe(found)}
    assert not any(table.left for table in done)
    for at, (_, text, _, _) in enumerate(MISTAKES):
        cell = as_cell(mended.get(f"t{at:02}", text))
        if as_cell(text).startswith('"') and not cell.startswith('"'):
            cell = f'"{cell}"'  # a quoted cell stays one
        assert (tmp_path / f"t{at:02}.csv").read_bytes() == planted(cell)
    left = validate(project).findings
    assert mended.keys().isdisjoint(item.table for item in left)
    assert {item.table: item.proposal for item in left if item.proposal} == {
        item.table: item.proposal for item in found if item.certainty == "likely"
    }


def test_what_loses_something_or_has_two_readings_is_not_safe(tmp_path: Path) -> None:
    texts = {f"t{at:02}": text for at, (_, text, _, _) in enumerate(MISTAKES)}
    likely = {
        texts[item.table] for item in propose(everyday_files(tmp_path), Options(), {}) if item not in safe([item])
    }
    assert likely == {
        *(
            "2.4E+03",
            "(14)",
            "14-",
            "2.5k",
            "18.25 km",
            "\u20ac 99.5",
            "45%",
            "45107",
            "2023-17-06",
            "1687000000",
            "45107.5",
        ),
        *("2023-06-17", "417", "Vientianne", "Savannakhet", "17.97, 102.6"),
    }


@pytest.mark.parametrize(
    ("content", "delimiter", "wanted"),
    [
        (b"id,day,text\n1,17.06.2023,a\n", ",", b"id,day,text\n1,2023-06-17,a\n"),
        (
            b'\xef\xbb\xbfid;"day";text\r\n1;"17.06.2023";a\r\n',
            ";",
            b'\xef\xbb\xbfid;"day";text\r\n1;"2023-06-17";a\r\n',
        ),
        (b'id,day,text\n\n0,,"a\nb"\n1,17.06.2023,a', ",", b'id,day,text\n\n0,,"a\nb"\n1,2023-06-17,a'),
        (b'"id"\t"day"\t"text"\n1\t17/6/2023\t"x\t""y"""\n', "\t", b'"id"\t"day"\t"text"\n1\t2023-06-17\t"x\t""y"""\n'),
    ],
)
def test_every_other_byte_stays(tmp_path: Path, content: bytes, delimiter: str, wanted: bytes) -> None:
    resources = {"data": {"dialect": {"delimiter": delimiter}}}
    project = make_package(tmp_path, schemas={"data": DATES}, resources=resources, data=content)
    (done,) = mend(project, propose(project, Options(), {}))
    assert (len(done.cells), done.left) == (1, ())
    assert (tmp_path / "data.csv").read_bytes() == wanted


def test_a_patch_goes_forth_and_back(tmp_path: Path) -> None:
    rows = [f"{number},{'17.06.2023' if number in {1, 3, 40} else '2023-06-18'},a" for number in range(1, 41)]
    content = "\n".join(["id,day,text", *rows]).encode()
    project = make_package(tmp_path, schemas={"data": DATES}, data=content)
    (done,) = mend(project, propose(project, Options(), {}))
    assert done.patch.count(b"\n@@ ") == 2
    after = (tmp_path / "data.csv").read_bytes()
    (tmp_path / "fix.patch").write_bytes(done.patch)
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    for arguments, wanted in ((["-R"], content), ([], after)):
        subprocess.run([git, "apply", *arguments, "fix.patch"], cwd=tmp_path, check=True)
        assert (tmp_path / "data.csv").read_bytes() == wanted


def test_what_has_two_readings_is_mended_where_a_person_chose_one(tmp_path: Path) -> None:
    content = b"id,day,text\n1,10-12-2021,a\n2,6/7/2023,b\n3,,c\n"
    project = make_package(tmp_path, schemas={"data": DATES}, data=content)
    assert propose(project, Options(), {}) == []
    chosen = read_readings(["data.day=day-first"], project)
    (done,) = mend(project, safe(propose(project, Options(), chosen)))
    assert len(done.cells) == 2
    assert (tmp_path / "data.csv").read_bytes() == b"id,day,text\n1,2021-12-10,a\n2,2023-07-06,b\n3,,c\n"
    for wrong in ("data.day", "data.day=backwards", "data.month=day-first"):
        with pytest.raises(UsageError, match="no reading"):
            read_readings([wrong], project)


def test_a_table_that_cannot_be_proven_is_left(tmp_path: Path) -> None:
    content = b"id,day,text\n1,17.06.2023,a\n2,,b,too many\n"
    project = make_package(tmp_path, schemas={"data": DATES}, data=content)
    (done,) = mend(project, propose(project, Options(), {}))
    ((_, reason),) = done.left
    assert "row 3 has 4 cells" in reason
    assert (tmp_path / "data.csv").read_bytes() == content


def test_a_file_that_would_change_elsewhere_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"id,day,text\n1,17.06.2023,a\n"
    project = make_package(tmp_path, schemas={"data": DATES}, data=content)
    found = propose(project, Options(), {})
    monkeypatch.setattr(
        repairs.Places, "edit", lambda _self, _item: (26, 27, b"b")
    )  # the cell beside the one that is meant
    with pytest.raises(DeedbookError, match="other cells would change"):
        mend(project, found)
    assert (tmp_path / "data.csv").read_bytes() == content


def test_a_file_with_other_names_is_left_as_fmt_leaves_it(tmp_path: Path) -> None:
    content = b"id,day,text\n1,17.06.2023,a\n"
    project = make_package(tmp_path, schemas={"data": DATES}, data=content)
    (tmp_path / "other.csv").hardlink_to(tmp_path / "data.csv")
    (done,) = mend(project, propose(project, Options(), {}))
    ((_, reason),) = done.left
    assert "hard links" in reason
    assert (tmp_path / "data.csv").read_bytes() == content
    assert (tmp_path / "data.csv").stat().st_nlink == 2
