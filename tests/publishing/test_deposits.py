"""What any deposit leaves in the catalogue that its target names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deedbook.catalogue.records import Entry, read_catalogue_json
from deedbook.errors import ProjectError, RefusalError
from deedbook.project import Project, load_project
from deedbook.publishing.publish import prepare, publish
from deedbook.publishing.steps import Notice, PublishableRelease, Step
from deedbook.publishing.targets import read_target
from tests.publishing.projects import copy_project, everything

FACTS = {"doi": "10.5281/zenodo.2", "concept_doi": "10.5281/zenodo.1", "mirror": "https://a.example/files/"}


@dataclass(frozen=True)
class Deposit:
    """A deposit that is made at once, and counts how often."""

    name: str = "archive"
    kind: str = "zenodo"
    address: str = "https://a.example/"
    store: None = None
    catalogue: str = "public"
    made: list[str] = field(default_factory=list)

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        def run(*_: object) -> dict[str, str]:
            self.made.append(release.version)
            return FACTS

        return [Step("publish", "deposit it", run, size=release.size)]

    def notice(self, notice: Notice) -> Sequence[Step]:
        return [Step("notice", f"say so of {notice.version}", lambda *_: {})]


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Project:
    return load_project(copy_project(built, tmp_path / "project"))


def entry(site: Path) -> Entry:
    found = read_catalogue_json((site / "catalog.json").read_bytes(), "here").entry("items", "1.0.0")
    assert found is not None
    return found


def test_a_deposit_is_noted_in_the_catalogue_once(project: Project, tmp_path: Path) -> None:
    release, deposit = prepare(project.dist / "items" / "1.0.0"), Deposit()
    publish(project, release, read_target(project, "public"))
    assert publish(project, release, deposit).facts.items() >= FACTS.items()
    noted = entry(tmp_path / "site")
    assert (noted.doi, noted.concept_doi, noted.mirrors) == (FACTS["doi"], FACTS["concept_doi"], (FACTS["mirror"],))
    assert FACTS["doi"] in (tmp_path / "site" / "index.html").read_text()
    before = everything(tmp_path / "site")
    publish(project, release, deposit)
    assert everything(tmp_path / "site") == before
    assert deposit.made == ["1.0.0"]


def test_a_deposit_of_what_the_catalogue_does_not_have_is_not_made(project: Project) -> None:
    deposit = Deposit()
    with pytest.raises(RefusalError, match="is not published at `public`") as caught:
        publish(project, prepare(project.dist / "items" / "1.0.0"), deposit)
    assert caught.value.hint == "publish it there first: `deedbook publish 1.0.0 --to public`"
    assert deposit.made == []


def test_a_deposit_without_a_catalogue_stands_alone(project: Project, tmp_path: Path) -> None:
    deposit = Deposit(catalogue="")
    publish(project, prepare(project.dist / "items" / "1.0.0"), deposit)
    assert deposit.made == ["1.0.0"]
    assert not (tmp_path / "site").exists()


def test_a_catalogue_cannot_be_another_deposit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deedbook.publishing.publish.read_target", lambda _project, name: Deposit(name=name))
    with pytest.raises(ProjectError, match="`catalogue` names `public`, which holds none"):
        publish(project, prepare(project.dist / "items" / "1.0.0"), Deposit())
