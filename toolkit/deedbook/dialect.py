"""How the text of a CSV file is cut into cells, after Data Package v2 Table Dialect, CSV Dialect v1 and frictionless-py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from deedbook.errors import ProjectError
from deedbook.properties import refuse_misplaced, texts, wrong_forms


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
    line_terminator: str = "\n"
    spelling: Mapping[str, str] = field(default_factory=dict, hash=False)
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def pairs(self) -> tuple[str, ...]:
        """What stands for a quote or an escape inside quotes; replaced in this order, the quote that is left closes."""
        escaped = (self.escape_char * 2, self.escape_char + self.quote_char) if self.escape_char else ()
        return (*escaped, self.quote_char * 2) if self.double_quote else escaped

    @property
    def cell(self) -> re.Pattern[str]:
        """A cell up to its delimiter: group 1 is what is quoted, group 2 what stands behind the closing quote.

        As for the csv module, a quote is one only at the start of a cell, and what follows a closing one belongs to the cell.
        """
        end, quote, escape = map(re.escape, (self.delimiter, self.quote_char, self.escape_char))
        escaped = f"{escape}.|" if escape else ""
        plain = rf"(?:{escaped}[^{end}\r\n])*+"
        if not quote:
            return re.compile(rf"()()({plain})(?:{end}|[\r\n]*$)", re.DOTALL)
        doubled = f"{quote}{quote}|" if self.double_quote else ""
        space = " *+" if self.skip_initial_space else ""
        quoted = rf"{space}{quote}((?:{escaped}{doubled}[^{quote}])*+){quote}({plain})"
        return re.compile(rf"(?:{quoted}|({plain}))(?:{end}|[\r\n]*$)", re.DOTALL)

    @property
    def fault(self) -> str:
        """Why no file can be cut that way; empty when one can."""
        marks = {"delimiter": self.delimiter, "quoteChar": self.quote_char, "escapeChar": self.escape_char}
        for name, mark in marks.items():
            if not re.fullmatch("[^\n\r\0]" if name == "delimiter" else "[^\n\r\0]?", mark):
                return f"the {name} {mark!r} is not one character"
        is_shared = self.delimiter in {self.quote_char, self.escape_char}
        return f"{self.delimiter!r} cannot also be the delimiter" if is_shared else ""


_TEXTS = {"quoteChar": '"', "escapeChar": "", "commentChar": "", "headerJoin": " ", "lineTerminator": "\n"}
"""The properties that are texts, and what they are where they are not declared."""


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
    dialect = Dialect(
        **texts(merged, {**_TEXTS, "delimiter": delimiter}),
        double_quote=merged.get("doubleQuote", True),
        skip_initial_space=merged.get("skipInitialSpace", False),
        header=header,
        header_rows=_read_rows(merged.get("headerRows", [1] * header), f"{where}: headerRows"),
        comment_rows=_read_rows(merged.get("commentRows", []), f"{where}: commentRows"),
        raw=MappingProxyType(merged),
    )
    if dialect.fault:
        raise ProjectError(f"{where}: {dialect.fault}", "correct the dialect")
    return dialect


def _read_rows(raw: object, what: str) -> tuple[int, ...]:
    if isinstance(raw, list | tuple) and all(type(row) is int and row > 0 for row in raw):
        return tuple(raw)
    raise ProjectError(f"{what} is a list of row numbers from 1", "correct the dialect")
