"""A catalogue in a bucket, on an S3 on loopback."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
import pytest

from deedbook.errors import RefusalError, RemoteError, UsageError
from deedbook.fetching.copies import fetch
from deedbook.fetching.download import GRAIN
from deedbook.fetching.locations import Address, opened
from deedbook.fetching.releases import Asking, find_release
from deedbook.home import Home
from deedbook.http import MissingError
from tests.fetching.catalogues import NAME, asked_for
from tests.publishing.conftest import s3 as s3
from tests.publishing.publisher import BUCKET, CREDENTIALS


@pytest.fixture
def bucket(s3: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The catalogue below a prefix of the bucket."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    prefix = root.parent.name
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    for path in root.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(root)}")
    return f"s3://{BUCKET}/{prefix}"


def test_a_release_is_fetched_from_a_bucket(bucket: str, root: Path, home: Home, tmp_path: Path) -> None:
    listing, _ = find_release(NAME, Asking(bucket), home=home)
    fetch(listing, tmp_path / "out")
    for path in asked_for(root / NAME / "1.1.0"):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_a_bucket_needs_an_extra_and_its_absence_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    address = Address("s3", "s3://bucket/data/", "catalog.json")
    with pytest.raises(UsageError, match="the package obstore is not installed") as raised, opened(address):
        pass
    assert raised.value.hint == "pip install 'deedbook[s3]'"


def test_a_changed_object_is_refused(bucket: str, s3: str, home: Home, tmp_path: Path) -> None:
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.put_object(Bucket=BUCKET, Key=f"{bucket.rpartition('/')[2]}/{NAME}/1.1.0/events.csv", Body=b"x" * 10)
    with pytest.raises(RefusalError, match=r"events\.csv"):
        fetch(find_release(NAME, Asking(bucket), home=home)[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parts_of_an_object_come(bucket: str, s3: str) -> None:
    content = bytes(range(256)) * (GRAIN // 128)
    boto3.client("s3", endpoint_url=s3, region_name="us-east-1").put_object(Bucket=BUCKET, Key="p/big", Body=content)
    address = Address("s3", f"s3://{BUCKET}/p/", "big")
    with opened(address, start=GRAIN + 3, stop=GRAIN + 10) as body:
        assert (body.total, body.stream.read(100)) == (
            2 * GRAIN,
            content[GRAIN + 3 : GRAIN + 10],
        )
    with opened(address, start=5) as body:
        assert body.stream.read(3 * GRAIN) == content[5:]
    with pytest.raises(MissingError), opened(Address("s3", f"s3://{BUCKET}/p/", "no")):
        pass


def test_a_bucket_that_is_not_there_is_named(bucket: str, home: Home) -> None:
    with pytest.raises((UsageError, RemoteError), match="nowhere"):
        find_release(NAME, Asking("s3://nowhere/x"), home=home)
