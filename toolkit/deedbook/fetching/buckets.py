"""A file of an S3-compatible bucket, through obstore.

Endpoint, region and credentials come from the environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID ...); without
credentials the requests are anonymous, as for a public bucket.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from deedbook.errors import RemoteError
from deedbook.fetching.locations import Address
from deedbook.fetching.transport import CONNECT_TIMEOUT, READ_TIMEOUT, USER_AGENT, Body, MissingError, PassingError

if TYPE_CHECKING:
    from obstore.store import S3Store

_CHUNK = 1 << 20
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


def from_bucket(address: Address, start: int, stop: int | None) -> Body:
    """The object from byte `start` to before `stop`.

    Raises:
        MissingError: when there is none.
        PassingError: when the bucket cannot be reached.
        RemoteError: when it refuses.
    """
    import obstore
    from obstore import exceptions

    path = address.text.removeprefix(address.root)
    try:
        if stop is not None:
            answer = obstore.get(_store(address.root), path, options={"range": (start, stop)})
        elif start:
            answer = obstore.get(_store(address.root), path, options={"range": {"offset": start}})
        else:
            answer = obstore.get(_store(address.root), path)
        tag, total = answer.meta["e_tag"] or "", answer.meta["size"]
        return Body(answer.range[0], total, tag, _ChunkStream(iter(answer.stream(min_chunk_size=_CHUNK)), address))
    except (FileNotFoundError, exceptions.NotFoundError):
        raise MissingError(f"{address.text}: there is no such object", "check the address") from None
    except (PermissionError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise RemoteError(f"{address.text}: the bucket refuses it", "check AWS_ACCESS_KEY_ID and its rights") from None
    except (exceptions.BaseError, OSError) as error:
        raise PassingError(f"{address.text}: {type(error).__name__}: the bucket cannot be read") from None


@cache
def _store(root: str) -> S3Store:
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    is_anonymous = not any(os.environ.get(name) for name in _CREDENTIALS)
    return S3Store.from_url(
        root.rstrip("/"),
        skip_signature=is_anonymous,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "user_agent": USER_AGENT,
            "connect_timeout": f"{CONNECT_TIMEOUT:.0f}s",
            "timeout": f"{READ_TIMEOUT * 10:.0f}s",
        },
    )


class _ChunkStream:
    """Chunks of any size as reads of the wanted one."""

    def __init__(self, chunks: Iterator[object], address: Address) -> None:
        self._chunks = chunks
        self._address = address
        self._rest = bytearray()

    def read(self, size: int) -> bytes:
        from obstore import exceptions

        try:
            while len(self._rest) < size and (chunk := next(self._chunks, None)) is not None:
                self._rest += memoryview(chunk)  # type: ignore[arg-type]  # has the buffer protocol
        except (exceptions.BaseError, OSError) as error:
            raise PassingError(f"{self._address.text}: {type(error).__name__}: the connection broke") from None
        wanted = bytes(self._rest[:size])
        del self._rest[:size]
        return wanted

    def close(self) -> None:
        self._rest.clear()
