"""The client of deposits: who it says it is, how long it waits, and whom it trusts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deedbook.errors import RefusalError, RemoteError
from deedbook.http import digest
from deedbook.publishing import deposit as api
from deedbook.publishing.deposit import Client, StatusError, is_own
from tests.fakes.server import PAGE, FakeServer, Plan, Response

SECRET = "very-secret-token"  # noqa: S105


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeServer]]:
    """Starts a server that gives these answers, the last one for ever."""
    servers = []

    def start(*answers: Response, hosts: int = 1) -> FakeServer:
        left = list(answers)
        servers.append(FakeServer(lambda _request: left.pop(0) if len(left) > 1 else left[0], hosts))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def client(server: FakeServer, waits: list[float] | None = None) -> Client:
    waited = waits if waits is not None else []
    return Client(f"{server.addresses[0]}api/", SECRET, sleep=waited.append, clock=lambda: 1000.0)


OK = Response(200, {"well": True})
Serve = Callable[..., FakeServer]


def test_it_says_who_it_is(serve: Serve) -> None:
    server = serve(OK)
    client(server).call("GET", "x", ok=[200])
    assert server.log[0].headers["user-agent"].startswith("deedbook/")
    assert " (" in server.log[0].headers["user-agent"]
    assert server.log[0].headers["authorization"] == f"Bearer {SECRET}"


def test_it_repeats_what_may_be_repeated_with_growing_waits(serve: Serve) -> None:
    server, waits = serve(*[Response(502, PAGE, {"Content-Type": "text/html"})] * 3, OK), list[float]()
    assert client(server, waits).call("PUT", "x", ok=[200], data={}) == {"well": True}
    assert len(waits) == 3
    assert all(0 <= wait <= 2**number for number, wait in enumerate(waits))


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_it_never_repeats_what_may_have_been_done(serve: Serve, method: str) -> None:
    server = serve(Response(504, PAGE, {"Content-Type": "text/html"}))
    with pytest.raises(RemoteError, match="504 with a web page"):
        client(server).call(method, "x", ok=[201], data={})
    assert server.calls == 1


def test_it_waits_as_long_as_it_is_told_to(serve: Serve) -> None:
    server, waits = serve(Response(429, {}, {"Retry-After": "7"}), OK), list[float]()
    client(server, waits).call("POST", "x", ok=[200])
    assert waits == [7.0]


def test_it_makes_no_call_while_the_limit_is_reached(serve: Serve) -> None:
    spent = Response(200, {}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"})
    server, waits = serve(spent, OK), list[float]()
    caller = client(server, waits)
    caller.call("GET", "x", ok=[200])
    caller.call("GET", "x", ok=[200])
    assert waits == [30.0]


def test_it_does_not_wait_for_hours(serve: Serve) -> None:
    server = serve(Response(403, {"message": "limit"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9000"}))
    with pytest.raises(RemoteError, match="403: limit") as caught:
        client(server).call("GET", "x", ok=[200])
    assert "8,000 seconds" in caught.value.hint


def test_a_web_page_is_no_answer(serve: Serve) -> None:
    server = serve(Response(200, PAGE, {"Content-Type": "text/html"}))
    with pytest.raises(RemoteError, match="in place of JSON"):
        client(server).call("GET", "x", ok=[200])


def test_another_success_than_the_documented_one_is_none(serve: Serve) -> None:
    with pytest.raises(RemoteError, match="answered 200"):
        client(serve(OK)).call("POST", "x", ok=[201])


def test_a_reset_connection_may_be_tried_again(serve: Serve) -> None:
    server = serve(OK)
    server.plan = Plan(faults={1: "reset"})
    assert client(server).call("PUT", "x", ok=[200], data={"a": 1}) == {"well": True}


def test_an_answer_in_drops_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(Response(200, {"text": "x" * 4_000}))
    server.plan = Plan(faults={1: "slow"})
    caller = client(server)
    monkeypatch.setattr(api, "ANSWER_SECONDS", -4.0)
    with pytest.raises(RemoteError, match="too slowly"):
        caller.call("POST", "x", ok=[200])


def test_no_message_has_the_token_even_when_the_server_repeats_it(serve: Serve) -> None:
    server = serve(Response(400, {"message": f"bad token {SECRET}", "errors": [{"field": "x", "messages": [SECRET]}]}))
    with pytest.raises(StatusError) as caught:
        client(server).call("GET", f"x?access={SECRET}", ok=[200])
    assert SECRET not in caught.value.message + caught.value.hint
    assert SECRET not in repr(client(server))


def test_credentials_do_not_follow_a_redirect(serve: Serve) -> None:
    other = serve(OK)
    server = serve(Response(307, b"", {"Location": other.addresses[0]}))
    with pytest.raises(StatusError, match="has moved"):
        client(server).call("GET", "x", ok=[200])
    assert other.calls == 0


def test_a_download_follows_a_redirect_without_credentials(serve: Serve) -> None:
    other = serve(Response(200, b"content"))
    server = serve(Response(302, b"", {"Location": f"{other.addresses[0]}there?signature=1"}))
    moved: list[int] = []
    found = digest(f"{server.addresses[0]}file", 7, moved.append)
    assert found == (7, "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73")
    assert sum(moved) == 7
    assert not any("authorization" in request.headers for request in (*server.log, *other.log))


def test_a_redirect_to_itself_ends_on_one_connection(serve: Serve) -> None:
    server = serve(Response(302, b"", {"Location": "/file"}))
    with pytest.raises(RemoteError, match="redirected again and again"):
        digest(f"{server.addresses[0]}file", 7, lambda _bytes: None)
    assert server.calls == 6


def test_a_file_that_is_not_there_yet_can_be_tried_later(serve: Serve) -> None:
    server = serve(Response(404, {"message": "Not Found"}))
    with pytest.raises(RemoteError, match="404"):
        digest(f"{server.addresses[0]}file?signature={SECRET}", 7, lambda _bytes: None)


def test_credentials_go_to_the_own_host_only() -> None:
    api = "https://api.github.com/"
    assert is_own("https://uploads.github.com/x", api)
    assert is_own("https://api.github.com/x", api)
    for url in (
        "https://uploads.github.com.evil.org/x",
        "http://api.github.com/x",
        "https://evil.org/",
        "file:///etc/passwd",
    ):
        assert not is_own(url, api)


def test_an_address_of_somebody_else_gets_nothing(serve: Serve) -> None:
    server = serve(OK)
    with pytest.raises(RefusalError, match="not its own host"):
        client(server).call("GET", "http://localhost:9/x", ok=[200])
    assert server.calls == 0
