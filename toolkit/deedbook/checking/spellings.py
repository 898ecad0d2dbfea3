"""Texts that differ only in case, spaces, letters that look alike, or zeros that a spreadsheet dropped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from deedbook.types.mistake import MOJIBAKE, decoded_again, foreign_letter, skeleton, spaces_in, without_spaces


@dataclass(frozen=True, slots=True)
class Respelled:
    """The text that was meant, and in what the one that stands there differs."""

    text: str
    difference: str


def folded(text: str) -> str:
    """A form that is equal for texts that differ only in what nobody means."""
    plain = re.sub(r"\.0+$", "", without_spaces(decoded_again(text) or text if re.search(MOJIBAKE, text) else text))
    plain = re.sub("(?<![0-9])0+(?=[0-9])", "", skeleton_of_words(plain))
    return re.sub(r"[\s_-]+", "-", plain).casefold()


def skeleton_of_words(text: str) -> str:
    """The text with its look-alike letters replaced; digits stay digits, and accents go."""
    letters = "".join(it if it.isascii() else skeleton(it) for it in unicodedata.normalize("NFKC", text))
    return "".join(it for it in unicodedata.normalize("NFD", letters) if not unicodedata.combining(it))


def respelled(text: str, candidates: Iterable[str]) -> Respelled | None:
    """The candidate that a text was meant to be, if it differs only in what nobody means; None also when several do."""
    fold, closest = folded(text), skeleton(text).casefold()
    found: dict[str, None] = {}
    for candidate in candidates:
        if candidate and (folded(candidate) == fold or skeleton(candidate).casefold() == closest):
            found[candidate] = None
    exact = [it for it in found if it.casefold() == text.casefold()] or list(found)
    if not exact or exact[0] == text:
        return None
    meant = exact[0]
    if len(exact) > 1 and any(folded(it) == fold for it in exact[1:]) and _zeros(text, meant):
        meant = min(exact, key=len)
    return Respelled(meant, _difference(text, meant))


def _zeros(text: str, meant: str) -> bool:
    return len(re.sub("[^0-9]", "", text)) < len(re.sub("[^0-9]", "", meant))


def _difference(text: str, meant: str) -> str:
    if re.search(MOJIBAKE, text) and not re.search(MOJIBAKE, meant):
        return "it is garbled: UTF-8 that was decoded with another encoding"
    if without_spaces(text) == meant and (spaces := spaces_in(text)):
        return f"it has {spaces}"
    if text.casefold() == meant.casefold():
        return "it differs in case (capital letters)"
    if letter := foreign_letter(without_spaces(text), meant):
        return f"it has {letter}"
    if _zeros(text, meant):
        return "its leading zeros are lost, as in a spreadsheet"
    if _zeros(meant, text):
        return "it has leading zeros, or decimals, that do not belong there"
    return "it differs in spaces, hyphens, accents or case"
