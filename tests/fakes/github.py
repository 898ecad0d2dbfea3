"""GitHub's releases API as its documentation has it: drafts, an upload host, assets with a state, immutable once published.

Four hosts, each a port: the API, the upload host, the web site that redirects a download, and the storage that serves it and
fails whoever sends it a token.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.server import FakeServer, Request, Response

TOKEN = "github-secret-token-0815"  # noqa: S105
READ_ONLY = "github-read-only-token"
HOME = "/repos/owner/data"


@dataclass(slots=True)
class Asset:
    """A file of a release: `starter` while, or after, an upload that did not end."""

    id: int
    name: str
    content: bytes
    state: str = "uploaded"


@dataclass(slots=True)
class Release:
    """A release; nobody but its writers sees a draft."""

    id: int
    tag: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    assets: list[Asset] = field(default_factory=list)


class FakeGitHub(FakeServer):
    """The service with one repository, owner/data."""

    def __init__(self, *, has_digests: bool = True) -> None:
        super().__init__(self._respond, hosts=4)
        self.releases: list[Release] = []
        self.has_digests = has_digests
        self._next = 100
        self._ports = [int(address.rsplit(":", 1)[1].strip("/")) for address in self.addresses]

    @property
    def api(self) -> str:
        """The address of the API."""
        return self.addresses[0].rstrip("/")

    @property
    def published(self) -> list[Release]:
        """The releases that everybody sees."""
        return [release for release in self.releases if not release.draft]

    def _respond(self, request: Request) -> Response:
        _, uploads, site, storage = self._ports
        given = request.headers.get("authorization", "")
        if not request.headers.get("user-agent", "").startswith("deedbook/"):
            return _problem(403, "Request forbidden by administrative rules.")
        if request.port in {site, storage} and given:
            return _problem(400, "Only one auth mechanism allowed")
        if request.port == site:
            return Response(302, b"", {"Location": f"{self.addresses[3]}storage{request.path}?signature=abc"})
        if request.port == storage:
            return self._stored(request)
        limits = {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": "4000",
            "X-RateLimit-Reset": str(int(time.time()) + 3600),
        }
        if given not in {f"Bearer {TOKEN}", f"Bearer {READ_ONLY}"}:
            return Response(401, {"message": "Bad credentials"}, limits)
        if request.method != "GET" and given != f"Bearer {TOKEN}":
            return Response(403, {"message": "Resource not accessible by personal access token"}, limits)
        answer = self._route(request, is_upload=request.port == uploads)
        return Response(answer.status, answer.body, {**limits, **answer.headers})

    def _route(self, request: Request, *, is_upload: bool) -> Response:
        routes: list[tuple[bool, str, str, Callable[..., Response]]] = [
            (False, "GET", f"{HOME}/releases", self._list),
            (False, "POST", f"{HOME}/releases", self._create),
            (False, "GET", rf"{HOME}/releases/tags/([^/]+)", self._by_tag),
            (False, "GET", rf"{HOME}/releases/(\d+)", self._get),
            (False, "PATCH", rf"{HOME}/releases/(\d+)", self._edit),
            (False, "DELETE", rf"{HOME}/releases/(\d+)", self._delete),
            (False, "GET", rf"{HOME}/releases/(\d+)/assets", self._assets),
            (True, "POST", rf"{HOME}/releases/(\d+)/assets", self._upload),
            (False, "DELETE", rf"{HOME}/releases/assets/(\d+)", self._delete_asset),
        ]
        for on_upload, method, pattern, handle in routes:
            match = re.fullmatch(pattern, request.path)
            if on_upload == is_upload and method == request.method and match:
                return handle(request, *match.groups())
        return _problem(404, "Not Found")

    def _list(self, request: Request) -> Response:
        shown = self.releases[::-1]
        return Response(200, [self._shown(release) for release in _page(request, shown)])

    def _create(self, request: Request) -> Response:
        given = request.json()
        if not isinstance(given, dict) or not given.get("tag_name"):
            return _problem(422, "Validation Failed", code="missing_field", field="tag_name")
        is_draft = bool(given.get("draft", False))
        if not is_draft and any(release.tag == given["tag_name"] for release in self.published):
            return _problem(422, "Validation Failed", code="already_exists", field="tag_name")
        release = Release(
            self._id(),
            given["tag_name"],
            given.get("name", ""),
            given.get("body", ""),
            is_draft,
            bool(given.get("prerelease", False)),
        )
        self.releases.append(release)
        return Response(201, self._shown(release))

    def _id(self) -> int:
        self._next += 1
        return self._next

    def _by_tag(self, request: Request, tag: str) -> Response:
        found = [release for release in self.published if release.tag == tag]
        return Response(200, self._shown(found[0])) if found else _problem(404, "Not Found")

    def _get(self, request: Request, number: str) -> Response:
        release = self._release(number)
        return Response(200, self._shown(release)) if release else _problem(404, "Not Found")

    def _edit(self, request: Request, number: str) -> Response:
        release, given = self._release(number), request.json()
        if release is None or not isinstance(given, dict):
            return _problem(404, "Not Found")
        if not release.draft and ({"tag_name", "draft"} & {name for name in given if given[name]}):
            return _problem(422, "Cannot change an immutable release.")
        if given.get("draft") is False and release.draft:
            if any(other.tag == release.tag for other in self.published):
                return _problem(422, "Validation Failed", code="already_exists", field="tag_name")
            release.draft = False
            release.assets = [asset for asset in release.assets if asset.state == "uploaded"]
        release.body = given.get("body", release.body)
        release.name = given.get("name", release.name)
        return Response(200, self._shown(release))

    def _delete(self, request: Request, number: str) -> Response:
        release = self._release(number)
        if release is None:
            return _problem(404, "Not Found")
        self.releases.remove(release)
        return Response(204)

    def _assets(self, request: Request, number: str) -> Response:
        release = self._release(number)
        if release is None:
            return _problem(404, "Not Found")
        return Response(200, [self._asset(release, asset) for asset in _page(request, release.assets)])

    def _upload(self, request: Request, number: str) -> Response:
        release, name = self._release(number), request.query.get("name", "")
        if release is None:
            return _problem(404, "Not Found")
        if not release.draft:
            return _problem(422, "Cannot upload assets to an immutable release.")
        if not name or "content-length" not in request.headers or not request.headers.get("content-type"):
            return _problem(400, "Multipart form data required or missing name")
        if any(asset.name == name for asset in release.assets):
            return _problem(422, "Validation Failed", code="already_exists", field="name")
        asset = Asset(self._id(), name, request.body)
        release.assets.append(asset)
        return Response(201, self._asset(release, asset))

    def broke_off(self, request: Request) -> None:
        """GitHub keeps the name of an upload that broke off, with the state `starter`."""
        match = re.fullmatch(rf"{HOME}/releases/(\d+)/assets", request.path)
        release = self._release(match[1]) if match and request.method == "POST" else None
        if release and release.draft and all(asset.name != request.query["name"] for asset in release.assets):
            release.assets.append(Asset(self._id(), request.query["name"], b"", "starter"))

    def _delete_asset(self, request: Request, number: str) -> Response:
        for release in self.releases:
            for asset in release.assets:
                if asset.id == int(number):
                    if not release.draft:
                        return _problem(422, "Cannot delete assets of an immutable release.")
                    release.assets.remove(asset)
                    return Response(204)
        return _problem(404, "Not Found")

    def _stored(self, request: Request) -> Response:
        match = re.fullmatch(r"/storage/owner/data/releases/download/([^/]+)/([^/]+)", request.path)
        if match is None or request.query.get("signature") != "abc":
            return _problem(404, "Not Found")
        tag, name = match.groups()
        for release in self.published:
            for asset in release.assets:
                if (release.tag, asset.name) == (tag, name):
                    return Response(200, asset.content)
        return _problem(404, "Not Found")

    def _release(self, number: str) -> Release | None:
        return next((release for release in self.releases if release.id == int(number)), None)

    def _shown(self, release: Release) -> dict[str, Any]:
        return {
            "id": release.id,
            "tag_name": release.tag,
            "name": release.name,
            "body": release.body,
            "draft": release.draft,
            "prerelease": release.prerelease,
            "immutable": not release.draft,
            "html_url": f"{self.addresses[2]}owner/data/releases/tag/{release.tag}",
            "upload_url": f"{self.addresses[1]}repos/owner/data/releases/{release.id}/assets{{?name,label}}",
            "assets": [self._asset(release, asset) for asset in release.assets],
        }

    def _asset(self, release: Release, asset: Asset) -> dict[str, Any]:
        place = release.tag if not release.draft else f"untagged-{release.id}"
        digest = f"sha256:{hashlib.sha256(asset.content).hexdigest()}" if self.has_digests else None
        return {
            "id": asset.id,
            "name": asset.name,
            "state": asset.state,
            "size": len(asset.content),
            "digest": digest,
            "browser_download_url": f"{self.addresses[2]}owner/data/releases/download/{place}/{asset.name}",
        }


def _page(request: Request, items: list[Any]) -> list[Any]:
    size, page = min(int(request.query.get("per_page", 30)), 100), int(request.query.get("page", 1))
    return items[(page - 1) * size : page * size]


def _problem(status: int, message: str, **error: str) -> Response:
    return Response(status, {"message": message, **({"errors": [error]} if error else {})})
