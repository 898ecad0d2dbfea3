"""A catalogue after a release, a yank, an unyank, a deposit."""

from __future__ import annotations

import dataclasses

import pytest

from deedbook.catalogue.edits import with_deposit, with_release, with_unyank, with_yank
from deedbook.catalogue.records import Catalogue, Link
from deedbook.errors import RefusalError, UsageError
from tests.catalogue.catalogues import LATER, NOW, after, catalogue, release

MIRROR = "https://a.example/b/"


def states(found: Catalogue) -> dict[str, str]:
    return {entry.version: entry.state for entry in found.datasets["deeds"].versions}


def yanked(found: Catalogue, version: str, replaced_by: str | None = None) -> Catalogue:
    return with_yank(found, "deeds", version, reason="wrong sums", replaced_by=replaced_by, now=LATER)


def test_the_highest_version_is_latest_and_the_others_are_superseded() -> None:
    found = catalogue("1.0.0", "1.10.0", "1.9.0")
    assert states(found) == {"1.10.0": "released", "1.9.0": "superseded", "1.0.0": "superseded"}
    assert found.datasets["deeds"].latest == "1.10.0"


def test_a_pre_release_is_never_latest_and_supersedes_nothing() -> None:
    found = catalogue("1.0.0", "2.0.0-rc.1")
    assert found.datasets["deeds"].latest == "1.0.0"
    assert states(found) == {"2.0.0-rc.1": "released", "1.0.0": "released"}
    assert catalogue("1.0.0-rc.1").datasets["deeds"].latest is None


def test_the_same_release_again_changes_nothing() -> None:
    found = catalogue("1.0.0")
    assert with_release(found, release("1.0.0"), LATER) is found


def test_other_content_under_the_same_version_is_refused() -> None:
    with pytest.raises(RefusalError, match=r"deeds 1\.0\.0 is published with other content"):
        with_release(catalogue("1.0.0"), release("1.0.0", release_sha256="f" * 64), LATER)


def test_a_release_that_follows_another_history_is_refused() -> None:
    found = catalogue("1.0.0")
    assert with_release(found, release("1.1.0", previous=after("1.0.0")), LATER).entry("deeds", "1.1.0") is not None
    with pytest.raises(RefusalError, match="not the published one"):
        with_release(found, release("1.1.0", previous=Link("1.0.0", "f" * 64)), LATER)


def test_a_release_that_leaves_out_a_published_one_is_refused_and_told_what_to_do() -> None:
    found = catalogue("1.0.0", "1.1.0")
    with pytest.raises(RefusalError, match=r"follows 1\.0\.0, and 1\.1\.0 was published since") as caught:
        with_release(found, release("1.2.0", previous=after("1.0.0")), LATER)
    assert "deedbook fetch deeds@1.1.0" in caught.value.hint
    withdrawn = yanked(found, "1.1.0")
    assert with_release(withdrawn, release("1.2.0", previous=after("1.0.0")), LATER).datasets["deeds"].latest == "1.2.0"


def test_a_number_on_which_a_published_version_was_built_stays_that_release_s() -> None:
    found = with_release(catalogue("1.0.0"), release("1.2.0", previous=after("1.1.0")), LATER)
    withdrawn = yanked(found, "1.2.0")
    its_own, another = (release("1.1.0", previous=after("1.0.0"), **one) for one in ({}, {"release_sha256": "f" * 64}))
    assert with_release(withdrawn, its_own, LATER).entry("deeds", "1.1.0") is not None
    with pytest.raises(RefusalError, match=r"deeds 1\.1\.0 is not the 1\.1\.0 that 1\.2\.0 was built on"):
        with_release(withdrawn, another, LATER)


def test_a_yank_moves_latest_and_says_why_and_an_unyank_takes_it_back() -> None:
    before = catalogue("1.0.0", "1.1.0")
    found = yanked(before, "1.1.0", replaced_by="1.0.0")
    entry = found.entry("deeds", "1.1.0")
    assert entry is not None
    assert (entry.state, entry.reason, entry.replaced_by, entry.changed) == ("yanked", "wrong sums", "1.0.0", LATER)
    assert found.datasets["deeds"].latest == "1.0.0"
    assert states(found)["1.0.0"] == "released"
    again = with_unyank(found, "deeds", "1.1.0", LATER)
    assert states(again) == states(before)
    assert again.datasets["deeds"].latest == "1.1.0"


def test_a_withdrawn_version_whose_place_was_taken_does_not_come_back() -> None:
    taken = with_release(yanked(catalogue("1.0.0", "1.1.0"), "1.1.0"), release("1.0.1", previous=after("1.0.0")), LATER)
    with pytest.raises(RefusalError, match=r"deeds 1\.1\.0 cannot come back: 1\.0\.1 was published since"):
        with_unyank(taken, "deeds", "1.1.0", LATER)
    restored = with_unyank(yanked(taken, "1.0.1"), "deeds", "1.1.0", LATER)
    assert restored.datasets["deeds"].latest == "1.1.0"


def test_a_release_is_not_dated_before_the_one_that_it_follows() -> None:
    early = release("1.1.0", previous=after("1.0.0"), created="2026-11-21T00:00:00Z")
    with pytest.raises(RefusalError, match=r"deeds 1\.1\.0 is dated 2026-11-21, before 1\.0\.0 \(2026-11-22\)"):
        with_release(catalogue("1.0.0"), early, LATER)


def test_a_yank_of_everything_leaves_no_latest() -> None:
    assert yanked(catalogue("1.0.0"), "1.0.0").datasets["deeds"].latest is None


def test_the_same_yank_again_changes_nothing() -> None:
    found = yanked(catalogue("1.0.0"), "1.0.0")
    assert (
        with_yank(found, "deeds", "1.0.0", reason="wrong sums", replaced_by=None, now="2027-01-01T00:00:00Z") is found
    )
    assert with_unyank(catalogue("1.0.0"), "deeds", "1.0.0", LATER) == catalogue("1.0.0")


@pytest.mark.parametrize(
    ("version", "reason", "replaced_by", "said"),
    [
        ("9.0.0", "why", None, "no published version 9.0.0"),
        ("1.0.0", "  ", None, "needs a reason"),
        ("1.0.0", "why", "9.0.0", "no published version 9.0.0"),
        ("1.0.0", "why", "1.0.0", "cannot replace"),
    ],
)
def test_a_yank_that_makes_no_sense_is_refused(version: str, reason: str, replaced_by: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        with_yank(catalogue("1.0.0"), "deeds", version, reason=reason, replaced_by=replaced_by, now=NOW)


def test_a_deposit_is_noted_once() -> None:
    def deposited(found: Catalogue, doi: str) -> Catalogue:
        return with_deposit(
            found,
            "deeds",
            "1.0.0",
            doi=doi,
            concept_doi="10.5281/zenodo.1",
            mirrors=[MIRROR],
            now=LATER,
        )

    found = deposited(catalogue("1.0.0"), "10.5281/zenodo.2")
    assert deposited(found, "10.5281/ZENODO.2") is found
    entry = found.entry("deeds", "1.0.0")
    assert entry is not None
    assert (entry.doi, entry.concept_doi, entry.mirrors) == ("10.5281/zenodo.2", "10.5281/zenodo.1", (MIRROR,))
    with pytest.raises(RefusalError, match="has the DOI"):
        deposited(found, "10.5281/zenodo.3")


def test_an_older_version_does_not_change_what_the_dataset_is_called() -> None:
    found = with_release(catalogue("1.1.0"), release("1.0.1", title="An old title", previous=after("1.1.0")), LATER)
    assert found.datasets["deeds"].title == "Deeds"
    newest = with_release(
        found, dataclasses.replace(release("1.2.0", previous=after("1.1.0")), title="New title"), LATER
    )
    assert newest.datasets["deeds"].title == "New title"
