"""How the text of a file is cut into records, and which of them are its header.

Delimiter, quotes and header are read off the first records, the likeliest of all ways.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product

from deedbook.dialect import Dialect
from deedbook.drafts.guesses import FORMS, Guess
from deedbook.findings import listed, plural, shorten
from deedbook.reading import source
from deedbook.reading.text import open_reader

_RECORDS = 300
_MARKS = ",;\t|^~:"
_NUMBER = re.compile(r"\s*[-+]?[$€£]?[0-9][0-9.,]*%?\s*")
_YEAR = re.compile(r"(1[5-9]|20)[0-9]{2}")
_SINGLE = re.compile(r"(?m)(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n])")
"""A cell between single quotes."""
_DATED = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}([T ].*)?")
_FEWEST = 3
"""Records below two lines of a header: with fewer, a second line cannot be told from a row."""
_NAMELESS = "write one line above the rows that gives each column a name of its own"


@dataclass(frozen=True)
class Cut:
    """The first records of a text under one dialect."""

    dialect: Dialect
    text: str

    @cached_property
    def rows(self) -> list[list[str]]:
        """The records, as far as they can be told."""
        try:
            return list(islice(open_reader(io.StringIO(self.text, newline=""), self.dialect), _RECORDS))
        except (csv.Error, ValueError):
            return []

    @cached_property
    def width(self) -> int:
        """The cells that most records have."""
        sizes = Counter(len(cells) for cells in self.rows if any(cells))
        return max(sizes, key=lambda size: (sizes[size], size), default=0)

    @property
    def fitting(self) -> list[int]:
        """The records of that width."""
        return [at for at, cells in enumerate(self.rows) if len(cells) == self.width and any(cells)]

    @property
    def labels(self) -> list[str]:
        """The first record of that width."""
        return self.rows[self.fitting[0]] if self.fitting else []

    @property
    def score(self) -> float:
        """How likely the text is cut so: records of one width, many cells, and names above them."""
        filled = [cells for cells in self.rows if any(cells)]
        share = len(self.fitting) / max(len(filled), 1)
        are_names = len(set(self.labels)) == self.width and sum(map(bool, map(_NUMBER.fullmatch, self.labels))) < 1
        quoted = sum(cell[:1] == cell[-1:] != "" and cell[:1] in "\"'" for cells in filled for cell in cells)
        return share * (1 - 1 / max(self.width, 1)) + 0.5 * are_names * (self.width > 1) - 0.1 * bool(quoted)

    @property
    def is_headed(self) -> bool:
        """Whether that record names the columns: its cells are not like those below them."""
        if all(_YEAR.fullmatch(label) for label in self.labels if _NUMBER.fullmatch(label)):
            return "" not in self.labels or any(self.labels)
        below = zip(*(self.rows[at] for at in self.fitting[1:]), strict=True)
        for label, cells in zip(self.labels, below, strict=False):
            numbers = sum(map(bool, map(_NUMBER.fullmatch, cells)))
            if _NUMBER.fullmatch(label) and numbers > len(cells) / 2:
                return False
        return bool(self.labels)

    @property
    def second(self) -> list[str]:
        """The second line of the header; empty where it has one.

        It stands right below the first and has no number and no date where all records below it have one, in at least two columns,
        or in one whose text has no digit.
        """
        first, *below = self.fitting or [0]
        if len(below) <= _FEWEST or below[0] != first + 1:
            return []
        line, told = self.rows[below[0]], 0
        for cell, *cells in zip(line, *(self.rows[at] for at in below[1:]), strict=True):
            if all(map(_is_measured, filter(None, cells))) and any(cells):
                if _is_measured(cell) or cell in FORMS["missing"]:
                    return []
                told += bool(cell) and (2 - any(map(str.isdigit, cell)))
        return line if told > 1 else []

    @property
    def two_line_guesses(self) -> Iterator[Guess]:
        """What the dialect says of a header of two lines: the first if it names every column, else both, else the second.

        Raises:
            SourceError: when neither tells the columns apart.
        """
        row, lines = self.fitting[0] + 1, [self.labels, self.second]
        both = [" ".join(dict.fromkeys(filter(None, pair))) for pair in zip(*lines, strict=True)]
        ways = {(row,): self.labels, (row, row + 1): both, (row + 1,): self.second}
        used = next((rows for rows, names in ways.items() if all(names) and len({*names}) == len(names)), ())
        if not used:
            message = (
                f"its header has two lines (rows {row} and {row + 1}), which together do not tell the columns apart"
            )
            raise source.SourceError("duplicate-label", message, _NAMELESS)
        shown = "; ".join(listed(list(map(shorten, filter(None, line))), 3) for line in lines)
        evidence = f"rows {row} and {row + 1} stand above the first that has numbers or dates ({shown})"
        names = listed([f"`{shorten(name)}`" for name in ways[used]], 4)
        todo = f"the header has two lines: are the columns called {names}?"
        yield Guess("", "dialect.headerRows", list(used), evidence, todo=todo)
        if used == (row,):
            yield Guess(
                "", "dialect.commentRows", [row + 1], f"the second line of the header: {listed(self.second, 3)}"
            )

    @property
    def header_guesses(self) -> Iterator[Guess]:
        """What the dialect says of the header, where it is not the first record."""
        if not self.is_headed:
            shown = ", ".join(map(shorten, self.labels[:3]))
            todo = "name the columns: the file has no header, so they are called column_1, column_2, ..."
            yield Guess("", "dialect.header", False, f"the first record is data ({shown})", todo=todo)
        elif self.second:
            yield from self.two_line_guesses
        elif self.fitting and self.fitting[0]:
            evidence = f"{plural(self.fitting[0], 'record')} above the first of {plural(self.width, 'cell')}"
            yield Guess("", "dialect.headerRows", [self.fitting[0] + 1], evidence)

    def guesses(self, usual: str) -> Iterator[Guess]:
        """What the dialect says that is not as usual, with that delimiter."""
        count = f"{len(self.fitting):,} of the first {plural(len(self.rows), 'record')}"
        dialect, evidence = self.dialect, f"it cuts {count} into {plural(self.width, 'cell')}"
        behind = [cell for at in self.fitting for cell in self.rows[at][1:] if cell]
        is_spaced = bool(behind) and all(cell[0] == " " != cell[-1] for cell in behind)
        said = {
            "delimiter": (dialect.delimiter, dialect.delimiter != usual),
            "quoteChar": (dialect.quote_char, dialect.quote_char != '"'),
            "escapeChar": (dialect.escape_char, dialect.escape_char),
            "doubleQuote": (False, dialect.escape_char),
            "skipInitialSpace": (True, is_spaced),
        }
        yield from (Guess("", f"dialect.{name}", value, evidence) for name, (value, is_so) in said.items() if is_so)
        yield from self.header_guesses


def _is_measured(text: str) -> bool:
    """Whether a text is a number or a date."""
    return bool(_NUMBER.fullmatch(text) or _DATED.fullmatch(text))


def cut_of(text: str, usual: str) -> Cut:
    """The likeliest way to cut a text into cells."""
    quotes = "\"'" if 2 * len(_SINGLE.findall(text)) > text.count("\n") else '"'
    ways = product(_MARKS, quotes, ("", "\\") if '\\"' in text else ("",))
    dialects = (Dialect(mark, quote, double_quote=not escape, escape_char=escape) for mark, quote, escape in ways)
    cuts = [Cut(dialect, text) for dialect in dialects]
    best = max(cuts, key=lambda cut: (round(cut.score, 2), cut.dialect.delimiter == usual))
    return best if best.width > 1 else Cut(Dialect(usual), text)
