"""What a column may be: the forms of `forms.toml`, and what codes look like."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from deedbook.checking.cells import FieldPlan, plan_field
from deedbook.drafts.guesses import FORMS
from deedbook.schema import read_schema

MISSING = frozenset(FORMS["missing"])
_TELLING = 20
"""Cells of which a single other one is an exception."""
LONGEST_CODE = 24
"""Characters of a code, and of what its pattern takes."""


@dataclass(frozen=True)
class Form:
    """What a column may be: an entry of `forms.toml`, which explains the attributes."""

    field: Mapping[str, Any]
    like: str
    some: str = ""
    named: str = ""
    least: int = 1
    never: str = ""
    rival: Mapping[str, Any] | None = None
    rival_like: str = ""

    @property
    def type(self) -> str:
        """The type of Table Schema."""
        return str(self.field["type"])

    @property
    def words(self) -> str:
        """What the field declares, as people read it."""
        return " ".join(map(str, self.field.values()))

    def plan(self, name: str, missing: Collection[str] = ()) -> FieldPlan:
        """How the cells of a column of this form are checked."""
        item = read_schema({"fields": [{"name": name, **self.field}]}, "draft").fields[0]
        return plan_field(item, ("", *missing), "draft")

    def suits(self, name: str, texts: Mapping[str, int]) -> bool:
        """Whether a column of that name, with these texts among others, may be of the form at all."""
        has_some, is_never = re.compile(self.some).search, re.compile(self.never or r"(?!)").fullmatch
        some = sum(count for text, count in texts.items() if has_some(text))  # all where nothing is said
        enough = 1 if "itemType" in self.field else sum(texts.values()) / 10  # of words, one with a comma is no list
        is_named = re.fullmatch(self.named or "(?s).*", name)
        return bool(is_named) and some >= enough and not any(map(is_never, texts))

    def misfits(self, name: str, texts: Mapping[str, int]) -> set[str] | None:
        """The texts that are not of this form, when they are few or mean nothing; None where it is not the form of the column.

        Args:
            name: The column.
            texts: Distinct texts of it, and how often each occurs.
        """
        if not self.suits(name, texts):
            return None
        matches, plan, found, odd = re.compile(self.like).fullmatch, self.plan(name), set[str](), Counter[str]()
        most, cells = 1 + len(texts) // 20 if len(texts) > 10 else 0, sum(texts.values())
        rare = max(cells // 50, cells >= _TELLING)
        for text, count in texts.items():
            if not matches(text) or plan.problems(text):
                found.add(text)
                odd[text] += 0 if text in MISSING else count
                if len(+odd) > most and odd.total() > rare:
                    return None
        return found if len(texts) - len(found) >= self.least else None


_FORMS = [Form(**form) for form in FORMS["form"]]
TEXT = _FORMS[-1]
Choice: TypeAlias = tuple[Form, frozenset[str]]
"""The form of a column, and the texts in it that mean nothing."""


def choose(name: str, witnesses: Mapping[str, int]) -> Choice:
    """The first form that takes all texts but those that mean nothing, or else nearly all."""
    texts, nearly = {text: count for text, count in witnesses.items() if text}, (TEXT, frozenset[str]())
    for form in _FORMS[:-1] if texts else ():
        misfits = form.misfits(name, texts)
        if misfits is not None and misfits <= MISSING:
            return form, frozenset(misfits)
        if misfits is not None and not form.some and nearly[0] is TEXT:
            nearly = form, frozenset(misfits & MISSING)
    return nearly


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


Shape: TypeAlias = tuple[Run, ...]
_RUN = re.compile(r"(?P<A>[A-Z]+)|(?P<a>[a-z]+)|(?P<zero>[0-9]+)|.", re.DOTALL)
_SIGNS = {"A": "A", "a": "a", "zero": "0"}


@lru_cache(5_000)
def signs_of(text: str) -> str:
    """The signs of the runs of a text."""
    return "".join(_SIGNS.get(found.lastgroup or "", found[0]) for found in _RUN.finditer(text))


def shape_of(texts: Iterable[str], known: Shape | None = None) -> Shape | None:
    """The runs that all texts consist of, and what was known already; None when they differ, or are no codes."""
    shape = known
    for text in texts:
        if len(text) > LONGEST_CODE or " " in text:
            return None
        lengths = [len(found[0]) for found in _RUN.finditer(text)]
        shape = shape or tuple(Run(sign, size, size) for sign, size in zip(signs_of(text), lengths, strict=True))
        if signs_of(text) != "".join(run.sign for run in shape):
            return None
        runs = zip(shape, lengths, strict=True)
        shape = tuple(Run(run.sign, min(run.least, size), max(run.most, size)) for run, size in runs)
    return shape


def pattern_of(shape: Shape) -> str:
    """A shape as a regular expression."""
    return "".join(run.pattern for run in shape)
