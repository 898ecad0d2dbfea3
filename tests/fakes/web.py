"""A plain web server on loopback that serves a folder as static hosting does, and fails as it is told to.

It knows `Range` and `If-Range` (RFC 9110, one range), strong ETags that follow from the content, and answers 400 to what no good client
sends: a range that is none, a path that leaves the root.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TYPES = {".csv": "text/csv", ".json": "application/json", ".html": "text/html", ".md": "text/markdown"}
TYPES |= {".css": "text/css", ".js": "text/javascript"}
PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    path: str
    range: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with an answer; the defaults are for one that is right.

    Attributes:
        status: Answer with this and `page` in place of the file; 0 for the file.
        headers: Further headers.
        page: The content of such an answer.
        kind: A Content-Type in place of the right one.
        flip: Invert a bit of the byte at this offset of the file.
        cut: Reset the connection after so many bytes of the body.
        ranges: Whether ranges are known.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    page: bytes = PAGE
    kind: str = ""
    flip: int | None = None
    cut: int | None = None
    ranges: bool = True


Plan = Callable[[Asked], Fault | None]


class Web:
    """The server: where it is, what was asked, and what goes wrong from now on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plan: Plan = lambda _asked: None
        self.asked: list[Asked] = []
        self.sent = 0
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def serving(self) -> Iterator[Web]:
        """The server, up."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def fail(self, path: str, fault: Fault, times: int = 1_000_000) -> None:
        """Answers so to the next requests for the files whose path ends with this."""
        left = [times]

        def plan(asked: Asked) -> Fault | None:
            if not asked.path.endswith(path) or left[0] <= 0:
                return None
            left[0] -= 1
            return fault

        self.plan = plan

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        with self.lock:
            return [asked.path for asked in self.asked]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"web": web})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        pass

    def do_GET(self) -> None:  # the name of the base class
        path = unquote(urlsplit(self.path).path)
        asked = Asked(path, self.headers.get("Range", ""), dict(self.headers))
        with self.web.lock:
            self.web.asked.append(asked)
            fault = self.web.plan(asked) or Fault()
        if fault.status:
            self._send(fault.status, fault.page, {"Content-Type": fault.kind or "text/html", **fault.headers}, fault)
            return
        file = self.web.root / path.lstrip("/")
        if ".." in path.split("/"):
            self._send(400, b"", {}, fault)
        elif not file.is_file():
            self._send(404, b"<html>nothing here</html>", {"Content-Type": "text/html"}, fault)
        else:
            self._file(file, fault)

    def _file(self, file: Path, fault: Fault) -> None:
        content = bytearray(file.read_bytes())
        tag = f'"{hashlib.md5(content).hexdigest()}"'  # noqa: S324  # an ETag
        if fault.flip is not None and content:
            content[fault.flip % len(content)] ^= 1
        kind = fault.kind or TYPES.get(file.suffix, "application/octet-stream")
        headers = {"Content-Type": kind, "ETag": tag, "Accept-Ranges": "bytes", **fault.headers}
        wanted = self.headers.get("Range", "")
        if not wanted or not fault.ranges or self.headers.get("If-Range", tag) != tag:
            self._send(200, bytes(content), headers, fault)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if not wanted.startswith("bytes=") or not first.isdecimal() or (last and int(last) < int(first)):
            self._send(400, b"", {}, fault)
            return
        if int(first) >= len(content):
            self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"}, fault)
            return
        end = min(int(last) if last else len(content) - 1, len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
        self._send(206, bytes(content[int(first) : end + 1]), headers, fault)

    def _send(self, status: int, content: bytes, headers: dict[str, str], fault: Fault) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            sent = content if fault.cut is None else content[: fault.cut]
            with self.web.lock:
                self.web.sent += len(sent)
            self.wfile.write(sent)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        if fault.cut is not None and fault.cut < len(content):
            self.close_connection = True
