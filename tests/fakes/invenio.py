"""An InvenioRDM that holds to its documentation (records API), as Zenodo runs it, and to what its users found out.

Bearer tokens; the InvenioRDM form only to who asks for it; drafts that say what is wrong with them; reserved DOIs that an update
must send back; files that are started, filled and committed; one draft per concept; a new version with the same files
is refused; nothing of a published record changes but its metadata; rate-limit headers; public files without a token.
"""

from __future__ import annotations

import copy
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.fakes.server import FakeServer, Request, Response

TOKEN = "zenodo-secret-token-4711"  # noqa: S105
READ_ONLY = "zenodo-read-only-token"
FORM = "application/vnd.inveniordm.v1+json"
PREFIX = "10.5072"
MOST_FILES = 100


@dataclass(slots=True)
class File:
    """A file of a draft or record; `content` is None until it was sent."""

    content: bytes | None = None
    is_committed: bool = False

    @property
    def md5(self) -> str:
        return hashlib.md5(self.content or b"", usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Version:
    """A record: published when `public` is set, being edited or not yet published when `draft` is."""

    id: str
    parent: str
    index: int
    draft: dict[str, Any] | None
    public: dict[str, Any] | None = None
    files: dict[str, File] = field(default_factory=dict)


class FakeInvenio(FakeServer):
    """The service; `versions` by record id is what it stores."""

    def __init__(self, *, is_lagging: bool = False) -> None:
        super().__init__(self._respond)
        self.versions: dict[str, Version] = {}
        self._next = 1000
        self.is_lagging = is_lagging
        self.left = 100
        self.imports_files = False

    @property
    def api(self) -> str:
        """The address of the API."""
        return f"{self.addresses[0]}api"

    @property
    def published(self) -> list[Version]:
        """The records that everybody sees."""
        return [one for one in self.versions.values() if one.public]

    @property
    def drafts(self) -> list[Version]:
        """The records that are being written or edited."""
        return [one for one in self.versions.values() if one.draft]

    def _respond(self, request: Request) -> Response:
        self.left -= 1
        limits = {
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": str(self.left % 100 or 100),
            "X-RateLimit-Reset": str(int(time.time()) + 60),
        }
        given = request.headers.get("authorization", "")
        if given not in {"", f"Bearer {TOKEN}", f"Bearer {READ_ONLY}"}:
            return Response(
                401, {"status": 401, "message": "The server could not verify that you are authorized."}, limits
            )
        answer = self._route(request)
        is_record = isinstance(answer.body, dict) and "metadata" in answer.body and "key" not in answer.body
        if is_record and FORM not in request.headers.get("accept", ""):
            answer = Response(
                answer.status, {"id": int(answer.body["id"]), "conceptrecid": answer.body["parent"]["id"]}
            )
        return Response(answer.status, answer.body, {**limits, **answer.headers})

    def _route(self, request: Request) -> Response:
        for method, pattern, is_open, handle in self._routes():
            match = re.fullmatch(pattern, request.path)
            if method == request.method and match:
                given = request.headers.get("authorization", "")
                if not is_open and given != f"Bearer {TOKEN}":
                    return _problem(403, "Permission denied.")
                return handle(request, *(unquote(part) for part in match.groups()))
        return _problem(404, "The requested URL was not found on the server.")

    def _routes(self) -> list[tuple[str, str, bool, Callable[..., Response]]]:
        draft = r"/api/records/([^/]+)/draft"
        return [
            ("POST", "/api/records", False, self._create),
            ("GET", "/api/user/records", False, self._list),
            ("GET", draft, False, self._get_draft),
            ("PUT", draft, False, self._update),
            ("POST", draft, False, self._edit),
            ("DELETE", draft, False, self._discard),
            ("POST", rf"{draft}/pids/doi", False, self._reserve),
            ("GET", rf"{draft}/files", False, self._files),
            ("POST", rf"{draft}/files", False, self._start),
            ("DELETE", rf"{draft}/files/([^/]+)", False, self._remove),
            ("PUT", rf"{draft}/files/([^/]+)/content", False, self._content),
            ("POST", rf"{draft}/files/([^/]+)/commit", False, self._commit),
            ("POST", rf"{draft}/actions/publish", False, self._publish),
            ("POST", r"/api/records/([^/]+)/versions", False, self._new_version),
            ("GET", r"/api/records/([^/]+)/versions/latest", True, self._latest),
            ("GET", r"/api/records/([^/]+)", True, self._get),
            ("GET", r"/records/([^/]+)/files/([^/]+)", True, self._download),
        ]

    def _create(self, request: Request) -> Response:
        given = request.json()
        if not isinstance(given, dict):
            return _problem(400, "Unable to decode JSON data in request body.")
        parent = self._id()
        version = Version(self._id(), parent, 1, _document(given))
        self.versions[version.id] = version
        return Response(201, self._shown(version))

    def _id(self) -> str:
        self._next += 1
        return str(self._next)

    def _list(self, request: Request) -> Response:
        size, page = int(request.query.get("size", 10)), int(request.query.get("page", 1))
        if size > 100:
            return _problem(400, "size: Must be at most 100")
        known = list(self.versions.values())
        if self.is_lagging and known:  # the index has not seen the newest yet
            known = known[:-1]
        if request.query.get("allversions") not in {"true", "1"}:
            known = [one for one in known if one.index == max(o.index for o in known if o.parent == one.parent)]
        shown = [self._shown(one) for one in known[::-1]]
        hits = shown[(page - 1) * size : page * size]
        return Response(200, {"hits": {"hits": hits, "total": len(shown)}, "links": {}, "sortBy": "newest"})

    def _get_draft(self, request: Request, id_: str) -> Response:
        version = self._draft(id_)
        return Response(200, self._shown(version)) if version else _problem(404, "No draft.")

    def _update(self, request: Request, id_: str) -> Response:
        version, given = self._draft(id_), request.json()
        if version is None or version.draft is None:
            return _problem(404, "No draft.")
        if not isinstance(given, dict):
            return _problem(400, "Unable to decode JSON data in request body.")
        version.draft = _document(given)
        return Response(200, self._shown(version))

    def _edit(self, request: Request, id_: str) -> Response:
        version = self.versions.get(id_)
        if version is None or version.public is None:
            return _problem(404, "No record.")
        version.draft = version.draft or copy.deepcopy(version.public)
        return Response(201, self._shown(version))

    def _discard(self, request: Request, id_: str) -> Response:
        version = self._draft(id_)
        if version is None:
            return _problem(404, "No draft.")
        version.draft = None
        if version.public is None:
            del self.versions[id_]
        return Response(204)

    def _reserve(self, request: Request, id_: str) -> Response:
        version = self._draft(id_)
        if version is None or version.draft is None:
            return _problem(404, "No draft.")
        if "doi" in version.draft["pids"]:
            return _problem(400, "A PID already exists for type doi")
        version.draft["pids"]["doi"] = _doi(id_)
        return Response(201, self._shown(version))

    def _files(self, request: Request, id_: str) -> Response:
        version = self._draft(id_)
        if version is None:
            return _problem(404, "No draft.")
        return Response(200, {"enabled": True, "entries": [_entry(key, file) for key, file in version.files.items()]})

    def _start(self, request: Request, id_: str) -> Response:
        version, given = self._open(id_), request.json()
        if version is None:
            return _problem(403, "Permission denied.")
        if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("key") for one in given):
            return _problem(400, "A validation error occurred.")
        for one in given:
            if one["key"] in version.files:
                return _problem(400, f"File with key {one['key']} already exists.")
            if len(version.files) >= MOST_FILES:
                return _problem(400, "Uploading selected files will result in too many files.")
            version.files[one["key"]] = File()
        return Response(201, {"entries": [_entry(key, file) for key, file in version.files.items()]})

    def _remove(self, request: Request, id_: str, key: str) -> Response:
        version = self._open(id_)
        if version is None:
            return _problem(403, "Permission denied.")
        if version.files.pop(key, None) is None:
            return _problem(404, f"Record '{id_}' has no file '{key}'.")
        return Response(204)

    def _content(self, request: Request, id_: str, key: str) -> Response:
        version = self._open(id_)
        if version is None:
            return _problem(403, "Permission denied.")
        file = version.files.get(key)
        if file is None:
            return _problem(404, f"Record '{id_}' has no file '{key}'.")
        if file.is_committed or request.headers.get("content-type") != "application/octet-stream":
            return _problem(400, "The file is committed, or this is no octet stream.")
        file.content = request.body
        return Response(200, _entry(key, file))

    def _commit(self, request: Request, id_: str, key: str) -> Response:
        version = self._open(id_)
        if version is None:
            return _problem(403, "Permission denied.")
        file = version.files.get(key)
        if file is None or file.content is None or file.is_committed:
            return _problem(400, "There is nothing to commit.")
        file.is_committed = True
        return Response(200, _entry(key, file))

    def _publish(self, request: Request, id_: str) -> Response:
        version = self._draft(id_)
        if version is None or version.draft is None:
            return _problem(404, "No draft.")
        errors = _errors(version.draft)
        if version.public is None:
            if not version.files or not all(file.is_committed for file in version.files.values()):
                errors.append({"field": "files.enabled", "messages": ["Missing uploaded files."]})
            others = [one for one in self.published if one.parent == version.parent]
            if any(_sums(one) == _sums(version) for one in others):
                errors.append({"field": "files", "messages": ["Please change the files of a new version."]})
        elif version.public["pids"] != version.draft["pids"]:
            errors.append({"field": "pids", "messages": ["existing DOI, missing from pids"]})
        if errors:
            return Response(400, {"status": 400, "message": "A validation error occurred.", "errors": errors})
        version.draft["pids"].setdefault("doi", _doi(id_))
        version.public, version.draft = version.draft, None
        return Response(202, self._shown(version))

    def _new_version(self, request: Request, id_: str) -> Response:
        version = self.versions.get(id_)
        if version is None or version.public is None:
            return _problem(404, "The persistent identifier is not registered.")
        family = [one for one in self.versions.values() if one.parent == version.parent]
        unfinished = next((one for one in family if one.public is None), None)
        if unfinished is not None:
            return Response(201, self._shown(unfinished))
        latest = max(family, key=lambda one: one.index)
        document = copy.deepcopy(latest.public or {})
        document["pids"] = {}
        for name in ("publication_date", "version"):
            document["metadata"].pop(name, None)
        made = Version(self._id(), version.parent, latest.index + 1, document)
        if self.imports_files:  # as the page and the older API do
            made.files = {key: File(file.content, is_committed=True) for key, file in latest.files.items()}
        self.versions[made.id] = made
        return Response(201, self._shown(made))

    def _latest(self, request: Request, id_: str) -> Response:
        family = [one for one in self.published if id_ in {one.id, one.parent}]
        parents = {one.parent for one in family}
        family = [one for one in self.published if one.parent in parents]
        if not family:
            return _problem(404, "The persistent identifier does not exist.")
        return Response(200, self._shown(max(family, key=lambda one: one.index), is_public=True))

    def _get(self, request: Request, id_: str) -> Response:
        version = self.versions.get(id_)
        if version is None or version.public is None:
            return _problem(404, "The persistent identifier is not registered.")
        return Response(200, self._shown(version, is_public=True))

    def _download(self, request: Request, id_: str, key: str) -> Response:
        version = self.versions.get(id_)
        file = version.files.get(key) if version and version.public else None
        if file is None:
            return _problem(404, "The page could not be found.")
        return Response(200, file.content or b"")

    def _draft(self, id_: str) -> Version | None:
        version = self.versions.get(id_)
        return version if version and version.draft else None

    def _open(self, id_: str) -> Version | None:
        """The draft whose files may change: it was never published."""
        version = self._draft(id_)
        return version if version and version.public is None else None

    def _shown(self, version: Version, *, is_public: bool = False) -> dict[str, Any]:
        document = (None if is_public else version.draft) or version.public or {}
        has_parent = any(one.public for one in self.versions.values() if one.parent == version.parent)
        pids = {"doi": _doi(version.parent)} if has_parent else {}
        errors = _errors(document) if version.draft and not is_public else []
        return {
            "id": version.id,
            "is_published": version.public is not None,
            "is_draft": not is_public and version.draft is not None,
            "parent": {"id": version.parent, "pids": pids},
            "versions": {"index": version.index},
            "links": {"self_html": f"{self.addresses[0]}records/{version.id}"},
            **copy.deepcopy(document),
            **({"errors": errors} if errors else {}),
        }


def _document(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of what was sent: `pids` that are not sent back are lost."""
    known = ("access", "files", "metadata", "pids", "custom_fields")
    return {"metadata": {}, "pids": {}, **{name: copy.deepcopy(given[name]) for name in known if name in given}}


def _errors(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with a draft, as InvenioRDM reports it with a 200."""
    described = document.get("metadata", {})
    found = [name for name in ("title", "publication_date", "resource_type", "creators") if not described.get(name)]
    errors = [{"field": f"metadata.{name}", "messages": ["Missing data for required field."]} for name in found]
    if described.get("resource_type", {}).get("id") not in {None, "dataset"}:
        errors.append({"field": "metadata.resource_type", "messages": ["Invalid value."]})
    for at, creator in enumerate(described.get("creators") or []):
        who = creator.get("person_or_org", {})
        needed = {"personal": "family_name", "organizational": "name"}.get(who.get("type", ""))
        if needed is None or not who.get(needed):
            errors.append({"field": f"metadata.creators.{at}.person_or_org", "messages": ["Invalid."]})
    for at, one in enumerate(described.get("identifiers") or []):
        if one.get("scheme") != "urn" or not str(one.get("identifier", "")).startswith("urn:"):
            errors.append({"field": f"metadata.identifiers.{at}", "messages": ["Invalid identifier."]})
    return errors


def _entry(key: str, file: File) -> dict[str, Any]:
    done = {"checksum": f"md5:{file.md5}", "size": len(file.content or b"")} if file.is_committed else {}
    return {"key": key, "status": "completed" if file.is_committed else "pending", "metadata": None, **done}


def _sums(version: Version) -> dict[str, str]:
    return {key: file.md5 for key, file in version.files.items()}


def _doi(id_: str) -> dict[str, str]:
    return {"identifier": f"{PREFIX}/zenodo.{id_}", "provider": "datacite", "client": "datacite"}


def _problem(status: int, message: str) -> Response:
    return Response(status, {"status": status, "message": message})
