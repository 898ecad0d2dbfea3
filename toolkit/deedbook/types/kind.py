"""What is known of one type of Table Schema: the record that every file of this package fills."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from deedbook.schema import Field

Parser = Callable[[str], Any]
"""The value of a text.

Raises:
    ValueError: when the text has none; a `ReasonError` says why.
"""


class ReasonError(ValueError):
    """A text is no value of its type, for a reason that is worth telling: a sentence, and a value to write instead."""

    def __init__(self, reason: str, proposal: str | None = None, *, is_safe: bool = False) -> None:
        super().__init__(reason)
        self.proposal, self.is_safe = proposal, is_safe


def demand(holds: object, reason: str, proposal: str | None = None) -> None:
    """Returns when something holds that a text of the type has to have.

    Raises:
        ReasonError: when it does not.
    """
    if not holds:
        raise ReasonError(reason, proposal)


def always(parse: Callable[[str, bool], Any]) -> Callable[[Any, bool], Parser]:
    """The parser of a type whose fields are all read alike, given a text and whether it may be what frictionless-py accepts."""
    return lambda _field, lenient: lambda text: parse(text, lenient)


UNREADABLE = (ValueError, TypeError, ArithmeticError, RecursionError, re.error)
"""What a parser raises for a text that is no value; the last of a format like `%Y %Y`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of Table Schema.

    Attributes:
        noun: What a value of it is, after "is not".
        parser: The exact parser of a field; the second argument says whether it also accepts what frictionless-py accepts.
        formats: The formats that it has besides the default one; None where every format is a pattern of `strptime`.
        dtype: The polars type of its values; a type without one of its own stays text.
        write: The canonical text of a value; None where a text is its own canonical form.
        canonical: A regular expression of texts that `write` would not change in a plain field, empty for all; None where only
            the parser can tell.
        key: The text of a value in a key, where it is not the canonical one.
        accepts: Polars conditions that hold only for texts of the type, given the text and the number that `dtype` reads it
            as; None where a field has no fast path.
        cast: The column of texts of a plain field as values at once; None where polars casts them, or they have to be converted
            one distinct text at a time.
        fit: The value of the parser as one of `dtype`; None where it has no room for it.
        native: The text of a value of JSON or a spreadsheet; None when the type cannot take it.
        order: What bounds are compared by.
    """

    name: str
    noun: str
    parser: Callable[[Field, bool], Parser]
    formats: frozenset[str] | None = frozenset()
    dtype: pl.DataType = field(default_factory=pl.String)
    write: Callable[[Any], str] | None = None
    canonical: str | None = None
    key: Callable[[Any], str] | None = None
    accepts: Callable[[Field, pl.Expr, pl.Expr], list[pl.Expr] | None] = lambda _field, _text, _number: None
    cast: Callable[[Field, pl.Expr], pl.Expr] | None = None
    fit: Callable[[Any], Any] = lambda value: value
    native: Callable[[Any, Field], str | None] = lambda _value, _field: None
    order: Callable[[Any], Any] = lambda value: value

    def has_format(self, name: str) -> bool:
        """Whether it has a format."""
        return bool(name) and (self.formats is None or name in {"default", *self.formats})


NUMERIC_OPTIONS = frozenset({"bareNumber", "decimalChar", "groupChar"})


def is_plain(field: Field) -> bool:
    """Whether a field has the default format and number characters, so that polars can read it."""
    return field.format in {"default", ""} and NUMERIC_OPTIONS.isdisjoint(field.options)


def or_none(convert: Callable[[str], Any], text: str) -> Any:
    """What a text becomes; None where it is no value."""
    try:
        return convert(text)
    except UNREADABLE:
        return None


def converted(column: pl.Expr, convert: Callable[[str], Any], dtype: pl.DataType) -> pl.Expr:
    """A column of texts, each distinct one converted; null where it is no value."""

    def run(texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        values = pl.Series([or_none(convert, text) for text in distinct], dtype=dtype)
        return texts.replace_strict(distinct, values, default=None, return_dtype=dtype)

    return column.map_batches(run, return_dtype=dtype)


LONGEST_PLAIN = 400
"""Characters of a number that is written without an exponent; a longer text is never taken for canonical."""


def rewritten(column: pl.Expr, canonical: str | None, rewrite: Callable[[str], str]) -> pl.Expr:
    """A column of texts, those rewritten that the pattern does not know as canonical."""
    text = pl.first()
    is_odd = pl.lit(True)
    if canonical is not None:
        is_odd = ~text.str.contains(canonical) | (text.str.len_bytes() > LONGEST_PLAIN)

    def run(texts: pl.Series) -> pl.Series:
        odd = texts.to_frame().select(text.filter(is_odd).unique()).to_series()  # one query, not one for each step
        if odd.is_empty():
            return texts
        new = [None if it is None else or_none(rewrite, it) for it in odd]
        return texts.replace(odd, pl.Series(new, dtype=pl.String))

    return column.map_batches(run, return_dtype=pl.String)
