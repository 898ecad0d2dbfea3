"""A deposit, whatever the service: its JSON API, and the steps from the uploads to the proof of what is public.

Of the API, nothing is taken for success but what is documented, and only repeated what may be. A failure that may pass is a
`RemoteError`, an answer that will stay a `StatusError`. Credentials go to the service's own host.

A draft gets its files, is compared and published once, and is downloaded as anybody can. It is looked at before anything is done,
so that every step may be run again; an answer that was lost is replaced by looking.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import EllipsisType
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from deedbook import http
from deedbook.errors import DeedbookError, RefusalError, RemoteError
from deedbook.http import Answer, PassingError, place
from deedbook.publishing.steps import Facts, Progress, PublishableFile, Step

T = TypeVar("T")
READ_SECONDS = 60.0
"""That a service may take to do something before it answers: publishing a record takes longer than reading one."""
ANSWER_SECONDS = 60.0
ATTEMPTS = 3
"""Times that something is asked for which asks for the same again when its answer was lost."""
PATIENCE = 900.0
"""Seconds that a server may ask to wait for; beyond that, the caller is told to come back."""
_LARGEST_ANSWER = 64 << 20
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_PAGE, _MOST_PAGES = 100, 100
_LATER = "run it again: what is done is not done twice"
_MAY_WRITE = "check that the token is valid and may write there"


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
class Upload:
    """A file to be sent as it is."""

    path: Path
    size: int
    progress: Progress

    def pieces(self) -> Iterator[bytes]:
        """The file, telling its progress as it is read."""
        with self.path.open("rb") as file:
            while piece := file.read(1 << 16):
                self.progress(len(piece))
                yield piece


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
    ) -> Any:
        """What the server answers as JSON, None when it has nothing (204, 404); asked again while that is harmless and may help.

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
        if not is_own(url, self.base):
            what = f"{place(self.base)} sends uploads to {place(url)}, which is not its own host"
            raise RefusalError(what, "no credentials were sent there; check `api` in deedbook.toml")

        def attempt() -> Any:
            if (wait := self._not_before - self.clock()) > 0:
                if wait > PATIENCE:
                    hint = f"try again after {wait:,.0f} seconds"
                    raise RemoteError(f"{place(self.base)} takes no more calls for now", hint)
                self.sleep(wait)
            self._not_before = 0.0
            try:
                return self.ask(method, url, ok, upload or data)
            except PassingError as error:
                if error.wait or method in _REPEATABLE:
                    raise
                raise RemoteError(error.message, error.hint) from None

        return http.retried(attempt, seconds=PATIENCE, pause=self.sleep, clock=self.clock)

    def pages(
        self, address: str, size: str, items: Callable[[Any], object] = lambda answer: answer, **query: str
    ) -> Any:
        """All items of a list that comes in pages.

        Args:
            address: Of the list.
            size: What the service calls the size of a page.
            items: Those of one answer.
            query: Sent with each call.

        Raises:
            RemoteError: when there is no such list, beside what a call raises.
        """
        found: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = urlencode({size: _PAGE, "page": page, **query})
            more = items(self.call("GET", f"{address}?{asked}", ok=[200]))
            if not isinstance(more, list):
                raise RemoteError(f"{urljoin(self.base, address)} answered with no list", "try again later")
            found += more
            if len(more) < _PAGE:
                break
        return found

    def ask(self, method: str, url: str, ok: Sequence[int], data: object) -> Any:
        """As `call`, once.

        Raises:
            PassingError: when there is no answer, or one after which the same may be asked again.
            RemoteError: when it is no answer of the service.
            StatusError: when the service refuses it.
        """
        where = f"{method} {place(url)}"
        headers: dict[str, str] = {"Accept": "application/json", **self.headers}
        body: Any = None
        if isinstance(data, Upload):
            headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(data.size)}
            body = data.pieces()
        elif data is not None:
            headers["Content-Type"], body = "application/json", json.dumps(data, ensure_ascii=False).encode()
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        asked = http.request(method, url, headers=headers, body=body, stall=READ_SECONDS, deadline=ANSWER_SECONDS)
        try:
            with asked as answer:
                content = answer.stream.read(_LARGEST_ANSWER)
        except PassingError as error:
            raise PassingError(f"{method} {self._without_secret(error.message)}", hint=_LATER) from None
        wait = self.limit(answer)
        if answer.status not in ok:
            message = f"{where} answered {answer.status}{self._said(answer, content, where)}"
            raise self.fault(answer, message) if wait is None else PassingError(message, wait)
        found = None if answer.status == 204 or method == "DELETE" else _json(answer, content, where)
        return None if answer.status == 404 else found

    def limit(self, answer: Answer) -> float | None:
        """Seconds after which the service takes calls again; None where an answer does not say that it takes none now."""
        left, reset = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
        if left == "0" and reset.isdecimal():
            self._not_before = float(reset)
        is_told = answer.wait is not None or self._not_before > 0
        if answer.status != 429 and not (answer.status == 403 and is_told):
            return None
        return max(self._not_before - self.clock(), 1.0) if answer.wait is None else max(answer.wait, 0.1)

    def fault(self, answer: Answer, message: str) -> DeedbookError:
        """The error that an answer is, apart from a limit."""
        status, is_denied = answer.status, answer.status in {401, 403}
        if status in http.PASSING:  # a 503 says that nothing was done
            return PassingError(message, (answer.wait or 0.0) * (status == 503), _LATER)
        if status < 300 or (is_denied and not (self.token and answer.kind != "text/html")):
            # not what is documented, such as the page of a proxy
            return RemoteError(message, "try again later, or see in a browser what the server says")
        if status in http.REDIRECTS:
            return StatusError(f"{message}: what is there has moved", status, "correct the address in deedbook.toml")
        return StatusError(message, status, _MAY_WRITE * is_denied)

    def _said(self, answer: Answer, content: bytes, where: str) -> str:
        """What the server said of it, on one line and without secrets."""
        try:
            said = _json(answer, content, where)
            parts = [str(said.get("message", ""))]
            for error in said.get("errors") or []:
                words = error.get("messages") or [error.get("message") or error.get("code") or ""]
                parts.append(f"{error.get('field', '')}: {' '.join(map(str, words))}")
        except RemoteError:
            return " with a web page" if b"<html" in content[:2_000].lower() else ""
        except (AttributeError, TypeError):  # another JSON than these services send
            return ""
        text = " ".join(self._without_secret("; ".join(filter(None, parts))).split())
        return f": {text[:500]}" if text else ""

    def _without_secret(self, text: str) -> str:
        return text.replace(self.token, "***") if self.token else text


def _json(answer: Answer, content: bytes, where: str) -> Any:
    """The body as JSON.

    Raises:
        RemoteError: when it is something else, such as the web page of a proxy.
    """
    if answer.kind != "application/json" and not answer.kind.endswith("+json"):
        raise RemoteError(f"{where} answered with {answer.kind or 'no type'} in place of JSON", _LATER)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise RemoteError(f"{where} answered with damaged JSON", _LATER) from None


def or_found(call: Callable[[], T], look: Callable[[], T | None]) -> T:
    """What a call returns, or, when its answer was lost, what it made.

    Raises:
        RemoteError: that of the call, when it made nothing.
    """
    try:
        return call()
    except RemoteError:
        found = look()
        if not found:
            raise
        return found


def is_own(url: str, base: str) -> bool:
    """Whether credentials for `base` may go to `url`: the same host, or its sibling for uploads, and never in clear."""
    theirs, own = urlsplit(url), urlsplit(base)
    if theirs.scheme != own.scheme or theirs.hostname is None or own.hostname is None:
        return False
    first, _, domain = own.hostname.partition(".")
    return theirs.hostname == own.hostname or (first == "api" and theirs.hostname == f"uploads.{domain}")


class Draft(Protocol):
    """One release on its way to a service, as the service sees it now."""

    client: Client
    site: str
    label: str
    """What people call the draft."""
    people: str
    """Whom to ask when the service breaks its word."""
    passing: frozenset[int]
    """The refusals of an upload after which another try may help."""
    mend: str
    """What to do with a draft that is not the release."""
    sizes: dict[str, int]
    """The bytes of each file that it must have, by name."""

    def entries(self, facts: Facts, /) -> dict[str, Mapping[str, Any]] | None:
        """What the service says of the files that it has, by name; None when they are fixed."""

    def is_whole(self, name: str, entry: Mapping[str, Any], /) -> bool:
        """Whether that is the file; what is not is removed, unless this refuses it."""

    def remove(self, name: str, entry: Mapping[str, Any], facts: Facts, /) -> None:
        """Takes a file out of the draft."""

    def send(self, name: str, facts: Facts, progress: Progress, /) -> None:
        """Uploads a file that it does not have."""

    def faults(self, facts: Facts, /) -> list[str]:
        """What else keeps it from being exactly the release."""

    def is_public(self, facts: Facts, /) -> bool:
        """Whether it is published."""

    def make_public(self, facts: Facts, /) -> None:
        """Publishes it."""

    def content(self, name: str, /) -> PublishableFile:
        """What anybody must get."""

    def address(self, name: str, entry: Mapping[str, Any], facts: Facts, /) -> str:
        """Where anybody gets it."""


@dataclass(slots=True)
class Deposit:
    """What is done with a draft; what it has is asked for once, and again after every change."""

    draft: Draft
    _known: dict[str, Mapping[str, Any]] | EllipsisType | None = field(default=..., init=False)

    def steps(self, publish: str) -> list[Step]:
        """From the uploads to the proof of what is public; `publish` says what the step that publishes is about."""
        sizes = self.draft.sizes.items()
        puts = [
            Step(f"upload {name}", f"upload {name}", partial(self.put, name), size, always=True) for name, size in sizes
        ]
        proofs = [
            Step(f"read back {name}", f"download {name} and compare it", partial(self.read_back, name), size)
            for name, size in sizes
        ]
        compare = Step("compare", "compare the draft with the release", self.compare, always=True)
        return [*puts, compare, Step("publish", publish, self.publish), *proofs]

    def entries(self, facts: Facts, *, anew: bool = False) -> dict[str, Mapping[str, Any]] | None:
        """What the draft has; None when that is fixed."""
        if anew or self._known is ...:
            self._known = self.draft.entries(facts)
        return self._known

    def has(self, name: str, facts: Facts) -> bool:
        """Whether the draft has a file whole; what a broken upload left is removed."""
        entries = self.entries(facts)
        if entries is None or name not in entries:
            return entries is None
        is_whole = self.draft.is_whole(name, entries[name])
        if not is_whole:
            self.remove(name, facts)
        return is_whole

    def remove(self, name: str, facts: Facts) -> None:
        """Takes a file out of the draft."""
        self.draft.remove(name, (self.entries(facts) or {})[name], facts)
        self._known = ...

    def put(self, name: str, facts: Facts, progress: Progress) -> None:
        """Uploads a file, unless it is there."""

        def send() -> None:
            self._known = ...
            self.draft.send(name, facts, progress)

        self._until(partial(self.has, name, facts), send, f"{name} did not arrive at {self.draft.site}")

    def compare(self, facts: Facts, _progress: Progress) -> None:
        """Refuses a draft that is not exactly the release: nothing can be mended after it is public."""
        if self.entries(facts, anew=True) is None:
            return
        faults = [f"lacks {name}" for name in self.draft.sizes if not self.has(name, facts)]
        others = sorted((self.entries(facts) or {}).keys() - self.draft.sizes.keys())
        faults += [*(f"also has {name}" for name in others), *self.draft.faults(facts)]
        if faults:
            raise RefusalError(f"{self.draft.label} at {self.draft.site} {'; '.join(faults[:5])}", self.draft.mend)

    def publish(self, facts: Facts, _progress: Progress) -> None:
        """Publishes the draft, unless it is; the call is never repeated blindly."""
        is_public, make_public = partial(self.draft.is_public, facts), partial(self.draft.make_public, facts)
        self._until(is_public, make_public, f"{self.draft.label} is not public at {self.draft.site} yet")
        self._known = ...  # the public addresses are new

    def read_back(self, name: str, facts: Facts, progress: Progress) -> Facts:
        """Proves that anybody gets what was uploaded."""
        draft, entry = self.draft, (self.entries(facts) or {}).get(name, {})
        file, url = draft.content(name), draft.address(name, entry, facts)
        if http.digest(url, file.size, progress, draft.client.sleep) != (file.size, file.sha256):
            hint = f"do not announce it; ask {draft.people} what happened"
            raise RefusalError(f"{url} is not what was uploaded", hint)
        return {"mirror": url.removesuffix(quote(name))}

    def _until(self, is_done: Callable[[], bool], act: Callable[[], None], failure: str) -> None:
        """Acts until it is done, looking before and after.

        Raises:
            RemoteError: when it is not.
        """
        cause: RemoteError | StatusError = RemoteError(failure, "publish again")
        for _ in range(ATTEMPTS):
            if is_done():
                return
            try:
                act()
            except (RemoteError, StatusError) as error:
                if isinstance(error, StatusError) and error.status not in self.draft.passing:
                    raise
                cause = error
        if not is_done():
            raise cause
