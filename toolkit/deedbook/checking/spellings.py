"""Texts that are not what anybody meant: others in case, spaces, zeros or letters that look alike, or valid and yet garbled.

spaces_in, respelled  what a text that is refused differs in from one that is meant
SIGNS                 what a free text looks like that is valid and not what was meant: garbled letters, HTML, formulas
"""

# ruff: noqa: RUF001  # letters that look like others are what it is about

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.checking.findings import Group, Words
from deedbook.checking.plan import FilePlan
from deedbook.findings import shorten
from deedbook.types.mistakes import FORMULA, SPREADSHEET_ERROR, Mistake, mistakes_of

# --- spaces and what nobody sees

_INVISIBLE = "\u00a0\u202f\u2007\u2009\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202c\t\n\r"
_NAMES = {
    "\ufeff": "byte-order mark",
    **dict.fromkeys("\u202a\u202c", "directional mark"),
    **dict(zip("\t\n\r", ("tab", "line break", "carriage return"), strict=True)),
}
"""What people call them, where Unicode's own name says less."""


def spaces_in(text: str) -> str:
    """What a text has of spaces at its ends and of characters that nobody sees, in words; empty for nothing."""
    found = next((character for character in _INVISIBLE if character in text), "")
    if found:
        name = _NAMES.get(found) or unicodedata.name(found).lower().replace("zero width", "zero-width")
        place = {text[0]: " at its start", text[-1]: " at its end"}.get(found, "")
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name} (U+{ord(found):04X}, invisible){place}"
    if text != text.strip():
        return "a space " + ("at its end" if text.endswith(" ") else "at its start")
    return "two spaces in a row" if "  " in text else ""


def without_spaces(text: str) -> str:
    """The text without spaces at its ends and in a row, and without what nobody sees."""
    for character in _INVISIBLE:
        is_wide = unicodedata.category(character) in {"Zs", "Cc"}
        text = text.replace(character, " " if is_wide else "")
    return re.sub(" +", " ", text).strip()


# --- text that was decoded wrongly

_SIGN = r"[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
MOJIBAKE = rf"[\u00c2-\u00c5\u00d0\u00d1]{_SIGN}|\u00e2\u20ac|\u00ef\u00bb\u00bf|\ufffd"
"""What UTF-8 looks like when it is read as cp1252: a lead byte of two or three as a letter, then the next byte as a sign."""


def decoded_again(text: str) -> str | None:
    """What a text was before it was read as cp1252 or Latin-1 instead of UTF-8; None when it was not."""
    for encoding in ("cp1252", "latin-1"):
        with suppress(UnicodeError):
            return text.encode(encoding).decode("utf-8")
    return None


# --- letters that look alike (Unicode TR 39: texts with equal skeletons look alike)

_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌԚԜѴЗасԁеһіјԛорѕԝхуѵӏгΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινρυγαıɑ‐‑‒–—−’‘ʼ01I|",
    "ABESIJKMHOPCTYXYGQWV3acdehijqopswxyvlrABEZHIKMNOPTYXoivpuyaia------'''Olll",
)


def skeleton(text: str) -> str:
    """A form that is equal for texts that look alike."""
    return unicodedata.normalize("NFKC", text).translate(_ALIKE)


def foreign_letter(text: str, meant: str) -> str:
    """The first letter that only looks like the one that was meant, in words; empty when there is none."""
    for mine, other in zip(text, meant, strict=False):
        if mine != other and mine.casefold() != other.casefold() and skeleton(mine) == skeleton(other):
            script = unicodedata.name(mine, "other").split()[0].capitalize()
            return f"the {script} `{mine}` (U+{ord(mine):04X}), which looks like `{other}`"
    return ""


# --- the text that was meant


@dataclass(frozen=True, slots=True)
class Respelled:
    """The text that was meant, and in what the one that stands there differs; `is_safe` when nothing else can have been meant."""

    text: str
    difference: str
    is_safe: bool

    @property
    def certainty(self) -> str:
        """How sure that is, as a `Finding` says it."""
        return "safe" if self.is_safe else "likely"


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
    found = [it for it in filter(None, candidates) if folded(it) == fold or skeleton(it).casefold() == closest]
    found.sort(key=lambda it: it.casefold() != text.casefold())
    if not found or found[0] == text:
        return None
    is_shorter = _digits(text) < _digits(found[0]) and fold in map(folded, found[1:])
    meant = min(found, key=len) if is_shorter else found[0]
    words, is_harmless = _difference(text, meant)
    return Respelled(meant, words, is_harmless and len(set(found)) == 1)


def _digits(text: str) -> int:
    return len(re.findall("[0-9]", text))


def _difference(text: str, meant: str) -> tuple[str, bool]:
    """In what a text differs from what was meant, and whether nobody can have meant that difference."""
    spaces, plain = spaces_in(text), without_spaces(text)
    letter = foreign_letter(plain, meant)
    is_garbled = re.search(MOJIBAKE, text) and not re.search(MOJIBAKE, meant)
    # zeros, accents and hyphens may tell two codes or names apart
    harmless = {
        "it is garbled: UTF-8 that was decoded with another encoding": is_garbled and decoded_again(text) == meant,
        f"it has {spaces}": spaces and plain == meant,
        "it differs in case (capital letters)": text.casefold() == meant.casefold(),
        f"it has {letter} ": letter and skeleton(plain).casefold() == skeleton(meant).casefold(),
    }
    ways = {
        "it is garbled: UTF-8 that was decoded with another encoding": is_garbled,
        f"it has {letter}": letter,
        "its leading zeros are lost, as in a spreadsheet": _digits(text) < _digits(meant),
        "it has leading zeros, or decimals, that do not belong there": _digits(meant) < _digits(text),
        "it differs in spaces, hyphens, accents or case": True,
    }
    words = next(words for words, holds in (*harmless.items(), *ways.items()) if holds)
    return words.rstrip(), any(harmless.values()) or plain.casefold() == meant.casefold()


# --- free text that is valid

SIGNS = {
    "garbled-text": Mistake(
        MOJIBAKE,
        "is garbled (mojibake): UTF-8 that was decoded with another encoding, such as cp1252",
        "read the source again as UTF-8",
    ),
    "html-in-text": Mistake(
        r"</?(?i:a|b|i|u|p|s|br|em|strong|span|div|sup|sub|font|li|ul|ol|td|tr|table|h[1-6]|img|script|style)(?:[\s/][^<>]*)?>"
        r"|&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z]{2,8});",
        "holds HTML (a tag or an entity of a web page)",
        "write what the page shows",
    ),
    "formula-in-text": Mistake(
        rf"\A(?:{FORMULA.pattern})\z",
        "begins as a formula does, and a spreadsheet would run it",
        "write the value, or another first character than `=`",
    ),
    "error-value-in-text": replace(SPREADSHEET_ERROR, pattern=rf"\A(?:{SPREADSHEET_ERROR.pattern})\z"),
}
"""What a text looks like that is not what was meant, by rule; the pattern is found anywhere in it."""
SPACES = {
    "spaces-in-text": Mistake(
        r"\A[\s\x{FEFF}]|[\s\x{FEFF}]\z|\S  +\S",
        "has a space that nobody sees",
        "where they are meant, drop `plainSpaces` from the schema",
    )
}
"""The same of a table whose schema says `plainSpaces`: to the standard, a space is a part of the value."""
_SAMPLE = 1_000
"""Cells by which a column is seen to repeat its texts: each is then looked at once, in a third of the time."""


def columns_with_signs(columns: Sequence[pl.Series]) -> set[int]:
    """The places of the columns, of many small files, in which a text has a sign, or spaces that are one in some tables."""
    if not columns:
        return set()
    found = pl.concat(columns).str.contains(_any_of(SIGNS | SPACES)).arg_true().to_numpy()
    return set(np.searchsorted(np.cumsum([len(column) for column in columns]), found, side="right").tolist())


def free_text_groups(
    plan: FilePlan,
    frame: pl.DataFrame,
    bad: Mapping[str, npt.NDArray[np.int64]],
    signed: Collection[str] | None = None,
) -> list[Group]:
    """The cells of free text that have a sign, each with the first of them only.

    Args:
        plan: How the file is checked.
        frame: The texts of a block.
        bad: The rows of each field that have a finding already.
        signed: The columns that may have a sign, where that is known; all when None.
    """
    names = tuple(name for name in plan.free_text if signed is None or name in signed)
    signs = SIGNS | (SPACES if plan.table.schema.has_plain_spaces else {})
    if not names:
        return []
    any_sign = _any_of(signs)
    repeats = (2 * frame[name].head(_SAMPLE).n_unique() < min(frame.height, _SAMPLE) for name in names)
    texts_of = (pl.col(name).unique() if repeat else pl.col(name) for name, repeat in zip(names, repeats, strict=True))
    found = frame.lazy().select(it.str.contains(any_sign).any() for it in texts_of).collect(engine="in-memory")
    groups = []
    for item in plan.fields:
        if item.name in names and found[item.name][0]:
            texts = frame[item.name]
            for rule, mask in rows_with_signs(signs, texts, bad.get(item.name)):
                rows, words = mask.arg_true().cast(pl.Int64).to_numpy(), partial(_words, rule, texts.filter(mask))
                groups.append(Group(rule, rows, words, "warning", item.name, item.number))
    return groups


def _any_of(signs: Mapping[str, Mistake]) -> str:
    """The pattern of all of them."""
    return "(?s)" + "|".join(f"(?:{sign.pattern})" for sign in signs.values())


def rows_with_signs(
    signs: Mapping[str, Mistake], texts: pl.Series, excused: npt.NDArray[np.int64] | None
) -> Iterator[tuple[str, pl.Series]]:
    """The signs that texts have, each with a mask of the rows that have no earlier one."""
    left = pl.repeat(True, len(texts), eager=True).scatter([] if excused is None else excused, False)
    for rule, sign in signs.items():
        mask = (texts.str.contains(f"(?s){sign.pattern}") & left).fill_null(False)
        left = left & ~mask
        if mask.any():
            yield rule, mask


def with_plain_spaces(text: str) -> str:
    """The text without spaces at its ends, and with one between words; the indent of a line stays."""
    return re.sub(r"(?<=\S)  +(?=\S)", " ", text.strip("\ufeff").strip().strip("\ufeff"))


_MEANT: Mapping[str, Callable[[str], str | None]] = {
    "garbled-text": decoded_again,
    "html-in-text": mistakes_of("string")["entity"].correct,
    "spaces-in-text": with_plain_spaces,
}
"""What was meant, where that can be told."""
_SAFE = frozenset({"garbled-text", "spaces-in-text"})
"""The rules whose texts can have meant nothing else."""


def _words(rule: str, texts: pl.Series, at: int) -> Words:
    text, sign = texts[at], (SIGNS | SPACES)[rule]
    meant = _MEANT.get(rule, str)(text) or text
    cause = f"has {_space_in(text)}" if rule in SPACES else sign.cause
    hint = sign.hint if meant == text else f"write `{shorten(meant)}`, or {sign.hint}"
    hint = hint if text.strip() else f"leave the cell empty, or {sign.hint}"
    return Words(f"`{shorten(text)}` {cause}", hint, text, None if meant == text else meant, rule in _SAFE)


def _space_in(text: str) -> str:
    """Where a text has a space that nobody sees, in words: shortened it may not show it."""
    where = {"a space at its start": text[0], "a space at its end": text[-1]}
    found = (said for said, sign in where.items() if sign.isspace() or sign == "\ufeff")
    return next(found, "two spaces in a row")
