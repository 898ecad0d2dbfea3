"""Small files are read together with others, and the report is that of reading each alone, whatever is wrong with some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deedbook.checking.batch import SmallFiles
from deedbook.checking.hashes import Spill
from deedbook.checking.plan import plan_tables
from deedbook.findings import report_record
from deedbook.project import Project
from deedbook.validation import Options, validate
from tests.package import make_package

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "day", "type": "date"},
    {"name": "deaths", "type": "integer", "constraints": {"minimum": 0}},
    {"name": "rate", "type": "number", "constraints": {"minimum": 0}},
    {"name": "note", "type": "string", "missingValues": ["", "none"]},
]
HEADER = b"id,day,deaths,rate,note\n"
SOUND = b"".join(b"%d,2024-02-%02d,%d,%d.5,quiet\n" % (at, at % 28 + 1, at, at) for at in range(1, 31))


def _cell(text: bytes) -> bytes:
    """A sound file but for the note in row 4."""
    rows = SOUND.splitlines(keepends=True)
    rows[2] = rows[2].replace(b"quiet", text)
    return HEADER + b"".join(rows)


KINDS: Mapping[str, bytes] = {
    "sound": HEADER + SOUND,
    "cut": HEADER + SOUND[:-1],
    "returns": (HEADER + SOUND).replace(b"\n", b"\r\n"),
    "mixed-returns": HEADER + SOUND.replace(b"\n", b"\r\n", 3),
    "marked": b"\xef\xbb\xbf" + HEADER + SOUND,
    "negative": HEADER + SOUND + b"31,2024-02-01,-1,0.5,x\n",
    "day": HEADER + b"31,1.2.2024,1,0.5,x\n" + SOUND,
    "empty-cells": HEADER + b",,,,\n" + b"31,,,,none\n" + SOUND,
    "quoted": _cell(b'"a, ""b"""'),
    "quoted-empty": _cell(b'""'),
    "two-lines": _cell(b'"first\nsecond"'),
    "bare-quote": _cell(b'5" gun'),
    "stray-quote": _cell(b'"a" b'),
    "unclosed": _cell(b'"never'),
    "latin": _cell("größer".encode("latin-1")),
    "letters": _cell("größer".encode()),
    "garbled": _cell("grÃ¶ÃŸer".encode()),
    "nul": _cell(b"\0"),
    "short": HEADER + SOUND + b"31,2024-02-01\n",
    "long": HEADER + SOUND + b"31,2024-02-01,1,0.5,x,y\n",
    "short-and-long": HEADER + b"31,2024-02-01,1,0.5\n32,2024-02-01,1,0.5,x,y\n" + SOUND,
    "blank-lines": HEADER + b"\n" + SOUND + b"\n\n",
    "conflict": HEADER + b"<<<<<<< HEAD\n31,,,,\n=======\n32,,,,\n>>>>>>> other\n" + SOUND,
    "twice": HEADER + SOUND + SOUND,
    "header-twice": HEADER + SOUND + HEADER + SOUND,
    "total": HEADER + SOUND + b"Total,,7,,\n",
    "only-header": HEADER,
    "cut-header": HEADER[:-1],
    "nothing": b"",
    "headless": SOUND,
    "renamed": HEADER.replace(b"deaths", b"killed") + SOUND,
    "latin-header": HEADER.replace(b"note", "größe".encode("latin-1")) + SOUND,
    "other-order": b"id,deaths,day,rate,note\n" + b"1,2,2024-01-01,0.5,x\n",
    "semicolons": (HEADER + SOUND).replace(b",", b";"),
    "quoted-header": HEADER.replace(b"day", b'"day"') + SOUND,
    "packed": b"\x1f\x8b\x08\0",
    "wide": (HEADER + SOUND).decode().encode("utf-16"),
}


def _record(project: Project) -> dict[str, Any]:
    return report_record(replace(validate(project, Options(max_findings=1_000)), seconds=0))


def _record_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The report where no file is read together with another."""
    with monkeypatch.context() as patch:
        patch.setattr(SmallFiles, "of", lambda _plans: SmallFiles())
        return _record(project)


def _schema(number: int) -> dict[str, Any]:
    """Some with the fields under other names, with keys, or with another order of fields that are declared alike."""
    fields = [{**item, "name": f"{item['name']}_{number}"} for item in FIELDS] if number % 5 == 4 else FIELDS
    own: dict[str, Any] = {"fields": fields}
    if number % 3 == 1:
        own["primaryKey"] = fields[0]["name"]
    if number % 4 == 2:
        own["fieldsMatch"] = "subset"
    return own


def test_tables_that_are_read_together_give_the_report_of_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: dict[str, Any] = {}
    schemas: dict[str, dict[str, Any]] = {}
    for number, content in enumerate((*KINDS.values(), *KINDS.values())):
        name, schemas[f"t{number}"] = f"t{number}", _schema(number)
        header = HEADER.replace(b",", f"_{number},".encode()).replace(b"note", f"note_{number}".encode())
        tables[name] = content.replace(HEADER, header) if number % 5 == 4 else content
    for number in range(0, len(tables), 6):
        reference = {"resource": f"t{number + 1}", "fields": [schemas[f"t{number + 1}"]["fields"][0]["name"]]}
        fields = [schemas[f"t{number}"]["fields"][0]["name"]]
        schemas[f"t{number}"]["foreignKeys"] = [{"fields": fields, "reference": reference}]
    project = make_package(tmp_path, schemas=schemas, **tables)
    together = _record(project)
    assert together == _record_alone(project, monkeypatch)
    assert together["stats"]["rows"] > 30 * len(tables) * 2 // 3


@pytest.mark.parametrize(
    ("first", "key"),
    [("sound", "id"), ("other-order", ""), ("headless", "id"), ("renamed", ""), ("nothing", "id"), ("latin", "")],
)
def test_files_of_one_table_that_are_read_together_give_the_report_of_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, key: str
) -> None:
    names = [first, *KINDS, "absent", "sound"]
    for name, content in KINDS.items():
        (tmp_path / f"{name}.csv").write_bytes(content)
    schema = {"fields": FIELDS, **({"primaryKey": key} if key else {})}
    project = make_package(tmp_path, schemas={"t": schema}, resources={"t": {"path": [f"{it}.csv" for it in names]}})
    assert _record(project) == _record_alone(project, monkeypatch)


def test_only_files_that_are_as_their_schema_says_are_read_together(tmp_path: Path) -> None:
    schemas = {name: {"fields": FIELDS} for name in KINDS}
    project = make_package(tmp_path, schemas=schemas, **dict[str, Any](KINDS))
    plans = plan_tables(project.package, Options(), Spill(0), lambda _size: None, has_project=False)
    small = SmallFiles.of(plans)
    taken = {plan.resource.name: small.take(plan, 0) for plan in plans}
    read = {name: found.block.frame.height for name, found in taken.items() if found}
    sound = {"sound", "cut", "negative", "day", "empty-cells", "quoted", "quoted-empty", "two-lines", "letters"}
    assert sound <= read.keys()
    assert not read.keys() & {"marked", "bare-quote", "latin", "nul", "short", "blank-lines", "headless", "renamed"}
    assert read["sound"] == 30
    suspected = {
        name: set(found.seen.suspected or ()) for name, found in taken.items() if found and found.seen.suspected
    }
    assert (suspected["negative"], suspected["day"]) == ({"deaths"}, {"day"})
    assert "sound" not in suspected
    assert [name for name, found in taken.items() if found and found.seen.signed] == ["garbled"]


def test_a_record_that_is_too_long_and_one_that_is_too_short_do_not_hide_each_other(tmp_path: Path) -> None:
    tables: dict[str, Any] = {"a": KINDS["sound"], "b": KINDS["short-and-long"], "c": KINDS["sound"]}
    report = _record(make_package(tmp_path, schemas={name: {"fields": FIELDS} for name in tables}, **tables))
    assert [(it["table"], it["row"], it["rule"]) for it in report["findings"]] == [
        ("b", 2, "missing-cell"),
        ("b", 3, "extra-cell"),
    ]


def test_broken_files_among_sound_ones_are_named_and_the_rest_is_counted_exactly(tmp_path: Path) -> None:
    broken = {
        "latin-header": "incorrect-label",
        "nothing": "source-error",
        "packed": "compression-error",
        "renamed": "incorrect-label",
        "semicolons": "dialect-error",
        "wide": "encoding-error",
    }
    files, wrong, rows = list[str](), dict[str, tuple[int, str]](), 0
    for number in range(60):
        kind = list(broken)[number // 10] if number % 10 == 5 else "sound"
        files.append(f"{number:02}-{kind}.csv")
        content = KINDS[kind]
        if kind == "sound":
            lines = content.splitlines(keepends=True)[: 2 + number % 29]
            lines += [b"900,2024-02-01,-%d,0.5,x\n" % (number + 1)] * (number % 3 == 0)
            wrong |= {files[-1]: (len(lines), f"-{number + 1}")} if number % 3 == 0 else {}
            content, rows = b"".join(lines), rows + len(lines) - 1
        (tmp_path / files[-1]).write_bytes(content)
    resource = {"path": [*files, "absent.csv"]}
    report = _record(make_package(tmp_path, schemas={"t": {"fields": FIELDS}}, resources={"t": resource}))
    told = {it["path"]: (it["row"], it["value"]) for it in report["findings"] if it["column"] == "deaths" and it["row"]}
    assert told == wrong
    named = {it["path"]: it["rule"] for it in report["findings"] if it["path"] not in wrong}
    assert named == {file: broken[file[3:-4]] for file in files if "sound" not in file} | {"absent.csv": "scheme-error"}
    assert len(report["findings"]) == len(wrong) + len(named)
    assert report["stats"]["rows"] == rows
