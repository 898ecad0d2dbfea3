"""Reads back over the public address what has been published, as any reader would: without credentials."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from deedbook import __version__
from deedbook.errors import RefusalError, RemoteError
from deedbook.publishing.steps import Progress, PublishableFile

_CHUNK = 1 << 20


def check_public(address: str, file: PublishableFile, progress: Progress) -> None:
    """Proves that the file below a public address is the published one.

    Args:
        address: Ends in `/`.
        file: What must be there.
        progress: Told of the bytes that were read.

    Raises:
        RemoteError: when it is not there, or not yet.
        RefusalError: when something else is.
    """
    import urllib3

    url = address + quote(file.name)
    digest, size = hashlib.sha256(), 0
    retries = urllib3.Retry(total=4, backoff_factor=0.5, backoff_jitter=0.5, status_forcelist=(429, 500, 502, 503, 504))
    try:
        with urllib3.PoolManager(retries=retries, timeout=urllib3.Timeout(connect=10, read=60)) as pool:
            headers = {
                "User-Agent": f"deedbook/{__version__}",
                "Accept-Encoding": "identity",
                "Cache-Control": "no-cache",
            }
            answer = pool.request("GET", url, headers=headers, preload_content=False)
            if answer.status != 200:
                raise RemoteError(
                    f"{url} answers {answer.status}",
                    "is `url` the public address of the target? else publish again later",
                )
            while (chunk := answer.read(_CHUNK)) and size <= file.size:
                digest.update(chunk)
                size += len(chunk)
                progress(len(chunk))
            answer.release_conn()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise RemoteError(f"{url}: {error}", "publish again; nothing is done twice") from None
    if size != file.size or digest.hexdigest() != file.sha256:
        raise RefusalError(
            f"{url} is not what was published: {size} bytes with the sha256 {digest.hexdigest()}, "
            f"not {file.size} with {file.sha256}",
            "is something between the target and its `url` out of date, or changing files?",
        )
