"""`deedbook.open`, citations, subsets and pins."""

from __future__ import annotations

import datetime as dt
import json
import runpy
import shutil
import subprocess
import urllib.error
from pathlib import Path

import polars as pl
import pytest

import deedbook
from deedbook.errors import DeedbookError, RefusalError, UsageError
from deedbook.fetching.pins import read_lock
from deedbook.home import Home
from tests.fakes.web import Fault, Web
from tests.fetching.catalogues import NAME, yank
from tests.fetching.conftest import Run


@pytest.fixture
def catalog(web: Web, home: Home, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DEEDBOOK_HOME", str(home.config))
    return web.url


def test_tables_open_typed_and_come_when_they_are_asked_for(catalog: str, web: Web) -> None:
    release = deedbook.open(f"{NAME}@1.1.0", catalog=catalog)
    assert (release.name, release.version, list(release)) == (NAME, "1.1.0", ["actors", "events"])
    assert not [path for path in web.paths() if path.endswith(".parquet")]
    events = release["events"]
    assert events.dtypes[:4] == [pl.String, pl.String, pl.Date, pl.Int64]
    assert events["day"].to_list() == [dt.date(1990, 3, 22), dt.date(2024, 2, 29), None, dt.date(2025, 1, 1)]
    assert [path.rpartition("/")[2] for path in web.paths() if path.endswith((".parquet", ".csv"))] == [
        "events.parquet"
    ]
    assert release["actors"]["country"].to_list() == ["LA", "NA", None]
    with pytest.raises(KeyError, match="the tables are actors, events"):
        release["deeds"]


def test_codes_are_categories_in_their_order_with_labels(catalog: str) -> None:
    release = deedbook.open(NAME, catalog=catalog)
    assert release.tables == ("actors", "events")
    assert release.labels["actors"] == {"country": {"NA": "Namibia", "LA": "Laos"}}
    assert release["actors"]["country"].dtype == pl.Enum(["NA", "LA"])
    assert release["actors"].sort("country", nulls_last=True)["country"].to_list() == ["NA", "LA", None]
    assert release.pandas("actors")["country"].cat.categories.tolist() == ["NA", "LA"]
    assert release.codebook.filter(pl.col("table") == "events")["field"].to_list()[:2] == ["event_id", "actor_id"]
    assert str(release.citation) == release.cite()


def test_the_module_lists_versions_and_offers_what_it_has(catalog: str) -> None:
    assert [one.version for one in deedbook.versions(NAME, catalog=catalog)] == ["1.1.0", "1.0.0"]
    with pytest.raises(UsageError, match="has no dataset 'others'"):
        deedbook.versions("others", catalog=catalog)
    records, verbs = (
        {"Build", "Changes", "DeedbookError", "Plan", "Report"},
        {"build", "describe", "diff", "plan", "validate"},
    )
    assert {*dir(deedbook)} == {"__version__", "open", "read_tables", "versions", *records, *verbs}


def test_errors_say_what_to_do_in_python(catalog: str) -> None:
    with pytest.raises(DeedbookError, match="leave out offline=True once"):
        deedbook.open(NAME, catalog=catalog, offline=True)


def test_pandas_gets_nullable_types(catalog: str) -> None:
    frame = deedbook.open(NAME, catalog=catalog).pandas("events")
    assert [str(dtype) for dtype in frame.dtypes][:4] == ["string", "string", "datetime64[s]", "Int64"]
    assert frame["amount"].tolist()[2] == 9007199254740993
    assert frame["day"].isna().tolist() == [False, False, True, False]


def test_changes_are_those_of_the_rows_that_somebody_used(catalog: str, tmp_path: Path) -> None:
    release = deedbook.open(f"{NAME}@1.1.0", catalog=catalog)
    everything = release.changes("1.0.0", table="events")
    assert everything.rows() == [("E1", "value", "day", "1990-03-21", "1990-03-22"), ("E4", "added", None, None, None)]
    (tmp_path / "mine.csv").write_text("event_id,mine\nE1,1\nE2,2\n")
    assert release.changes("1.0.0", table="events", rows=tmp_path / "mine.csv").rows() == everything.rows()[:1]
    assert release.changes("1.0.0", table="events", rows=pl.DataFrame({"event_id": ["E3"]})).is_empty()
    with pytest.raises(UsageError, match="no column 'event_id'"):
        release.changes("1.0.0", table="events", rows=pl.DataFrame({"id": ["E3"]}))


def test_a_yanked_version_warns(catalog: str, web: Web) -> None:
    yank(web.root, "1.1.0", "wrong dates")
    with pytest.warns(UserWarning, match="WAS WITHDRAWN"):
        deedbook.open(f"{NAME}@1.1.0", catalog=catalog)


def test_citations_say_the_same_in_every_style(catalog: str) -> None:
    release = deedbook.open(NAME, catalog=catalog)
    address = f"{catalog}{NAME}/1.1.0/"
    assert release.cite() == (
        f"Lovelace, Ada; Bureau of Deeds (2026). Deeds & {{Days}} (version 1.1.0) [Data set]. {address}"
    )
    assert "author = {Lovelace, Ada and {Bureau of Deeds}}" in release.cite("bibtex")
    assert r"title = {{Deeds \& \{Days\}}}" in release.cite("bibtex")
    ris = release.cite("ris").splitlines()
    assert ris[:4] == ["TY  - DATA", "AU  - Lovelace, Ada", "AU  - Bureau of Deeds", "TI  - Deeds & {Days}"]
    assert ris[-1].strip() == "ER  -"
    item = json.loads(release.cite("csl-json"))[0]
    assert item["author"] == [{"family": "Lovelace", "given": "Ada"}, {"literal": "Bureau of Deeds"}]
    assert (item["type"], item["version"], item["URL"]) == ("dataset", "1.1.0", address)
    assert item["issued"] == {"date-parts": [[2026, 11, 22]]}


def test_a_subset_is_cited_and_had_again(catalog: str, run: Run, tmp_path: Path) -> None:
    where = "amount >= 1 AND day > DATE '2000-01-01'"
    cited = run("cite", f"{NAME}@1.1.0", "--from", catalog, "--table", "events", "--where", where)
    assert cited.code == 0, cited.err
    assert f"[subset: events where {where}; 1 rows, sha256:" in cited.out
    digest = cited.out.partition("sha256:")[2][:64]
    again = (
        "fetch",
        f"{NAME}@1.1.0",
        "--from",
        catalog,
        "--table",
        "events",
        "--subset",
        where,
        "-o",
        "sub",
        "--digest",
    )
    done = run(*again, digest)
    assert done.code == 0, done.err
    header, *rows = (tmp_path / "sub" / "events.csv").read_text().splitlines()
    assert header.startswith("event_id,actor_id,day,amount")
    assert [row[:18] for row in rows] == ["E4,A1,2025-01-01,1"]
    assert run(*again, "0" * 64).code == 4
    assert run("cite", NAME, "--from", catalog, "--table", "events", "--where", "nothing = 1").code == 2
    assert run("cite", NAME, "--from", catalog, "--table", "events", "--where", "amount").code == 2
    assert run("cite", NAME, "--from", catalog, "--table", "nothing", "--where", "1 = 1").code == 2


def test_an_empty_subset_is_named_with_the_nearest_code(catalog: str, run: Run) -> None:
    cited = run("cite", NAME, "--from", catalog, "--table", "actors", "--where", "country = 'La'")
    assert cited.code == 0, cited.err
    assert "the subset is empty; country has no 'La', the nearest is 'LA'" in cited.err


def test_a_script_gets_what_its_lock_says(catalog: str, run: Run, web: Web, tmp_path: Path) -> None:
    assert run("fetch", f"{NAME}@1.0.0", "--from", catalog, "-o", "a", "--lock").code == 0
    pin = read_lock(tmp_path / "deedbook.lock")[NAME]
    assert (pin.version, pin.catalogue) == ("1.0.0", catalog)
    assert run("fetch", "--locked", "-o", "b").code == 0
    assert json.loads((tmp_path / "b" / "release.json").read_text())["version"] == "1.0.0"
    lock = tmp_path / "deedbook.lock"
    for name in (NAME, f"{NAME}@1", f"{NAME}@1.0.0", f"{NAME}@latest"):
        assert deedbook.open(name, lock=lock).version == "1.0.0"
    for other in ("2.0.0", "1.1", "10", "1.0.0.1"):
        with pytest.raises(UsageError, match=f"does not lock {NAME}@{other}"):
            deedbook.open(f"{NAME}@{other}", lock=lock)
    lock.write_text(lock.read_text().replace(pin.release_sha256, "0" * 64))
    refused = run("fetch", "--locked", "-o", "c")
    assert (refused.code, (tmp_path / "c").exists()) == (4, False)
    assert "is not the locked release" in refused.err
    with pytest.raises(RefusalError, match="is not the locked release"):
        deedbook.open(NAME, lock=lock)
    lock.write_text("nonsense\n")
    assert run("fetch", "--locked").code == 3


def test_the_command_line_answers_with_the_right_exit_codes(run: Run, web: Web, tmp_path: Path) -> None:
    assert run("fetch", NAME).code == 2
    assert run("fetch", NAME, "--from", tmp_path).code == 2
    assert run("fetch", "other", "--from", web.url).code == 2
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "config.toml").write_text(f'catalogue = "{web.url}"\n')
    done = run("fetch", NAME, "--format", "csv", "--json")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert (record["version"], record["folder"]) == ("1.1.0", f"{NAME}/1.1.0")
    assert record["citation"].endswith(f"(version 1.1.0) [Data set]. {web.url}{NAME}/1.1.0/")
    assert run("cite", NAME).out == f"{record['citation']}\n"
    assert (tmp_path / NAME / "1.1.0" / "events.csv").is_file()
    web.fail("events.parquet", Fault(status=404))
    assert run("fetch", NAME, "-o", "x").code == 75
    web.fail("events.parquet", Fault(flip=1))
    assert run("fetch", NAME, "-o", "x").code == 4
    web.fail("catalog.json", Fault(status=200, page=b"[]", kind="application/json"))
    assert run("fetch", NAME, "-o", "x").code == 3
    assert "Traceback" not in run("fetch", NAME, "-o", "x").err
    listed = run("versions", "--from", web.root)
    assert "1.0.0" in listed.out


def test_the_loader_for_python_reads_from_an_address_and_checks_it(web: Web, tmp_path: Path) -> None:
    kept = str(shutil.copy(web.root / NAME / "1.1.0" / "load.py", tmp_path))
    load = runpy.run_path(kept)["load"]
    address = f"{web.url}{NAME}/1.1.0/"
    assert load("events", address)["day"].dt.year.tolist()[1] == 2024
    assert load("events", web.root / NAME / "1.1.0")["amount"].tolist()[0] == 7
    for name in ("events.csv", "datapackage.json"):
        web.fail(name, Fault(flip=20))
        with pytest.raises(ValueError, match=rf"{name} is not the file of version 1\.1\.0"):
            load("events", address)
    web.fail("events.csv", Fault(status=500))
    with pytest.raises(urllib.error.HTTPError):
        load("events", address)


@pytest.mark.external
def test_the_loader_for_r_reads_from_an_address_and_checks_it(web: Web, tmp_path: Path) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed")
    shutil.copy(web.root / NAME / "1.1.0" / "load.R", tmp_path)
    code = f'source("load.R"); rows <- load_table("events", "{web.url}{NAME}/1.1.0/"); cat(nrow(rows))'
    found = subprocess.run(
        [program, "--vanilla", "-e", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.stdout == "4", found.stderr
    web.fail("events.rds", Fault(flip=20))
    found = subprocess.run(
        [program, "--vanilla", "-e", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "events.rds is not the file of version 1.1.0" in found.stderr
