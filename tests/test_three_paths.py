"""A maintainer, a CI job and a researcher, from `init` to `fetch`, with two versions and a yank between."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.web import Web
from tests.forks import forking

Run = Callable[..., subprocess.CompletedProcess[str]]
TITLE = "Two brothers from Azerbaijan die in a police raid in Yekaterinburg"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """`deedbook ARGUMENTS` in a folder, as a user whose home is empty; the exit code has to be the expected one."""

    def call(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DEEDBOOK_"))}
        environment |= {"HOME": str(tmp_path / "home"), "DEEDBOOK_SIGNING_KEY_PASSWORD": "not a secret"}
        if (key := tmp_path / "book.key").is_file():
            environment["DEEDBOOK_SIGNING_KEY_FILE"] = str(key)
        done = subprocess.run(
            [program, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    with forking() as program:
        yield call


def _edit(table: Path, change: Callable[[dict[str, str]], None]) -> None:
    """Changes rows of a table as an editor would, all else as it was."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.slow
def test_from_an_empty_folder_to_a_citation(run: Run, tmp_path: Path) -> None:
    book, releases = tmp_path / "book", tmp_path / "releases"
    _start(run, book)
    _publish_two(run, book)
    with Web(releases).serving() as web:
        _fetch(run, tmp_path, web.url)
        run(book, "yank", "0.1.1", "--reason", "wrong brothers", "--replaced-by", "0.1.0", "--to", "public")
        _meet_the_yank(run, tmp_path, web.url)


def _start(run: Run, book: Path) -> None:
    """The maintainer: a project that works, a mistake that is found, the mistake mended."""
    run(book.parent, "keygen", "-o", "book")
    run(book.parent, "init", "book")
    with (book / "deedbook.toml").open("a", encoding="utf-8") as file:
        file.write('\n[targets.public]\ntype = "directory"\npath = "../releases"\n')
    assert run(book, "validate", "--strict").stdout.startswith("valid: 12 tables")
    _edit(
        book / "datapackage" / "actors.csv",
        lambda row: row.update(actor_type=row["actor_type"].replace("state", "stat")),
    )
    report = json.loads(run(book, "validate", "--format", "json", code=1).stdout)
    assert {(item["rule"], item["table"], item["column"]) for item in report["findings"]} >= {
        ("constraint-error", "actors", "actor_type")
    }
    _edit(
        book / "datapackage" / "actors.csv",
        lambda row: row.update(actor_type=row["actor_type"].replace("stat", "state")),
    )


def _publish_two(run: Run, book: Path) -> None:
    """CI: the first version, then one with a corrected title, which needs its reason before it is built."""
    run(book, "build")
    run(book, "publish", "--to", "public")
    assert "already" in run(book, "publish", "--to", "public").stdout
    title = book / "datapackage" / "events.csv"
    _edit(title, lambda row: row.update(title=TITLE) if row["event_id"] == "E000012" else None)
    run(book, "build", code=4)  # 0.1.0 is out
    run(book, "plan", "--write", "--write-corrections", code=1)
    run(book, "build", code=1)  # the correction has no reason yet
    _edit(book / "datapackage" / "corrections.csv", lambda row: row.update(reason="coder_error"))
    assert run(book, "plan").returncode == 0
    run(book, "build")
    run(book, "publish", "--to", "public")
    assert "0.1.1  latest" in run(book, "versions", "--to", "public").stdout


def _fetch(run: Run, folder: Path, catalogue: str) -> None:
    """The researcher: the latest version, proven, opened, cited, and the earlier one by its number."""
    done = run(folder, "fetch", "book", "--from", catalogue, "-o", "latest", "--lock")
    assert "pin: book@0.1.1 sha256:" in done.stdout + done.stderr
    with (folder / "latest" / "events.csv").open(encoding="utf-8", newline="") as file:
        assert [row["title"] for row in csv.DictReader(file) if row["event_id"] == "E000012"] == [TITLE]
    assert "(version 0.1.1)" in run(folder, "cite", "book", "--from", catalogue).stdout
    run(folder, "fetch", "book@0.1.0", "--from", catalogue, "-o", "first", "-f", "csv,parquet")
    assert TITLE not in (folder / "first" / "events.csv").read_text(encoding="utf-8")
    run(folder, "verify", "latest", "--key", "book.pub")


def _meet_the_yank(run: Run, folder: Path, catalogue: str) -> None:
    """After the yank the version before it is the latest again, and the withdrawn one comes with a warning by its number."""
    done = run(folder, "fetch", "book", "--from", catalogue, "-o", "after")
    assert "pin: book@0.1.0 sha256:" in done.stdout + done.stderr
    assert "WITHDRAWN" in run(folder, "fetch", "book@0.1.1", "--from", catalogue, "-o", "withdrawn").stderr
    assert "WITHDRAWN" in run(folder, "fetch", "book", "--locked", "--from", catalogue, "-o", "locked").stderr
