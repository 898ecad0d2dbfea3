"""The columns of a table: of which type each is, which texts in it mean nothing, and what else its values have in common.

The first block chooses a form for each column; every cell of the table is then judged by the checks that a validation uses. Where
cells do not fit, they join the texts that the form is chosen by, and the table is read once more.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import polars as pl

from deedbook.checking.cells import FieldPlan, Rows, check_cells, plan_field
from deedbook.descriptor import Resource
from deedbook.drafts.guesses import FORMS, Guess
from deedbook.errors import ProjectError
from deedbook.findings import plural, shorten
from deedbook.reading import pipeline, tables
from deedbook.reading.text import TextBlock
from deedbook.schema import read_schema

T = TypeVar("T")
_WITNESSES = 500
"""Distinct texts of a column that its form is chosen by."""
_LISTED = 200
"""Distinct texts of a column up to which each is counted."""
_ENUM = 30
_SHAPED = 50_000
"""Distinct texts of a block that are looked at one by one for what their shape is."""
_PATTERN = 24
"""Characters of a code, and of a pattern."""
_HASHES = 384 << 20
"""Bytes that the hashes of all cells of the columns that may be keys can take."""
_SEED = 0x0DEEDB00
_MISSING = frozenset(FORMS["missing"])
_KEY_TYPES = frozenset({"integer", "number", "string", "date", "year", "yearmonth"})
_LONGEST_KEY = 60
KEYLIKE = re.compile(
    r"(?i)(.*[\W_])?(id|ids|code|key|nr|no|num|number|uuid|guid|iso\d?|kennung|kode)\d*|.*(Id|ID|Code|Key|Nr)|\w*id"
)
"""How columns are called that tell rows apart, or refer to others."""
TIMELIKE = re.compile(r"(?i).*(year|date|month|day|week|time|round|wave|session|period).*")
"""How columns are called that say when."""


@dataclass(frozen=True)
class Form:
    """What a column may be: an entry of `forms.toml`."""

    field: Mapping[str, Any]
    like: str
    some: str = ""
    named: str = ""
    least: int = 1
    rival: Mapping[str, Any] | None = None

    def plan(self, name: str, missing: Collection[str] = ()) -> FieldPlan:
        """How the cells of a column of this form are checked."""
        item = read_schema({"fields": [{"name": name, **self.field}]}, "draft").fields[0]
        return plan_field(item, ("", *missing), "draft")

    def misfits(self, name: str, texts: Mapping[str, int]) -> set[str] | None:
        """The texts that are not of this form, when they are few or mean nothing; None where it is not the form of the column.

        Args:
            name: The column.
            texts: Distinct texts of it, and how often each occurs.
        """
        some = re.compile(self.some)  # which every text has where nothing is said
        if self.named and not re.fullmatch(self.named, name):
            return None
        count = sum(map(bool, map(some.search, texts)))
        if count < (1 if "itemType" in self.field else len(texts) / 10):  # of words, one with a comma is no list
            return None
        found, odd, most = set[str](), Counter[str](), 1 + len(texts) // 20 if len(texts) > 10 else 0
        matches, plan, rare = re.compile(self.like).fullmatch, None, sum(texts.values()) // 50
        for text in texts:
            plan = plan or (self.plan(name) if matches(text) else None)
            if not plan or not matches(text) or plan.problems(text):
                found.add(text)
                odd.update({text: texts[text]} if text not in _MISSING else {})
                if len(odd) > most and odd.total() > rare:
                    return None
        return found if len(texts) - len(found) >= self.least else None


_FORMS = [Form(**form) for form in FORMS["form"]]
TEXT = _FORMS[-1]


@dataclass(slots=True)
class Column:
    """What is known of a column so far.

    Attributes:
        form: What it seems to be; `missing` the texts in it that mean nothing.
        witnesses: Distinct texts by which that was chosen, and how often each occurs.
        lacking: Cells without a value; `rows` all.
        counts: How often each text occurs; None when they are too many.
        failed: How often each text occurs that does not fit, and its first row.
        shape: What its texts look like, as runs of letters and digits with the least and the greatest length; None where they differ.
        hashes: For each block, the hash of each cell, 0 where there is none; None when the column is no part of a key.
    """

    name: str
    form: Form = TEXT
    missing: frozenset[str] = frozenset()
    witnesses: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    lacking: int = 0
    counts: Counter[str] | None = field(default_factory=Counter)
    low: Any = None
    high: Any = None
    longest: int = 0
    failed: dict[str, tuple[int, int]] = field(default_factory=dict)
    shape: "tuple[Run, ...] | None" = None
    hashes: list[pl.Series] | None = None

    @property
    def chosen(self) -> tuple[Form, frozenset[str]]:
        """The first form that takes all witnesses but texts that mean nothing, or nearly all; and those texts."""
        texts = {text: count for text, count in self.witnesses.items() if text}
        judged = ((form, form.misfits(self.name, texts)) for form in (_FORMS[:-1] if texts else ()))
        tried = [(form, misfits) for form, misfits in judged if misfits is not None]
        whole = ((form, misfits) for form, misfits in tried if misfits <= _MISSING)
        nearly = ((form, misfits) for form, misfits in tried if not form.some)
        found = ((form, frozenset(misfits & _MISSING)) for form, misfits in chain(whole, nearly))
        return next(found, (TEXT, frozenset()))

    def choose(self, form: Form, missing: frozenset[str]) -> None:
        """The column is of that form from here on, and what was counted is counted anew."""
        self.form, self.missing, texts = form, missing, self.witnesses.keys() - {""}
        self.rows = self.lacking = self.longest = 0
        self.counts, self.low, self.high, self.failed = Counter(), None, None, {}
        self.shape = shape_of(texts) if self.form is TEXT else None
        is_key = self.form.field["type"] in _KEY_TYPES and max(map(len, texts), default=0) <= _LONGEST_KEY
        is_whole = self.form.field["type"] != "number" or all(text.endswith(".0") or text.isdigit() for text in texts)
        self.hashes = [] if is_key and is_whole else None

    @property
    def values(self) -> int:
        """Cells that hold a value."""
        return self.rows - self.lacking

    @property
    def misfits(self) -> int:
        """Cells that do not fit the form."""
        return sum(times for times, _ in self.failed.values())

    @property
    def is_settled(self) -> bool:
        """Whether every cell fits the form, but for few that somebody has to look at."""
        is_told = _MISSING.isdisjoint(self.failed) and len(self.failed) <= 20
        return is_told and self.misfits <= max(3, self.values // 100)

    @property
    def question(self) -> str:
        """What a person has to settle about its type; empty when nothing is open."""
        kind, texts = " ".join(map(str, self.form.field.values())), set(self.counts or self.witnesses) - {""}
        if self.failed:
            count = plural(self.misfits, "cell")
            return f"all but {count} are of the type {kind}: mend those and declare it, or leave the column text"
        rival = self.form.rival and Form(self.form.rival, self.form.like)
        if rival and texts and rival.misfits(self.name, dict.fromkeys(texts - self.missing, 1)) == set():
            other = " ".join(map(str, rival.field.values()))
            return f"every value is also of the type {other}: which of the two is right?"
        coded = texts & set(FORMS["coded"]) if isinstance(self.low, int | float) and self.low < 0 else set()
        if coded and sum(text.startswith("-") for text in texts) == len(coded):
            return f"does {', '.join(sorted(coded))} mean that there is no value? Then add it to `missingValues`"
        odd = texts & set(FORMS["ambiguous"]) if self.form is TEXT and not self.shape else set()
        return (
            f"does {', '.join(sorted(odd))} mean that there is no value? Then add it to `missingValues`" if odd else ""
        )

    def add(self, seen: "_Seen", first: int, height: int) -> None:
        """Takes what a block tells, whose first row has that number in the table."""
        self.rows += height
        self.lacking += seen.lacking
        self.longest = max(self.longest, seen.longest)
        if seen.low is not None:
            self.low = seen.low if self.low is None else min(self.low, seen.low)
            self.high = seen.high if self.high is None else max(self.high, seen.high)
        if self.counts is not None:
            self.counts = None if seen.counts is None else self.counts + Counter(seen.counts)
            if self.counts is not None and len(self.counts) > _LISTED:
                self.counts = None
        for text, (times, row) in seen.failed.items():
            known = self.failed.get(text, (0, first + row))
            self.failed[text] = (known[0] + times, known[1])
        if self.shape and seen.odd:
            self.shape = shape_of(seen.odd, self.shape)
        if self.hashes is not None and seen.hashes is not None:
            self.hashes.append(seen.hashes)

    @property
    def is_coded(self) -> bool:
        """Whether its texts are codes, such as `E000017` or `SYR`."""
        shape = self.shape or ()
        signs = "".join(run.sign for run in shape)
        is_told = "0" in signs or ("A" in signs and "a" not in signs)
        return bool(shape) and is_told and len(self.witnesses) > 2 and sum(run.most for run in shape) <= _PATTERN


@dataclass(frozen=True, slots=True)
class Run:
    """Signs of one kind beside each other: `A` for capitals, `a` for small letters, `0` for digits, or one mark; how many at least and at most."""

    sign: str
    least: int
    most: int

    @property
    def pattern(self) -> str:
        """The run as a regular expression."""
        signs = {"A": "[A-Z]", "a": "[a-z]", "0": "[0-9]"}.get(self.sign, re.escape(self.sign))
        times = f"{{{self.least}}}" if self.least == self.most else f"{{{self.least},{self.most}}}"
        return signs if self.least == self.most == 1 else signs + times


_RUN = re.compile(r"([A-Z]+)|([a-z]+)|([0-9]+)|(.)", re.DOTALL)


def _runs(text: str) -> tuple[Run, ...]:
    signs = ("A", "a", "0")
    found = ((match.lastindex or 4, match[0]) for match in _RUN.finditer(text[: _PATTERN + 1]))
    return tuple(Run(part if kind == 4 else signs[kind - 1], len(part), len(part)) for kind, part in found)


def shape_of(texts: Collection[str], known: tuple[Run, ...] | None = None) -> tuple[Run, ...] | None:
    """The runs that all texts consist of, and what was known already; None when they differ."""
    shape = known
    for text in texts:
        runs = _runs(text)
        if len(text) > _PATTERN or " " in text or (shape and [run.sign for run in runs] != [run.sign for run in shape]):
            return None
        if shape:
            pairs = zip(shape, runs, strict=True)
            runs = tuple(Run(one.sign, min(one.least, two.least), max(one.most, two.most)) for one, two in pairs)
        shape = runs
    return shape


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one block tells of a column.

    Attributes:
        counts: How often each text occurs; None when they are too many.
        odd: Texts of another shape.
        failed: The texts that do not fit, how often and where first.
    """

    lacking: int
    low: Any
    high: Any
    longest: int
    counts: Mapping[str, int] | None
    odd: Sequence[str]
    hashes: pl.Series | None
    failed: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class TableColumns:
    """The columns of one table.

    Attributes:
        first: The number of the first row.
        is_hashed: Whether there is room for the hashes of all columns that may be keys.
    """

    columns: Sequence[Column]
    rows: int
    first: int
    is_hashed: bool

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Each by its name."""
        return {column.name: column for column in self.columns}


def read_columns(resource: Resource, advance: Callable[[int], None] = lambda _size: None) -> TableColumns:
    """The columns of a table, from every cell.

    Args:
        resource: The table; its schema is not asked.
        advance: Told how many bytes were read.

    Raises:
        ProjectError: when it cannot be read, or two of its columns have one name.
    """
    with tables.opened(resource, resource.sources[0]) as (_, header, layout):
        names = list(layout.names) or [f"column_{at}" for at in range(1, header.width + 1)]
        if odd := [at for at, name in enumerate(names, 1) if not name.strip()]:
            raise ProjectError(f"{resource.name}: column {odd[0]} has no name", "name it in the header")
        if not names:
            raise ProjectError(f"{resource.name}: there is no table in {resource.paths[0]}", "see what the file holds")
    columns, first = list(map(Column, names)), next(_blocks(resource, names, _witnesses, workers=1), None)
    for column in columns:
        column.witnesses = first.result[column.name] if first else Counter()
        column.choose(*column.chosen)
    rows, is_hashed, unsettled = 0, True, columns
    for last in (False, False, True):
        rows, is_full = _scan(resource, names, unsettled, advance)
        is_hashed &= not is_full
        failing = [column for column in unsettled if column.failed]
        for column in failing:
            column.witnesses.update({text: times for text, (times, _) in column.failed.items()})
        better = [(column, column.chosen) for column in failing]
        better = [(it, found) for it, found in better if found != (it.form, it.missing) or not it.is_settled]
        for column, found in better:
            column.choose(*((TEXT, frozenset()) if last or found == (column.form, column.missing) else found))
        unsettled = [column for column, _ in better]
        if not unsettled:
            break
    else:
        _scan(resource, names, unsettled, advance)
    return TableColumns(columns, rows, header.row, is_hashed)


def _witnesses(block: TextBlock) -> dict[str, Counter[str]]:
    """For each column the first distinct texts, and how often each occurs."""
    frame = tables.without_absent(block)
    counted = (column.drop_nulls().value_counts().head(_WITNESSES) for column in frame)
    return {name: Counter(dict(counts.rows())) for name, counts in zip(frame.columns, counted, strict=True)}


def _scan(
    resource: Resource, names: Sequence[str], columns: Sequence[Column], advance: Callable[[int], None]
) -> tuple[int, bool]:
    """Fills in the columns from every block: how many rows there are, and whether hashes were given up."""
    plans = [column.form.plan(column.name, column.missing) for column in columns]
    rows, is_full = 0, False
    for done in _blocks(resource, names, lambda block: _measure(block, columns, plans)):
        height, seen = done.result
        for column in columns:
            column.add(seen[column.name], rows, height)
        rows += height
        advance(done.size)
        held = [column for column in columns if column.hashes is not None]
        if 8 * rows * len(held) > _HASHES:
            is_full = True
            for column in held:
                column.hashes = column.hashes if KEYLIKE.fullmatch(column.name) else None
    return rows, is_full


def _blocks(
    resource: Resource, names: Sequence[str], work: Callable[[TextBlock], T], workers: int | None = None
) -> Iterator[pipeline.Done[T]]:
    """What is made of each block of all files."""
    for file in resource.sources:
        with tables.opened(resource, file, list(names)) as (cutter, _, layout):
            yield from pipeline.run(cutter, replace(layout, names=tuple(names)), work, workers=workers)


def _measure(block: TextBlock, columns: Sequence[Column], plans: Sequence[FieldPlan]) -> tuple[int, dict[str, _Seen]]:
    """The rows of a block, and what it tells of each column; it runs on several threads at once."""
    frame = tables.without_absent(block)
    checked = check_cells(frame, plans, {}, [plan.name for plan in plans if plan.parsed is not None])
    failed = {failure.plan.name: failure for failure in checked.failures}
    seen = {}
    for column in columns:
        failure, text = failed.get(column.name), frame[column.name].fill_null("")
        texts = _grouped(failure.texts, failure.rows) if failure else {}
        seen[column.name] = _look(column, text, checked.numbers.get(column.name), texts)
    return frame.height, seen


def _grouped(texts: pl.Series, rows: Rows) -> dict[str, tuple[int, int]]:
    """How often each text stands there, and its first row."""
    frame = pl.DataFrame({"text": texts, "row": rows}).group_by("text", maintain_order=True)
    return {text: (count, row) for text, count, row in frame.agg(pl.len(), pl.col("row").min()).head(1000).rows()}


def _look(column: Column, text: pl.Series, numbers: pl.Series | None, failed: Mapping[str, tuple[int, int]]) -> _Seen:
    lacks = text.is_in(["", *column.missing]) if column.missing else text == ""
    lacking, low, high, longest = int(lacks.sum()), None, None, 0
    present = text.filter(~lacks) if lacking else text
    if numbers is not None:
        low, high = numbers.min(), numbers.max()
    elif column.form.field.keys() == {"type"} and column.form is not TEXT:
        low, high = present.min(), present.max()
    elif column.form is TEXT:
        longest = max(present.str.len_chars().unique(), default=0)
    counts = None
    if column.counts is not None and (found := present.value_counts()).height <= _LISTED:
        counts = dict(found.rows())
    odd, shape = list[str](), column.shape  # which the merge may widen at the same time
    if shape:
        pattern = "".join(run.pattern for run in shape)
        others = present.filter(~present.str.contains(rf"\A(?:{pattern})\z")).unique()
        odd = others.to_list() if len(others) < _SHAPED else [" "]  # which has no shape
    hashes = None
    if column.hashes is not None:
        plain = text.str.strip_suffix(".0") if column.form.field["type"] == "number" else text
        hashes = plain.hash(_SEED)
        hashes = hashes.set(lacks, 0) if lacking else hashes
    return _Seen(lacking, low, high, longest, counts, odd, hashes, failed)


def guesses_of(column: Column, first: int) -> Iterator[Guess]:
    """What a column seems to be; rows are counted from the first."""
    name, form, total = column.name, column.form, f"{column.values:,} of {column.rows:,} cells"
    kind = "string" if column.failed else form.field["type"]
    seen = (
        f"{total} have a value"
        if form is TEXT
        else f"{column.values - column.misfits:,} of {total[total.rindex('of') + 3 :]}"
    )
    shown = ", ".join(shorten(text, 20) for text in sorted(column.witnesses.keys() - column.missing - {""})[:3])
    limits = f", {column.low} to {column.high}" if column.low is not None else ""
    rows = tuple((first + row, text) for text, (_, row) in column.failed.items())
    yield Guess(name, "type", kind, f"{seen}{limits}, such as {shown}", rows, column.question)
    if not column.failed:
        options = {key: value for key, value in form.field.items() if key != "type"}
        yield from (Guess(name, key, value, f"every value is so, such as {shown}") for key, value in options.items())
    if column.missing:
        evidence = f"no value of the type, in {plural(column.lacking, 'cell')} with empty ones"
        yield Guess(name, "missingValues", ["", *sorted(column.missing)], evidence)
    if column.rows and not column.lacking:
        yield Guess(name, "constraints.required", True, f"all {column.rows:,} cells have a value")
    yield from _constraints(column, kind)


def _constraints(column: Column, kind: str) -> Iterator[Guess]:
    """What the values of a column have in common besides their type."""
    name, counts = column.name, column.counts or Counter[str]()
    most, times = (_ENUM, 4) if kind == "string" else (12, 10)
    is_list = (
        kind in {"string", "integer", "number"} and 2 <= len(counts) <= most and column.values >= times * len(counts)
    )
    is_list = is_list and column.longest <= 60 and column.form.field.keys() == {"type"} and not column.failed
    if is_list and (kind == "string" or all(float(text).is_integer() for text in counts)):
        values = sorted(counts) if kind == "string" else sorted(int(float(text)) for text in counts)
        shown = ", ".join(f"{shorten(text, 20)} {count:,}" for text, count in counts.most_common(5))
        twins = Counter(text.casefold().strip() for text in counts)
        double = [text for text in counts if twins[text.casefold().strip()] > 1]
        todo = f"are these one value? {', '.join(sorted(double))}" if double else ""
        yield Guess(
            name, "constraints.enum", values, f"{len(counts)} values in {column.values:,} cells: {shown}", todo=todo
        )
    elif kind == "string" and column.form is TEXT and column.is_coded and column.values >= 3:
        pattern = "".join(run.pattern for run in column.shape or ())
        yield Guess(name, "constraints.pattern", pattern, f"all {column.values:,} values look so")
    if isinstance(column.low, int | float) and not column.failed and not is_list:
        yield from _bounds(column)


def _bounds(column: Column) -> Iterator[Guess]:
    """The least and the greatest value that numbers of their name can have; below 0 where none is."""
    evidence, name = f"values from {column.low:,} to {column.high:,}", column.name.lower()
    most = next(
        (most for part, most in (("lat", 90), ("lon", 180), ("lng", 180)) if re.match(rf"(.*_)?{part}", name)), 0
    )
    if most and -most <= column.low <= column.high <= most:
        yield Guess(column.name, "constraints.minimum", -most, evidence)
        yield Guess(column.name, "constraints.maximum", most, evidence)
    elif column.low >= 0 and column.values > 1:
        yield Guess(column.name, "constraints.minimum", 0, evidence)
