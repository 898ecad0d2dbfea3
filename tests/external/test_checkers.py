"""Each checker accepts a good release, and rejects one with a fault planted for it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deedbook.release.bag import make_bag
from tests.external.conftest import ROOT, SHARED, TOOLS, Run, run, tool
from tests.release.releases import OWN

pytestmark = [pytest.mark.external, pytest.mark.slow]

CHECK = TOOLS / "check" / "bin"
CRATE = TOOLS / "crate" / "bin"
SHAPES = SHARED / "checkers"
PROFILES = SHARED / "conformance" / "datapackage-profiles" / "public" / "profiles" / "2.0"
DATACITE = """
import json
from datacite import schema45
errors = [error.message for error in schema45.validator.iter_errors(json.load(open("datacite.json")))]
raise SystemExit("; ".join(errors) or 0)
"""
LOAD = """
import csv, json
import mlcroissant
for records in json.load(open("croissant.json"))["recordSet"]:
    name = records["name"]
    loaded = list(mlcroissant.Dataset("croissant.json").records(name))  # a new one: sets of one dataset share state
    rows = list(csv.DictReader(open(name + ".csv", newline="", encoding="utf-8")))
    assert len(loaded) == len(rows), (name, len(loaded), len(rows))
    if rows:
        first = records["field"][0]["name"]
        assert [row[f"{name}/{first}"].decode() for row in loaded] == [row[first] for row in rows], name
"""


@dataclass(frozen=True)
class Checker:
    """A checker: how it is run in the folder of a release, and a fault that it must find: file, text, other text."""

    name: str
    check: Callable[[Path, Path], Run]
    fault: tuple[str, str, str]


def frictionless(folder: Path, _: Path) -> Run:
    return run(tool(CHECK / "python"), "-m", "frictionless", "validate", "datapackage.json", folder=folder)


def profiles(folder: Path, scratch: Path) -> Run:
    tool(PROFILES)
    program = scratch / "profiles.py"
    program.write_text(
        "import json, sys\n"
        "from pathlib import Path\n"
        "from jsonschema import Draft7Validator\n"
        "from referencing import Registry, Resource\n"
        "from referencing.jsonschema import DRAFT7\n"
        f"folder = Path({str(PROFILES)!r})\n"
        "schemas = {file.name: json.loads(file.read_text()) for file in folder.glob('*.json')}\n"
        "registry = Registry().with_resources([\n"
        "    (address, Resource.from_contents(schema, default_specification=DRAFT7))\n"
        "    for name, schema in schemas.items()\n"
        "    for address in (name, 'https://datapackage.org/profiles/2.0/' + name)\n"
        "])\n"
        "validator = Draft7Validator(schemas['datapackage.json'], registry=registry)\n"
        "errors = [error.message[:200] for error in validator.iter_errors(json.load(open('datapackage.json')))]\n"
        "sys.exit('; '.join(errors) or 0)\n"
    )
    return run(sys.executable, program, folder=folder)


def croissant(folder: Path, _: Path) -> Run:
    return run(tool(CRATE / "mlcroissant"), "validate", "--jsonld", "croissant.json", folder=folder)


def croissant_load(folder: Path, _: Path) -> Run:
    return run(tool(CRATE / "python"), "-c", LOAD, folder=folder)


def crate(folder: Path, scratch: Path) -> Run:
    cache = scratch / "contexts"
    primed = run(tool(CRATE / "python"), ROOT / "tests" / "external" / "prime_context.py", cache, folder=scratch)
    assert primed.returncode == 0, primed.stderr
    options = ("-y", "--disable-color", "validate", "--offline", "--cache-path", cache, "-p", "ro-crate-1.1")
    return run(tool(CRATE / "rocrate-validator"), *options, "--no-paging", folder, folder=scratch)


def citation(folder: Path, _: Path) -> Run:
    return run(tool(TOOLS / "cff" / "bin" / "cffconvert"), "--validate", "-i", "CITATION.cff", folder=folder)


def catalogue_shapes(folder: Path, _: Path) -> Run:
    return shacl(SHAPES / "dcat-ap-3.0.1" / "shapes.ttl", folder / "dcat.ttl", folder)


def catalogue_ranges(folder: Path, _: Path) -> Run:
    return shacl(SHAPES / "dcat-ap-3.0.1" / "range.ttl", folder / "dcat.ttl", folder)


def search_engines(folder: Path, scratch: Path) -> Run:
    """The page's own JSON-LD; the shapes know schema.org by its http address only (notes, verdict 8)."""
    found = re.search(
        r'<script type="application/ld\+json">(.*?)</script>', (folder / "index.html").read_text(), re.DOTALL
    )
    assert found is not None
    record = {**json.loads(found.group(1)), "@context": {"@vocab": "http://schema.org/"}}
    (scratch / "dataset.jsonld").write_text(json.dumps(record))
    shapes = SHAPES / "science-on-schema.org" / "soso_common_v1.3.0.ttl"
    return shacl(shapes, scratch / "dataset.jsonld", folder, "-df", "json-ld")


def shacl(shapes: Path, data: Path, folder: Path, *options: str) -> Run:
    tool(shapes)
    return run(tool(CHECK / "pyshacl"), "--allow-warning", "-s", shapes, *options, "-f", "human", data, folder=folder)


def csvw(folder: Path, _: Path) -> Run:
    return run(tool(CHECK / "csvwvalidate"), "csv-metadata.json", folder=folder)


def datacite(folder: Path, _: Path) -> Run:
    return run(tool(CHECK / "python"), "-c", DATACITE, folder=folder)


def html(folder: Path, _: Path) -> Run:
    checker = tool(TOOLS / "html" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar")
    return run(tool("java"), "-jar", checker, "index.html", "CODEBOOK.html", folder=folder)


def sums(folder: Path, _: Path) -> Run:
    return run(tool("sha256sum"), "--check", "--strict", "--quiet", "SHA256SUMS", folder=folder)


def signature(folder: Path, _: Path) -> Run:
    return run(tool("minisign"), "-V", "-q", "-m", "SHA256SUMS", "-P", OWN.public.text, folder=folder)


CHECKERS = (
    Checker("frictionless", frictionless, ("actors.csv", "A000001,", "A999999,")),
    Checker("data-package-profiles", profiles, ("datapackage.json", '"type": "date"', '"type": "day"')),
    Checker("mlcroissant-validate", croissant, ("croissant.json", '"sha256"', '"sha255"')),
    Checker("mlcroissant-load", croissant_load, ("croissant.json", '"column": "event_id"', '"column": "event"')),
    Checker("roc-validator", crate, ("ro-crate-metadata.json", '"datePublished"', '"dateLost"')),
    Checker("cffconvert", citation, ("CITATION.cff", "authors:", "writers:")),
    Checker("dcat-ap-shapes", catalogue_shapes, ("dcat.ttl", "dct:title", "dct:name")),
    Checker("dcat-ap-ranges", catalogue_ranges, ("dcat.ttl", "a dcat:Distribution", "a dcat:Dispersion")),
    Checker("science-on-schema.org", search_engines, ("index.html", '"description":', '"prose":')),
    Checker("csvwvalidate", csvw, ("events.csv", "2024-01-01", "2024-13-01")),
    Checker("datacite-4.5", datacite, ("datacite.json", '"creators"', '"makers"')),
    Checker("nu-html-checker", html, ("index.html", "</section>", "</div>")),
    Checker("minisign", signature, ("SHA256SUMS", "  events.csv", "  elements.csv")),
    Checker("sha256sum", sums, ("events.csv", "E000001", "E100001")),
)


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_a_good_release_is_accepted(checker: Checker, good: Path, tmp_path: Path) -> None:
    found = checker.check(good, tmp_path)
    assert found.returncode == 0, (found.stdout + found.stderr)[-3000:]


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_a_planted_fault_is_rejected(
    checker: Checker, spoiled: Callable[[str, str, str], Path], tmp_path: Path
) -> None:
    folder = spoiled(*checker.fault)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = checker.check(folder, scratch)
    assert found.returncode != 0, found.stdout[-3000:]


def test_bagit_accepts_a_bag_of_the_release_and_rejects_a_changed_one(good: Path, tmp_path: Path) -> None:
    bag = make_bag(good, tmp_path / "bag")
    assert run(tool(CHECK / "bagit.py"), "--validate", bag, folder=tmp_path).returncode == 0
    with (bag / "data" / "events.csv").open("a", encoding="utf-8") as file:
        file.write("x")
    found = run(tool(CHECK / "bagit.py"), "--validate", bag, folder=tmp_path)
    assert found.returncode != 0
    assert "Payload-Oxum validation failed" in found.stderr


def test_sqlite_finds_its_file_whole_and_its_references_kept(good: Path, tmp_path: Path) -> None:
    database = tmp_path / "copy.sqlite"
    shutil.copy(next(good.glob("*.sqlite")), database)
    pragmas = "PRAGMA integrity_check; PRAGMA foreign_key_check;"
    assert run(tool("sqlite3"), database, pragmas, folder=tmp_path).stdout == "ok\n"
    orphan = "UPDATE claims SET claimant_actor_id = 'A999999' WHERE claim_id = 'C000001';"
    assert run(tool("sqlite3"), database, orphan, folder=tmp_path).returncode == 0
    assert "claims|" in run(tool("sqlite3"), database, pragmas, folder=tmp_path).stdout
    content = bytearray(database.read_bytes())
    content[4096 * 2 : 4096 * 2 + 64] = b"\xff" * 64
    database.write_bytes(bytes(content))
    found = run(tool("sqlite3"), database, pragmas, folder=tmp_path)
    assert found.stdout.strip() != "ok"
