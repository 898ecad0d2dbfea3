"""A stand-in is the module that it stands for, and a validation imports nothing that it does without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STAND_IN = """
import sys
from threading import Thread

from deedbook.cli.starting import defer

for name in ("hashlib", "importlib.metadata", "email.utils"):
    assert name not in sys.modules, name
    defer(name)
import hashlib
import importlib.metadata
from email.utils import formatdate

assert "_hashlib" not in sys.modules
found = []
threads = [Thread(target=lambda: found.append(hashlib.sha256(b"").hexdigest()[:4])) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert found == ["e3b0"] * 8, found
assert importlib.metadata.version("click")
assert formatdate(0).startswith("Thu")
try:
    hashlib.absent
except AttributeError as error:
    print(error)
"""


HASTENED = """
import sys

if sys.argv[1] == "in haste":
    from deedbook.cli.starting import start_quickly

    start_quickly()
import numpy as np
import numpy.typing
import polars as pl
import polars.io.iceberg

for name in ("read_database", "scan_delta", "scan_iceberg", "scan_lance", "read_excel"):
    try:
        print(name, type(getattr(pl, name)("absent")))
    except Exception as error:
        print(name, type(error).__name__, error)
print(numpy.typing.NDArray[np.int64], np.ones(2).astype(np.int64).sum())
print(pl.DataFrame({"x": [1, 2]}).select(pl.col("x").sum()).item(), pl.io.iceberg.IcebergCatalogConfig.__name__)
"""


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_a_stand_in_is_its_module_once_it_is_asked(tmp_path: Path) -> None:
    done = run("-c", STAND_IN, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "module 'hashlib' has no attribute 'absent'\n"


def _project(root: Path, rules: str) -> None:
    """A project of one table and one rule file."""
    (root / "t.csv").write_text("id,n\na,1\nb,2\nc,3\n")
    (root / "t.py").write_text(rules)
    (root / "deedbook.toml").write_text('package = "datapackage.json"\nschemas = "."\n')
    fields = [{"name": "id", "type": "string"}, {"name": "n", "type": "integer"}]
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": fields, "primaryKey": "id"}}
    (root / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [resource]}))


def test_polars_and_numpy_do_in_haste_what_they_always_do(tmp_path: Path) -> None:
    hastened, ordinary = (run("-c", HASTENED, how, folder=tmp_path) for how in ("in haste", "at leisure"))
    assert (hastened.returncode, hastened.stderr) == (0, "")
    assert hastened.stdout == ordinary.stdout
    assert len(hastened.stdout.splitlines()) == 7


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
def test_rules_run_without_pandas(tmp_path: Path, within: str, expected: list[tuple[int, str]]) -> None:
    _project(tmp_path, RULES.format(within=within))
    done = run("-X", "importtime", "-m", "deedbook", "validate", "--format", "json", folder=tmp_path)
    findings = json.loads(done.stdout)["findings"]
    assert [(item["row"], item["rule"]) for item in findings] == expected
    if within == "{}":  # pandera imports it for the checks that it runs itself
        assert not {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()} & {"pandas.core", "pyarrow"}


@pytest.mark.parametrize("line", ["import pandera as pa", "import pandera.pandas as pa"])
def test_rules_for_pandas_are_told_what_to_import(tmp_path: Path, line: str) -> None:
    _project(tmp_path, f"{line}\n\nschema = pa.DataFrameSchema({{}})\n")
    done = run("-m", "deedbook", "validate", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert (
        done.stderr.splitlines()[-1].strip()
        == f"rules are for polars: `import pandera.polars as pa` in place of `{line}`"
    )


def test_a_validation_imports_only_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\na,1\nb,2\n")
    fields = [{"name": "id", "type": "string"}, {"name": "n", "type": "integer"}]
    (tmp_path / "t.json").write_text(json.dumps({"fields": fields, "primaryKey": "id"}))
    arguments = ("validate", "t.csv", "--schema", "t.json", "--format", "json")
    done = run("-X", "importtime", "-m", "deedbook", *arguments, folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["valid"]) == (0, True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"polars", "deedbook.validation"} <= imported
    assert not imported & {
        "email.message",
        "_hashlib",
        "pandera",
        "frictionless",
        "numpy._core",
        "polars.io.iceberg",
        "ipaddress",
        "uuid",
        "urllib.request",
        "tempfile",
    }
