"""A deposit, whatever the service: a draft gets its files, is compared and published once, and is downloaded as anybody can.

A draft looks before it does anything, so that every step may be run again; an answer that was lost is replaced by looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol
from urllib.parse import quote

from deedbook import http
from deedbook.errors import RefusalError, RemoteError
from deedbook.publishing.api import Client, StatusError
from deedbook.publishing.steps import Facts, Progress, PublishableFile, Step

ATTEMPTS = 3
"""Times that something is asked for which asks for the same again when its answer was lost."""


class Draft(Protocol):
    """One release on its way to a service."""

    client: Client
    site: str
    people: str
    """Whom to ask when the service breaks its word."""
    passing: frozenset[int]
    """The refusals of an upload after which another try may help."""

    def compare(self, facts: Facts, progress: Progress, /) -> Facts:
        """Refuses a draft that is not exactly the release: nothing can be mended after it is public."""

    def has(self, name: str, facts: Facts) -> bool:
        """Whether the draft has that file whole, as the service says now; what a broken upload left is removed."""

    def send(self, name: str, facts: Facts, progress: Progress) -> None:
        """Uploads the file."""

    def is_public(self, facts: Facts) -> bool:
        """Whether it is published, as the service says now."""

    def make_public(self, facts: Facts) -> None:
        """Publishes it."""

    def download(self, name: str, facts: Facts) -> tuple[PublishableFile, str]:
        """What anybody must get, and where."""


def deposit_steps(draft: Draft, sizes: Sequence[tuple[str, int]], publish: str) -> list[Step]:
    """From the uploads to the proof of what is public, once there is a draft.

    Args:
        draft: Of the release.
        sizes: Name and bytes of each file.
        publish: What the step that publishes is about.
    """
    return [
        *(
            Step(f"upload {name}", f"upload {name}", partial(_upload, draft, name), size=size, always=True)
            for name, size in sizes
        ),
        Step("compare", "compare the draft with the release", draft.compare, always=True),
        Step("publish", publish, partial(_publish, draft)),
        *(
            Step(f"read back {name}", f"download {name} and compare it", partial(_read_back, draft, name), size=size)
            for name, size in sizes
        ),
    ]


def _upload(draft: Draft, name: str, facts: Facts, progress: Progress) -> Facts:
    for number in range(ATTEMPTS):
        if draft.has(name, facts):
            return {}
        try:
            draft.send(name, facts, progress)
        except (RemoteError, StatusError) as error:
            may_pass = not isinstance(error, StatusError) or error.status in draft.passing
            if not may_pass or (number == ATTEMPTS - 1 and not draft.has(name, facts)):
                raise
    if not draft.has(name, facts):
        raise RemoteError(f"{name} did not arrive at {draft.site}", "publish again")
    return {}


def _publish(draft: Draft, facts: Facts, _progress: Progress) -> Facts:
    for number in range(ATTEMPTS):
        if draft.is_public(facts):
            break
        try:
            draft.make_public(facts)
        except RemoteError:
            if number == ATTEMPTS - 1 and not draft.is_public(facts):
                raise
    return {}


def _read_back(draft: Draft, name: str, facts: Facts, progress: Progress) -> Facts:
    file, url = draft.download(name, facts)
    if http.digest(url, file.size, progress, draft.client.sleep) != (file.size, file.sha256):
        raise RefusalError(f"{url} is not what was uploaded", f"do not announce it; ask {draft.people} what happened")
    return {"mirror": url.removesuffix(quote(name))}
