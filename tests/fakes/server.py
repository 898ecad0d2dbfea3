"""A server on loopback that answers by a function, logs every request, and fails or stops the world where it is told to."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

Kind = Literal["html", "reset", "lost", "busy", "slow", "page"]
FAULTS: tuple[Kind, ...] = ("html", "reset", "lost", "busy", "slow", "page")
PAGE = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>We are being looked after.</body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """What came in; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    port: int

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out; `body` is JSON unless it is bytes."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """What goes wrong, by the number of the call, the first being 1.

    Attributes:
        faults: `html` a 502 with a web page, nothing was done; `reset` the connection is reset within the request's body, nothing was done;
            `lost` done, but the answer is a 504; `busy` a 429 with Retry-After; `slow` the answer comes in drops;
            `page` a 200 with a web page, nothing was done.
        stop: Told of each call, before the body is read to the end (`inside`, only when there is one) and after it was done (`done`).
    """

    faults: dict[int, Kind] = field(default_factory=dict)
    stop: Callable[[int, str], None] = lambda _number, _when: None


class FakeServer:
    """Serves `answer` on as many ports as are asked for, each of them another host to a client."""

    def __init__(self, answer: Callable[[Request], Response], hosts: int = 1) -> None:
        self.log: list[Request] = []
        self.plan = Plan()
        self._answer = answer
        self._lock = threading.Lock()
        self._arrived = 0
        self._servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(hosts)]
        for server in self._servers:
            server.fake = self
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def addresses(self) -> list[str]:
        """`http://127.0.0.1:PORT/` of each host."""
        return [f"http://127.0.0.1:{server.server_address[1]}/" for server in self._servers]

    @property
    def calls(self) -> int:
        """How many requests came in."""
        return self._arrived

    def restart(self, plan: Plan | None = None) -> None:
        """Forgets the log and counts from 1 again, with another plan; what is stored stays."""
        with self._lock:
            self.log.clear()
            self._arrived, self.plan = 0, plan or Plan()

    def close(self) -> None:
        """Stops serving."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def arrive(self) -> int:
        """The number of a request that starts to come in."""
        with self._lock:
            self._arrived += 1
            return self._arrived

    def handle(self, request: Request) -> Response:
        """What the service answers; one request at a time."""
        with self._lock:
            self.log.append(request)
            return self._answer(request)

    def break_off(self, request: Request) -> None:
        """A request whose body did not come to its end."""
        with self._lock:
            self.broke_off(request)

    def broke_off(self, request: Request) -> None:
        """What the service makes of that; nothing, unless it says so."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        fake = self.server.fake
        number = fake.arrive()
        fault = fake.plan.faults.get(number)
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size // 2)
        if size:
            fake.plan.stop(number, "inside")
        if fault == "reset":
            fake.break_off(self._request(body))
            self._reset()
            return
        body += self.rfile.read(size - len(body))
        if len(body) < size:  # the client is gone
            fake.break_off(self._request(body))
            self.close_connection = True
            return
        if fault in {"html", "page"}:
            self._send(Response(502 if fault == "html" else 200, PAGE, {"Content-Type": "text/html"}))
            return
        if fault == "busy":
            self._send(Response(429, {"message": "Too many requests"}, {"Retry-After": "1"}))
            return
        response = fake.handle(self._request(body))
        fake.plan.stop(number, "done")
        if fault == "lost":
            response = Response(504, PAGE, {"Content-Type": "text/html"})
        self._send(response, is_slow=fault == "slow")

    def _request(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = int(self.connection.getsockname()[1])
        return Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body, port)

    def _send(self, response: Response, *, is_slow: bool = False) -> None:
        is_raw = isinstance(response.body, bytes)
        content = response.body if is_raw else json.dumps(response.body).encode()
        headers = {"Content-Type": "application/octet-stream" if is_raw else "application/json", **response.headers}
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for at in range(0, len(content), 64) if is_slow else ():
                self.wfile.write(content[at : at + 64])
                time.sleep(0.002)
            if not is_slow:
                self.wfile.write(content)
        except OSError:
            self.close_connection = True

    def _reset(self) -> None:
        """A TCP reset, as from a proxy that dies."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""
