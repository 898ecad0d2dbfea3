"""A record at Zenodo: deposited once with one DOI, whatever fails or is killed on the way."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deedbook.errors import RefusalError, RemoteError, UsageError
from deedbook.publishing.steps import Notice, PublishableRelease, Settings
from deedbook.publishing.targets.zenodo import zenodo_target
from tests.cli.conftest import deedbook, project
from tests.cli.project import Outcome, write_project
from tests.fakes.invenio import PREFIX, READ_ONLY, TOKEN, FakeInvenio, Version
from tests.fakes.server import FAULTS, Plan
from tests.publishing.deposits import (
    STEPS,
    attempt,
    demand_no_secret,
    demand_told_to_reader,
    deposit,
    digests,
    do,
    expected,
    fail_everywhere,
    kill_everywhere,
    lose_journal,
    make_deposit,
    make_target,
)

__all__ = ["deedbook", "project"]  # fixtures here too


@pytest.fixture
def zenodo() -> Iterator[FakeInvenio]:
    fake = FakeInvenio()
    yield fake
    fake.close()


@pytest.fixture
def release(tmp_path: Path) -> PublishableRelease:
    return make_deposit(tmp_path / "release")


def contents(version: Version) -> dict[str, bytes]:
    return {name: file.content or b"" for name, file in version.files.items()}


def demand(fake: FakeInvenio, release: PublishableRelease, is_finished: bool) -> None:
    """What is public is whole; at the end there is one record with one DOI, and no draft."""
    for one in fake.published:
        assert digests(contents(one)) == dict(expected(release))
    assert len(fake.published) <= 1
    if is_finished:
        assert len(fake.versions) == 1
        assert fake.drafts == []


def reserve(fake: FakeInvenio, version: str = "1.0.0") -> str:
    target = make_target(fake)
    assert target.kind == "zenodo"
    return target.reserve("deeds", version, "2026-11-22")["doi"]  # type: ignore[union-attr]


def test_a_record_has_metadata_files_and_doi(zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path) -> None:
    facts = deposit(zenodo, release, tmp_path)
    demand(zenodo, release, True)
    record = zenodo.published[0]
    assert record.public is not None
    described = record.public["metadata"]
    assert described["title"] == "Deeds & words"
    assert described["description"] == "<p>Who did &lt;what&gt;.</p>"
    assert described["creators"][0]["person_or_org"]["identifiers"][0]["identifier"] == "0000-0002-1825-0097"
    assert described["rights"] == [{"id": "cc0-1.0"}]
    assert facts["doi"] == f"{PREFIX}/zenodo.{record.id}"
    assert facts["concept_doi"] == f"{PREFIX}/zenodo.{record.parent}"
    assert facts["mirror"] == f"{zenodo.addresses[0]}records/{record.id}/files/"


def test_again_it_changes_nothing_also_without_its_journal(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(zenodo, release, tmp_path)
    lose_journal(tmp_path)
    zenodo.restart()
    deposit(zenodo, release, tmp_path)
    assert {request.method for request in zenodo.log} == {"GET"}


def test_downloads_carry_no_credentials(zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path) -> None:
    deposit(zenodo, release, tmp_path)
    public = [request for request in zenodo.log if request.path.startswith("/records/")]
    assert len(public) == len(release.files)
    assert all("authorization" not in request.headers for request in public)


def test_other_content_of_the_version_is_refused(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(zenodo, release, tmp_path)
    lose_journal(tmp_path)
    assert attempt(zenodo, make_deposit(tmp_path / "other", content="changed"), tmp_path) == 4
    demand(zenodo, release, True)


@pytest.mark.parametrize("imports_files", [False, True])
def test_the_next_version_has_its_own_doi_the_same_concept_and_only_its_own_files(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path, imports_files: bool
) -> None:
    zenodo.imports_files = imports_files
    first = deposit(zenodo, release, tmp_path)
    second = make_deposit(tmp_path / "second", "1.1.0")
    found = deposit(zenodo, second, tmp_path)
    assert found["concept_doi"] == first["concept_doi"]
    assert found["doi"] != first["doi"]
    assert [digests(contents(one)) for one in zenodo.published] == [dict(expected(release)), dict(expected(second))]
    assert zenodo.drafts == []


def test_a_stale_draft_of_the_next_version_is_emptied_and_used(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(zenodo, release, tmp_path)
    zenodo.imports_files = True
    old = zenodo.published[0]
    make_target(zenodo).client.call("POST", f"records/{old.id}/versions", ok=[201])
    second = make_deposit(tmp_path / "second", "1.1.0")
    deposit(zenodo, second, tmp_path)
    assert [digests(contents(one)) for one in zenodo.published] == [dict(expected(release)), dict(expected(second))]


def test_an_unfinished_draft_of_another_version_is_not_taken(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(zenodo, release, tmp_path)
    reserve(zenodo, "2.0.0")
    assert attempt(zenodo, make_deposit(tmp_path / "second", "1.1.0"), tmp_path) == 4
    assert len(zenodo.published) == 1


def test_a_reserved_doi_is_that_of_the_record(zenodo: FakeInvenio, tmp_path: Path) -> None:
    doi = reserve(zenodo)
    assert reserve(zenodo) == doi
    assert len(zenodo.versions) == 1
    release = make_deposit(tmp_path / "release", doi=doi)
    assert deposit(zenodo, release, tmp_path)["doi"] == doi
    demand(zenodo, release, True)
    with pytest.raises(RefusalError, match="is published"):
        reserve(zenodo)
    assert reserve(zenodo, "1.1.0") == reserve(zenodo, "1.1.0") != doi


def test_a_reserved_doi_is_found_before_the_index_has_seen_it(tmp_path: Path) -> None:
    zenodo = FakeInvenio()
    release = make_deposit(tmp_path / "release", doi=reserve(zenodo))
    zenodo.is_lagging = True
    deposit(zenodo, release, tmp_path)
    demand(zenodo, release, True)
    zenodo.close()


def test_a_doi_in_the_files_that_nobody_reserved_is_refused(zenodo: FakeInvenio, tmp_path: Path) -> None:
    release = make_deposit(tmp_path / "release", doi="10.5072/zenodo.77")
    assert attempt(zenodo, release, tmp_path) == 4
    assert zenodo.versions == {}


def test_a_reservation_survives_any_fault_at_any_call() -> None:
    for kind in FAULTS:
        for number in range(1, 9):
            zenodo = FakeInvenio()
            zenodo.restart(Plan(faults={number: kind}))
            dois = []
            for _ in range(3):
                with suppress(RemoteError):
                    dois.append(reserve(zenodo))
                zenodo.restart()
            assert len(set(dois)) == 1
            assert len(dois) >= 2
            assert len(zenodo.versions) == 1, (kind, number)
            zenodo.close()


def test_more_files_than_a_record_holds_go_into_one_archive(zenodo: FakeInvenio, tmp_path: Path) -> None:
    release = make_deposit(tmp_path / "release", files=110)
    deposit(zenodo, release, tmp_path)
    files = contents(zenodo.published[0])
    assert len(files) <= 100
    with zipfile.ZipFile(io.BytesIO(files.pop("deeds-1.0.0-more.zip"))) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        files |= {name: archive.read(name) for name in archive.namelist()}
    assert digests(files) == dict(expected(release))
    lose_journal(tmp_path)
    zenodo.restart()
    deposit(zenodo, release, tmp_path)
    assert {request.method for request in zenodo.log} == {"GET"}


def test_a_draft_that_somebody_discarded_is_made_again(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    zenodo.restart(Plan(stop=lambda number, _when: zenodo.versions.clear() if number == 12 else None))
    assert attempt(zenodo, release, tmp_path) == 4
    zenodo.restart()
    deposit(zenodo, release, tmp_path)
    demand(zenodo, release, True)


def test_metadata_that_the_service_does_not_accept_is_said_before_publishing(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    (release.folder / "datacite.json").write_text('{"titles": [{"title": "x"}]}')
    assert attempt(zenodo, release, tmp_path) == 4
    assert zenodo.published == []


def test_a_yank_is_a_note_and_can_be_taken_back(
    zenodo: FakeInvenio, release: PublishableRelease, tmp_path: Path
) -> None:
    facts = deposit(zenodo, release, tmp_path)
    target = make_target(zenodo)
    record = zenodo.published[0]
    assert record.public is not None
    before = record.public["metadata"]
    for _ in range(2):
        do(target.notice(Notice("deeds", "1.0.0", "Wrong <dates>", "1.0.1")))
    assert record.public["metadata"]["additional_descriptions"] == [
        {"description": "<p>Withdrawn: Wrong &lt;dates&gt; Use version 1.0.1 instead.</p>", "type": {"id": "notes"}}
    ]
    assert record.public["pids"]["doi"]["identifier"] == facts["doi"]
    do(target.notice(Notice("deeds", "1.0.0", None)))
    assert record.public["metadata"] == before
    assert zenodo.drafts == []
    demand(zenodo, release, True)


def test_a_token_that_may_only_read_is_told_so(zenodo: FakeInvenio, release: PublishableRelease) -> None:
    demand_told_to_reader(zenodo, release, READ_ONLY)
    assert zenodo.versions == {}


def test_without_a_token_it_does_not_start() -> None:
    with pytest.raises(UsageError, match="no token"):
        zenodo_target(Settings("archive", Path(), {"type": "zenodo"}), {})


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", FAULTS)
def test_any_fault_at_any_call_ends_well(kind: str, step: int, release: PublishableRelease, tmp_path: Path) -> None:
    fail_everywhere(kind, FakeInvenio, release, tmp_path, demand, step)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_every_call_and_in_every_upload_it_finishes_the_second_time(
    release: PublishableRelease, tmp_path: Path, capsys: pytest.CaptureFixture[str], step: int
) -> None:
    killed = kill_everywhere("zenodo", FakeInvenio, release, tmp_path, demand, step)
    with capsys.disabled():
        print(f"\n  zenodo: killed at {killed} points")  # noqa: T201  # the count is the proof
    assert killed > 40 / step


def test_plan_reserves_one_doi_a_version_that_stands_in_its_files_and_is_that_of_the_record(
    project: Path, deedbook: Callable[..., Outcome], zenodo: FakeInvenio, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project)
    with (project / "deedbook.toml").open("a") as file:
        file.write(f'[targets.archive]\ntype = "zenodo"\napi = "{zenodo.api}"\ncatalogue = "public"\n')
        file.write('[targets.public]\ntype = "directory"\npath = "site"\n')
    without = deedbook("plan", "--write", "--date", "2026-11-22", "--reserve", "archive")
    assert (without.code, zenodo.versions) == (2, {})
    assert "no token" in without.err
    monkeypatch.setenv("ZENODO_TOKEN", TOKEN)
    said = [deedbook("plan", "--write", "--date", "2026-11-22", "--reserve", "archive") for _ in range(2)]
    assert [outcome.code for outcome in said] == [0, 0]
    doi = f"{PREFIX}/zenodo.{next(iter(zenodo.versions))}"
    descriptor = json.loads((project / "data" / "datapackage.json").read_text())
    assert descriptor["deedbook"]["doi"] == {"version": "1.0.0", "doi": doi}

    said.append(deedbook("build"))
    folder = project / "dist" / "small" / "1.0.0"
    for name in (
        "CITATION.cff",
        "datacite.json",
        "datapackage.json",
        "croissant.json",
        "dcat.ttl",
        "index.html",
        "load.py",
    ):
        assert (doi in (folder / name).read_text()) is (name != "load.py"), name
    too_early = deedbook("publish", "--to", "archive")
    assert too_early.code == 4
    assert "publish it there first" in too_early.err
    said += [deedbook("publish", "--to", target) for target in ("public", "archive", "archive")]
    assert [outcome.code for outcome in said] == [0] * 6, said[-1].err
    entry = json.loads((project / "site" / "catalog.json").read_text())["datasets"]["small"]["versions"][0]
    assert entry["doi"] == doi
    assert entry["concept_doi"] == f"{PREFIX}/zenodo.{zenodo.published[0].parent}"
    assert entry["mirrors"] == [f"{zenodo.addresses[0]}records/{zenodo.published[0].id}/files/"]
    assert len(zenodo.versions) == 1
    record = zenodo.published[0].public
    assert record is not None
    assert record["pids"]["doi"]["identifier"] == doi
    assert {file.name for file in folder.iterdir()} == set(zenodo.published[0].files)
    assert "nothing to release" in deedbook("plan").out

    with (project / "data" / "events.csv").open("a") as file:
        file.write("c,2024-01-05,2024-01-06\n")
    said.append(deedbook("plan", "--write", "--date", "2026-11-23", "--reserve", "archive"))
    said += [deedbook("build"), *(deedbook("publish", "--to", target) for target in ("public", "archive"))]
    assert [outcome.code for outcome in said[6:]] == [0] * 4, said[-1].err
    assert len({one.parent for one in zenodo.published}) == 1
    assert f"{PREFIX}/zenodo.{zenodo.published[1].parent}" in (folder.parent / "1.1.0" / "CITATION.cff").read_text()

    monkeypatch.setenv("ZENODO_TOKEN", "wrong-secret")
    said.append(deedbook("yank", "1.0.0", "--reason", "Wrong dates", "--to", "archive"))
    assert said[-1].code == 4
    assert not any(secret in outcome.out + outcome.err for outcome in said for secret in (TOKEN, "wrong-secret"))
    demand_no_secret(project)
