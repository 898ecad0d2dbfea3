"""What is wrong with one text in one field, said to a person: the cause where it is an everyday one, and what was meant."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

import polars as pl

from deedbook.checking.cells import TYPE_ERROR, FieldPlan, Problem, plan_field
from deedbook.checking.constraints import item_field
from deedbook.checking.findings import Words
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
    "minimum": "is below {declared}",
    "exclusiveMinimum": "is not above {declared}",
    "maximum": "is above {declared}",
    "exclusiveMaximum": "is not below {declared}",
    "minLength": "is shorter than {declared}",
    "maxLength": "is longer than {declared} (it has {length})",
    "pattern": "does not match the pattern {declared}",
}
"""What a text is that breaks a constraint."""


def explain(plan: FieldPlan, problem: Problem, text: str | None) -> Words:
    """The message, the hint and what is proposed for a problem of a text."""
    (rule, constraint), item, text = problem, plan.field, text or ""
    if constraint == "required":
        return Words("the value is missing", "fill the cell in")
    shown = f"`{shorten(without_mark(text))}`"
    if text.startswith(MISFIT):
        return _misfit(item, shown)
    if rule == "type-error":
        return _explain_type(plan, text, f"{shown} is not {_noun(item)}")
    if constraint == "arrayItem":
        return _explain_item(plan, text, shown)
    message = f"{shown} {_broken(item, constraint or '', text)}"
    if constraint in {"pattern", "enum", "categories", "minLength", "maxLength"} and item.type in {"string", "any"}:
        return _explain_spelling(plan, text, message)
    return Words(message, _bound_hint(item, constraint, text) or _example(item, constraint))


def _misfit(item: Field, shown: str) -> Words:
    """Why a value of a source that has types of its own does not fit."""
    if shown.startswith("`="):
        hint = "open and save the file in a spreadsheet, which calculates it"
        return Words(f"the formula {shown} has no stored result", hint)
    hint = "write it as text: in quotes in JSON, in a cell formatted as text in a sheet"
    message = f"{shown} is a value of another type, where {_noun(item)} belongs"
    return Words(message, hint if item.type == "string" else "")


def _explain_item(plan: FieldPlan, text: str, shown: str) -> Words:
    """Which item of an array is not what is declared for them, and why; null is no value."""
    part = item_field(plan.field)
    items = plan_field(part, (), "", native=True)
    for number, value in enumerate(plan.parse(text), 1):
        written = "" if value is None else native_text(value, part)
        if value is not None and (problems := items.problems(written)):
            words = explain(items, problems[0], written)
            return Words(f"item {number} of {shown}: {words.message}", words.hint)
    return Words(f"an item of {shown} is not as `arrayItem` says")


def causes_in(plan: FieldPlan, problem: Problem, texts: pl.Series) -> frozenset[str]:
    """The everyday mistakes of these texts, each by its cause; the empty text stands for any other.

    The same texts in other blocks give the same when the blocks are put together. More than three are not looked for.
    """
    if problem != TYPE_ERROR:
        return frozenset({""})
    found: set[str] = set()
    few = texts.to_list() if len(texts) <= _FEW else []  # a query takes as long as hundreds of texts
    left = texts if few else texts.drop_nulls().unique()
    if len(left) <= _FEW:
        mistakes = (_mistake_in(plan.field.type, text) for text in set(few or left) - {None})
        return frozenset(mistake.cause if mistake else "" for mistake in mistakes)
    for mistake in mistakes_of(plan.field.type).values():
        if left.is_empty() or len(found) > _MOST_CAUSES:
            break
        has_it = left.str.contains(rf"(?s)\A(?:{mistake.pattern})\z")
        if has_it.any():
            found.add(mistake.cause)
            left = left.filter(~has_it)
    return frozenset(found if left.is_empty() else {*found, ""})


def _noun(item: Field) -> str:
    if item.type == "string" and item.format not in {"default", ""}:
        return f"a valid {item.format}"
    if item.format not in {"default", "any", ""} and item.type in {"date", "datetime", "time"}:
        return f"a {item.type} written as {item.format}"
    return "TopoJSON" if item.format == "topojson" else kind_of(item).noun


@lru_cache(1024)
def _mistake_in(kind: str, text: str) -> Mistake | None:
    return next((mistake for mistake in mistakes_of(kind).values() if mistake.has(text)), None)


def _explain_type(plan: FieldPlan, text: str, message: str) -> Words:
    """Why a text is no value of the type of its field."""
    try:
        plan.parse(text)
    except ReasonError as error:
        proposal = _valid(plan, error.proposal)
        return Words(f"{message}: {shorten(str(error), 200)}", _to_write(proposal), proposal=proposal)
    except UNREADABLE:
        pass
    spaces, bare = spaces_in(text), without_spaces(text)
    if spaces and (clean := _valid(plan, bare)):
        return Words(f"{message}: it has {spaces}", _to_write(clean), proposal=clean)
    mistake = _mistake_in(plan.field.type, bare or text)
    if mistake is None and not text.strip():
        message = f"{message}: it has only {spaces}" if spaces else message
        return Words(message, "leave the cell empty, or remove the space")
    if mistake is None:
        return Words(message, _example(plan.field, None))
    proposal = None  # what was meant, if the field takes it as it is or as its type is written
    with suppress(*UNREADABLE):
        meant = mistake.correct(bare)
        proposal = _valid(plan, meant) or _valid(plan, meant and written_as(plan.field, meant))
    further = "" if proposal and mistake.hint.startswith("the calendar") else mistake.hint
    return Words(f"{message}: it {mistake.cause}", _to_write(proposal, further), proposal=proposal)


def _to_write(proposal: str | None, otherwise: str = "") -> str:
    """The hint to write what is proposed, and what else can be done."""
    return ", ".join(filter(None, [f"write `{proposal}`" if proposal else "", otherwise]))


def _valid(plan: FieldPlan, text: str | None) -> str | None:
    """The text, if the field would take it."""
    return text if text and plan.problems(text) == () and text not in plan.missing else None


def _broken(item: Field, constraint: str, text: str) -> str:
    """What a text is that breaks a constraint."""
    declared, label = item.constraints.get(constraint), pattern_label(item)
    if constraint == "pattern" and label:
        return f"is not {label} (pattern {declared})"
    if constraint in {"enum", "categories"}:
        values = _allowed(item)
        if len(values) > _LISTED:
            return f"is not one of the {len(values)} allowed values"
        return f"is not one of the allowed values: {', '.join(map(shorten, values))}"
    return _BROKEN.get(constraint, f"breaks the constraint {constraint}").format(declared=declared, length=len(text))


def pattern_label(item: Field) -> str:
    """What the schema calls a value that matches the field's pattern (`deedbook.patternLabel`); empty when nothing."""
    own = item.raw.get("deedbook")
    label = own.get("patternLabel") if isinstance(own, dict) else item.raw.get("deedbook.patternLabel")
    return str(label) if label else ""


def _example(item: Field, constraint: str | None) -> str:
    """What a value looks like, if the schema says so."""
    example = item.raw.get("example") or next(iter(item.raw.get("examples") or ()), None)
    if example is not None and constraint in {"pattern", None}:
        return f"it should look like `{example}`"
    return ""


def _allowed(item: Field) -> list[str]:
    if item.constraints.get("enum") is not None:
        return [str(value) for value in item.constraints["enum"]]
    return [str(label.value) for label in item.categories]


def _bound_hint(item: Field, constraint: str | None, text: str) -> str:
    """What a number beyond a bound probably is."""
    name = item.name.lower()
    if constraint not in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}:
        return ""
    if re.search("lat|lon|lng", name) and re.fullmatch(r"[+-]?[0-9.]+", text) and abs(float(text)) <= 180:
        return "latitudes are between -90 and 90, longitudes between -180 and 180: the two may be exchanged"
    if re.fullmatch(r"-?9{1,5}(?:\.0*)?|-1", text):
        return "if it stands for a missing value, leave the cell empty, or declare it in `missingValues`"
    return ""


def _explain_spelling(plan: FieldPlan, text: str, message: str) -> Words:
    """Why a text is not among the allowed values or does not match the pattern, and what it was probably meant to be."""
    allowed = _allowed(plan.field)
    near = respelled(text, allowed or [made for made in _spellings(text) if _valid(plan, made)])
    if near is not None and (proposal := _valid(plan, near.text)):
        return Words(f"{message}: {near.difference}", f"did you mean `{proposal}`?", proposal=proposal)
    for mistake in mistakes_of_text("entity", "quoted", "turned-into-date"):
        if mistake.has(text):
            meant = _valid(plan, mistake.correct(text))
            return Words(f"{message}: it {mistake.cause}", _to_write(meant, mistake.hint), proposal=meant)
    word = _nearest_word(text, allowed, 0.6)
    return Words(message, f"did you mean `{word}`?" if word else _example(plan.field, "pattern"), proposal=word)


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


def with_suggestions(
    shown: Iterable[tuple[Finding, Key | None]], tables: Mapping[str, tuple[Resource, int]]
) -> Iterator[Finding]:
    """The findings, those of a foreign key of one field with a hint at a key that is spelled alike.

    Args:
        shown: The findings of a table, each with the foreign key that its row breaks.
        tables: The resource of each table, and how many rows it has.
    """
    known: dict[ParentKey, pl.DataFrame] = {}
    for finding, key in shown:
        if key is None or key.column is None or not finding.value:
            yield finding
            continue
        name, (target,) = key.parent
        if key.parent not in known:
            known[key.parent] = _keys_with_labels(*tables[name], target.name)
        yield _with_suggestion(finding, known[key.parent], name)


def _keys_with_labels(resource: Resource, rows: int, name: str) -> pl.DataFrame:
    """The parent's keys with a label each; none of a table that is too large to be searched for a hint."""
    frames = [pl.DataFrame(schema={"key": pl.String, "label": pl.String})]
    try:
        for frame in read_text(resource) if rows <= _MOST_PARENTS else ():
            label = next((column for column in _LABELS if column in frame.columns and column != name), name)
            frames.append(frame.select(key=name, label=label).drop_nulls("key"))
    except ProjectError:  # what is wrong with the table has a finding of its own, and it gives no hints
        return frames[0]
    return pl.concat(frames).unique("key", keep="last", maintain_order=True)


def _with_suggestion(finding: Finding, known: pl.DataFrame, parent: str) -> Finding:
    """The finding with the key that was meant: one that differs in what nobody means, or a word that is spelled alike.

    The nearest neighbour of an identifier (`E000018`) is another thing, and is not proposed.
    """
    value, keys = finding.value or "", known["key"]
    if (keys == value).any():
        return replace(finding, hint="it is there as a value of another type: give both fields the same")
    near = respelled(value, keys)
    length = pl.col("key").str.len_chars().cast(pl.Int64)
    alike = known.filter(length.is_between(len(value) - 1, len(value) + 1))["key"]
    meant = near.text if near else _nearest_word(value, alike.head(_MOST_CANDIDATES), 0.75)
    if meant is None:
        hint = f"was it deleted from `{parent}`, or not added yet?"
        mistake = next((it for it in mistakes_of_text("turned-into-date") if it.has(value)), None)
        return replace(finding, hint=f"it {mistake.cause}: {mistake.hint}" if mistake else hint)
    label = known.row(by_predicate=pl.col("key") == meant)[1]
    hint = f"did you mean `{meant}`{f' {label}' if label not in {None, '', meant} else ''}?"
    message = f"{finding.message}: {near.difference}" if near else finding.message
    return replace(finding, message=message, hint=hint, proposal=meant)
