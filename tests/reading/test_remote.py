"""Tables on other machines are read only when the network was allowed; what cannot be had stops the command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, RemoteError
from deedbook.validation import Options, validate
from tests.package import fields, make_package, one, places

SCHEMA = fields("id:integer", "name")
ALLOWED = Options(allow_network=True)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield folder, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_remote_table_is_read_when_the_network_is_allowed(tmp_path: Path, served: tuple[Path, str]) -> None:
    folder, address = served
    (folder / "a.csv").write_bytes(b"id,name\nx,Laos\n")
    (folder / "b.csv").write_bytes(b"id,name\n1,Laos\n1.5,Chad\n")
    urls = [f"{address}/a.csv", f"{address}/b.csv?download=1"]
    project = make_package(tmp_path, resources={"data": {"path": urls, "schema": SCHEMA, "bytes": 39}})
    report = validate(project, ALLOWED)
    assert places(report) == [
        (2, "id", "type-error"),
        (3, "id", "type-error"),
    ]
    assert [item.path for item in report.findings] == urls
    assert [item.name for item in report.checked if item.column is None] == ["bytes"]


def test_without_leave_a_remote_table_is_a_finding(tmp_path: Path) -> None:
    url = "https://example.org/a.csv"
    project = make_package(tmp_path, resources={"data": {"path": url, "schema": SCHEMA, "hash": "abc"}})
    report = validate(project, Options())
    finding = one(report)
    assert (finding.rule, finding.path) == ("scheme-error", url)
    assert finding.hint == "use --allow-network, or download the file"
    assert [(item.name, item.reason) for item in report.not_checked] == [("hash", "there is no file to compare with")]


def test_what_cannot_be_had_is_an_error_of_the_remote_side(tmp_path: Path, served: tuple[Path, str]) -> None:
    project = make_package(tmp_path, resources={"data": {"path": f"{served[1]}/absent.csv", "schema": SCHEMA}})
    with pytest.raises(RemoteError, match=r"absent\.csv cannot be downloaded: the server says 404"):
        validate(project, ALLOWED)


def test_a_download_has_a_limit(tmp_path: Path, served: tuple[Path, str]) -> None:
    (served[0] / "a.csv").write_bytes(b"id,name\n" * 100)
    project = make_package(tmp_path, resources={"data": {"path": f"{served[1]}/a.csv", "schema": SCHEMA}})
    with pytest.raises(RemoteError, match="more than 100 bytes"):
        validate(project, Options(allow_network=True, max_unpacked=100))


def test_other_schemes_are_never_asked(tmp_path: Path) -> None:
    project = make_package(tmp_path, resources={"data": {"path": "ftp://example.org/a.csv", "schema": SCHEMA}})
    assert one(validate(project, ALLOWED)).rule == "scheme-error"


def test_files_and_addresses_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="mixes files and addresses"):
        make_package(tmp_path, resources={"data": {"path": ["a.csv", "https://example.org/b.csv"]}})
