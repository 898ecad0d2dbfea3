"""The one HTTP client of deposits: it says who it is, waits when told to, and takes nothing for success but what is documented.

A failure that may pass is a `RemoteError`, an answer that will stay a `StatusError`.
Only calls that may be repeated are repeated; credentials go to the target's own host and into no message.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError

from deedbook.errors import DeedbookError, RefusalError, RemoteError
from deedbook.publishing.addresses import identity, is_own, next_address, place
from deedbook.publishing.steps import Progress

CONNECT_SECONDS = 15
READ_SECONDS = 60
"""Without a byte after which a call has failed."""
_SLOWEST = 1024
"""Bytes a second below which, after `READ_SECONDS`, an answer counts as stalled."""
_ATTEMPTS = 5
_LONGEST_WAIT = 60.0
_PATIENCE = 900.0
"""Seconds that a server may ask to wait for; beyond that, the caller is told to come back."""
_CHUNK = 1 << 18
_LARGEST_ANSWER = 64 << 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 500, 502, 503, 504})
T = TypeVar("T")
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})


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
class Answer:
    """What a server said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    place: str

    def json(self) -> Any:
        """The answer as JSON.

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
        chance: A number from 0 to 1, for the jitter of waits.
        clock: The seconds since 1970.
    """

    base: str
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.time
    _pool: urllib3.PoolManager = field(init=False, repr=False)
    _not_before: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Prepares the connections."""
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        )

    def call(
        self,
        method: str,
        address: str,
        *,
        ok: Sequence[int],
        data: object = None,
        upload: Upload | None = None,
    ) -> Answer:
        """The answer to one call of the API, repeated while that is harmless and may help.

        Args:
            method: The HTTP method; POST and PATCH are repeated only when the server says that it did nothing.
            address: Absolute, or relative to `base`.
            ok: The statuses that are an answer; every other one is an error.
            data: Sent as JSON.
            upload: Sent as it is.

        Raises:
            RemoteError: when it fails in a way that may pass.
            StatusError: when the server refuses it, or the credentials.
        """
        url = urljoin(self.base, address)
        return self._persist(method, lambda: self._once(method, url, ok, data, upload))

    def download(self, url: str, progress: Progress) -> str:
        """The sha256 of what anybody gets from a public address; no credentials are sent.

        Raises:
            RemoteError: when it cannot be had, or not yet.
        """
        return self._persist("GET", lambda: self._digest(url, progress))

    def _persist(self, method: str, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, after as many attempts as make sense."""
        for number in range(_ATTEMPTS):
            self._wait_for_turn()
            try:
                return attempt()
            except _BusyError as error:
                if number == _ATTEMPTS - 1 or error.wait > _PATIENCE:
                    raise RemoteError(error.message, f"try again after {error.wait:,.0f} seconds") from None
                self.sleep(max(error.wait, self._backoff(number)))
            except RemoteError:
                if method not in _REPEATABLE or number == _ATTEMPTS - 1:
                    raise
                self.sleep(self._backoff(number))
        raise AssertionError

    def _backoff(self, number: int) -> float:
        """Full jitter: any time up to twice as long as before."""
        return self.chance() * min(_LONGEST_WAIT, 2.0**number)

    def _wait_for_turn(self) -> None:
        """Waits until the rate limit is lifted that an earlier answer told of."""
        wait = self._not_before - self.clock()
        if wait > _PATIENCE:
            raise RemoteError(f"{place(self.base)} takes no more calls for {wait:,.0f} seconds", "try again after that")
        if wait > 0:
            self.sleep(wait)
        self._not_before = 0.0

    def _once(self, method: str, url: str, ok: Sequence[int], data: object, upload: Upload | None) -> Answer:
        trusted = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers = {**identity(), "Accept": "application/json", **self.headers, **trusted}
        if not is_own(url, self.base):
            raise RefusalError(
                f"{place(self.base)} sends uploads to {place(url)}, which is not its own host",
                "no credentials were sent there; check `api` in deedbook.toml",
            )
        if upload is not None:
            headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(upload.size)}
        elif data is not None:
            headers["Content-Type"] = "application/json"
        with _body(data, upload) as body, self._requested(method, url, headers, body) as response:
            content = b"".join(self._chunks(response, url, _LARGEST_ANSWER))
            answer = Answer(response.status, _lowered(response), content, f"{method} {place(url)}")
        self._heed(answer)
        if answer.status in ok:
            if answer.status != 204 and method != "DELETE":
                answer.json()
            return answer
        raise self._fault(answer)

    def _digest(self, url: str, progress: Progress) -> str:
        for _ in range(6):
            with self._requested("GET", url, {**identity(), "Accept": "*/*"}, None) as response:
                headers = _lowered(response)
                if response.status in _REDIRECTS and (target := headers.get("location")):
                    url = next_address(url, target)
                    continue
                if response.status != 200:
                    answer = Answer(response.status, headers, response.read(2_000), f"GET {place(url)}")
                    self._heed(answer)
                    fault = self._fault(answer)
                    raise RemoteError(fault.message, _LATER) if isinstance(fault, StatusError) else fault
                digest = hashlib.sha256()
                for chunk in self._chunks(response, url, None):
                    digest.update(chunk)
                    progress(len(chunk))
                return digest.hexdigest()
        raise RemoteError(f"GET {place(url)} is redirected without end", _LATER)

    def _requested(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                method, url, headers=headers, body=body, redirect=False, preload_content=False, decode_content=True
            )
        except (HTTPError, OSError) as error:
            raise RemoteError(f"{method} {place(url)} failed: {self._scrubbed(_cause(error))}", _LATER) from None

    def _chunks(self, response: urllib3.BaseHTTPResponse, url: str, most: int | None) -> Iterator[bytes]:
        """The body piece by piece, as it comes; a stalled one is an error, and so is one that ends early."""
        started, size = time.monotonic(), 0
        try:
            while chunk := response.read1(_CHUNK):
                size += len(chunk)
                if most is not None and size > most:
                    raise RemoteError(f"{place(url)} answered with more than {most:,} bytes", _LATER)
                if time.monotonic() - started > READ_SECONDS + size / _SLOWEST:
                    raise RemoteError(f"{place(url)} answers too slowly: {size:,} bytes so far", _LATER)
                yield chunk
        except (HTTPError, OSError) as error:
            raise RemoteError(f"{place(url)} broke off: {self._scrubbed(_cause(error))}", _LATER) from None

    def _heed(self, answer: Answer) -> None:
        """Remembers until when the server wants no more calls."""
        left, reset = (_number(answer.headers.get(f"x-ratelimit-{name}", "")) for name in ("remaining", "reset"))
        if left == 0 and reset is not None:
            self._not_before = reset

    def _fault(self, answer: Answer) -> DeedbookError:
        """The error that an answer is."""
        status = answer.status
        message = f"{answer.place} answered {status}{self._said(answer)}"
        wait = _number(answer.headers.get("retry-after", ""))
        is_spent = self._not_before > 0
        if status == 429 or (status == 403 and (wait is not None or is_spent)):
            return _BusyError(message, wait if wait is not None else max(self._not_before - self.clock(), 1.0))
        if status in _PASSING:
            return _BusyError(message, wait) if status == 503 and wait is not None else RemoteError(message, _LATER)
        if status in {401, 403} and self.token and not answer.headers.get("content-type", "").startswith("text/html"):
            return StatusError(message, status, "check that the token is valid and may write there")
        if status in {401, 403}:
            return RemoteError(message, "try again later, or see in a browser why the server refuses")
        if status < 300:  # not what is documented, such as the page of a proxy
            return RemoteError(message, _LATER)
        if status in _REDIRECTS:
            return StatusError(f"{message}: what is there has moved", status, "correct the address in deedbook.toml")
        return StatusError(message, status)

    def _said(self, answer: Answer) -> str:
        """What the server said of it, on one line and without secrets."""
        try:
            said = answer.json()
        except RemoteError:
            return " with a web page" if b"<html" in answer.content[:2_000].lower() else ""
        if not isinstance(said, Mapping):
            return ""
        parts = [str(said.get("message", ""))]
        for error in said.get("errors") or []:
            if isinstance(error, Mapping):
                words = error.get("messages") or [error.get("message") or error.get("code") or ""]
                parts.append(f"{error.get('field', '')}: {' '.join(map(str, words))}")
        text = self._scrubbed("; ".join(part for part in parts if part))
        return f": {' '.join(text.split())[:500]}" if text else ""

    def _scrubbed(self, text: str) -> str:
        return text.replace(self.token, "***") if self.token else text


class _BusyError(RemoteError):
    """The server did nothing and asks to come back, after so many seconds."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


_LATER = "run it again: what is done is not done twice"


@dataclass(frozen=True, slots=True)
class _Body:
    """What is sent of a file, told to its progress as it goes."""

    file: BinaryIO
    progress: Progress

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self.file.read(size)
        self.progress(len(chunk))
        return chunk


@contextmanager
def _body(data: object, upload: Upload | None) -> Iterator[Any]:
    if upload is not None:
        with upload.path.open("rb") as file:
            yield _Body(file, upload.progress)
    else:
        yield None if data is None else json.dumps(data, ensure_ascii=False).encode()


def _lowered(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _cause(error: BaseException) -> str:
    """What went wrong, without the address and objects that urllib3 puts into its messages."""
    inner = getattr(error, "reason", None)
    if isinstance(inner, BaseException):
        return _cause(inner)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__.removesuffix("Error")


def _number(text: str) -> float | None:
    """Seconds; a date, which no service in question sends, counts as a minute."""
    try:
        return max(float(text), 0.0)
    except ValueError:
        return 60.0 if text else None
