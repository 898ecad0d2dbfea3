from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, UsageError
from deedbook.site.server import HOST, Preview, bounds, preview_of, server_of


@pytest.fixture
def served(root: Path) -> Iterator[tuple[Preview, int]]:
    with preview_of(root, lambda _text: None) as preview:
        preview.renew()
        with server_of(preview, 0) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            yield preview, server.server_address[1]
            server.shutdown()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_pages_and_files_of_the_catalogue_are_answered(served: tuple[Preview, int], root: Path) -> None:
    _, port = served
    status, headers, content = ask(port, "/site/en/index.html")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"/.deedbook/reload.js" in content
    assert ask(port, "/deeds/1.0.0/events.csv")[2] == (root / "deeds/1.0.0/events.csv").read_bytes()
    assert ask(port, "/")[1]["Location"] == "/site/index.html"
    assert ask(port, "/site/en")[1]["Location"] == "/site/en/index.html"
    assert ask(port, "//evil.example/..%2f")[0] in {302, 404}


def test_a_range_of_bytes_is_what_was_asked_for(served: tuple[Preview, int], root: Path) -> None:
    _, port = served
    whole = (root / "deeds/1.0.0/events.parquet").read_bytes()
    path = "/deeds/1.0.0/events.parquet"
    status, headers, content = ask(port, path, Range="bytes=4-9")
    assert (status, headers["Content-Range"], content) == (206, f"bytes 4-9/{len(whole)}", whole[4:10])
    assert ask(port, path, Range="bytes=-8")[2] == whole[-8:]
    assert ask(port, path, Range=f"bytes={len(whole)}-")[0] == 416
    assert ask(port, path)[2] == whole
    status, headers, content = ask(port, path, "HEAD")
    assert (status, headers["Content-Length"], content) == (200, str(len(whole)), b"")


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/site/..%2f..%2fx", "/nothing", "/deeds/..\\x", "/a%00b"],
)
def test_nothing_outside_is_answered(served: tuple[Preview, int], path: str) -> None:
    assert ask(served[1], path)[0] == 404


def test_a_link_that_leads_out_of_the_catalogue_is_not_followed(served: tuple[Preview, int], root: Path) -> None:
    (root.parent / "secret.txt").write_text("x")
    (root / "leak.txt").symlink_to(root.parent / "secret.txt")
    assert ask(served[1], "/leak.txt")[0] == 404


def test_another_name_for_this_machine_is_refused(served: tuple[Preview, int]) -> None:
    assert ask(served[1], "/site/index.html", Host="evil.example:80")[0] == 421


def test_the_state_is_another_one_when_the_catalogue_changed(served: tuple[Preview, int], root: Path) -> None:
    preview, port = served
    before = ask(port, "/.deedbook/state")[2]
    path = root / "catalog.json"
    path.write_bytes(path.read_bytes().replace(b'"sequence": 2', b'"sequence": 3'))
    preview.renew()
    assert ask(port, "/.deedbook/state")[2] != before


def test_the_pages_are_gone_at_the_end_and_the_catalogue_is_as_it_was(root: Path) -> None:
    before = sorted(root.rglob("*"))
    with preview_of(root, lambda _text: None) as preview:
        preview.renew()
        assert (preview.pages / "en" / "index.html").is_file()
    assert not preview.pages.exists()
    assert sorted(root.rglob("*")) == before


def test_no_catalogue_and_a_taken_port_are_said(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError), preview_of(tmp_path / "none", lambda _text: None):
        pass
    with preview_of(root, lambda _text: None) as preview, server_of(preview, 0) as server:
        port = server.server_address[1]
        with pytest.raises(UsageError, match="cannot be used"):
            server_of(preview, port)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", (0, 10)),
        ("bytes=0-", (0, 10)),
        ("bytes=2-3", (2, 4)),
        ("bytes=2-99", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=10-", None),
        ("bytes=5-2", None),
        ("bytes=-0", None),
        ("bytes=1-2,4-5", (0, 10)),
        ("lines=1-2", (0, 10)),
        ("bytes=-", (0, 10)),
    ],
)
def test_a_range_is_read_as_http_says(asked: str, found: tuple[int, int] | None) -> None:
    assert bounds(asked, 10) == found
