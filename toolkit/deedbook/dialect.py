"""How the text of a CSV file is cut into cells, after Data Package v2 Table Dialect, CSV Dialect v1 and frictionless-py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from deedbook.errors import ProjectError
from deedbook.properties import refuse_faulty, refuse_misplaced, texts, wrong_forms


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of a CSV file is cut into cells; the defaults are RFC 4180 with a header row.

    Attributes:
        line_terminator: As declared; every line end is understood, anything else is refused where the file is opened.
        spelling: The schema's spelling of each label in small letters, where the case of labels says nothing.
    """

    delimiter: str = ","
    quote_char: str = '"'
    double_quote: bool = True
    escape_char: str = ""
    skip_initial_space: bool = False
    header: bool = True
    header_rows: tuple[int, ...] = (1,)
    header_join: str = " "
    comment_char: str = ""
    comment_rows: tuple[int, ...] = ()
    line_terminator: str = "\r\n"
    spelling: Mapping[str, str] = field(default_factory=dict, hash=False)
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def pairs(self) -> tuple[str, ...]:
        """What stands for a quote or an escape inside quotes; replaced in this order, the quote that is left closes."""
        escaped = (self.escape_char * 2, self.escape_char + self.quote_char) if self.escape_char else ()
        return (*escaped, self.quote_char * 2) if self.double_quote else escaped


_NO_MARKS = {"\n", "\r", "\0"}
"""What no mark of a dialect can be."""


def read_dialect(raw: object, where: str, delimiter: str = ",") -> Dialect:
    """The typed form of a dialect.

    Args:
        raw: The parsed JSON.
        where: The file or place, for messages.
        delimiter: The one that the format has when none is declared.

    Raises:
        ProjectError: when no file can be cut that way.
    """
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{where}: `dialect` is an object")
    # v2 keeps these keys on top, frictionless-py nests them under "csv", CSV Dialect v1 has no "csv" either
    merged = {**raw, **(raw["csv"] if isinstance(raw.get("csv"), Mapping) else {})}
    refuse_misplaced(merged, "dialect", f"{where}: dialect")
    for name, form in wrong_forms(merged, "dialect"):
        raise ProjectError(f"{where}: `{name}` of the dialect is {form}, not {merged[name]!r}")
    header = merged.get("header", True)
    if not header and "headerRows" in merged:
        raise ProjectError(f'{where}: `headerRows` has no effect beside `"header": false`', "drop one of the two")
    rows = {"headerRows": (1,) if header else (), "commentRows": ()}
    for name, usual in rows.items():
        numbers = merged.get(name, usual)
        if not isinstance(numbers, list | tuple) or not all(type(row) is int and row > 0 for row in numbers):
            raise ProjectError(f"{where}: {name} is a list of row numbers from 1", "correct the dialect")
        rows[name] = tuple(numbers)
    usual_texts = {"delimiter": delimiter, "quoteChar": '"', "escapeChar": "", "commentChar": "", "headerJoin": " "}
    dialect = Dialect(
        **texts(merged, usual_texts),
        double_quote=merged.get("doubleQuote", True),
        skip_initial_space=merged.get("skipInitialSpace", False),
        header=header,
        header_rows=rows["headerRows"],
        comment_rows=rows["commentRows"],
        line_terminator=str(merged.get("lineTerminator") or "\n"),
        raw=MappingProxyType(merged),
    )
    marks = {"delimiter": dialect.delimiter, "quoteChar": dialect.quote_char, "escapeChar": dialect.escape_char}
    odd = [
        name for name, mark in marks.items() if len(mark) > 1 or mark in _NO_MARKS or (name == "delimiter" and not mark)
    ]
    twice = dialect.delimiter in {dialect.quote_char, dialect.escape_char}
    refuse_faulty(
        *((name, f"{where}: the {name} {marks[name]!r} is not one character", "correct the dialect") for name in odd),
        (twice, f"{where}: {dialect.delimiter!r} cannot also be the delimiter", "correct the dialect"),
    )
    return dialect
