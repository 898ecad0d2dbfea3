"""Numbers and whole numbers, with the characters that a field declares for decimals, groups and what surrounds them."""

import re
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import partial
from typing import Any

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import LONGEST_PLAIN, Kind, Parser, demand, is_plain

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_SPECIAL = re.compile("[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
EXACT_DIGITS = 15
"""Decimals of so many characters are told apart by a 64-bit float."""
_LONGEST_INT = 4000
"""Characters of a number that becomes an `int`, whose conversion takes quadratic time."""
_LOST_SIGN = re.compile(
    r"[^0-9]*[\u2010-\u2015\u2212\uff0d\ufe63]|[^0-9]*\([^()]*\)\s*\Z|.*[0-9]\s*[-\u2212]\s*\Z", re.DOTALL
)
"""A typographic minus before the digits, brackets around them, or a minus after them: accountants write negative numbers so."""
_CANONICAL_NUMBER = r"\A(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])\z"
_CANONICAL_INTEGER = r"\A(?:0|-?[1-9][0-9]*)\z"


def decimal_char(field: Field) -> str:
    """What separates the decimals of a number."""
    return str(field.options.get("decimalChar", "."))


def _plain_digits(field: Field, lenient: bool) -> Callable[[str], str]:
    """A function that removes group characters and, without `bareNumber`, what surrounds the digits; decimals get a point."""
    group, point = str(field.options.get("groupChar", "")), decimal_char(field)
    around = rf"[^-+0-9{re.escape(point)}]*+"
    digits = re.compile(rf"{around}(?P<sign>[-+]?+){around}(?P<number>.*[0-9])", re.DOTALL)
    mark = re.escape(group)
    # A group has three digits, in India two but for the last, and all stand before the decimals.
    whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]{{1,2}}(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}})"
    grouped = re.compile(rf"[+-]?{whole}(?![0-9])(?:(?!{mark}).)*", re.DOTALL)

    def clean(text: str) -> str:
        if not field.options.get("bareNumber", True):
            demand(lenient or not _LOST_SIGN.match(text), "without the text around it, it would lose its minus")
            if found := digits.match(text):
                text = found["sign"] + found["number"]
        if group and group in text:
            fits = lenient or grouped.fullmatch(text)
            demand(fits, f"`{group}` stands between groups of three digits, before the decimals")
            text = text.replace(group, "")
        if field.type == "integer" or point == ".":
            return text
        demand("." not in text, f"the decimals stand after `{point}`, as the field declares")
        return text.replace(point, ".")

    return clean


class NotANumber(Decimal):
    """NaN, which only `--lenient` takes for a value: it is in no bounds and, as any NaN, in no list of values."""

    def __lt__(self, _other: object) -> bool:
        """Never."""
        return False

    __le__ = __gt__ = __ge__ = __lt__


def read_number(field: Field, lenient: bool) -> Parser:
    """The parser of whole numbers or of numbers."""
    form, value_of = (_INTEGER, int) if field.type == "integer" else (NUMBER, Decimal)
    clean = str if is_plain(field) else _plain_digits(field, lenient)

    def parse(text: str) -> int | Decimal:
        text = clean(text.strip() if lenient else text)
        if form.fullmatch(text):
            return value_of(text) if len(text) <= _LONGEST_INT else Decimal(text)
        if lenient:
            value = value_of(text)
            return NotANumber("NaN") if isinstance(value, Decimal) and value.is_nan() else value
        demand(
            form is _INTEGER or not _SPECIAL.fullmatch(text), "only finite numbers are accepted, unless with --lenient"
        )
        raise ValueError(text)

    return parse


def write_number(value: Decimal | float) -> str:
    """The shortest decimal without an exponent and trailing zeros."""
    value = Decimal(value)  # an int has no text beyond 4,300 digits
    if not value.is_finite() or (value and abs(value.adjusted()) > LONGEST_PLAIN):
        exact = Context(prec=max(1, len(value.as_tuple().digits)), Emax=MAX_EMAX, Emin=MIN_EMIN)
        return str(value.normalize(exact))
    text = format(value or Decimal(0), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _accept(field: Field, text: pl.Expr, number: pl.Expr) -> list[pl.Expr] | None:
    """What makes a text a number, given the number that polars reads in it."""
    if not is_plain(field):
        return None
    if field.type == "integer":
        return [number.is_not_null()]
    # what is as small as zero may have an exponent that no decimal has
    return [number.is_finite().fill_null(False), (number != 0) | (text.str.len_bytes() <= EXACT_DIGITS)]


def is_whole(value: float | Decimal) -> bool:
    """Whether a number of JSON or a spreadsheet is a whole one, and none that takes longer to write than any float."""
    return -(10**309) < value < 10**309 and value == int(value)


def plain_number(value: float | Decimal) -> str:
    """A number as JSON or a spreadsheet holds it, whole ones without decimals."""
    return str(int(Decimal(str(value)))) if not isinstance(value, int) and is_whole(value) else str(value)


def is_number(value: Any) -> bool:
    """Whether a native value is a number, which true and false are not."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _native(value: Any, field: Field) -> str | None:
    """A number of JSON or a spreadsheet as the field writes it."""
    if not is_number(value) or (field.type == "integer" and not isinstance(value, int) and not is_whole(value)):
        return None
    return plain_number(value).replace(".", decimal_char(field))


_kind = partial(Kind, parser=read_number, write=write_number, accepts=_accept, native=_native)
KINDS = (
    _kind("number", "a number", dtype=pl.Float64(), canonical=_CANONICAL_NUMBER, fit=float),
    _kind(
        "integer",
        "a whole number",
        dtype=pl.Int64(),
        canonical=_CANONICAL_INTEGER,
        fit=lambda value: value if -(2**63) <= value < 2**63 else None,
    ),
)
