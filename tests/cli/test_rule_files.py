"""A rule file sees inside `deedbook` what it sees in plain Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import Outcome

Run = Callable[..., Outcome]

LOOK = """
import atexit, hashlib, importlib.util, json, pathlib, shutil, subprocess, sys, zipfile
first = hashlib
import hashlib
import numpy, numpy.typing, polars, polars.io.iceberg
import pandera, pandera.polars as pa
import pandera.typing

seen = {
    "one hashlib": first is hashlib and sys.modules["hashlib"] is hashlib,
    "origin": importlib.util.find_spec("shutil").origin == shutil.__file__,
    "finders": [getattr(item, "__name__", type(item).__name__) for item in sys.meta_path],
    "docstring": bool(numpy.ndarray.__doc__) and bool(numpy.sum.__doc__),
    "array type": str(numpy.typing.NDArray[numpy.int64]),
    "pandera": sorted(name for name in dir(pandera) if not name.startswith("_")),
    "pandera.typing": sorted(name for name in dir(pandera.typing) if not name.startswith("_")),
    "iceberg": polars.io.iceberg.IcebergCatalogConfig.__name__,
    "modules": [name for name, module in sys.modules.items() if getattr(module, "__spec__", 1) is None and not name.startswith(("__main__", "_deedbook"))],
}
pathlib.Path(OUT).write_text(json.dumps(seen, indent=1))
atexit.register(pathlib.Path(OUT + ".exit").write_text, "ran")
"""


def _project(root: Path, rules: str) -> None:
    """A project of one table and one rule file."""
    (root / "t.csv").write_text("id,n\na,1\nb,2\nc,3\n")
    (root / "t.py").write_text(rules)
    (root / "deedbook.toml").write_text('package = "datapackage.json"\nschemas = "."\n')
    fields = [{"name": "id", "type": "string"}, {"name": "n", "type": "integer"}]
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": fields, "primaryKey": "id"}}
    (root / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [resource]}))


def _run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_a_rule_file_sees_what_plain_python_shows(tmp_path: Path) -> None:
    _project(tmp_path, f'OUT = "inside"\n{LOOK}\nschema = pa.DataFrameSchema()\n')
    (tmp_path / "plain.py").write_text(f'OUT = "plain"\n{LOOK}')
    done = _run("-m", "deedbook", "validate", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert _run("plain.py", folder=tmp_path).returncode == 0
    inside, plain = (json.loads((tmp_path / name).read_text()) for name in ("inside", "plain"))
    assert inside == plain
    assert [plain[name] for name in ("one hashlib", "origin", "docstring")] == [True] * 3
    assert (tmp_path / "inside.exit").read_text() == "ran"


RULES = """
import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import rule

within = {within}
schema = pa.DataFrameSchema(within, checks=rule("n-is-odd", pl.col("n") % 2 == 1, at="n", message="{{n}} is even", hint="add one"))
"""


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ("{}", [(3, "n-is-odd")]),
        ('{"n": pa.Column(int, pa.Check.in_range(0, 1))}', [(3, "in-range"), (3, "n-is-odd"), (4, "in-range")]),
        (
            '{"n": pa.Column(int, pa.Check(lambda data: data.lazyframe.select(pl.col(data.key) < 3), name="low"))}',
            [(3, "n-is-odd"), (4, "low")],
        ),
    ],
)
def test_rules_of_any_kind_run(project: Path, deedbook: Run, within: str, expected: list[tuple[int, str]]) -> None:
    project.mkdir()
    _project(project, RULES.format(within=within))
    findings = json.loads(deedbook("validate", "--format", "json").out)["findings"]
    assert [(item["row"], item["rule"]) for item in findings] == expected


def test_a_validation_without_rules_imports_only_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\na,1\nb,2\n")
    fields = [{"name": "id", "type": "string"}, {"name": "n", "type": "integer"}]
    (tmp_path / "t.json").write_text(json.dumps({"fields": fields, "primaryKey": "id"}))
    arguments = ("validate", "t.csv", "--schema", "t.json", "--format", "json")
    done = _run("-X", "importtime", "-m", "deedbook", *arguments, folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["valid"]) == (0, True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"polars", "deedbook.validation"} <= imported
    assert not imported & {"pandas", "pandera", "frictionless", "rich", "jinja2", "yaml"}
