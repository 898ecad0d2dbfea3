"""Large files: in parts, taken up after a kill, with servers that know no ranges or change their mind."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.download import GRAIN, Cache, Partial, download
from deedbook.fetching.locations import Address
from deedbook.integrity.proof import ListedFile
from tests.documents import REPOSITORY
from tests.fakes.web import Asked, Fault, Web

SIZE = 40 * GRAIN + 12_345
CONTENT = hashlib.shake_256(b"large").digest(SIZE)
WANTED = ListedFile("big.bin", hashlib.sha256(CONTENT).hexdigest(), SIZE)
PROGRAM = """
import sys
from pathlib import Path
from deedbook.fetching.download import Cache
from deedbook.fetching.download import download
from deedbook.fetching.locations import Address
from deedbook.integrity.proof import ListedFile
url, cache, size, sha256 = sys.argv[1:]
with Cache(Path(cache)).adding(sha256, int(size)) as partial:
    download(Address("http", url), ListedFile("big.bin", sha256, int(size)), partial, lambda _count: None)
"""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "big.bin").write_bytes(CONTENT)
    with Web(tmp_path / "root").serving() as server:
        yield server


def get(web: Web, cache: Cache, wanted: ListedFile = WANTED) -> Path:
    with cache.adding(wanted.sha256, wanted.size or 0) as partial:
        download(Address("http", f"{web.url}big.bin"), wanted, partial, lambda _count: None)
        return cache.keep(partial, wanted.sha256)


def test_a_large_file_comes_in_parts(web: Web, tmp_path: Path) -> None:
    assert get(web, Cache(tmp_path / "cache")).read_bytes() == CONTENT
    assert sorted(asked.range for asked in web.asked) == sorted(
        [f"bytes=0-{16 * GRAIN - 1}", f"bytes={16 * GRAIN}-{32 * GRAIN - 1}", f"bytes={32 * GRAIN}-"]
    )


def test_a_server_without_ranges_sends_all_of_it_once(web: Web, tmp_path: Path) -> None:
    web.fail("big.bin", Fault(ranges=False))
    assert get(web, Cache(tmp_path / "cache")).read_bytes() == CONTENT
    assert len(web.asked) == 1


@pytest.mark.parametrize("grains", [1, 3, 15])
def test_killed_inside_a_file_it_takes_up_what_came(web: Web, tmp_path: Path, grains: int) -> None:
    cache = tmp_path / "cache"
    arguments = [f"{web.url}big.bin", str(cache), str(SIZE), WANTED.sha256]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], env={"PYTHONPATH": str(REPOSITORY / "toolkit")}
    )

    def kill(asked: Asked) -> Fault | None:
        """The first part breaks after some grains; the process dies when it comes back for the rest."""
        if asked.range.startswith(f"bytes={grains * GRAIN}-"):
            process.send_signal(signal.SIGKILL)
            process.wait()
        return Fault(cut=grains * GRAIN + 5) if asked.range.startswith("bytes=0-") else None

    web.plan = kill
    assert process.wait() == -signal.SIGKILL
    web.plan = lambda _asked: None
    web.asked.clear()
    assert get(web, Cache(cache)).read_bytes() == CONTENT
    assert min(int(asked.range[6:].partition("-")[0]) for asked in web.asked) == grains * GRAIN


def test_a_file_that_changes_between_two_parts_is_begun_again(web: Web, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    web.plan = lambda asked: Fault(status=403) if asked.range == f"bytes={32 * GRAIN}-" else None
    with pytest.raises(RemoteError, match="refuses it"):
        get(web, cache)
    other = bytes(SIZE)
    (tmp_path / "root" / "big.bin").write_bytes(other)
    web.plan = lambda _asked: None
    with pytest.raises(RefusalError, match="is not the published file"):
        get(web, cache)
    (tmp_path / "root" / "big.bin").write_bytes(CONTENT)
    assert get(web, cache).read_bytes() == CONTENT


def test_a_note_that_a_kill_tore_is_no_note(tmp_path: Path) -> None:
    with Partial(tmp_path / "it.part", 3 * GRAIN) as partial:
        partial.write(1, bytes(GRAIN))
        partial.write(0, bytes(GRAIN))
    with (tmp_path / "it.have").open("ab") as file:
        file.write(b"g 2")
    with Partial(tmp_path / "it.part", 3 * GRAIN) as partial:
        assert list(partial.runs(16)) == [(2, 3)]
        assert partial.have == {0, 1}


def test_parts_on_disk_that_were_damaged_do_not_count(web: Web, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with cache.adding(WANTED.sha256, SIZE) as partial:
        partial.write(0, bytes(GRAIN))
    assert get(web, cache).read_bytes() == CONTENT
