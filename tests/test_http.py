"""The one HTTP client: it ends, it waits as it is told, and it takes what comes packed."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from deedbook import http
from deedbook.errors import RemoteError
from deedbook.http import PassingError

Serve = Callable[[bytes, bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves raw bytes on loopback: a start at once, the rest byte by byte until the client goes."""
    left = threading.Event()
    servers: list[socket.socket] = []

    def drip(connection: socket.socket, start: bytes, rest: bytes) -> None:
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(start)
                for byte in rest:
                    if left.wait(0.05):
                        return
                    connection.sendall(bytes([byte]))
            except OSError:
                return

    def accept(server: socket.socket, start: bytes, rest: bytes) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection, start, rest), daemon=True).start()

    def begin(start: bytes, rest: bytes = b"") -> str:
        servers.append(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=accept, args=(servers[-1], start, rest), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].getsockname()[1]}/file"

    yield begin
    left.set()
    for server in servers:
        server.close()


def answered(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read(url: str) -> bytes:
    with http.get(url) as answer:
        return b"".join(answer.pieces)


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7), (formatdate(0, usegmt=True), 0), ("", None), ("soon", None), ("-", None)]
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    assert http.seconds_to_wait(text) == seconds


def test_a_date_in_the_future_is_waited_for() -> None:
    assert (http.seconds_to_wait("Wed, 21 Oct 2199 07:28:00 GMT") or 0) > 1000


def test_headers_without_an_end_are_given_up(serve: Serve) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 10_000)
    with pytest.raises(PassingError, match="no answer"), http.request("GET", url, headers={}, stall=0.3):
        pass


def test_a_server_that_says_nothing_is_given_up_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        said = r"/: no answer: (Read timed out\. \(read timeout=0\.3\)|the headers do not come to an end)$"
        with pytest.raises(PassingError, match=said), http.request("GET", url, headers={}, stall=0.3):
            pass


def test_a_body_in_drops_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "STALL_SECONDS", 0.3)
    with pytest.raises(PassingError, match="too slowly"):
        read(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"a" * 10_000))


def test_a_document_has_a_deadline_however_steadily_it_comes(serve: Serve) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"a" * 10_000)
    with pytest.raises(PassingError, match="too slowly"), http.get(url, deadline=0.3) as answer:
        answer.stream.read(10_000)


def test_a_body_that_breaks_off_is_worth_another_try(serve: Serve) -> None:
    with pytest.raises(PassingError, match="broke after 4 bytes"):
        read(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabcd", b""))


def test_what_comes_packed_is_unpacked(serve: Serve) -> None:
    content = b"id,n\n" * 100_000
    assert read(serve(answered(gzip.compress(content), "Content-Encoding: gzip"), b"")) == content


def test_a_bomb_is_unpacked_only_as_far_as_it_is_read(serve: Serve) -> None:
    bomb = gzip.compress(bytes(200 << 20))
    with http.get(serve(answered(bomb, "Content-Encoding: gzip"), b"")) as answer:
        assert answer.stream.read(1_000) == bytes(1_000)


def test_a_packing_that_is_not_known_is_named(serve: Serve) -> None:
    with pytest.raises(RemoteError, match="packed as 'br'"):
        read(serve(answered(b"x", "Content-Encoding: br"), b""))


def test_it_asks_the_proxy_that_the_environment_names(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(answered(b"from the proxy"), b"").removesuffix("file")
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    assert read("http://nowhere.example/file") == b"from the proxy"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://a.example/", "http://me:secret@a.example/"])
def test_it_follows_no_redirect_to_where_none_may_lead(serve: Serve, target: str) -> None:
    url = serve(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode(), b"")
    with pytest.raises(RemoteError, match="is redirected to") as caught:
        read(url)
    assert "secret" not in caught.value.message


def busy(serve: Serve, seconds: int) -> str:
    """The address of a server that is always busy; it closes after each answer, since the end of a connection may come before the next."""
    told = f"Retry-After: {seconds}\r\nConnection: close\r\nContent-Length: 0"
    return serve(f"HTTP/1.1 503 Busy\r\n{told}\r\n\r\n".encode(), b"")


def test_a_server_is_waited_for_as_it_asks_up_to_two_minutes(serve: Serve) -> None:
    waited: list[float] = []

    def ask(url: str) -> bytes:
        return http.retried(lambda: read(url), clock=lambda: sum(waited), pause=waited.append)

    with pytest.raises(PassingError, match="503") as caught:
        ask(busy(serve, 50))
    assert waited == [50, 50]
    assert caught.value.hint == "try again after 50 seconds"
    with pytest.raises(PassingError):  # nor by whoever tries again around it
        http.retried(lambda: ask(busy(serve, 50)), clock=lambda: sum(waited), pause=waited.append)
    assert waited == [50, 50, 50, 50]


@pytest.mark.parametrize(("named", "patience"), [(121, http.PATIENCE), (30, 0)])
def test_who_asks_for_more_is_not_waited_for(serve: Serve, named: int, patience: float) -> None:
    waited: list[float] = []
    with pytest.raises(PassingError, match="503"):
        http.retried(lambda: read(busy(serve, named)), seconds=patience, pause=waited.append)
    assert waited == []


def test_patience_starts_anew_with_progress() -> None:
    tries: list[int] = []

    def attempt() -> None:
        tries.append(0)
        if len(tries) < 12:
            raise PassingError("broke")

    http.retried(attempt, pause=lambda _seconds: None, progress=lambda: len(tries) // 3)
    assert len(tries) == 12
