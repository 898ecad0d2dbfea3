"""Puts the RO-Crate context into the HTTP cache of roc-validator, which otherwise asks the web for it.

Run with the Python that has roc-validator and rocrate; the argument is the path of the cache.
"""

from __future__ import annotations

import importlib.resources
import io
import sys
from typing import Any

import requests  # type: ignore[import-untyped,unused-ignore]
import urllib3
from requests.adapters import BaseAdapter  # type: ignore[import-untyped,unused-ignore]
from requests_cache import CachedSession  # type: ignore[import-not-found,unused-ignore]

ADDRESSES = ("https://w3id.org/ro/crate/1.1/context",)


class Stored(BaseAdapter):
    """Answers every request with the context that the package rocrate ships."""

    def send(self, request: Any, *_: Any, **__: Any) -> Any:
        """The stored answer."""
        content = (importlib.resources.files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
        headers = {"Content-Type": "application/ld+json"}
        response = requests.models.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers.update(headers)
        response.raw = urllib3.HTTPResponse(io.BytesIO(content), headers, 200, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""


def main(cache: str) -> None:
    """Asks for the contexts once, through the cache."""
    with CachedSession(cache, backend="sqlite", expire_after=-1, allowable_methods=("GET",)) as session:
        session.mount("https://", Stored())
        for address in ADDRESSES:
            session.get(address)


if __name__ == "__main__":
    main(sys.argv[1])
