"""A stand-in is the module that it stands for, and a validation imports nothing that it does without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_polars_and_numpy_do_in_haste_what_they_always_do(tmp_path: Path) -> None:
    hastened, ordinary = (run("-c", HASTENED, how, folder=tmp_path) for how in ("in haste", "at leisure"))
    assert (hastened.returncode, hastened.stderr) == (0, "")
    assert hastened.stdout == ordinary.stdout
    assert len(hastened.stdout.splitlines()) == 7


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
        "numpy.ma",
        "numpy._core._add_newdocs",
        "numpy._typing",
        "polars.io.iceberg",
        "ipaddress",
        "uuid",
        "urllib.request",
        "tempfile",
    }
