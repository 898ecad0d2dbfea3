"""The publisher's keys in a catalogue, and how one hands over to the next.

A new key is believed because the one before it signed `ROTATION`: both keys' texts, so that the signature is good for
nothing else. A reader who knows any key of the list gets to the present one by these signatures, and by nothing else.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from deedbook.catalogue.records import Catalogue, Key
from deedbook.errors import RefusalError, UsageError
from deedbook.integrity import signatures
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE, PublicKey, SigningKey, configured_key

ROTATION = "deedbook key rotation\n{old}\n{new}\n"
PREVIOUS = "DEEDBOOK_PREVIOUS_"
"""What the variables of the retiring key begin with, in place of `DEEDBOOK_`."""


@dataclass(frozen=True, slots=True)
class Signers:
    """The keys of whoever writes a catalogue; `previous` only while it hands over to `present`."""

    present: SigningKey | None = None
    previous: SigningKey | None = None


def configured_signers(environment: Mapping[str, str]) -> Signers:
    """The keys that the environment names.

    `DEEDBOOK_SIGNING_KEY...` is the present one, `DEEDBOOK_PREVIOUS_SIGNING_KEY...` the one that hands over to it.

    Raises:
        UsageError: when one is named and cannot be used.
    """
    present = configured_key(environment)
    names = (KEY_VARIABLE, KEY_FILE_VARIABLE, signatures.PASSWORD_VARIABLE)
    old = {name: environment.get(name.replace("DEEDBOOK_", PREVIOUS, 1), "") for name in names}
    try:
        previous = configured_key(old)
    except UsageError as error:
        raise UsageError(f"the previous signing key: {error.message}", error.hint) from None
    return Signers(present, previous)


def with_signer(catalogue: Catalogue, signers: Signers, now: str) -> Catalogue:
    """The catalogue with the signer's key as its present one.

    Raises:
        RefusalError: when the catalogue is another key's, or is signed and there is no key to sign it with.
    """
    known = catalogue.key
    if signers.present is None:
        if known is None:
            return catalogue
        raise RefusalError(
            f"the catalogue is signed with key {known.id}, and no signing key is configured",
            f"set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}",
        )
    mine = signers.present.public
    if known is None:
        return replace(catalogue, keys=(Key(mine.id, mine.text, now),))
    if known.text == mine.text:
        return catalogue
    if signers.previous is None or signers.previous.public.text != known.text:
        raise RefusalError(
            f"the catalogue is signed with key {known.id}, not with the configured {mine.id}",
            f"use that key; to hand over to the new one, also set {PREVIOUS}SIGNING_KEY_FILE to the old",
        )
    rotation = base64.b64encode(signers.previous.sign_raw(_message(known.text, mine.text))).decode("ascii")
    retired = replace(known, until=now)
    return replace(catalogue, keys=(*catalogue.keys[:-1], retired, Key(mine.id, mine.text, now, None, rotation)))


def present_key(catalogue: Catalogue, pinned: str) -> Key | None:
    """The present key, when signed hand-overs lead to it from a key that the reader knows.

    Args:
        catalogue: As yet unproven.
        pinned: The base64 text of the known key.

    Returns:
        None when the known key is not in the list, or a hand-over after it is not signed.
    """
    texts = [key.text for key in catalogue.keys]
    if pinned not in texts:
        return None
    after = itertools.pairwise(catalogue.keys[texts.index(pinned) :])
    return catalogue.keys[-1] if all(_is_rotation(old, new) for old, new in after) else None


def as_public(key: Key) -> PublicKey:
    """A key of a catalogue, to prove signatures with."""
    return signatures.public_key(key.text)


def _is_rotation(old: Key, new: Key) -> bool:
    """Whether the old key signed that the new one takes over."""
    try:
        signature = base64.b64decode(new.rotation or "", validate=True)
        return as_public(old).proves(_message(old.text, new.text), signature)
    except (binascii.Error, UsageError):
        return False


def _message(old: str, new: str) -> bytes:
    return ROTATION.format(old=old, new=new).encode("ascii")
