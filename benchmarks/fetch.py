"""How long `deedbook fetch` takes for a release of 1 GB on loopback, against `curl` and `sha256sum` for the same file.

The server is a process of its own that sends by `sendfile`. Both sides write to the same disk; rounds alternate, so that what else
the machine does hits both, and the best of each counts.

Usage: python -m benchmarks.fetch [--bytes 1073741824] [--rounds 3]
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 1.3
MOST_MEMORY = 150_000_000
NAME = "large"


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends files of the working directory, whole or a range."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Says nothing."""

    def do_GET(self) -> None:  # the name of the base class
        """Answers."""
        file = Path(self.path.lstrip("/"))
        if not file.is_file():
            self.send_error(404)
            return
        size = file.stat().st_size
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(found[1]), int(found[2] or size - 1)) if found else (0, size - 1)
        last = min(last, size - 1)
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Content-Type", "application/octet-stream")
        if found:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        self.wfile.flush()
        with file.open("rb") as source:
            while first <= last:
                first += os.sendfile(self.connection.fileno(), source.fileno(), first, last - first + 1)


def make_catalogue(root: Path, size: int) -> None:
    """A catalogue with one release, whose one table is that large."""
    folder = root / NAME / "1.0.0"
    folder.mkdir(parents=True)
    digest = hashlib.sha256()
    with (folder / "rows.csv").open("wb") as file:
        for _ in range(-(-size // (1 << 20))):
            block = os.urandom(1 << 20)
            digest.update(block)
            file.write(block)
    (folder / "CITATION.cff").write_text(
        "title: Large\nversion: 1.0.0\ndate-released: 2026-11-22\nauthors:\n  - name: Nobody\n"
    )
    files = [
        _entry(folder / "CITATION.cff", None),
        {**_entry(folder / "rows.csv", "rows"), "sha256": digest.hexdigest()},
    ]
    manifest = {"name": NAME, "version": "1.0.0", "previous": None, "tables": [{"name": "rows"}], "files": files}
    (folder / "release.json").write_text(json.dumps(manifest))
    sums = {path.name: _sha256(path) for path in folder.iterdir()}
    (folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))
    moment = "2026-11-22T00:00:00Z"
    entry = {
        "version": "1.0.0",
        "state": "released",
        "created": moment,
        "published": moment,
        "changed": moment,
        "path": f"{NAME}/1.0.0/",
        "release_sha256": sums["release.json"],
        "sums_sha256": _sha256(folder / "SHA256SUMS"),
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "files": 4,
        "previous": None,
        "doi": None,
        "concept_doi": None,
        "mirrors": [],
        "reason": None,
        "replaced_by": None,
    }
    dataset = {"title": "Large", "description": "", "licenses": [], "latest": "1.0.0", "versions": [entry]}
    catalog = {
        "catalogue_version": 1,
        "sequence": 1,
        "title": "",
        "updated": moment,
        "keys": [],
        "datasets": {NAME: dataset},
    }
    (root / "catalog.json").write_text(json.dumps(catalog))


def _entry(path: Path, table: str | None) -> dict[str, object]:
    sha256 = _sha256(path) if table is None else ""
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256, "table": table}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(url: str, folder: Path) -> float:
    """Seconds of `deedbook fetch` with an empty cache."""
    environment = {**os.environ, "DEEDBOOK_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "deedbook", "fetch", NAME, "--from", url, "-o", str(folder / "out"), "-q"]
    return _timed(command, environment)


def curl(url: str, folder: Path) -> float:
    """Seconds of `curl`, then `sha256sum`."""
    address = f"{url}{NAME}/1.0.0/rows.csv"
    script = f"curl -sSf -o {folder}/rows.csv {address} && sha256sum {folder}/rows.csv"
    return _timed(["sh", "-c", script], dict(os.environ))


def _timed(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    return time.perf_counter() - start


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        make_catalogue(root, arguments.bytes)
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            os.chdir(root)
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            os.write(writer, f"{server.server_address[1]}\n".encode())
            server.serve_forever()
        url = f"http://127.0.0.1:{os.read(reader, 20).decode().strip()}/"
        try:
            times: dict[str, list[float]] = {"fetch": [], "curl": []}
            for _ in range(arguments.rounds):
                for what, run in (("fetch", fetch), ("curl", curl)):
                    folder = Path(name) / what
                    folder.mkdir()
                    times[what].append(run(url, folder))
                    if what == "fetch":
                        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
                    shutil.rmtree(folder)
        finally:
            os.kill(process, 9)
            os.waitpid(process, 0)
    ratio = min(times["fetch"]) / min(times["curl"])
    for what, found in times.items():
        print(f"{what:6} {' '.join(f'{seconds:6.2f}' for seconds in found)} s, best {min(found):.2f} s")
    print(f"ratio {ratio:.2f} (goal {GOAL}), peak memory {peak / 1e6:.0f} MB (goal {MOST_MEMORY / 1e6:.0f} MB)")


if __name__ == "__main__":
    main()
