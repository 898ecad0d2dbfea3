"""An S3 on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from tests.documents import REPOSITORY
from tests.publishing.publisher import BUCKET, CREDENTIALS


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that has the bucket, and ends with the tests."""
    environment = {**os.environ, **CREDENTIALS, "PYTHONPATH": os.pathsep.join(["toolkit", "."])}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.publishing.s3_server"],
        cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "moto does not start"
        make_bucket(address)
        yield address
    finally:
        process.kill()
        process.communicate()


def make_bucket(address: str) -> None:
    import boto3

    keys = {f"{name.lower()}": value for name, value in CREDENTIALS.items()}
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket=BUCKET)


def ask(address: str, path: str) -> str:
    """What the server's own pages say."""
    with urllib.request.urlopen(f"{address}{path}", timeout=30) as answer:  # noqa: S310  # loopback
        return str(answer.read().decode())
