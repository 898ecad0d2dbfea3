"""What a hostile release, archive, catalogue or server gets for an answer, and what that costs.

Every attack is made from a good release of a small project, with sizes and checksums that fit where the attacker could make them fit.
`deedbook` then runs as a process of its own. An answer is an exit code that is no success and no bug (1, 2, 3, 4 or 75), at most
20 seconds and 500 MB, also of a server that stalls, which is waited for and tried again.

Usage: python -m benchmarks.attacks [WORD ...]     only those whose name has one of the words
"""

from __future__ import annotations

import gzip
import http.server
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from benchmarks.processes import Measurement, measure
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.provenance import write_proofs

NAME, SECONDS, MEGABYTES = "plain", 20, 500
ANSWERS = {1, 2, 3, 4, 75}
DEEDBOOK = (sys.executable, "-m", "deedbook")
Request = http.server.BaseHTTPRequestHandler
Reply = Callable[[Request, Path], bool]
"""Answers a request; False where it is answered with the file."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one attack: a good release in it, and the good catalogue that holds the same."""

    root: Path

    @property
    def release(self) -> Path:
        """The release."""
        return self.root / "dist" / NAME / "1.0.0"

    @property
    def catalogue(self) -> Path:
        """The root of the catalogue."""
        return self.root / "catalogue"

    def run(self, *arguments: object, limit: float = SECONDS) -> Measurement:
        """`deedbook` with these arguments, killed some seconds after its time is up."""
        command = ["timeout", "-s", "KILL", str(limit + 10), *DEEDBOOK, *map(str, arguments)]
        return measure(command, folder=self.root, environment={"DEEDBOOK_HOME": str(self.root / "home")})


Attack = Callable[[Place], Measurement]


def make_project(root: Path) -> None:
    """A good project of three rows, its release and its catalogue."""
    fields = [{"name": "id", "type": "string"}, {"name": "n", "type": "integer"}]
    descriptor = {
        "name": NAME,
        "title": "Plain",
        "version": "1.0.0",
        "created": "2026-11-22",
        "licenses": [{"name": "CC0-1.0"}],
        "contributors": [{"title": "Ada Lovelace", "givenName": "Ada", "familyName": "Lovelace"}],
        "resources": [{"name": "t", "path": "t.csv", "schema": {"fields": fields, "primaryKey": ["id"]}}],
    }
    (root / "datapackage.json").write_text(json.dumps(descriptor))
    (root / "t.csv").write_text("id,n\na,1\nb,2\nc,3\n")
    (root / "deedbook.toml").write_text('[targets.public]\ntype = "directory"\npath = "catalogue"\n')
    for arguments in (("plan", "--write", "--date", "2026-11-22"), ("build",), ("publish", "--to", "public")):
        subprocess.run([*DEEDBOOK, *arguments, "--quiet"], cwd=root, check=True)  # noqa: S603  # our own command


def reseal(release: Path, *added: str) -> None:
    """Sizes and checksums that fit, as somebody makes them who forges a release."""
    manifest = json.loads((release / "release.json").read_bytes())
    names = sorted({entry["name"] for entry in manifest["files"]}.union(added))
    known = {entry["name"]: entry for entry in manifest["files"]}
    manifest["files"] = [
        {
            **known.get(name, {"name": name}),
            "bytes": (release / name).stat().st_size,
            "sha256": sha256_of(release / name),
        }
        for name in names
    ]
    (release / "release.json").write_text(json.dumps(manifest))
    write_proofs(release, (), None)


def heavy_zip(path: Path, members: dict[str, bytes], name: str, block: bytes, times: int, head: bytes = b"") -> None:
    """A .zip with good members and one that unpacks to `times` blocks, which nobody ever holds whole."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
        piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
        packed = start + piece * times + packer.flush(zlib.Z_FINISH)
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_STORED
        archive.writestr(entry, packed)
        entry.compress_type, entry.file_size = zipfile.ZIP_DEFLATED, len(head) + len(block) * times  # what it claims


def files_of(release: Path) -> dict[str, bytes]:
    """The members of an archive of the release."""
    return {f"1.0.0/{path.name}": path.read_bytes() for path in sorted(release.iterdir())}


def table_is(sql: str) -> Attack:
    """The released table is a view."""

    def attack(place: Place) -> Measurement:
        connection = sqlite3.connect(place.release / f"{NAME}.sqlite")
        connection.executescript(f'PRAGMA foreign_keys = off; DROP TABLE "t"; {sql}')
        connection.close()
        reseal(place.release)
        return place.run("verify", place.release)

    return attack


def workbook_unpacks(member: str, head: bytes, block: bytes) -> Attack:
    """A part of the workbook unpacks to a gigabyte and more."""

    def attack(place: Place) -> Measurement:
        path = place.release / f"{NAME}.xlsx"
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist() if name != member}
        heavy_zip(path, members, member, block, 1_500, head)
        reseal(place.release)
        return place.run("verify", place.release)

    return attack


def file_is(name: str, make: Callable[[bytes], bytes], *, command: str = "verify") -> Attack:
    """A file of the release holds something else, and all checksums fit."""

    def attack(place: Place) -> Measurement:
        path = place.release / name
        path.write_bytes(make(path.read_bytes() if path.exists() else b""))
        if name not in {"release.json", "SHA256SUMS", "provenance.intoto.jsonl"}:
            reseal(place.release)
        return place.run(command, place.release)

    return attack


def archive_has(make: Callable[[Path, dict[str, bytes]], None], command: str = "verify") -> Attack:
    """An archive of the release with something odd in it."""

    def attack(place: Place) -> Measurement:
        make(place.root / "odd.zip", files_of(place.release))
        return place.run(command, "odd.zip", *([place.release] if command == "diff" else []))

    return attack


def with_members(*odd: tuple[str, bytes]) -> Callable[[Path, dict[str, bytes]], None]:
    """Writes an archive with further members, whatever their names."""

    def make(path: Path, members: dict[str, bytes]) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (*members.items(), *odd):
                archive.writestr(name, content)

    return make


def linked(place: Place) -> Measurement:
    """A file of the release is a link to one of the reader's."""
    (place.release / "t.csv").unlink()
    (place.release / "t.csv").symlink_to("/etc/passwd")
    return place.run("verify", place.release)


def honest(_request: Request, _path: Path) -> bool:
    """The files as they are."""
    return False


def served(reply: Reply, *arguments: object, before: Reply | None = None) -> Attack:
    """A server does something else than to send the files of the catalogue, or than it did before, when it was asked first."""

    def attack(place: Place) -> Measurement:
        with serving(place.catalogue, before or reply) as (url, begin):
            if before:
                place.run("versions", "--from", url)
                begin(reply)
            return place.run(*arguments, "--from", url)

    return attack


class _Server(http.server.ThreadingHTTPServer):
    """Says nothing of clients that go away."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing."""


@contextmanager
def serving(root: Path, reply: Reply) -> Iterator[tuple[str, Callable[[Reply], None]]]:
    """A web server on loopback; its address, and how to make it answer otherwise from now on."""
    replies = [reply]

    class Handler(http.server.BaseHTTPRequestHandler):
        """Sends files."""

        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            """Says nothing."""

        def do_GET(self) -> None:  # the name of the base class
            """Answers."""
            path = root / self.path.lstrip("/")
            with suppress(OSError):
                if not replies[-1](self, path):
                    send(self, path.read_bytes() if path.is_file() else b"", 200 if path.is_file() else 404)

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", replies.append
    finally:
        server.shutdown()
        server.server_close()


def send(
    request: Request, content: bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> bool:
    """Sends an answer; True, as it is one."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
    return True


def instead(name: str, make: Callable[[bytes], bytes], header: tuple[str, str] = ("X-Odd", "1")) -> Reply:
    """Another content for the file whose path ends so."""

    def reply(request: Request, path: Path) -> bool:
        return path.name == name and send(request, make(path.read_bytes()), headers=dict([header]))

    return reply


def changed(change: Callable[[dict[str, object], dict[str, object]], object]) -> Callable[[bytes], bytes]:
    """A catalogue in which something was changed, given all of it and its one version."""

    def make(content: bytes) -> bytes:
        catalogue = json.loads(content)
        change(catalogue, catalogue["datasets"][NAME]["versions"][0])
        return json.dumps(catalogue).encode()

    return make


@cache
def packed_zeros() -> bytes:
    """2 GB in 9 MB, packed once."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = bytes(1_000_000)
    return b"".join([packer.compress(block) for _ in range(2_000)]) + packer.flush()


def endless(request: Request, path: Path) -> bool:
    """A `catalog.json` without an end."""
    if path.name != "catalog.json":
        return False
    request.close_connection = True
    request.send_response(200)
    request.send_header("Connection", "close")
    request.end_headers()
    while True:
        request.wfile.write(b" " * 65_536)


def dripping(request: Request, path: Path) -> bool:
    """A byte every second."""
    if path.name != "catalog.json":
        return False
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(1)


def turning(request: Request, path: Path) -> bool:
    """A redirect to itself."""
    return path.name == "catalog.json" and send(request, b"", 302, {"Location": request.path})


def to_a_file(request: Request, path: Path) -> bool:
    """A redirect to a file of the reader's."""
    return path.name == "catalog.json" and send(request, b"", 302, {"Location": "file:///etc/passwd"})


def busy(request: Request, _path: Path) -> bool:
    """Always busy."""
    return send(request, b"", 503, {"Retry-After": "20"})


def silent(_request: Request, _path: Path) -> bool:
    """Takes the request and says nothing."""
    time.sleep(3600)
    return True


def text_of_r(length: int, content: bytes = b"") -> bytes:
    """A text of an RDS file: its flags, its length, and the start of it."""
    return b"\0\4\0\x09" + length.to_bytes(4) + content


def packed_vector(old: bytes, length: int, head: bytes, block: bytes) -> bytes:
    """An RDS file whose first texts go on and on: a head, and 2,000 blocks."""
    content = gzip.decompress(old)
    start = content.index(b"\0\0\0\x10") + 4
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    pieces = [packer.compress(content[:start] + length.to_bytes(4) + head)]
    return b"".join([*pieces, *(packer.compress(block) for _ in range(2_000)), packer.flush()])


OBJECTS = b"[" + b"{}," * 20_000_000 + b"1]"
NESTED = b"[" * 200_000 + b"]" * 200_000
ALIASES = b"title: &a [x]\n" + b"".join(
    b"k%d: &%c [%s]\n" % (at, 98 + at, b", ".join([b"*%c" % (97 + at)] * 10)) for at in range(9)
)
ENDLESS_VIEW = "CREATE VIEW t AS WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM r) SELECT 'x' || k AS id, k AS n FROM r;"
HUGE_CELL = "CREATE VIEW t AS SELECT hex(zeroblob(400000000)) AS id, 1 AS n;"
STRINGS = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
SHEET = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FETCH = ("fetch", NAME, "-o", "got")

ATTACKS: dict[str, Attack] = {
    "database: a view without an end": table_is(ENDLESS_VIEW),
    "database: a cell of 800 MB": table_is(HUGE_CELL),
    "database: cut in half": file_is(f"{NAME}.sqlite", lambda old: old[: len(old) // 2]),
    "workbook: shared strings of 1.6 GB": workbook_unpacks(
        "xl/sharedStrings.xml", STRINGS, b"<si><t>a</t></si>" * 60_000
    ),
    "workbook: a sheet of 1.5 GB": workbook_unpacks("xl/worksheets/sheet1.xml", SHEET, b"<row><c/></row>" * 60_000),
    "parquet: noise in its footer": file_is(
        "t.parquet", lambda old: old[:-200] + os.urandom(192) + b"\x08\0\0\0PAR1"[-8:]
    ),
    "table: a line of 30 MB": file_is("t.csv", lambda old: old + b"d," + b"9" * 30_000_000 + b"\n"),
    "table: a line of 200 MB": file_is("t.csv", lambda old: old + b"d," + b"9" * 200_000_000 + b"\n"),
    "table: a header of 200 MB": file_is("t.csv", lambda old: b"9" * 200_000_000 + old),
    "table: a line of JSON of 200 MB": file_is("t.jsonl", lambda old: b'{"id":"' + b"9" * 200_000_000 + b'"}\n' + old),
    "rds: a text of 2 GB": file_is(
        "t.rds", lambda old: packed_vector(old, 1, text_of_r(2_000_000_000), b"9" * 1_000_000)
    ),
    "rds: 200 million texts": file_is(
        "t.rds", lambda old: packed_vector(old, 200_000_000, b"", text_of_r(1, b"9") * 100_000)
    ),
    "datapackage.json: 20 million objects": file_is("datapackage.json", lambda _old: OBJECTS),
    "changes.json: 20 million objects": file_is("changes.json", lambda _old: OBJECTS),
    "SHA256SUMS: 800,000 files": file_is(
        "SHA256SUMS", lambda old: old + b"".join(b"%064d  f%d\n" % (0, number) for number in range(800_000))
    ),
    "CITATION.cff: of 6 MB": file_is(
        "CITATION.cff", lambda old: old + b"".join(b"k%d: [a, b]\n" % number for number in range(350_000))
    ),
    "table: 200,000 brackets in a line of JSON": file_is("t.jsonl", lambda _old: NESTED + b"\n"),
    "release.json: 200,000 brackets": file_is("release.json", lambda _old: NESTED),
    "release.json: of 200 MB": file_is("release.json", lambda old: old[:-1] + b" " * 200_000_000),
    "SHA256SUMS: a path that climbs": file_is("SHA256SUMS", lambda old: old + b"0" * 64 + b"  ../../../etc/passwd\n"),
    "provenance: no statement": file_is("provenance.intoto.jsonl", lambda _old: b"{}\n"),
    "CITATION.cff: a bomb of aliases": file_is(
        "CITATION.cff", lambda old: old + b"\n" + ALIASES + b"version: *j\n", command="cite"
    ),
    "a link to /etc/passwd": linked,
    "archive: a member of 3 GB": archive_has(
        lambda path, files: heavy_zip(path, files, "1.0.0/big.csv", bytes(1_000_000), 3_000)
    ),
    "archive: a member that climbs": archive_has(with_members(("../../evil", b"x"))),
    "archive: a member twice": archive_has(with_members(("1.0.0/t.csv", b"id,n\nz,9\n"))),
    "archive: 200,000 members": archive_has(with_members(*((f"1.0.0/{at}", b"") for at in range(200_000)))),
    "archive, for diff: a member of 3 GB": archive_has(
        lambda path, files: heavy_zip(path, files, "1.0.0/big.csv", bytes(1_000_000), 3_000), "diff"
    ),
    "catalogue: 200,000 brackets": served(instead("catalog.json", lambda _old: NESTED), "versions"),
    "catalogue: a path that climbs": served(
        instead("catalog.json", changed(lambda _all, entry: entry.update(path="../../etc/"))), "versions"
    ),
    "catalogue: packed, 2 GB unpacked": served(
        instead("catalog.json", lambda _old: packed_zeros(), ("Content-Encoding", "gzip")),
        "versions",
    ),
    "catalogue: goes back": served(
        honest,
        "versions",
        before=instead("catalog.json", changed(lambda catalogue, _entry: catalogue.update(sequence=9))),
    ),
    "catalogue: another release under the same version": served(
        instead(
            "catalog.json",
            changed(lambda catalogue, entry: (entry.update(release_sha256="0" * 64), catalogue.update(sequence=9))),
        ),
        "versions",
        before=honest,
    ),
    "server: another content": served(instead("t.csv", lambda old: old.replace(b"a,1", b"a,9")), *FETCH),
    "server: a file of 1 GB in its place": served(instead("README.md", lambda _old: bytes(1_000_000_000)), *FETCH),
    "server: a login page": served(
        instead("t.csv", lambda _old: b"<!doctype html><title>Log in</title>", ("Content-Type", "text/html")), *FETCH
    ),
    "server: a body without an end": served(endless, "versions"),
    "server: a redirect to itself": served(turning, "versions"),
    "server: a redirect to file:///etc/passwd": served(to_a_file, "versions"),
    "server: a byte a second": served(dripping, "versions"),
    "server: always busy": served(busy, "versions"),
    "server: silent": served(silent, "versions"),
}


def answer(done: Measurement) -> str:
    """What it said of the attack: not the warnings, and not that the descriptions have other checksums too."""
    lines = [line for line in (done.complaint + done.output).splitlines() if line.strip()]
    skipped = ("warning:", "deedbook: waiting", "croissant.json", "ro-crate", "dcat.ttl")
    return next((line for line in lines if not line.startswith(skipped)), "")


def main(words: list[str]) -> int:
    """Prints the table; 1 when an attack got no good answer."""
    chosen = {name: attack for name, attack in ATTACKS.items() if not words or any(word in name for word in words)}
    bad = 0
    packed_zeros()  # no server has to make them while a client waits
    with tempfile.TemporaryDirectory() as scratch:
        good = Path(scratch) / "good"
        good.mkdir()
        make_project(good)
        print("| attack | exit | s | MB | answer |\n|---|---:|---:|---:|---|")
        for name, attack in chosen.items():
            place = Place(Path(scratch) / "attacked")
            shutil.copytree(good, place.root)
            done = attack(place)
            is_good = done.code in ANSWERS and done.wall <= SECONDS and done.peak <= MEGABYTES * 1e6
            bad += not is_good
            said = answer(done).replace(str(place.root), "").replace("|", "\\|")[:110]
            print(
                f"| {'' if is_good else '**BAD** '}{name} | {done.code} | {done.wall:.1f} | {done.peak / 1e6:.0f} | {said} |",
                flush=True,
            )
            shutil.rmtree(place.root)
    print(f"\n{len(chosen)} attacks, {bad} without a good answer")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
