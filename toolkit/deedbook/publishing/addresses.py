"""Addresses of deposits: whom credentials may go to, what messages show of an address, and who is calling."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from urllib.parse import urljoin, urlsplit

from deedbook import __version__
from deedbook.errors import RefusalError


def is_own(url: str, base: str) -> bool:
    """Whether credentials for `base` may go to `url`: the same host, or its sibling for uploads, and never in clear."""
    theirs, own = urlsplit(url), urlsplit(base)
    if theirs.scheme != own.scheme or theirs.hostname is None or own.hostname is None:
        return False
    if theirs.hostname == own.hostname:
        return True
    first, _, domain = own.hostname.partition(".")
    return first == "api" and theirs.hostname == f"uploads.{domain}"


@cache
def user_agent() -> str:
    """`deedbook/VERSION (address of the project)`; services turn nameless clients away."""
    try:
        known = metadata.metadata("deedbook")
        addresses = [text.rpartition(",")[2].strip() for text in known.get_all("Project-URL") or ()]
    except metadata.PackageNotFoundError:
        addresses = []
    return f"deedbook/{__version__}" + (f" ({addresses[0]})" if addresses else " (dataset release tool)")


def identity() -> dict[str, str]:
    """The headers that say who is calling."""
    return {"User-Agent": user_agent()}


def next_address(url: str, target: str) -> str:
    """Where a redirect leads.

    Raises:
        RefusalError: when that is not safe.
    """
    following = urljoin(url, target)
    old, new = urlsplit(url), urlsplit(following)
    if new.scheme not in {"http", "https"} or (old.scheme == "https" and new.scheme != "https"):
        raise RefusalError(f"{place(url)} redirects to an address that is not safe", "nothing was read from there")
    return following


def place(url: str) -> str:
    """An address for messages: no query, since that may hold a signature, and no credentials."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
