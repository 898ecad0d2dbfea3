"""The JSON API of a deposit service: nothing is taken for success but what is documented, and only repeated what may be.

A failure that may pass is a `RemoteError`, an answer that will stay a `StatusError`. Credentials go to the service's own host.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from deedbook import http
from deedbook.errors import DeedbookError, RefusalError, RemoteError
from deedbook.http import PassingError, place, retried
from deedbook.publishing.steps import Progress

READ_SECONDS = 60.0
"""That a service may take to do something before it answers: publishing a record takes longer than reading one."""
ANSWER_SECONDS = 60.0
PATIENCE = 900.0
"""Seconds that a server may ask to wait for; beyond that, the caller is told to come back."""
_LARGEST_ANSWER = 64 << 20
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_LATER = "run it again: what is done is not done twice"


class StatusError(RefusalError):
    """The server refuses the request, and will do so again.

    Args:
        message: What was asked and what it answered.
        status: The HTTP status.
        hint: The next step.
    """

    def __init__(self, message: str, status: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    place: str

    @property
    def is_documented(self) -> bool:
        """Whether it comes from the service itself, and not as the web page of somebody on the way."""
        return not self.headers.get("content-type", "").startswith("text/html")

    def json(self) -> Any:
        """The reply as JSON.

        Raises:
            RemoteError: when it is something else, such as the web page of a proxy.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise RemoteError(f"{self.place} answered with {kind or 'no type'} in place of JSON", _LATER)
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise RemoteError(f"{self.place} answered with damaged JSON", _LATER) from None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be sent as it is."""

    path: Path
    size: int
    progress: Progress


@dataclass(slots=True)
class Client:
    """Calls one service.

    Attributes:
        base: The address of its API, ending in `/`; only its host gets the credentials.
        token: Sent as a bearer token; empty for none.
        headers: Sent with every call to the API.
        sleep: Waits so many seconds.
        clock: The seconds since 1970.
    """

    base: str
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    _not_before: float = field(default=0.0, init=False)

    def call(
        self, method: str, address: str, *, ok: Sequence[int], data: object = None, upload: Upload | None = None
    ) -> Reply:
        """The reply to one call, repeated while that is harmless and may help.

        Args:
            method: The HTTP method; POST and PATCH are repeated only when the server says that it did nothing.
            address: Absolute, or relative to `base`.
            ok: The statuses that are a reply; every other one is an error.
            data: Sent as JSON.
            upload: Sent as it is.

        Raises:
            RemoteError: when it fails in a way that may pass.
            StatusError: when the server refuses it, or the credentials.
        """
        url = urljoin(self.base, address)
        if not is_own(url, self.base):
            raise RefusalError(
                f"{place(self.base)} sends uploads to {place(url)}, which is not its own host",
                "no credentials were sent there; check `api` in deedbook.toml",
            )

        def attempt() -> Reply:
            if (wait := self._not_before - self.clock()) > 0:
                if wait > PATIENCE:
                    hint = f"try again after {wait:,.0f} seconds"
                    raise RemoteError(f"{place(self.base)} takes no more calls for now", hint)
                self.sleep(wait)
            self._not_before = 0.0
            try:
                return self._once(method, url, ok, data, upload)
            except PassingError as error:
                if error.wait or method in _REPEATABLE:
                    raise
                raise RemoteError(error.message, error.hint) from None

        return retried(attempt, seconds=PATIENCE, pause=self.sleep, clock=self.clock)

    def _once(self, method: str, url: str, ok: Sequence[int], data: object, upload: Upload | None) -> Reply:
        headers = {"Accept": "application/json", **self.headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if upload is not None:
            headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(upload.size)}
        elif data is not None:
            headers["Content-Type"] = "application/json"
        try:
            with (
                _body(data, upload) as body,
                http.request(
                    method, url, headers=headers, body=body, stall=READ_SECONDS, deadline=ANSWER_SECONDS
                ) as answer,
            ):
                content = answer.read(_LARGEST_ANSWER)
                reply = Reply(answer.status, answer.headers, content, f"{method} {place(url)}")
                wait = answer.wait
        except PassingError as error:
            raise PassingError(f"{method} {self._without_secret(error.message)}", hint=_LATER) from None
        left, reset = (reply.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
        if left == "0" and reset.isdecimal():
            self._not_before = float(reset)
        if reply.status not in ok:
            raise self._fault(reply, wait)
        if reply.status != 204 and method != "DELETE":
            reply.json()
        return reply

    def _fault(self, reply: Reply, wait: float | None) -> DeedbookError:
        """The error that a reply is."""
        status, message = reply.status, f"{reply.place} answered {reply.status}{self._said(reply)}"
        if status == 429 or (status == 403 and (wait is not None or self._not_before > 0)):
            return PassingError(message, max(self._not_before - self.clock(), 1.0) if wait is None else max(wait, 0.1))
        if status in http.PASSING:  # a 503 says that nothing was done
            return PassingError(message, (wait or 0.0) * (status == 503), _LATER)
        is_foreign = status in {401, 403} and not (self.token and reply.is_documented)
        if status < 300 or is_foreign:  # not what is documented, such as the page of a proxy
            return RemoteError(message, "try again later, or see in a browser what the server says")
        hint = "check that the token is valid and may write there" if status in {401, 403} else ""
        if status in http.REDIRECTS:
            message, hint = f"{message}: what is there has moved", "correct the address in deedbook.toml"
        return StatusError(message, status, hint)

    def _said(self, reply: Reply) -> str:
        """What the server said of it, on one line and without secrets."""
        try:
            said = reply.json()
            parts = [str(said.get("message", ""))]
            for error in said.get("errors") or []:
                words = error.get("messages") or [error.get("message") or error.get("code") or ""]
                parts.append(f"{error.get('field', '')}: {' '.join(map(str, words))}")
        except RemoteError:
            return " with a web page" if b"<html" in reply.content[:2_000].lower() else ""
        except (AttributeError, TypeError):  # another JSON than these services send
            return ""
        text = self._without_secret("; ".join(part for part in parts if part))
        return f": {' '.join(text.split())[:500]}" if text else ""

    def _without_secret(self, text: str) -> str:
        return text.replace(self.token, "***") if self.token else text


def is_own(url: str, base: str) -> bool:
    """Whether credentials for `base` may go to `url`: the same host, or its sibling for uploads, and never in clear."""
    theirs, own = urlsplit(url), urlsplit(base)
    if theirs.scheme != own.scheme or theirs.hostname is None or own.hostname is None:
        return False
    first, _, domain = own.hostname.partition(".")
    return theirs.hostname == own.hostname or (first == "api" and theirs.hostname == f"uploads.{domain}")


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file that tells its progress as it is read."""

    file: BinaryIO
    progress: Progress

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self.file.read(size)
        self.progress(len(piece))
        return piece


@contextmanager
def _body(data: object, upload: Upload | None) -> Iterator[Any]:
    if upload is not None:
        with upload.path.open("rb") as file:
            yield _Sent(file, upload.progress)
    else:
        yield None if data is None else json.dumps(data, ensure_ascii=False).encode()
