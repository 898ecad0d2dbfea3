"""Who may sign a catalogue, and how a reader gets from the key that they know to the present one."""

from __future__ import annotations

import dataclasses

import pytest

from deedbook.catalogue.documents import catalog_json
from deedbook.catalogue.edits import Signers, configured_signers, present_key, with_signer
from deedbook.catalogue.records import Catalogue, Key, read_catalogue_json
from deedbook.errors import RefusalError, UsageError
from tests.catalogue.catalogues import LATER, NOW, catalogue
from tests.release.releases import OTHER, OWN, Pair, make_pair

THIRD = make_pair()


def signers(present: Pair, previous: Pair | None = None) -> Signers:
    before = {"DEEDBOOK_PREVIOUS_SIGNING_KEY": previous.secret} if previous else {}
    return configured_signers({"DEEDBOOK_SIGNING_KEY": present.secret, **before})


def rotated() -> Catalogue:
    """A catalogue whose key was handed over twice."""
    found = with_signer(catalogue("1.0.0"), signers(OWN), NOW)
    found = with_signer(found, signers(OTHER, OWN), LATER)
    return with_signer(found, signers(THIRD, OTHER), LATER)


def test_the_first_signer_is_written_down() -> None:
    found = with_signer(catalogue("1.0.0"), signers(OWN), NOW)
    assert found.keys == (Key(OWN.public.id, OWN.public.text, NOW),)
    assert with_signer(found, signers(OWN), LATER) is found


def test_a_catalogue_without_keys_needs_none() -> None:
    assert with_signer(catalogue("1.0.0"), Signers(), NOW).keys == ()


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (Signers(), "no signing key is configured"),
        (signers(OTHER), "not with the configured"),
        (signers(OTHER, THIRD), "not with the configured"),
    ],
    ids=["none", "another", "handed over by a stranger"],
)
def test_the_wrong_key_is_refused(who: Signers, said: str) -> None:
    found = with_signer(catalogue("1.0.0"), signers(OWN), NOW)
    with pytest.raises(RefusalError, match=said) as caught:
        with_signer(found, who, LATER)
    assert "DEEDBOOK_" in caught.value.hint or "key" in caught.value.hint


def test_whoever_knows_any_key_gets_to_the_present_one() -> None:
    found = read_catalogue_json(catalog_json(rotated()), "here")
    assert [key.until for key in found.keys] == [LATER, LATER, None]
    for pair in (OWN, OTHER, THIRD):
        key = present_key(found, pair.public.text)
        assert key is not None
        assert key.text == THIRD.public.text


def test_an_unknown_key_leads_nowhere() -> None:
    assert present_key(rotated(), make_pair().public.text) is None


def test_a_hand_over_that_nobody_signed_leads_nowhere() -> None:
    found = rotated()
    stranger = make_pair()
    first, second, third = found.keys
    forged = dataclasses.replace(third, id=stranger.public.id, text=stranger.public.text)
    assert present_key(dataclasses.replace(found, keys=(first, second, forged)), OWN.public.text) is None
    unsigned = dataclasses.replace(forged, rotation=None)
    assert present_key(dataclasses.replace(found, keys=(first, second, unsigned)), OWN.public.text) is None
    skipped = dataclasses.replace(found, keys=(first, third))
    assert present_key(skipped, OWN.public.text) is None


def test_a_previous_key_that_cannot_be_used_is_named_as_such() -> None:
    with pytest.raises(UsageError, match="the previous signing key"):
        configured_signers({"DEEDBOOK_SIGNING_KEY": OWN.secret, "DEEDBOOK_PREVIOUS_SIGNING_KEY": "nonsense"})
