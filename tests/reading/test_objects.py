"""Tables in a bucket, read where they are: the report of the same files."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from deedbook.errors import ProjectError, RemoteError
from deedbook.reading.objects import ObjectPath
from deedbook.validation import Options, validate
from tests.package import fields, make_package
from tests.publishing.conftest import s3 as s3
from tests.publishing.publisher import BUCKET, CREDENTIALS

Upload = Callable[..., list[str]]
NETWORK = Options(allow_network=True)
PEOPLE = fields("id:integer", "name", primaryKey=["id"])


@pytest.fixture
def upload(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upload:
    """Puts objects with these contents into the bucket, and gives their addresses."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)

    def put(**contents: str | bytes) -> list[str]:
        client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
        for name, content in contents.items():
            client.put_object(Bucket=BUCKET, Key=f"{tmp_path.name}/{name}.csv", Body=content)
        return [f"s3://{BUCKET}/{tmp_path.name}/{name}.csv" for name in contents]

    return put


def test_objects_are_read_as_the_files_that_they_are(upload: Upload, tmp_path: Path) -> None:
    urls = upload(a="id,name\n1,x\ny,z\n", b="id,name\n1,again\n")
    report = validate(make_package(tmp_path, schemas={"people": PEOPLE}, resources={"people": {"path": urls}}), NETWORK)
    assert [(it.path, it.row, it.rule) for it in report.findings] == [
        (urls[0], 3, "type-error"),
        (urls[1], 2, "primary-key"),
    ]
    assert report.tables[0].rows == 3


def test_a_packed_object_is_unpacked(upload: Upload, tmp_path: Path) -> None:
    urls = upload(a=gzip.compress(b"id,name\nx,y\n"))
    resources = {"people": {"path": urls, "compression": "gz"}}
    report = validate(make_package(tmp_path, schemas={"people": PEOPLE}, resources=resources), NETWORK)
    assert [it.rule for it in report.findings] == ["type-error"]


def test_an_object_that_is_not_there_is_a_finding(upload: Upload, tmp_path: Path) -> None:
    upload(a="id,name\n")
    urls = [f"s3://{BUCKET}/{tmp_path.name}/missing.csv"]
    report = validate(make_package(tmp_path, schemas={"people": PEOPLE}, resources={"people": {"path": urls}}), NETWORK)
    assert [(it.rule, it.message) for it in report.findings] == [
        ("scheme-error", "the file missing.csv does not exist")
    ]


def test_without_leave_no_bucket_is_asked(tmp_path: Path) -> None:
    resources = {"people": {"path": ["s3://bucket/people.csv"]}}
    report = validate(make_package(tmp_path, schemas={"people": PEOPLE}, resources=resources))
    assert [it.message for it in report.findings] == [
        "s3://bucket/people.csv is on another machine, which was not asked"
    ]


def test_an_object_that_changes_while_it_is_read_is_said(upload: Upload) -> None:
    path = ObjectPath.of(upload(a="old")[0])
    with path.open() as file:
        upload(a="new")
        with pytest.raises(RemoteError, match=r"a\.csv changed while it was read"):
            file.read(3)


def test_a_range_is_read_from_where_one_is(upload: Upload) -> None:
    path = copy.deepcopy(ObjectPath.of(upload(a="0123456789")[0]))  # as it is sent to executors
    with path.open() as file:
        file.seek(2)
        assert [file.read(3), file.read(99), file.read(1)] == [b"234", b"56789", b""]
        assert (file.seek(-1, 2), file.tell()) == (9, 9)
    assert (path.stat().st_size, path.is_file(), path.is_dir()) == (10, True, False)


@pytest.mark.parametrize("url", ["s3://bucket", "s3://", "s3://bucket/a//b", "s3://bucket/a/./b"])
def test_an_address_that_no_path_can_be_is_refused(url: str) -> None:
    with pytest.raises(ProjectError, match="is no address of an object"):
        ObjectPath.of(url)
