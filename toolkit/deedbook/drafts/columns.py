"""A column of a table: of which type it is, which texts in it mean nothing, and what else its values have in common."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import polars as pl

from deedbook.checking.cells import CellFailure
from deedbook.drafts.forms import LONGEST_CODE, TEXT, Choice, Form, Shape, choose, pattern_of, shape_of
from deedbook.drafts.guesses import FORMS, Guess
from deedbook.findings import plural, shorten

_LISTED = 200
"""Distinct texts of a column up to which each is counted."""
_LISTS = {"string": (30, 4), "integer": (12, 10), "number": (12, 10)}
"""The most values of a list of codes, and how often each has to stand there on average."""
_ENOUGH, _PLENTY = 30, 100
"""Cells from which on what they have in common is drafted at all, and without a question.

When none of so many has another value, then with 95 % confidence fewer than 10 % and 3 % of all have one (the rule of three).
"""
_LONGEST_VALUE = 60
"""Characters of a value of such a list, and of a key."""
_SHAPED = 50_000
"""Distinct texts of a block that are looked at one by one for what their shape is."""
_SEED = 0x0DEEDB00
_KEY_TYPES = frozenset({"integer", "number", "string", "date", "year", "yearmonth"})
_NUMERIC = frozenset({"integer", "number", "year"})
_FEW, _DISTINCT = 2, 5
"""Values from which on a column of text is a reference without being called like one, of codes and of words."""
_ASKED = 20
"""Distinct texts that do not fit, up to which a person is asked; more are no exceptions."""
_COORDINATES = {r"(.*_)?lat": 90, r"(.*_)?(lon|lng)": 180}
KEYLIKE = re.compile(
    r"(?i)(.*[\W_])?(id|ids|code|key|nr|no|num|number|uuid|guid|iso\d?|kennung|kode)\d*|.*(Id|ID|Code|Key|Nr)|\w*id"
)
"""How columns are called that tell rows apart, or refer to others."""
TIMELIKE = re.compile(r"(?i).*(year|date|month|day|week|time|round|wave|session|period).*")
"""How columns are called that say when."""


@dataclass(slots=True, eq=False)
class Column:
    """What is known of a column so far.

    Attributes:
        witnesses: Distinct texts by which its form is chosen, and how often each occurs.
        form: What it seems to be; `missing` the texts in it that mean nothing.
        lacking: Cells without a value; `rows` all.
        counts: How often each text occurs; None when they are too many.
        failed: How often each text occurs that does not fit, and its first row.
        shape: What its texts look like; None where they differ.
        refers: Whether its values are a key of another table, which lists them.
        hashes: For each block, the hash of each cell, 0 where there is none; None when the column is no part of a key.
    """

    name: str
    witnesses: Counter[str]
    form: Form = TEXT
    missing: frozenset[str] = frozenset()
    rows: int = 0
    lacking: int = 0
    counts: Counter[str] | None = field(default_factory=Counter)
    low: Any = None
    high: Any = None
    longest: int = 0
    failed: dict[str, tuple[int, int]] = field(default_factory=dict)
    shape: Shape | None = None
    refers: bool = False
    hashes: list[pl.Series] | None = None

    def begin(self, choice: Choice) -> None:
        """The column is of that form from here on, and what was counted is counted anew."""
        (self.form, self.missing), texts = choice, self.witnesses.keys() - {""}
        self.rows = self.lacking = self.longest = 0
        self.counts, self.low, self.high, self.failed = Counter(), None, None, {}
        self.shape = shape_of(texts) if self.form is TEXT else None
        is_key = self.form.type in _KEY_TYPES and max(map(len, texts), default=0) <= _LONGEST_VALUE
        is_whole = self.form.type != "number" or all(text.endswith(".0") or text.isdigit() for text in texts)
        self.hashes = [] if is_key and is_whole else None

    @property
    def values(self) -> int:
        """Cells that hold a value."""
        return self.rows - self.lacking

    @property
    def type(self) -> str:
        """The type that is drafted: text where cells do not fit what the others are."""
        return "string" if self.failed else self.form.type

    def compares_with(self, other: "Column") -> bool:
        """Whether its values can be those of another column."""
        return other is not self and (self.type == other.type or {self.type, other.type} <= _NUMERIC)

    def fewest_of(self, other: "Column") -> int:
        """How many distinct values make it a reference by their texts alone, fewer where both have the same codes; 0 for never."""
        signs, others = ("".join(run.sign for run in it.shape or ()) for it in (self, other))
        is_alike = signs == others and "0" in signs and "a" in signs.lower()
        return 0 if self.type != "string" else _FEW if is_alike else _DISTINCT

    @property
    def is_of_days(self) -> bool:
        """Whether it holds moments, all at midnight, as spreadsheets store days."""
        moments = self.form.field == {"type": "datetime"}
        return moments and all(text.endswith("T00:00:00") for text in self.witnesses if text)

    @property
    def is_plain(self) -> bool:
        """Whether its form is a type alone, and every cell fits."""
        return self.form.field.keys() == {"type"} and not self.failed

    @property
    def misfits(self) -> int:
        """Cells that do not fit the form."""
        return sum(times for times, _ in self.failed.values())

    def better(self) -> Choice | None:
        """What it is in the light of the cells that do not fit; None when they are few exceptions, and somebody is asked."""
        if not self.failed:
            return None
        self.witnesses |= Counter({text: times for text, (times, _) in self.failed.items()})
        found, are_few = choose(self.name, self.witnesses), self.misfits <= max(3, self.values // 100)
        if found != (self.form, self.missing):
            return found
        return None if are_few and len(self.failed) <= _ASKED else (TEXT, frozenset())

    @property
    def question(self) -> str:
        """What a person has to settle about its type; empty when nothing is open."""
        texts = set(self.counts or self.witnesses) - {""}
        if self.failed:
            others = f"all but {plural(self.misfits, 'cell')} are of the type {self.form.words}"
            return f"{others}: mend those and declare it, or leave the column text"
        rival = Form(self.form.rival or {}, self.form.rival_like or self.form.like)
        if self.form.rival and texts and rival.misfits(self.name, dict.fromkeys(texts - self.missing, 1)) == set():
            return f"every value is also of the type {rival.words}: which of the two is right?"
        odd = ", ".join(sorted(self.doubtful(texts)))
        return f"does {odd} mean that there is no value? Then add it to `missingValues`" if odd else ""

    def doubtful(self, texts: set[str]) -> set[str]:
        """The texts that may mean that there is no value, in a column of text, or as the only numbers below 0."""
        if self.form is TEXT:
            return texts & set(FORMS["ambiguous"]) if not self.shape else set()
        negative = {text for text in texts if text.startswith("-")}
        return negative if negative <= set(FORMS["coded"]) and isinstance(self.low, int | float) else set()

    @property
    def is_coded(self) -> bool:
        """Whether its texts are codes, such as `E000017` or `SYR`."""
        signs = "".join(run.sign for run in self.shape or ())
        is_told = "0" in signs or ("A" in signs and "a" not in signs)
        return is_told and len(self.witnesses) > 2 and sum(run.most for run in self.shape or ()) <= LONGEST_CODE

    def look(self, cells: pl.Series, numbers: pl.Series | None, failure: CellFailure | None) -> "Seen":
        """What the cells of a block tell; it runs on several threads at once."""
        text, shape = cells.fill_null(""), self.shape  # which another block may change at the same time
        lacks = text.is_in(["", *self.missing])
        present = text.filter(~lacks)
        return Seen(
            lacking=len(text) - len(present),
            limits=self.limits_of(present if numbers is None else numbers),
            longest=max(present.str.len_chars().unique(), default=0) if self.form is TEXT else 0,
            counts=_counted(present) if self.counts is not None else None,
            odd=_unlike(shape, present) if shape else [],
            hashes=self.hashed(text, lacks) if self.hashes is not None else None,
            failed=_grouped(failure) if failure else {},
        )

    def limits_of(self, values: pl.Series) -> list[Any]:
        """The lowest and the highest of a block, of numbers and of what is written so that the order of texts is theirs."""
        is_ordered = values.dtype.is_numeric() or (self.form is not TEXT and self.is_plain)
        return list(filter(lambda limit: limit is not None, (values.min(), values.max()) if is_ordered else ()))

    def hashed(self, text: pl.Series, lacks: pl.Series) -> pl.Series:
        """The hash of each cell, of whole numbers however they are written, and 0 where there is no value."""
        plain = text.str.strip_suffix(".0") if self.form.type == "number" else text
        return plain.hash(_SEED).set(lacks, 0)

    def add(self, seen: "Seen", first: int, height: int) -> None:
        """Takes what a block tells, whose first row has that number in the table."""
        self.rows, self.lacking = self.rows + height, self.lacking + seen.lacking
        self.longest = max(self.longest, seen.longest)
        limits = [*seen.limits, *([] if self.low is None else [self.low, self.high])]
        self.low, self.high = min(limits, default=None), max(limits, default=None)
        if self.counts is not None:
            self.counts = self.counts + seen.counts if seen.counts is not None else None
        for text, (times, row) in seen.failed.items():
            known, place = self.failed.get(text, (0, first + row))
            self.failed[text] = (known + times, place)
        self.shape = shape_of(seen.odd, self.shape) if self.shape else None
        if self.hashes is not None and seen.hashes is not None:
            self.hashes.append(seen.hashes)

    def guesses(self, first: int) -> Iterator[Guess]:
        """What it seems to be; rows are counted from the first."""
        counted = f"{self.values - self.misfits:,} of {self.rows if self.form is TEXT else self.values:,} cells"
        limits = f", {self.low} to {self.high}" if self.low is not None else ""
        shown = ", ".join(map(partial(shorten, limit=20), sorted(self.witnesses.keys() - self.missing - {""})[:3]))
        rows = tuple((first + row, text) for text, (_, row) in self.failed.items())
        yield Guess(self.name, "type", self.type, f"{counted}{limits}, such as {shown}", rows, self.question)
        for name in () if self.failed else self.form.field.keys() - {"type"}:
            yield Guess(self.name, name, self.form.field[name], f"every value is so, such as {shown}")
        if self.missing:
            evidence = f"no value of the type, in {plural(self.lacking, 'cell')} with empty ones"
            yield Guess(self.name, "missingValues", ["", *sorted(self.missing)], evidence)
        if self.rows >= _ENOUGH and not self.lacking:
            yield Guess(self.name, "constraints.required", True, f"all {self.rows:,} cells have a value")
        yield from self.list_guess() if self.is_listed else chain(self.pattern_guess(), self.limit_guesses())

    @property
    def is_listed(self) -> bool:
        """Whether it has few values, of texts or whole numbers, each often; years and weeks come and go."""
        counts, (most, times) = self.counts or Counter[str](), _LISTS.get(self.type, (0, 0))
        is_short = 2 <= len(counts) <= most and self.values >= times * len(counts) and self.longest <= _LONGEST_VALUE
        if not (is_short and self.is_plain) or self.refers or TIMELIKE.fullmatch(self.name):
            return False
        return self.type == "string" or all(float(text).is_integer() for text in counts)

    @property
    def is_free_text(self) -> bool:
        """Whether it holds texts of any shape."""
        return self.form is TEXT and not (self.failed or self.shape or self.is_listed)

    def list_guess(self) -> Iterator[Guess]:
        """The values of a column that has few, each often."""
        counts = self.counts or Counter[str]()
        values: list[Any] = sorted(counts) if self.type == "string" else sorted(int(float(text)) for text in counts)
        shown = ", ".join(f"{shorten(text, 20)} {count:,}" for text, count in counts.most_common(5))
        evidence = f"{len(counts)} values in {self.values:,} cells: {shown}"
        twins = Counter(text.casefold().strip() for text in counts)
        double = sorted(text for text in counts if twins[text.casefold().strip()] > 1)
        if double or self.values >= _ENOUGH:
            todo = self.list_question(double, sorted(text for text, times in counts.items() if times == 1))
            yield Guess(self.name, "constraints.enum", values, evidence, todo=todo)

    def list_question(self, double: Sequence[str], rare: Sequence[str]) -> str:
        """What a person has to settle about a list of values, of which some differ in case alone, and some stand there once."""
        if double:
            return f"are these one value? {', '.join(double)}"
        if self.type != "string":
            return "are these codes, of which there are no others? Of numbers that count or measure, drop the `enum`"
        if self.values < _PLENTY:
            return f"are these all its values? {self.values:,} cells are few to tell"
        return (
            f"are these all its values, and right? {', '.join(rare)} stand{'s' * (len(rare) == 1)} there once"
            if rare
            else ""
        )

    def pattern_guess(self) -> Iterator[Guess]:
        """What codes look like."""
        if self.shape and self.is_coded and self.values >= _ENOUGH:
            yield Guess(self.name, "constraints.pattern", pattern_of(self.shape), f"all {self.values:,} values look so")

    def limit_guesses(self) -> Iterator[Guess]:
        """The least and the greatest value that numbers of its name can have; 0 where none is below."""
        if self.failed or not isinstance(self.low, int | float):
            return
        evidence = f"values from {self.low:,} to {self.high:,}"
        most = next((most for name, most in _COORDINATES.items() if re.match(name, self.name.lower())), 0)
        limits = {"minimum": 0} if self.low >= 0 and self.values >= _PLENTY else {}
        if -most <= self.low <= self.high <= most:
            limits = {"minimum": -most, "maximum": most}
        for name, value in limits.items():
            yield Guess(self.name, f"constraints.{name}", value, evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one block tells of a column.

    Attributes:
        limits: The lowest and the highest value.
        counts: How often each text occurs; None when they are too many.
        odd: Texts of another shape.
        failed: The texts that do not fit, how often and where first.
    """

    lacking: int
    limits: Sequence[Any]
    longest: int
    counts: Counter[str] | None
    odd: Sequence[str]
    hashes: pl.Series | None
    failed: Mapping[str, tuple[int, int]]


def _unlike(shape: Shape, texts: pl.Series) -> list[str]:
    """The distinct texts of another shape; one that has none in place of too many."""
    others = texts.filter(~texts.str.contains(rf"\A(?:{pattern_of(shape)})\z")).unique()
    return others.to_list() if len(others) < _SHAPED else [" "]


def _counted(texts: pl.Series) -> Counter[str] | None:
    """How often each text occurs; None when they are too many."""
    found = texts.value_counts()
    return Counter(dict(found.rows())) if found.height <= _LISTED else None


def _grouped(failure: CellFailure) -> dict[str, tuple[int, int]]:
    """How often each text stands there, and its first row."""
    frame = pl.DataFrame({"text": failure.texts, "row": failure.rows}).group_by("text", maintain_order=True)
    return {text: (count, row) for text, count, row in frame.agg(pl.len(), pl.col("row").min()).head(1000).rows()}
