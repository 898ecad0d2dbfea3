"""A preview of a catalogue and its site: HTTP on the own machine alone, with range requests, made anew when the catalogue changes.

The pages are written into a temporary folder, so a preview changes nothing of the catalogue. A page that is served gets one more
script, which asks now and then whether the catalogue changed, and loads the page again; the files themselves do not have it.
"""

from __future__ import annotations

import http
import mimetypes
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from deedbook.catalogue.records import CATALOG
from deedbook.errors import DeedbookError, UsageError
from deedbook.integrity.digests import sha256_of
from deedbook.site.build import write_site
from deedbook.site.editions import Progress, read_root
from deedbook.site.pages import FOLDER

HOST = "127.0.0.1"
"""Never another: a preview is for whoever sits at the machine."""
_STATE, _RELOAD = "/.deedbook/state", "/.deedbook/reload.js"
_SCRIPT = f"""let known = "";
setInterval(async () => {{
  const answer = await fetch("{_STATE}", {{cache: "no-store"}}).catch(() => null);
  const state = answer && answer.ok ? await answer.text() : known;
  if (known && state !== known) location.reload();
  known = state;
}}, 1000);
""".encode()
_TAG = f'<script src="{_RELOAD}" defer></script></head>'.encode()
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CHUNK = 1 << 20
_PAUSE = 1.0
"""Seconds between two looks at the catalogue."""
_TYPES = {
    ".js": "text/javascript",
    ".parquet": "application/vnd.apache.parquet",
    ".md": "text/markdown",
    ".xml": "application/xml",
}


@dataclass(slots=True)
class Preview:
    """What is being served.

    Attributes:
        root: The catalogue.
        pages: The folder of its pages.
        state: Another one for each state of the catalogue.
        say: Told what a person should know, a line each.
    """

    root: Path
    pages: Path
    say: Callable[[str], object]
    state: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def renew(self, progress: Progress = lambda _what, _share: None) -> None:
        """Writes the pages, when the catalogue is another one than they were made from.

        Raises:
            DeedbookError: when it cannot be read.
        """
        state = sha256_of(self.root / CATALOG)
        if state != self.state:
            built = write_site(self.root, self.pages, progress)
            for one in built.damaged:
                self.say(f"no pages of {one}")
            self.state = state

    def watch(self) -> None:
        """Looks at the catalogue until the preview ends; what is wrong with it is said, and the pages before stay."""
        while not self.stop.wait(_PAUSE):
            before = self.state
            try:
                self.renew()
            except (DeedbookError, OSError) as error:
                self.say(f"the pages stay as they were: {error}")
                self.stop.wait(_PAUSE * 5)
            else:
                if self.state != before:
                    self.say("the catalogue changed: the pages were made anew")

    def find(self, address: str) -> Path | None:
        """The file or folder at the path of an address; None for one that is none, or is not below the folder."""
        parts = [part for part in unquote(address).split("/") if part]
        if any(part in {".", ".."} or "\\" in part or "\0" in part for part in parts):
            return None
        base, rest = (self.pages, parts[1:]) if parts[:1] == [FOLDER] else (self.root, parts)
        path = base.joinpath(*rest)
        return path if path.exists() and path.resolve().is_relative_to(base.resolve()) else None


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, with one range of bytes where it is asked for."""

    protocol_version = "HTTP/1.1"
    server_version = "deedbook"
    sys_version = ""

    def __init__(self, preview: Preview, *arguments: object) -> None:
        self.preview = preview
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:  # as http.server asks
        """Answers a request."""
        address = urlsplit(self.path).path
        path = self.preview.find(address)
        if (self.headers.get("Host") or "").rpartition(":")[0] not in {HOST, "localhost"}:
            self.send_error(http.HTTPStatus.MISDIRECTED_REQUEST)  # another site that had its name point here
        elif address in {_STATE, _RELOAD}:
            is_script = address == _RELOAD
            content = _SCRIPT if is_script else self.preview.state.encode()
            self._send(content, "text/javascript" if is_script else "text/plain")
        elif address == "/":
            self._lead(f"/{FOLDER}/index.html")
        elif path is None:
            self.send_error(http.HTTPStatus.NOT_FOUND)
        elif path.is_dir():
            self._lead(f"{quote(unquote(address.rstrip('/')))}/index.html")
        elif path.suffix == ".html":
            self._send(path.read_bytes().replace(b"</head>", _TAG, 1), "text/html; charset=utf-8")
        else:
            self._send_file(path)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing of requests."""

    def _lead(self, address: str) -> None:
        self._head(http.HTTPStatus.FOUND, "text/plain", 0, ("Location", f"/{address.lstrip('/')}"))

    def _head(self, status: http.HTTPStatus, kind: str, length: int, *more: tuple[str, str]) -> None:
        self.send_response(status)
        known = (("Content-Type", kind), ("Content-Length", str(length)), ("Cache-Control", "no-store"))
        for name, value in (*known, ("X-Content-Type-Options", "nosniff"), *more):
            self.send_header(name, value)
        self.end_headers()

    def _send(self, content: bytes, kind: str) -> None:
        self._head(http.HTTPStatus.OK, kind, len(content))
        if self.command == "GET":
            self.wfile.write(content)

    def _send_file(self, path: Path) -> None:
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        size = path.stat().st_size
        asked = bounds(self.headers.get("Range") or "", size)
        if asked is None:
            self._head(http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, kind, 0, ("Content-Range", f"bytes */{size}"))
            return
        start, end = asked
        is_part = (start, end) != (0, size)
        more = [("Content-Range", f"bytes {start}-{end - 1}/{size}")] if is_part else []
        status = http.HTTPStatus.PARTIAL_CONTENT if is_part else http.HTTPStatus.OK
        self._head(status, kind, end - start, ("Accept-Ranges", "bytes"), *more)
        if self.command == "GET":
            with path.open("rb") as file:
                file.seek(start)
                while start < end and (chunk := file.read(min(_CHUNK, end - start))):
                    self.wfile.write(chunk)
                    start += len(chunk)


def bounds(asked: str, size: int) -> tuple[int, int] | None:
    """The bytes that a `Range` asks for, the end not included: all where it asks for none or for several; None where there are none."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found.groups() == ("", ""):
        return 0, size
    if not found[1]:
        start, end = max(size - int(found[2]), 0), size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    return (start, end) if start < end else None


@contextmanager
def preview_of(root: Path, say: Callable[[str], object]) -> Iterator[Preview]:
    """A preview of the catalogue in a folder, whose pages are gone at the end; `renew` makes them.

    Args:
        root: The catalogue.
        say: Told what a person should know.

    Raises:
        ProjectError: when there is no catalogue.
    """
    read_root(root)
    folder = Path(tempfile.mkdtemp(prefix="deedbook-"))
    preview = Preview(root, folder / FOLDER, say)
    try:
        yield preview
    finally:
        preview.stop.set()
        shutil.rmtree(folder, ignore_errors=True)


def server_of(preview: Preview, port: int) -> ThreadingHTTPServer:
    """A server of the preview, which answers once `serve_forever` runs, and watches the catalogue from now on.

    Args:
        preview: With pages.
        port: 0 for any that is free.

    Raises:
        UsageError: when the port is taken.
    """
    try:
        server = ThreadingHTTPServer((HOST, port), partial(_Handler, preview))
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}", "name another one with --port") from None
    server.daemon_threads = True
    threading.Thread(target=preview.watch, daemon=True).start()
    return server
