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
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from deedbook.errors import ProjectError, RefusalError
from deedbook.publishing.deposit import Client, Deposit, Upload, or_found
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableFile, PublishableRelease, Settings, Step
from deedbook.release.pages import render

_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_TAG = re.compile(r"[A-Za-z0-9._+/-]+")
_MARKER = re.compile(r"<!-- deedbook release ([^ ]+) ([^ ]+) sha256:([0-9a-f]{64}) -->")
_WITHDRAWN = re.compile(r"^> \*\*Withdrawn\.\*\*.*\n\n", re.MULTILINE)
_MOST_FILES = 1000
_LARGEST = (2 << 30) - 1


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
    hint = "set GITHUB_TOKEN to one that may write the repository's contents"
    token = settings.token(environment, hint, "GITHUB_TOKEN", "GH_TOKEN")
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    client = Client(settings.address("api", "https://api.github.com"), token, headers)
    return GitHub(settings.name, repository, tag, settings.text("catalogue", ""), client)


@dataclass(frozen=True, slots=True)
class GitHub:
    """The releases of one repository."""

    name: str
    repository: str
    tag: str
    catalogue: str
    client: Client
    kind: str = "github"

    @property
    def address(self) -> str:
        """Which repository it is."""
        return f"{self.client.base}repos/{self.repository}"

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """What makes the release public, in order."""
        too_large = [file.name for file in release.files if file.size > _LARGEST]
        if too_large or len(release.files) > _MOST_FILES:
            what = f"{too_large[0]} is larger than 2 GiB" if too_large else f"there are over {_MOST_FILES} files"
            raise RefusalError(f"GitHub takes no such release: {what}", "publish it to a bucket or to Zenodo")
        draft = _Draft(self, release)
        find = Step("draft", f"find or open the draft release {draft.tag}", draft.find, always=True)
        return [find, *Deposit(draft).steps(f"publish the release {draft.tag}")]

    def notice(self, notice: Notice) -> Sequence[Step]:
        """A line at the top of the release's notes."""

        def run(_facts: Facts, _progress: Progress) -> None:
            found = [one for one in self.marked(notice.name, notice.version) if not one["draft"]]
            if not found:
                what = f"{self.repository} has no release of {notice.name} {notice.version}"
                raise RefusalError(what, "publish it there first")
            body = _WITHDRAWN.sub("", str(found[0]["body"]))
            if notice.reason is not None:
                reason = " ".join(notice.reason.split()).replace("<", "&lt;")
                instead = f" Use {notice.replaced_by} instead." if notice.replaced_by else ""
                body = f"> **Withdrawn.** {reason}{instead}\n\n{body}"
            if body != found[0]["body"]:
                self.client.call("PATCH", self.path(f"/{found[0]['id']}"), ok=[200], data={"body": body})

        return [Step("notice", f"say so in the notes of the release at {self.repository}", run)]

    def path(self, rest: str = "") -> str:
        """An address below the repository's releases."""
        return f"{self.address}/releases{rest}"

    def marked(self, name: str, version: str) -> list[dict[str, Any]]:
        """The releases, drafts among them, whose marker has that name and version; what is public first, then the oldest."""
        found = []
        for one in self.client.pages(self.path(), "per_page"):
            marker = _MARKER.search(str(one.get("body") or ""))
            if marker and marker.group(1, 2) == (name, version):
                found.append({**one, "digest": marker[3]})
        return sorted(found, key=lambda one: (bool(one["draft"]), int(one["id"])))


class _Draft:
    """One release on its way; see `deposit.Draft`."""

    people = "GitHub"
    passing = frozenset({422})
    mend = "delete that draft and publish again"

    def __init__(self, target: GitHub, release: PublishableRelease) -> None:
        self.client, self.site = target.client, target.repository
        self.target, self.release = target, release
        self.tag = target.tag.format(name=release.name, version=release.version)
        self.label = f"the draft {self.tag}"
        self.files = {file.name: file for file in release.files}
        self.sizes = {file.name: file.size for file in release.files}

    def find(self, _facts: Facts, _progress: Progress) -> Facts:
        """The draft or release of this very content, which is made when there is none."""
        release = self.release
        wanted = {
            "tag_name": self.tag,
            "name": f"{release.manifest.get('title') or release.name} {release.version}",
            "body": render("github.md.j2", release=release).strip(),
            "draft": True,
            "prerelease": "-" in release.version,
        }
        make = partial(self.client.call, "POST", self.target.path(), ok=[201], data=wanted)
        found = self._look() or or_found(make, self._look)
        return {"github_id": str(found["id"]), "upload": str(found["upload_url"]).partition("{")[0]}

    def _look(self) -> Any:
        """What is there of it; of several drafts that lost answers have left, the first stays."""
        release, path = self.release, self.target.path
        found = self.target.marked(release.name, release.version)
        if other := next((one for one in found if one["digest"] != release.release_sha256), None):
            state = "draft" if other["draft"] else "release"
            raise RefusalError(
                f"{self.site} has a {state} of {release.name} {release.version} with other content",
                "delete it on GitHub if it is a draft; a version is never rewritten: plan a new one",
            )
        tagged = path(f"/tags/{quote(self.tag)}")
        if all(one["draft"] for one in found) and self.client.call("GET", tagged, ok=[200, 404]):
            hint = "choose another `tag` in deedbook.toml, or plan a new version"
            raise RefusalError(f"{self.site} has a release {self.tag} that was not made from this content", hint)
        for spare in found[1:]:
            if spare["draft"]:
                self.client.call("DELETE", path(f"/{spare['id']}"), ok=[204, 404])
        return next(iter(found), None)

    def entries(self, facts: Facts) -> dict[str, Mapping[str, Any]]:
        """The assets by name."""
        items = self.client.pages(self.target.path(f"/{facts['github_id']}/assets"), "per_page")
        return {str(item["name"]): item for item in items}

    def is_whole(self, name: str, entry: Mapping[str, Any]) -> bool:
        """By digest where GitHub tells one, else the public download proves it."""
        file = self.files[name]
        if entry.get("state") != "uploaded":
            return False
        if entry.get("size") != file.size or entry.get("digest") not in {None, f"sha256:{file.sha256}"}:
            raise RefusalError(
                f"{name} of the release {self.tag} at {self.site} has other content",
                "somebody changed it: delete that draft and publish again; a published one needs a new version",
            )
        return True

    def remove(self, _name: str, entry: Mapping[str, Any], _facts: Facts) -> None:
        """Removes an asset."""
        self.client.call("DELETE", self.target.path(f"/assets/{entry['id']}"), ok=[204, 404])

    def send(self, name: str, facts: Facts, progress: Progress) -> None:
        """Puts a file into the draft."""
        upload = Upload(self.release.folder / name, self.sizes[name], progress)
        self.client.call("POST", f"{facts['upload']}?{urlencode({'name': name})}", ok=[201], upload=upload)

    def faults(self, _facts: Facts) -> list[str]:
        """None but those of its files."""
        return []

    def is_public(self, facts: Facts) -> bool:
        """Whether it is no longer a draft."""
        return not self.client.call("GET", self.target.path(f"/{facts['github_id']}"), ok=[200])["draft"]

    def make_public(self, facts: Facts) -> None:
        """Makes the draft a release."""
        wanted = {"draft": False, "make_latest": "legacy"}
        self.client.call("PATCH", self.target.path(f"/{facts['github_id']}"), ok=[200], data=wanted)

    def content(self, name: str) -> PublishableFile:
        """A file of the release."""
        return self.files[name]

    def address(self, _name: str, entry: Mapping[str, Any], _facts: Facts) -> str:
        """As GitHub names it."""
        return str(entry["browser_download_url"])
