"""`fetch`: what comes is what was published, or nothing comes."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from deedbook.errors import DeedbookError, RefusalError, RemoteError, SpaceError, UsageError
from deedbook.fetching.copies import fetch
from deedbook.fetching.download import TamperedError
from deedbook.fetching.releases import Asking, Listing, find_release
from deedbook.home import Home
from tests.fakes.web import Fault, Web
from tests.fetching.catalogues import NAME, asked_for, yank
from tests.fetching.conftest import command, environment
from tests.release.releases import OWN, repair_everything


def find(web: Web, home: Home, name: str = NAME, **asking: object) -> Listing:
    return find_release(name, Asking(web.url, **asking), home=home)[0]  # type: ignore[arg-type]


def test_what_is_fetched_is_what_was_published(web: Web, home: Home, tmp_path: Path) -> None:
    listing = find(web, home)
    fetched = fetch(listing, tmp_path / "out")
    there = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert there == {path.name: path.read_bytes() for path in asked_for(web.root / NAME / "1.1.0")}
    assert sorted(there) == list(fetched)
    proven = ["checksums", f"signature of key {OWN.public.id}", "provenance of 8 inputs", "chain back to 1.0.0"]
    assert list(listing.checked) == proven
    assert sum(fetched.values()) == sum(map(len, there.values()))


@pytest.mark.slow
def test_every_flipped_byte_is_refused_by_the_name_of_its_file_and_leaves_nothing(
    web: Web, home: Home, tmp_path: Path
) -> None:
    """Everything but the flipped file is in the cache already, which saves asking for it again and again."""
    draw = random.Random(4)  # noqa: S311  # any will do
    folder = web.root / NAME / "1.1.0"
    fetch(find(web, home), tmp_path / "good")
    flips = 0
    for path in [web.root / "catalog.json", web.root / "catalog.json.minisig", *asked_for(folder)]:
        size = path.stat().st_size
        cached = _object(home, path)
        for position in sorted({0, size - 1, draw.randrange(size)}):
            cached.unlink(missing_ok=True)
            web.fail(f"/{path.name}", Fault(flip=position))
            with pytest.raises(DeedbookError) as caught:
                fetch(find(web, home, key=OWN.public.text), tmp_path / "out")
            assert path.name in caught.value.message, (path, position, caught.value.message)
            assert not (tmp_path / "out").exists()
            assert not cached.exists()
            assert not list(home.cache.glob("partial/*"))
            flips += 1
        if path.parent == folder and cached.parent.exists():
            shutil.copyfile(path, cached)
    print(f"{flips} flipped bytes refused")  # noqa: T201


def _object(home: Home, path: Path) -> Path:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return home.cache / "objects" / sha256[:2] / sha256


def test_a_second_fetch_asks_for_the_catalogue_and_the_signature_only(web: Web, home: Home, tmp_path: Path) -> None:
    fetch(find(web, home), tmp_path / "one")
    web.asked.clear()
    fetch(find(web, home), tmp_path / "two")
    asked = {path.rpartition("/")[2] for path in web.paths()}
    assert asked == {"catalog.json", "catalog.json.minisig", "latest.json", "SHA256SUMS.minisig"}


def test_offline_works_with_what_was_fetched_and_says_what_is_missing(web: Web, home: Home, tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match="was never read"):
        find(web, home, is_offline=True)
    fetch(find(web, home), tmp_path / "one", formats=["csv"])
    web.asked.clear()
    listing = find(web, home, is_offline=True)
    fetch(listing, tmp_path / "two", formats=["csv"])
    assert "signature" in " ".join(listing.checked)
    with pytest.raises(RemoteError, match=r"\.parquet was not fetched before"):
        fetch(find(web, home, is_offline=True), tmp_path / "three", formats=["parquet"])
    assert web.asked == []


def test_formats_choose_the_data_and_leave_the_documents(web: Web, home: Home, tmp_path: Path) -> None:
    names = fetch(find(web, home), tmp_path / "out", formats=["dta", "csv"])
    assert {"events.csv", "events.dta", "README.md", "corrections.csv"} <= set(names)
    assert not {"events.parquet", "deeds.sqlite", "deeds.xlsx"} & set(names)
    with pytest.raises(UsageError, match="no format 'hdf5'"):
        fetch(find(web, home), tmp_path / "out", formats=["hdf5"])
    with pytest.raises(UsageError, match="no format 'parquett'") as caught:
        fetch(find(web, home), tmp_path / "out", formats=["parquett"])
    assert caught.value.hint.startswith("did you mean `parquet`? it has csv, parquet, ")


def test_tables_choose_the_data_and_leave_the_documents(web: Web, home: Home, tmp_path: Path) -> None:
    names = set(fetch(find(web, home), tmp_path / "out", tables=["events"]))
    assert {"events.csv", "events.parquet", "README.md"} <= names
    assert not {"actors.csv", "actors.parquet", "deeds.sqlite", "deeds.xlsx"} & names
    names = set(fetch(find(web, home), tmp_path / "two", tables=["events"], formats=["csv", "sqlite"]))
    assert {"events.csv", "deeds.sqlite"} <= names
    assert "events.parquet" not in names
    with pytest.raises(UsageError, match="no table 'deeds'"):
        fetch(find(web, home), tmp_path / "out", tables=["deeds"])
    with pytest.raises(UsageError, match="no table 'event'") as caught:
        fetch(find(web, home), tmp_path / "out", tables=["event"])
    assert caught.value.hint == "did you mean `events`? it has actors, events"


def test_the_address_of_a_page_is_understood(web: Web, home: Home) -> None:
    for address in (f"{web.url}{NAME}/1.0.0/", f"{web.url}{NAME}/1.0.0/index.html"):
        listing, _ = find_release(address, Asking(), home=home)
        assert listing.source.entry.version == "1.0.0"
    for address in (
        web.url.removeprefix("http://"),
        f"{web.url}{NAME}/1.0.0/",
        f"{web.url}{NAME}/",
        f"{web.url}{NAME}/latest/",
    ):
        assert find_release(NAME, Asking(address), home=home)[0].source.entry.version == "1.1.0"


def test_what_has_no_room_is_refused_before_anything_is_laid_out(
    web: Web, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = find(web, home)
    monkeypatch.setattr("deedbook.fetching.download.Cache.free", lambda _cache: 10)
    with pytest.raises(SpaceError, match="and 10 are free"):
        fetch(listing, tmp_path / "out")
    assert not list(home.cache.glob("partial/*"))


def test_a_withdrawn_version_whose_files_are_gone_is_explained(web: Web, home: Home) -> None:
    yank(web.root, "1.1.0", "held a home address")
    shutil.rmtree(web.root / NAME / "1.1.0")
    with pytest.raises(RefusalError, match="held a home address"):
        find(web, home, f"{NAME}@1.1.0")
    assert find(web, home).source.entry.version == "1.0.0"


def test_a_signed_catalogue_that_was_not_renewed_for_a_year_is_named(
    web: Web, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [said for said in find_release(NAME, Asking(web.url), home=home)[1] if "a year ago" in said]
    monkeypatch.setattr("deedbook.fetching.catalogues._OLD", dt.timedelta(days=-40_000))
    assert [said for said in find_release(NAME, Asking(web.url), home=home)[1] if "a year ago" in said]


def test_a_server_that_packs_everything_is_no_matter(web: Web, home: Home, tmp_path: Path) -> None:
    content = (web.root / "catalog.json").read_bytes()
    packed = Fault(
        status=200, page=gzip.compress(content), kind="application/json", headers={"Content-Encoding": "gzip"}
    )
    web.fail("catalog.json", packed)
    fetch(find(web, home), tmp_path / "out", formats=["csv"])


def test_an_object_that_was_damaged_in_the_cache_is_fetched_again(web: Web, home: Home, tmp_path: Path) -> None:
    fetch(find(web, home), tmp_path / "one")
    for path in home.cache.glob("objects/*/*"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    fetch(find(web, home), tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_nothing_that_is_another_file_is_overwritten_unless_asked(web: Web, home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "events.csv").write_text("mine")
    with pytest.raises(RefusalError, match=r"events\.csv exists and is not that of deeds 1\.1\.0"):
        fetch(find(web, home), folder)
    assert [path.name for path in folder.iterdir()] == ["events.csv"]
    fetch(find(web, home), folder, replaces=True)
    assert (folder / "events.csv").read_bytes() == (web.root / NAME / "1.1.0" / "events.csv").read_bytes()
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("/etc/hostname")
    with pytest.raises(RefusalError, match="no plain file"):
        fetch(find(web, home), folder, replaces=True)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        (NAME, "1.1.0"),
        (f"{NAME}@latest", "1.1.0"),
        (f"{NAME}@1", "1.1.0"),
        (f"{NAME}@1.0", "1.0.0"),
        (f"{NAME}@v1.0.0", "1.0.0"),
    ],
)
def test_a_name_a_range_and_a_version_mean_one_release(web: Web, home: Home, name: str, version: str) -> None:
    assert find(web, home, name).source.entry.version == version


@pytest.mark.parametrize("name", ["deeds@2", "deeds@1.0.9", "others", "deeds@^1", "../deeds", "deeds@1.0.0/..", ""])
def test_what_names_no_release_is_refused(web: Web, home: Home, name: str) -> None:
    with pytest.raises(UsageError):
        find(web, home, name)


def test_a_yanked_version_needs_its_full_number_and_warns(web: Web, home: Home) -> None:
    yank(web.root, "1.1.0", "wrong dates")
    assert find(web, home).source.entry.version == "1.0.0"
    assert find(web, home, f"{NAME}@1").source.entry.version == "1.0.0"
    _, warnings = find_release(f"{NAME}@1.1.0", Asking(web.url), home=home)
    assert "WAS WITHDRAWN by its publisher: wrong dates; use 1.0.0" in warnings[0]


def test_a_mirror_stands_in_for_what_the_catalogue_lacks_or_has_wrong(web: Web, home: Home, tmp_path: Path) -> None:
    folder = web.root / NAME / "1.1.0"
    with Web(shutil.copytree(folder, tmp_path / "mirror")).serving() as mirror:
        catalog = json.loads((web.root / "catalog.json").read_text())
        catalog["datasets"][NAME]["versions"][0]["mirrors"] = [mirror.url]
        catalog["keys"] = []
        (web.root / "catalog.json").write_text(json.dumps(catalog))
        (folder / "README.md").unlink()
        web.fail("events.csv", Fault(flip=3))
        fetch(find(web, home), tmp_path / "out")
        assert {"/README.md", "/events.csv"} == set(mirror.paths())
    assert (tmp_path / "out" / "events.csv").read_bytes() == (folder / "events.csv").read_bytes()


def test_a_login_page_in_place_of_a_file_is_refused(web: Web, home: Home, tmp_path: Path) -> None:
    web.fail("events.csv", Fault(status=200))
    with pytest.raises(RemoteError, match=r"events\.csv: a page \(text/html\) comes in place"):
        fetch(find(web, home), tmp_path / "out")
    size = (web.root / NAME / "1.1.0" / "events.csv").stat().st_size
    web.fail("events.csv", Fault(status=200, kind="text/csv", page=b"<!DOCTYPE html><p>".ljust(size)))
    with pytest.raises(RemoteError, match="sends a web page in its place"):
        fetch(find(web, home), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(web: Web, home: Home, tmp_path: Path, status: int) -> None:
    web.fail("README.md", Fault(status=status, headers={"Retry-After": "0"}), times=1)
    fetch(find(web, home), tmp_path / "out")
    assert web.paths().count(f"/{NAME}/1.1.0/README.md") == 2


def test_a_connection_that_breaks_is_taken_up(web: Web, home: Home, tmp_path: Path) -> None:
    web.fail("deeds.sqlite", Fault(cut=1000), times=2)
    fetch(find(web, home), tmp_path / "out")
    assert (tmp_path / "out" / "deeds.sqlite").read_bytes() == (web.root / NAME / "1.1.0" / "deeds.sqlite").read_bytes()


def test_a_redirect_to_another_host_carries_no_password(web: Web, home: Home, tmp_path: Path) -> None:
    with Web(web.root).serving() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        web.fail("events.csv", Fault(status=302, headers={"Location": f"{elsewhere}{NAME}/1.1.0/events.csv"}))
        address = web.url.replace("http://", "http://ada:hunter2@")
        listing, _ = find_release(NAME, Asking(address), home=home)
        fetch(listing, tmp_path / "out")
        assert all("Authorization" in asked.headers for asked in web.asked)
        assert [asked.path for asked in other.asked] == [f"/{NAME}/1.1.0/events.csv"]
        assert "Authorization" not in other.asked[0].headers
    written = b"".join(path.read_bytes() for path in tmp_path.joinpath("home").rglob("*") if path.is_file())
    assert b"hunter2" not in written
    assert all(asked.headers["User-Agent"].startswith("deedbook/") for asked in web.asked)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/b", "..", ".hidden", "a\\b", "C:evil", "NUL.txt"])
def test_a_name_that_leaves_the_folder_is_refused(web: Web, home: Home, tmp_path: Path, name: str) -> None:
    folder = web.root / NAME / "1.1.0"
    sums = (folder / "SHA256SUMS").read_text().replace("  README.md", f"  {name}")
    lines = sorted(sums.splitlines(), key=lambda line: line[66:])
    (folder / "SHA256SUMS").write_text("".join(f"{line}\n" for line in lines))
    _unsign(web, folder)
    with pytest.raises(RefusalError, match=r"SHA256SUMS lists"):
        find(web, home)
    assert not list(tmp_path.rglob("evil"))


def _unsign(web: Web, folder: Path) -> None:
    """Makes the catalogue fit to what stands there, as somebody would who has the web server but not the key."""
    from deedbook.integrity.digests import sha256_of

    catalog = json.loads((web.root / "catalog.json").read_text())
    catalog["keys"] = []
    entry = catalog["datasets"][NAME]["versions"][0]
    entry["sums_sha256"], entry["release_sha256"] = sha256_of(folder / "SHA256SUMS"), sha256_of(folder / "release.json")
    (web.root / "catalog.json").write_text(json.dumps(catalog))


def test_a_release_that_was_changed_and_made_to_fit_is_refused_by_its_signature(
    web: Web, home: Home, tmp_path: Path
) -> None:
    find(web, home)
    folder = web.root / NAME / "1.1.0"
    (folder / "events.csv").write_text("event_id\nforged\n")
    repair_everything(folder)
    _unsign(web, folder)
    with pytest.raises(RefusalError, match="no longer signed"):
        find(web, home)


def test_a_link_in_a_folder_catalogue_that_leaves_it_is_refused(root: Path, home: Home, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes((root / NAME / "1.1.0" / "events.csv").read_bytes())
    (root / NAME / "1.1.0" / "events.csv").unlink()
    (root / NAME / "1.1.0" / "events.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(RefusalError, match="is a link that leaves the catalogue"):
        fetch(find_release(NAME, Asking(str(root)), home=home)[0], tmp_path / "out")


def test_a_file_that_is_longer_than_announced_is_refused(web: Web, home: Home, tmp_path: Path) -> None:
    with (web.root / NAME / "1.1.0" / "events.csv").open("ab") as file:
        file.write(b"x")
    with pytest.raises(TamperedError, match=r"events\.csv: .* has 188 bytes, not 187"):
        fetch(find(web, home), tmp_path / "out")


def test_a_catalogue_that_is_none_is_named(web: Web, home: Home, tmp_path: Path) -> None:
    (web.root / "catalog.json").unlink()
    with pytest.raises(UsageError, match="there is no catalogue"):
        find(web, home)


@pytest.mark.slow
def test_killed_at_twenty_points_it_resumes(web: Web, home: Home, tmp_path: Path) -> None:
    draw = random.Random(20)  # noqa: S311  # any will do
    folder = web.root / NAME / "1.1.0"
    wanted = asked_for(folder)
    total = len(wanted) + 3
    for number, point in enumerate(draw.sample(range(1, total), 20)):
        shutil.rmtree(home.config, ignore_errors=True)
        out = tmp_path / f"out{number}"
        process = subprocess.Popen(
            command(("fetch", NAME, "--from", web.url, "-o", out, "-q")),
            cwd=tmp_path,
            env=environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        web.plan = _Reached(process, point)
        assert process.wait() == -signal.SIGKILL, point
        assert not out.exists()
        web.plan = lambda _asked: None
        web.asked.clear()
        fetch(find(web, home), out)
        assert {path.name for path in out.iterdir()} == {path.name for path in wanted}
        assert all((out / path.name).read_bytes() == path.read_bytes() for path in wanted)
        assert len(web.asked) <= total - max(0, point - 12), "what had come was asked for again"
        assert not list(home.cache.glob("partial/*"))


class _Reached:
    """Kills a process when it asks for the n-th file."""

    def __init__(self, process: subprocess.Popen[bytes], wanted: int) -> None:
        self._process = process
        self._left = wanted

    def __call__(self, _asked: object) -> None:
        self._left -= 1
        if self._left == 0:
            self._process.kill()
            self._process.wait()


def test_processes_that_fetch_the_same_at_once_do_not_disturb_each_other(web: Web, home: Home, tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            command(("fetch", NAME, "--from", web.url, "-o", tmp_path / f"out{number}", "-q")),
            cwd=tmp_path,
            env=environment(home),
            stderr=subprocess.PIPE,
        )
        for number in range(3)
    ]
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    for path in asked_for(web.root / NAME / "1.1.0"):
        assert all((tmp_path / f"out{number}" / path.name).read_bytes() == path.read_bytes() for number in range(3))
    files = [path for path in web.paths() if path.endswith("events.csv")]
    assert len(files) == 1
