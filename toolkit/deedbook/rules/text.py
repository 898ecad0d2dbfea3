"""Text that people read: clean characters, no stand-ins for a missing value, no loaded words."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import builder_rule

STAND_INS = ("null", "n/a", "-", ".", "-9", "-99", "unknown")
"""What other datasets write for a missing value, in small letters; `NA` is Namibia and may be a value."""

LOADED_WORDS = tuple(Path(__file__).with_name("loaded_words.txt").read_text("utf-8").split())
"""Words that take a side."""
NEUTRAL_TERMS = tuple(Path(__file__).with_name("neutral_terms.txt").read_text("utf-8").splitlines())
"""Terms and parts of names in which such a word takes none, each also with an `s` behind it."""

_STRAY = "[\u00a0\u2007\u202f\u200b\u2060\ufeff]"  # no-break and zero-width spaces; joiners are letters in some scripts
_QUOTED = '"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|\u2018[^\u2019]*\u2019'


def clean(*fields: str, ref: str = "") -> list[pa.Check]:
    """Texts without stray spaces, control characters and decomposed letters."""
    checks = []
    for field in fields:
        value = pl.col(field)
        tests = {
            "text-has-stray-space": (value == value.str.strip_chars()) & ~value.str.contains(_STRAY),
            "text-has-control-character": ~value.str.contains(r"\p{Cc}"),
            "text-not-normalised": value == value.str.normalize("NFC"),
        }
        spaced = value.str.replace_all("[\u00a0\u2007\u202f]", " ").str.replace_all(_STRAY, "").str.strip_chars()
        meant: dict[str, dict[str, Any]] = {"text-has-stray-space": {"meant": spaced}}
        checks += [
            builder_rule(name, passes, ref, {"field": field}, **meant.get(name, {})) for name, passes in tests.items()
        ]
    return checks


def single_spaces(*fields: str, ref: str = "") -> list[pa.Check]:
    """Texts without two spaces in a row between words; the indent of a line is none of them."""
    checks = []
    for field in fields:
        value = pl.col(field)
        meant = value.str.replace_all(r"(\S)  +", "${1} ")
        checks.append(
            builder_rule("text-has-double-space", ~value.str.contains(r"\S  +\S"), ref, {"field": field}, meant=meant)
        )
    return checks


def tidied(value: pl.Expr) -> pl.Expr:
    """A text as `clean` and `no_stand_in` want it: letters composed, single spaces, null where it stands for a missing value."""
    spaced = value.str.normalize("NFC").str.replace_all("[\u200b\u2060\ufeff]", "").str.replace_all(r"[\s\p{Cc}]+", " ")
    plain = spaced.str.strip_chars()
    return pl.when((plain != "") & ~plain.str.to_lowercase().is_in(STAND_INS)).then(plain)


def no_stand_in(field: str, words: Sequence[str] = STAND_INS, ref: str = "") -> pa.Check:
    """A cell without a value is empty.

    Args:
        field: A field of any type.
        words: What stands for a missing value, in small letters.
        ref: Where the rule comes from.
    """
    is_word = pl.col(field).cast(pl.String).str.to_lowercase().is_in(words)
    return builder_rule("stand-in-for-missing", ~is_word, ref, {"field": field})


def no_negative_stand_in(field: str, numbers: Sequence[float] = (-9, -99), ref: str = "") -> pa.Check:
    """A number that is not known is missing, not -9 or -99."""
    is_one = pl.col(field).cast(pl.Float64).is_in([float(number) for number in numbers])
    return builder_rule("stand-in-for-missing", ~is_one, ref, {"field": field})


def neutral(
    *fields: str, words: Sequence[str] = LOADED_WORDS, terms: Sequence[str] = NEUTRAL_TERMS, ref: str = ""
) -> list[pa.Check]:
    """Texts that take no side; what stands in quotation marks is somebody else's word.

    Args:
        fields: The fields.
        words: Words that take a side.
        terms: Names and terms that may stand although such a word is in them.
        ref: Where the rule comes from.
    """
    pattern = rf"(?i)\b({'|'.join(words)})\b"
    exempt = rf"(?i)\b(?:{'|'.join(map(re.escape, terms))})s?\b" if terms else "$^"
    checks = []
    for field in fields:
        own = pl.col(field).str.replace_all(_QUOTED, " ").str.replace_all(exempt, " ")
        word = {"word": own.str.extract(pattern)}
        checks.append(builder_rule("loaded-word", ~own.str.contains(pattern), ref, {"field": field}, values=word))
    return checks
