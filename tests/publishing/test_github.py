"""A release at GitHub: published once, whatever fails or is killed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deedbook.errors import UsageError
from deedbook.publishing.steps import Notice, PublishableRelease, Settings
from deedbook.publishing.targets.github import github_target
from tests.fakes.github import READ_ONLY, Asset, FakeGitHub
from tests.fakes.server import FAULTS, Plan
from tests.publishing.deposits import (
    STEPS,
    attempt,
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


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    yield fake
    fake.close()


@pytest.fixture
def release(tmp_path: Path) -> PublishableRelease:
    return make_deposit(tmp_path / "release")


def demand(fake: FakeGitHub, release: PublishableRelease, is_finished: bool) -> None:
    """What is public is whole; at the end there is one release, and no draft."""
    for one in fake.published:
        assert digests({asset.name: asset.content for asset in one.assets}) == dict(expected(release))
    assert len(fake.published) <= 1
    if is_finished:
        assert [(one.tag, one.draft) for one in fake.releases] == [(f"v{release.version}", False)]


def test_it_is_a_draft_until_every_file_is_there(
    github: FakeGitHub, release: PublishableRelease, tmp_path: Path
) -> None:
    facts = deposit(github, release, tmp_path)
    demand(github, release, True)
    assert facts["mirror"] == f"{github.addresses[2]}owner/data/releases/download/v1.0.0/"
    methods = [(request.method, request.path.rpartition("/")[2]) for request in github.log]
    published = methods.index(("PATCH", str(github.published[0].id)))
    assert all(method == "GET" for method, _ in methods[published + 1 :])


def test_again_it_uploads_nothing_also_without_its_journal(
    github: FakeGitHub, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(github, release, tmp_path)
    lose_journal(tmp_path)
    github.restart()
    deposit(github, release, tmp_path)
    assert {request.method for request in github.log} == {"GET"}


def test_downloads_carry_no_credentials(github: FakeGitHub, release: PublishableRelease, tmp_path: Path) -> None:
    deposit(github, release, tmp_path)
    hosts = [int(address.rsplit(":", 1)[1].strip("/")) for address in github.addresses]
    by_host = {host: [request for request in github.log if request.port == host] for host in hosts}
    assert all(by_host.values())
    assert all("authorization" not in one.headers for host in hosts[2:] for one in by_host[host])


def test_other_content_of_the_version_is_refused(
    github: FakeGitHub, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(github, release, tmp_path)
    other = make_deposit(tmp_path / "other", content="changed")
    lose_journal(tmp_path)
    assert attempt(github, other, tmp_path) == 4
    demand(github, release, True)


def test_a_tag_that_is_taken_is_refused(github: FakeGitHub, release: PublishableRelease, tmp_path: Path) -> None:
    target = make_target(github)
    target.client.call("POST", "repos/owner/data/releases", ok=[201], data={"tag_name": "v1.0.0"})
    assert attempt(github, release, tmp_path) == 4
    assert len(github.releases) == 1


def test_a_file_that_somebody_put_into_the_draft_is_refused(
    github: FakeGitHub, release: PublishableRelease, tmp_path: Path
) -> None:
    target = make_target(github)
    do(target.steps(release)[:1])
    github.releases[0].assets.append(Asset(1, "virus.exe", b"MZ"))
    assert attempt(github, release, tmp_path) == 4
    assert github.published == []


def test_a_draft_that_somebody_deleted_is_made_again(
    github: FakeGitHub, release: PublishableRelease, tmp_path: Path
) -> None:
    github.restart(Plan(stop=lambda number, _when: github.releases.clear() if number == 9 else None))
    assert attempt(github, release, tmp_path) == 4
    github.restart()
    deposit(github, release, tmp_path)
    demand(github, release, True)


def test_without_digests_the_download_proves_the_files(release: PublishableRelease, tmp_path: Path) -> None:
    fake = FakeGitHub(has_digests=False)
    deposit(fake, release, tmp_path)
    demand(fake, release, True)
    fake.close()


def test_a_yank_is_a_line_in_the_notes_and_can_be_taken_back(
    github: FakeGitHub, release: PublishableRelease, tmp_path: Path
) -> None:
    deposit(github, release, tmp_path)
    target, body = make_target(github), github.published[0].body
    for _ in range(2):
        do(target.notice(Notice("deeds", "1.0.0", "Wrong dates", "1.0.1")))
    assert github.published[0].body == f"> **Withdrawn.** Wrong dates Use 1.0.1 instead.\n\n{body}"
    do(target.notice(Notice("deeds", "1.0.0", None)))
    assert github.published[0].body == body


def test_a_token_that_may_only_read_is_told_so(github: FakeGitHub, release: PublishableRelease) -> None:
    demand_told_to_reader(github, release, READ_ONLY)
    assert github.releases == []


def test_without_a_token_it_does_not_start() -> None:
    settings = Settings("code", Path(), {"type": "github", "repository": "owner/data"})
    with pytest.raises(UsageError, match="no token"):
        github_target(settings, {})


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", FAULTS)
def test_any_fault_at_any_call_ends_well(kind: str, step: int, release: PublishableRelease, tmp_path: Path) -> None:
    fail_everywhere(kind, FakeGitHub, release, tmp_path, demand, step)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_every_call_and_in_every_upload_it_finishes_the_second_time(
    release: PublishableRelease, tmp_path: Path, capsys: pytest.CaptureFixture[str], step: int
) -> None:
    killed = kill_everywhere("github", FakeGitHub, release, tmp_path, demand, step)
    with capsys.disabled():
        print(f"\n  github: killed at {killed} points")  # noqa: T201  # the count is the proof
    assert killed > 25 / step
