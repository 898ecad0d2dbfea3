"""Numbers and whole numbers, with the characters that a field declares for decimals, groups and what surrounds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import LONGEST_PLAIN, Kind, Parser, ReasonError

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_SPECIAL = r"[+-]?(?:nan|inf|infinity)"
NUMERIC_OPTIONS = frozenset({"bareNumber", "decimalChar", "groupChar"})
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


def is_unadorned(field: Field) -> bool:
    """Whether numbers are written as the standard writes them by default, so that polars can read them."""
    return not NUMERIC_OPTIONS & set(field.options)


def is_bare(field: Field) -> bool:
    """Whether nothing may stand around the digits."""
    return bool(field.options.get("bareNumber", True))


def decimal_char(field: Field) -> str:
    """What separates the decimals of a number."""
    return str(field.options.get("decimalChar", "."))


def group_char(field: Field) -> str:
    """What may stand between groups of digits; empty for nothing."""
    return str(field.options.get("groupChar", ""))


def _digits_of(field: Field, lenient: bool) -> Callable[[str], str]:
    """A function that removes group characters and, without `bareNumber`, what surrounds the digits."""
    group, bare, point = group_char(field), is_bare(field), re.escape(decimal_char(field))
    around = rf"[^-+0-9{point}]*+"
    digits = re.compile(rf"{around}(?P<sign>[-+]?+){around}(?P<number>.*[0-9])", re.DOTALL)
    mark = re.escape(group)
    # A group has three digits, in India two but for the last, and all stand before the decimals.
    whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]{{1,2}}(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}})"
    grouped = re.compile(rf"[+-]?{whole}(?![0-9])(?:(?!{mark}).)*", re.DOTALL)

    def clean(text: str) -> str:
        if not bare:
            if _LOST_SIGN.match(text) and not lenient:
                raise ReasonError("without the text around it, it would lose its minus")
            if found := digits.match(text):
                text = found["sign"] + found["number"]
        if group and group in text:
            if not lenient and not grouped.fullmatch(text):
                raise ReasonError(f"`{group}` stands between groups of three digits, before the decimals")
            text = text.replace(group, "")
        return text

    return clean


def read_number(field: Field, lenient: bool) -> Parser:
    """The parser of whole numbers or of numbers."""
    is_integer = field.type == "integer"
    form, value_of = (_INTEGER, int) if is_integer else (NUMBER, Decimal)
    clean = _digits_of(field, lenient)
    is_adorned = not is_unadorned(field)
    point = "." if is_integer else decimal_char(field)
    special = re.compile(r"(?!)" if is_integer else _SPECIAL, re.IGNORECASE).fullmatch

    def parse(text: str) -> int | Decimal:
        if lenient:
            text = text.strip()
        if is_adorned:
            text = clean(text)
            if point != ".":
                if "." in text:
                    raise ReasonError(f"the decimals stand after `{point}`, as the field declares")
                text = text.replace(point, ".")
        if form.fullmatch(text):
            return value_of(text) if len(text) <= _LONGEST_INT else Decimal(text)
        if lenient:
            return value_of(text)
        raise (
            ReasonError("only finite numbers are accepted, unless with --lenient")
            if special(text)
            else ValueError(text)
        )

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


def accept_number(field: Field, text: pl.Expr, number: pl.Expr) -> list[pl.Expr] | None:
    """What makes a text a number, given the number that polars reads in it."""
    if not is_unadorned(field):
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


def native_number(value: Any, field: Field) -> str | None:
    """A number of JSON or a spreadsheet as the field writes it."""
    if not is_number(value) or (field.type == "integer" and not isinstance(value, int) and not is_whole(value)):
        return None
    return plain_number(value).replace(".", decimal_char(field))


NUMBER_KIND = Kind(
    "number",
    "a number",
    read_number,
    dtype=pl.Float64(),
    write=write_number,
    is_canonical=lambda field: _CANONICAL_NUMBER if is_unadorned(field) else None,
    accepts=accept_number,
    cast=lambda field, text: text.cast(pl.Float64, strict=False) if is_unadorned(field) else None,
    native=native_number,
)
INTEGER_KIND = Kind(
    "integer",
    "a whole number",
    read_number,
    dtype=pl.Int64(),
    write=write_number,
    is_canonical=lambda field: _CANONICAL_INTEGER if is_unadorned(field) else None,
    accepts=accept_number,
    cast=lambda field, text: text.cast(pl.Int64, strict=False) if is_unadorned(field) else None,
    native=native_number,
)
