"""What is wrong with one text in one field, said to a person: the cause where it is an everyday one, and what was meant."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache

import polars as pl

from deedbook.checking.cells import TYPE_ERROR, CellFailure, FieldPlan, Problem, plan_field
from deedbook.checking.constraints import item_field
from deedbook.checking.findings import Group, Words
from deedbook.checking.keys import Key, ParentKey
from deedbook.checking.spellings import respelled, skeleton_of_words, spaces_in, without_spaces
from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.findings import Finding, shorten
from deedbook.reading.tables import read_text
from deedbook.schema import Field
from deedbook.types import MISFIT, kind_of, native_text, without_mark, written_as
from deedbook.types.kind import UNREADABLE, ReasonError
from deedbook.types.mistakes import Mistake, mistakes_of, mistakes_of_text

_LISTED = 10
"""Allowed values that are printed; more are counted."""
_MOST_CAUSES = 3
"""Causes that are told apart; the orders of day and month are as many."""
_FEW = 16
"""Distinct texts that are looked at one by one: of 10,000 columns with one bad text each, a query for each mistake takes 30 s."""
_LABELS = ("name", "title", "label", "label_en")
_MOST_PARENTS = 200_000
"""Rows of a parent that is searched for a hint: reading more takes longer than the hint is worth."""
_MOST_CANDIDATES = 500
"""Keys that are compared letter by letter, some 10 ms for each finding that is shown."""
_AS_DIGITS = str.maketrans("OolI", "0011")
_BROKEN = {
    "enum": "is not one of the allowed values: {listed}",
    "categories": "is not one of the allowed values: {listed}",
    "minimum": "is below {declared}",
    "exclusiveMinimum": "is not above {declared}",
    "maximum": "is above {declared}",
    "exclusiveMaximum": "is not below {declared}",
    "minLength": "is shorter than {declared}",
    "maxLength": "is longer than {declared} (it has {length})",
    "pattern": "does not match the pattern {declared}",
}
"""What a text is that breaks a constraint."""
_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_OF_TEXT = frozenset({"pattern", "enum", "categories", "minLength", "maxLength"})
"""Constraints that a text breaks which is spelled otherwise."""


def group_of(failure: CellFailure) -> Group:
    """The cells that break one rule, and what to say of each."""
    (rule, constraint), plan, texts = failure.problem, failure.plan, failure.texts

    def words(at: int) -> Words:
        text = texts[at] or None
        return replace(explain(plan, failure.problem, text), value=text and without_mark(text))

    group = Group(rule, failure.rows, words, "error", plan.name, plan.number, constraint)
    if failure.problem != TYPE_ERROR:
        return group
    return replace(group, causes=lambda: causes_in(plan.field.type, texts))


def causes_in(kind: str, texts: pl.Series) -> frozenset[str]:
    """The everyday mistakes of texts that are no values of a type, each by its cause; the empty text stands for any other.

    The same texts in other blocks give the same when the blocks are put together. More than three are not looked for.
    """
    found: set[str] = set()
    left = texts if len(texts) <= _FEW else texts.drop_nulls().unique()  # a query takes as long as hundreds of texts
    if len(left) <= _FEW:
        mistakes = (_mistake_in(kind, text) for text in set(left) - {None})
        return frozenset(mistake.cause if mistake else "" for mistake in mistakes)
    for mistake in mistakes_of(kind).values():
        if len(found) <= _MOST_CAUSES and (has_it := left.str.contains(rf"(?s)\A(?:{mistake.pattern})\z")).any():
            found.add(mistake.cause)
            left = left.filter(~has_it)
    return frozenset(found if left.is_empty() else {*found, ""})


def explain(plan: FieldPlan, problem: Problem, text: str | None) -> Words:
    """The message, the hint and what is proposed for a problem of a text."""
    (rule, constraint), bad = problem, BadText(plan, text or "")
    if constraint == "required":
        return Words("the value is missing", "fill the cell in")
    if bad.text.startswith(MISFIT):
        return bad.as_misfit()
    if rule == "type-error":
        return bad.as_mistyped()
    return bad.as_array() if constraint == "arrayItem" else bad.as_breach(constraint or "")


@dataclass(frozen=True, slots=True)
class BadText:
    """A text that its field does not take, and what can be said of it."""

    plan: FieldPlan
    text: str

    @property
    def shown(self) -> str:
        """The text as messages show it."""
        return f"`{shorten(without_mark(self.text))}`"

    def as_misfit(self) -> Words:
        """Why a value of a source that has types of its own does not fit."""
        shown, item = self.shown, self.plan.field
        if shown.startswith("`="):
            hint = "open and save the file in a spreadsheet, which calculates it"
            return Words(f"the formula {shown} has no stored result", hint)
        hint = "write it as text: in quotes in JSON, in a cell formatted as text in a sheet"
        message = f"{shown} is a value of another type, where {_noun(item)} belongs"
        return Words(message, hint if item.type == "string" else "")

    def as_array(self) -> Words:
        """Which item of an array is not what is declared for them, and why; null is no value."""
        part = item_field(self.plan.field)
        items = plan_field(part, (), "", native=True)
        for number, value in enumerate(self.plan.parse(self.text), 1):
            written = "" if value is None else native_text(value, part)
            if value is not None and (problems := items.problems(written)):
                words = explain(items, problems[0], written)
                return Words(f"item {number} of {self.shown}: {words.message}", words.hint)
        return Words(f"an item of {self.shown} is not as `arrayItem` says")

    def as_mistyped(self) -> Words:
        """Why the text is no value of the type of its field."""
        text, message = self.text, f"{self.shown} is not {_noun(self.plan.field)}"
        try:
            self.plan.parse(text)
        except ReasonError as error:
            proposal = self.valid(error.proposal)
            why = f"{message}: {shorten(str(error), 200)}"
            return Words(why, _to_write(proposal), proposal=proposal, is_safe=error.is_safe)
        except UNREADABLE:
            pass
        spaces, bare = spaces_in(text), without_spaces(text)
        if spaces and (clean := self.valid(bare)):
            return Words(f"{message}: it has {spaces}", _to_write(clean), proposal=clean, is_safe=True)
        if not text.strip():
            message = f"{message}: it has only {spaces}" if spaces else message
            return Words(message, "leave the cell empty, or remove the space")
        mistake = _mistake_in(self.plan.field.type, bare or text)
        return self.as_mistake(mistake, bare, message) if mistake else Words(message, _example(self.plan.field))

    def as_mistake(self, mistake: Mistake, bare: str, message: str) -> Words:
        """What an everyday mistake is, and what was meant."""
        proposal, is_safe = self.meant(mistake, bare), mistake.is_safe(bare)
        further = "" if proposal and mistake.hint.startswith("the calendar") else mistake.hint
        return Words(f"{message}: it {mistake.cause}", _to_write(proposal, further), proposal=proposal, is_safe=is_safe)

    def meant(self, mistake: Mistake, bare: str) -> str | None:
        """What was meant by the text without its spaces, if the field takes it as it is or as its type is written."""
        with suppress(*UNREADABLE):
            meant = mistake.correct(bare)
            return self.valid(meant) or self.valid(meant and written_as(self.plan.field, meant))
        return None

    def valid(self, text: str | None) -> str | None:
        """Another text, if the field would take it."""
        return text if text and self.plan.problems(text) == () and text not in self.plan.missing else None

    def as_breach(self, constraint: str) -> Words:
        """Which constraint the text breaks, and what it was probably meant to be."""
        item, text = self.plan.field, self.text
        declared, label, values = item.constraints.get(constraint), pattern_label(item), item.allowed
        told = _BROKEN.get(constraint, f"breaks the constraint {constraint}")
        if constraint == "pattern" and label:
            told = "is not {label} (pattern {declared})"
        elif constraint in {"enum", "categories"} and len(values) > _LISTED:
            told = "is not one of the {count} allowed values"
        listed = ", ".join(map(shorten, values[:_LISTED]))
        said = told.format(declared=declared, label=label, length=len(text), listed=listed, count=len(values))
        if constraint in _OF_TEXT and item.type in {"string", "any"}:
            return self.as_misspelled(f"{self.shown} {said}", values)
        hint = _bound_hint(item.name.lower(), text) if constraint in _BOUNDS else ""
        return Words(f"{self.shown} {said}", hint or (_example(item) if constraint == "pattern" else ""))

    def as_misspelled(self, message: str, allowed: list[str]) -> Words:
        """Why the text is not among the allowed values or does not match the pattern, and what it was probably meant to be."""
        text = self.text
        near = respelled(text, allowed or [made for made in _spellings(text) if self.valid(made)])
        if near is not None and (proposal := self.valid(near.text)):
            asked = f"did you mean `{proposal}`?"
            return Words(f"{message}: {near.difference}", asked, proposal=proposal, is_safe=near.is_safe)
        if mistake := _mistake_of_text(text, "entity", "quoted", "turned-into-date"):
            return self.as_mistake(mistake, text, message)
        word = _nearest_word(text, allowed, 0.6)
        return Words(message, f"did you mean `{word}`?" if word else _example(self.plan.field), proposal=word)


def _noun(item: Field) -> str:
    if item.type == "string" and item.format not in {"default", ""}:
        return f"a valid {item.format}"
    if item.format not in {"default", "any", ""} and item.type in {"date", "datetime", "time"}:
        return f"a {item.type} written as {item.format}"
    return "TopoJSON" if item.format == "topojson" else kind_of(item).noun


@lru_cache(1024)
def _mistake_in(kind: str, text: str) -> Mistake | None:
    return next((mistake for mistake in mistakes_of(kind).values() if mistake.has(text)), None)


def _mistake_of_text(text: str, *names: str) -> Mistake | None:
    return next((mistake for mistake in mistakes_of_text(*names) if mistake.has(text)), None)


def _to_write(proposal: str | None, otherwise: str = "") -> str:
    """The hint to write what is proposed, and what else can be done."""
    return ", ".join(filter(None, [f"write `{proposal}`" if proposal else "", otherwise]))


def pattern_label(item: Field) -> str:
    """What the schema calls a value that matches the field's pattern (`deedbook.patternLabel`); empty when nothing."""
    own = item.raw.get("deedbook")
    label = own.get("patternLabel") if isinstance(own, dict) else item.raw.get("deedbook.patternLabel")
    return str(label) if label else ""


def _example(item: Field) -> str:
    """What a value looks like, if the schema says so."""
    example = item.raw.get("example") or next(iter(item.raw.get("examples") or ()), None)
    return f"it should look like `{example}`" if example is not None else ""


def _bound_hint(name: str, text: str) -> str:
    """What a number beyond a bound of a field probably is."""
    if re.search("lat|lon|lng", name) and re.fullmatch(r"[+-]?[0-9.]+", text) and abs(float(text)) <= 180:
        return "latitudes are between -90 and 90, longitudes between -180 and 180: the two may be exchanged"
    if re.fullmatch(r"-?9{1,5}(?:\.0*)?|-1", text):
        return "if it stands for a missing value, leave the cell empty, or declare it in `missingValues`"
    return ""


def _spellings(text: str) -> Iterator[str]:
    """Texts that a pattern may have been meant to match: in capitals, without spaces, with the zeros that a spreadsheet drops."""
    plain = skeleton_of_words(re.sub(r"\.0+$", "", without_spaces(text)))
    yield from (plain, plain.translate(_AS_DIGITS), plain.upper(), plain.lower(), plain.title())
    yield from (plain.replace(" ", ""), plain.replace("_", "-"))
    if number := re.search("[0-9]+", plain):
        for width in range(len(number[0]) + 1, 19):
            yield plain[: number.start()] + number[0].zfill(width) + plain[number.end() :]


def _nearest_word(text: str, words: Iterable[str], cutoff: float) -> str | None:
    """The word that is spelled most alike; None when nothing is.

    An identifier says nothing (`E000018`), so that its nearest neighbour is another thing.
    """
    is_opaque = any(character.isdigit() for character in text) or len(text) < 4
    return None if is_opaque else next(iter(difflib.get_close_matches(text, words, 1, cutoff)), None)


@dataclass(frozen=True, slots=True)
class Parents:
    """The keys that foreign keys refer to, read when the finding of one asks for what was meant.

    Attributes:
        tables: The resource of each table, and how many rows it has.
    """

    tables: Mapping[str, tuple[Resource, int]]
    known: dict[ParentKey, pl.DataFrame] = field(default_factory=dict)

    def keys(self, parent: ParentKey) -> pl.DataFrame:
        """The parent's keys with a label each; none of a table that is too large to be searched for a hint."""
        if parent not in self.known:
            (resource, rows), name = self.tables[parent[0]], parent[1][0].name
            frames = [pl.DataFrame(schema={"key": pl.String, "label": pl.String})]
            with suppress(ProjectError):  # what is wrong with the table has a finding of its own, and it gives no hints
                for frame in read_text(resource) if rows <= _MOST_PARENTS else ():
                    label = next((column for column in _LABELS if column in frame.columns and column != name), name)
                    frames.append(frame.select(key=name, label=label).drop_nulls("key"))
            self.known[parent] = pl.concat(frames).unique("key", keep="last", maintain_order=True)
        return self.known[parent]

    def suggested(self, finding: Finding, reference: Key | None) -> Finding:
        """The finding with the key that was meant: one that differs in what nobody means, or a word that is spelled alike.

        The nearest neighbour of an identifier (`E000018`) is another thing, and is not proposed. Only a foreign key of one field
        has proposals.
        """
        value = finding.value
        if reference is None or reference.column is None or not value:
            return finding
        known = self.keys(reference.parent)
        if (known["key"] == value).any():
            return replace(finding, hint="it is there as a value of another type: give both fields the same")
        near = respelled(value, known["key"])
        length = pl.col("key").str.len_chars().cast(pl.Int64)
        alike = known.filter(length.is_between(len(value) - 1, len(value) + 1))["key"]
        meant = near.text if near else _nearest_word(value, alike.head(_MOST_CANDIDATES), 0.75)
        if meant is None:
            hint = f"was it deleted from `{reference.parent[0]}`, or not added yet?"
            mistake = _mistake_of_text(value, "turned-into-date")
            return replace(finding, hint=f"it {mistake.cause}: {mistake.hint}" if mistake else hint)
        label = known.row(by_predicate=pl.col("key") == meant)[1]
        hint = f"did you mean `{meant}`{f' {label}' if label not in {None, '', meant} else ''}?"
        difference, certainty = (f": {near.difference}", near.certainty) if near else ("", "likely")
        return replace(finding, message=finding.message + difference, hint=hint, proposal=meant, certainty=certainty)
