"""`type = "github"`: a release of a GitHub repository, written as a draft, compared, and then published.

repository  owner/name
api         of a GitHub Enterprise server: https://HOST/api/v3; by default that of github.com
tag         by default `v{version}`; `{name}` is the dataset's name
catalogue   the target in whose catalogue the address is noted

The last line of a release's notes is a marker with name, version and digest: by it an earlier, unfinished draft is found, whatever
was lost here. GITHUB_TOKEN or GH_TOKEN must be allowed to write contents. A published release is never changed, but for the
notes when a version is withdrawn; so it may be immutable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from deedbook import http
from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError
from deedbook.publishing.api import Client, StatusError, Upload
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableFile, PublishableRelease, Step
from deedbook.publishing.targets.settings import Settings

_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_TAG = re.compile(r"[A-Za-z0-9._+/-]+")
_MARKER = re.compile(r"<!-- deedbook release ([^ ]+) ([^ ]+) sha256:([0-9a-f]{64}) -->")
_WITHDRAWN = re.compile(r"^> \*\*Withdrawn\.\*\*.*\n\n", re.MULTILINE)
_MOST_FILES = 1000
_LARGEST = (2 << 30) - 1
_PAGE = 100
_MOST_PAGES = 100
_ATTEMPTS = 3


def github_target(settings: Settings, environment: Mapping[str, str] = os.environ) -> GitHub:
    """The target that settings describe.

    Raises:
        UsageError: when there is no token in the environment.
        ProjectError: when a setting is wrong.
    """
    settings.only("repository", "api", "tag", "catalogue")
    repository, tag = settings.text("repository"), settings.text("tag", "v{version}")
    if not _REPOSITORY.fullmatch(repository):
        raise ProjectError(f"{settings.where}: `repository` is {repository!r}", 'write it as "owner/name"')
    if "{version}" not in tag or not _TAG.fullmatch(tag.replace("{version}", "").replace("{name}", "") or "v"):
        raise ProjectError(f"{settings.where}: `tag` is {tag!r}", 'write it with {version}, e.g. "v{version}"')
    token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or ""
    if not token.strip():
        raise UsageError(
            f"{settings.where}: there is no token", "set GITHUB_TOKEN to one that may write the repository's contents"
        )
    api = settings.address("api", "https://api.github.com")
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    return GitHub(
        settings.name, repository, api, tag, settings.text("catalogue", ""), Client(api, token.strip(), headers)
    )


@dataclass(frozen=True, slots=True)
class GitHub:
    """The releases of one repository."""

    name: str
    repository: str
    api: str
    tag: str
    catalogue: str
    client: Client
    kind: str = "github"
    store: None = None

    @property
    def address(self) -> str:
        """Which repository it is."""
        return f"{self.api}repos/{self.repository}"

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """What makes the release public, in order."""
        too_large = [file.name for file in release.files if file.size > _LARGEST]
        if too_large or len(release.files) > _MOST_FILES:
            what = f"{too_large[0]} is larger than 2 GiB" if too_large else f"there are over {_MOST_FILES} files"
            raise RefusalError(f"GitHub takes no such release: {what}", "publish it to a bucket or to Zenodo")
        deposit = _Deposit(self, release)
        uploads = [deposit.upload_step(file) for file in release.files]
        proofs = [deposit.proof_step(file) for file in release.files]
        return [
            Step("draft", f"find or open the draft release {deposit.tag}", deposit.find, always=True),
            *uploads,
            Step("compare", "compare the draft with the release", deposit.compare, always=True),
            Step("publish", f"publish the release {deposit.tag}", deposit.publish),
            *proofs,
        ]

    def notice(self, notice: Notice) -> Sequence[Step]:
        """A line at the top of the release's notes."""

        def run(_facts: Facts, _progress: Progress) -> Facts:
            found = [one for one in self.marked(notice.name, notice.version) if not one["draft"]]
            if not found:
                raise RefusalError(
                    f"{self.repository} has no release of {notice.name} {notice.version}", "publish it there first"
                )
            body = _WITHDRAWN.sub("", str(found[0]["body"]))
            if notice.reason is not None:
                reason = " ".join(notice.reason.split()).replace("<", "&lt;")
                instead = f" Use {notice.replaced_by} instead." if notice.replaced_by else ""
                body = f"> **Withdrawn.** {reason}{instead}\n\n{body}"
            if body != found[0]["body"]:
                self.client.call("PATCH", self.path(f"/{found[0]['id']}"), ok=[200], data={"body": body})
            return {}

        return [Step("notice", f"say so in the notes of the release at {self.repository}", run)]

    def path(self, rest: str = "") -> str:
        """An address below the repository's releases."""
        return f"{self.address}/releases{rest}"

    def marked(self, name: str, version: str) -> list[dict[str, Any]]:
        """The releases, drafts among them, whose marker has that name and version; oldest first."""
        found = []
        for one in self.pages(self.path()):
            marker = _MARKER.search(str(one.get("body") or ""))
            if marker and marker.group(1, 2) == (name, version):
                found.append({**one, "digest": marker[3]})
        return sorted(found, key=lambda one: int(one["id"]))

    def pages(self, address: str) -> list[dict[str, Any]]:
        """All items of a list."""
        items: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            query = urlencode({"per_page": _PAGE, "page": page})
            more = self.client.call("GET", f"{address}?{query}", ok=[200]).json()
            if not isinstance(more, list):
                raise RemoteError(f"{address} answered with no list", "try again later")
            items += more
            if len(more) < _PAGE:
                break
        return items


@dataclass(slots=True)
class _Deposit:
    """One release on its way; `assets` by name are what the draft has, None when that is not known."""

    target: GitHub
    release: PublishableRelease
    assets: dict[str, dict[str, Any]] | None = field(default=None)

    @property
    def tag(self) -> str:
        return self.target.tag.format(name=self.release.name, version=self.release.version)

    def find(self, _facts: Facts, _progress: Progress) -> Facts:
        """The draft or release of this very content, which is made when there is none."""
        found = self._look()
        if found is None:
            wanted = {
                "tag_name": self.tag,
                "name": f"{self.release.manifest.get('title') or self.release.name} {self.release.version}",
                "body": self._notes(),
                "draft": True,
                "prerelease": "-" in self.release.version,
            }
            try:
                found = self.target.client.call("POST", self.target.path(), ok=[201], data=wanted).json()
            except RemoteError:
                found = self._look()
                if found is None:
                    raise
        return {"github_id": str(found["id"]), "upload": str(found["upload_url"]).partition("{")[0]}

    def _look(self) -> dict[str, Any] | None:
        """What is there of it; of several drafts that lost answers have left, the first stays."""
        target, release = self.target, self.release
        found = target.marked(release.name, release.version)
        for one in found:
            if one["digest"] != release.release_sha256:
                state = "draft" if one["draft"] else "release"
                raise RefusalError(
                    f"{target.repository} has a {state} of {release.name} {release.version} with other content",
                    "delete it on GitHub if it is a draft; a version is never rewritten: plan a new one",
                )
        tag = target.path(f"/tags/{quote(self.tag)}")
        if all(one["draft"] for one in found) and target.client.call("GET", tag, ok=[200, 404]).status == 200:
            raise RefusalError(
                f"{target.repository} has a release {self.tag} that was not made from this content",
                "choose another `tag` in deedbook.toml, or plan a new version",
            )
        found.sort(key=lambda one: (bool(one["draft"]), int(one["id"])))
        for spare in found[1:]:
            if spare["draft"]:
                target.client.call("DELETE", target.path(f"/{spare['id']}"), ok=[204, 404])
        return next(iter(found), None)

    def _notes(self) -> str:
        release = self.release
        lines = [
            str(release.package.get("description") or ""),
            f"DOI: https://doi.org/{release.doi}" if release.doi else "",
        ]
        lines.append("`sha256sum -c SHA256SUMS` proves the files; CHANGELOG.md says what changed.")
        marker = f"<!-- deedbook release {release.name} {release.version} sha256:{release.release_sha256} -->"
        return "\n\n".join(line for line in (*lines, marker) if line)

    def upload_step(self, file: PublishableFile) -> Step:
        """Puts a file into the draft, unless it is there."""

        def run(facts: Facts, progress: Progress) -> Facts:
            for number in range(_ATTEMPTS):
                if self._has(facts, file):
                    return {}
                query = urlencode({"name": file.name})
                upload = Upload(self.release.folder / file.name, file.size, progress)
                try:
                    self.target.client.call("POST", f"{facts['upload']}?{query}", ok=[201], upload=upload)
                except (RemoteError, StatusError) as error:
                    is_known = isinstance(error, StatusError) and error.status != 422
                    if is_known or number == _ATTEMPTS - 1:
                        raise
                self.assets = None
            if not self._has(facts, file):
                raise RemoteError(f"{file.name} did not arrive at {self.target.repository}", "publish again")
            return {}

        return Step(f"upload {file.name}", f"upload {file.name}", run, size=file.size, always=True)

    def _has(self, facts: Facts, file: PublishableFile) -> bool:
        """Whether the draft has the file; the stump of a broken upload is removed."""
        asset = self._listed(facts).get(file.name)
        if asset is None:
            return False
        if asset.get("state") != "uploaded":
            self.target.client.call("DELETE", self.target.path(f"/assets/{asset['id']}"), ok=[204, 404])
            self.assets = None
            return False
        if not _is_same(asset, file):
            raise RefusalError(
                f"{file.name} of the release {self.tag} at {self.target.repository} has other content",
                "somebody changed it: delete that draft and publish again; a published one needs a new version",
            )
        return True

    def _listed(self, facts: Facts) -> dict[str, dict[str, Any]]:
        if self.assets is None:
            items = self.target.pages(self.target.path(f"/{facts['github_id']}/assets"))
            self.assets = {str(item["name"]): item for item in items}
        return self.assets

    def compare(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft has every file, and nothing else."""
        self.assets = None
        missing = [file.name for file in self.release.files if not self._has(facts, file)]
        extra = sorted(self._listed(facts).keys() - {file.name for file in self.release.files})
        if missing or extra:
            what = f"lacks {missing[0]}" if missing else f"also has {extra[0]}"
            raise RefusalError(
                f"the draft {self.tag} at {self.target.repository} {what}", "delete that draft and publish again"
            )
        return {}

    def publish(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft is public; an answer that was lost is replaced by looking."""
        client, path = self.target.client, self.target.path(f"/{facts['github_id']}")
        self.assets = None  # their public addresses are new
        for number in range(_ATTEMPTS):
            shown = client.call("GET", path, ok=[200]).json()
            if not shown["draft"]:
                return {}
            wanted = {"draft": False, "make_latest": "legacy"}
            try:
                client.call("PATCH", path, ok=[200], data=wanted)
            except RemoteError:
                if number == _ATTEMPTS - 1 and client.call("GET", path, ok=[200]).json()["draft"]:
                    raise
        return {}

    def proof_step(self, file: PublishableFile) -> Step:
        """Downloads a file as anybody can, and compares it."""

        def run(facts: Facts, progress: Progress) -> Facts:
            url = str(self._listed(facts)[file.name]["browser_download_url"])
            if http.digest(url, file.size, progress, self.target.client.sleep) != (file.size, file.sha256):
                raise RefusalError(f"{url} is not what was uploaded", "do not announce it; ask GitHub what happened")
            return {"mirror": url.removesuffix(quote(file.name))}

        return Step(f"read back {file.name}", f"download {file.name} and compare it", run, size=file.size)


def _is_same(asset: Mapping[str, Any], file: PublishableFile) -> bool:
    """By size, and by digest where GitHub tells one; what it does not tell is proved by the public download."""
    digest = asset.get("digest")
    return asset.get("size") == file.size and digest in {None, f"sha256:{file.sha256}"}
