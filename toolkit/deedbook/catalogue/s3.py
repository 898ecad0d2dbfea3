"""A catalogue in an S3-compatible bucket: every write is conditional, so that the bucket itself decides who comes first.

    PREFIX/NAME/VERSION/FILE    small files by one put with `If-None-Match: *`
    PREFIX/.upload/SHA256       a large file in parts, then copied to its name, again only if nothing stands there, and removed
    PREFIX/.upload/probe        shows that the bucket honours conditions at all; some S3-compatible ones ignore them

Credentials come from the environment (`AWS_*`) and go nowhere else. An upload that was killed leaves parts that only a
lifecycle rule of the bucket removes (`AbortIncompleteMultipartUpload`).
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import obstore
from obstore import exceptions
from obstore.store import S3Store as Bucket

from deedbook import __version__
from deedbook.catalogue.records import LARGEST
from deedbook.catalogue.store import ConflictError, ExistsError, Progress, Versioned
from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError
from deedbook.release.formats import media_type

RETRIES = 5
_CREDENTIALS = (
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
)
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_TOKEN", "AWS_ACCESS_KEY_ID")
_PART = 8 << 20
"""Bytes of a part; a file up to this size goes in one request."""
_LARGEST_FILE = 5 << 30
"""What S3 copies in one request."""
_PROBE = ".upload/probe"
_PROBES = ("create", "create", {"e_tag": '"0123456789abcdef0123456789abcdef"'})
"""Modes of putting it: whatever stands there, the last two must fail."""
_DENIED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError)
_CONFLICTS = (exceptions.PreconditionError, exceptions.AlreadyExistsError, FileNotFoundError)


@dataclass(frozen=True)
class S3Store:
    """A store whose root is a prefix in a bucket.

    Attributes:
        bucket: Its name.
        prefix: Below which the catalogue is; empty for the root of the bucket.
        endpoint: Of an S3-compatible service; empty for AWS.
        region: Empty for what the environment says.
        environment: Where the credentials are.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def where(self) -> str:
        """What people call it."""
        return f"s3://{self.bucket}/{self.prefix.strip('/')}".rstrip("/") + "/"

    def probe(self) -> None:
        """Shows that the bucket can be written and honours conditions.

        Raises:
            UsageError: when there are no credentials.
            RefusalError: when they do not suffice, or a condition is ignored.
        """
        for number, mode in enumerate(_PROBES):
            with self._errors(_PROBE), suppress(exceptions.AlreadyExistsError, exceptions.PreconditionError):
                obstore.put(self._bucket, _PROBE, b"deedbook\n", mode=mode)  # type: ignore[arg-type]
                if number:
                    message = f"{self.where}: this store ignores conditions on a put, so that it cannot keep published files safe"
                    raise RefusalError(message, "use a store that supports If-None-Match and If-Match")

    def read(self, path: str) -> Versioned | None:
        """A small document with its ETag; None when there is none."""
        with self._errors(path), suppress(FileNotFoundError):
            found = obstore.get(self._bucket, path)
            if found.meta["size"] > LARGEST:
                raise ProjectError(f"{self.where}{path}: is larger than {LARGEST >> 20} MB, so it is no document")
            return Versioned(bytes(found.bytes()), found.meta["e_tag"] or "")
        return None

    def size(self, path: str) -> int | None:
        """The bytes of an object; None when there is none."""
        with self._errors(path), suppress(FileNotFoundError):
            return obstore.head(self._bucket, path)["size"]
        return None

    def digest(self, path: str) -> str | None:
        """The sha256 of an object, by downloading it; None when there is none."""
        digest = hashlib.sha256()
        with self._errors(path), suppress(FileNotFoundError):
            for chunk in obstore.get(self._bucket, path).stream(min_chunk_size=1 << 20):
                digest.update(chunk)
            return digest.hexdigest()
        return None

    def put_new(self, path: str, file: Path, sha256: str, progress: Progress) -> None:
        """Uploads a file to where nothing is.

        Raises:
            ExistsError: when something is there.
            RefusalError: when the file does not have that sha256, or is too large.
            RemoteError: when the upload failed.
        """
        size = file.stat().st_size
        if size > _LARGEST_FILE:
            message = f"{file} is larger than the 5 GB that S3 copies at once"
            raise RefusalError(message, "use a directory target for it")
        with self._errors(path):
            try:
                if size > _PART:
                    self._put_large(path, file, sha256, progress)
                else:
                    content = file.read_bytes()
                    _demand(hashlib.sha256(content).hexdigest(), sha256, file)
                    attributes = {
                        "Content-Type": media_type(path),
                        "Cache-Control": "public, max-age=31536000, immutable",
                    }
                    obstore.put(self._bucket, path, content, attributes=attributes, mode="create")
                    progress(size)
            except exceptions.AlreadyExistsError:
                message = f"{self.where}{path} exists already"
                raise ExistsError(message, "a published file is never rewritten") from None

    def _put_large(self, path: str, file: Path, sha256: str, progress: Progress) -> None:
        """Uploads a file in parts; raises `AlreadyExistsError` when something is there."""
        if self.size(path) is not None:
            raise exceptions.AlreadyExistsError(path)
        parts, digest = f".upload/{sha256}", hashlib.sha256()
        writer = obstore.open_writer(self._bucket, parts, buffer_size=_PART, max_concurrency=4)
        with file.open("rb") as source, writer:
            while chunk := source.read(1 << 20):
                digest.update(chunk)
                writer.write(chunk)
                progress(len(chunk))
        _demand(digest.hexdigest(), sha256, file)
        try:
            obstore.copy(self._bucket, parts, path, overwrite=False)
        except FileNotFoundError:
            if self.size(path) is None:
                raise
            raise exceptions.AlreadyExistsError(path) from None  # somebody else uploaded the same and was done first
        finally:
            self.tidy([sha256])

    def replace(self, path: str, content: bytes, tag: str | None) -> str:
        """Puts a document in place of the one with that ETag.

        Raises:
            ConflictError: when another one is there.
        """
        attributes = {"Content-Type": media_type(path), "Cache-Control": "no-cache"}
        with self._errors(path):
            try:
                mode = "create" if tag is None else {"e_tag": tag}
                done = obstore.put(self._bucket, path, content, attributes=attributes, mode=mode)  # type: ignore[arg-type]
            except _CONFLICTS:
                raise ConflictError(f"{self.where}{path} was replaced by somebody else", "publish again") from None
        return done["e_tag"] or ""

    def sizes(self) -> dict[str, int]:
        """The bytes of every object of a version, by path."""
        with self._errors(""):
            found = [item for batch in obstore.list(self._bucket) for item in batch]
        return {item["path"]: item["size"] for item in found if item["path"].count("/") == 2}  # NAME/VERSION/FILE

    def tidy(self, digests: Iterable[str]) -> None:
        """Removes what interrupted uploads of these files left."""
        for digest in digests:
            with suppress(exceptions.BaseError, OSError):
                obstore.delete(self._bucket, f".upload/{digest}")

    @cached_property
    def _bucket(self) -> Bucket:
        """The bucket, once credentials are there; without this check the client would ask the network for some."""
        if not any(all(self.environment.get(name) for name in names) for names in _CREDENTIALS):
            hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
            raise UsageError(f"{self.where}: there are no credentials", hint)
        is_elsewhere = self.endpoint and not self.environment.get("AWS_REGION")
        settings = {
            "endpoint": self.endpoint.rstrip("/"),
            "region": self.region or ("us-east-1" if is_elsewhere else ""),
        }
        return Bucket(
            self.bucket,
            prefix=self.prefix.strip("/") or None,
            copy_if_not_exists="multipart",
            conditional_put="etag",
            client_options={
                "allow_http": self.endpoint.startswith("http:"),
                "connect_timeout": timedelta(seconds=10),
                "timeout": timedelta(minutes=10),
                "user_agent": f"deedbook/{__version__}",
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(minutes=2)},
            **{name: value for name, value in settings.items() if value},  # type: ignore[arg-type]
        )

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        """Turns what the client raises into what a person can act on; nothing secret is in it."""
        try:
            yield
        except (exceptions.BaseError, OSError) as error:
            told = str(error).split("\n")[0][:400]
            for secret in filter(None, map(self.environment.get, _SECRETS)):
                told = told.replace(secret, "***")
            if isinstance(error, _DENIED):
                message = f"{self.where}{path}: the credentials do not allow this: {told}"
                hint = "give them the rights to get, put and delete objects below that prefix"
                raise RefusalError(message, hint) from None
            if isinstance(error, FileNotFoundError):
                raise ProjectError(f"{self.where}: {told}", "does the bucket exist?") from None
            raise RemoteError(f"{self.where}{path}: {told}", "publish again; nothing is done twice") from None


def _demand(found: str, wanted: str, file: Path) -> None:
    if found != wanted:
        raise RefusalError(f"{file} was changed while it was being published", "build and verify it again")
