"""What is wrong with one text in one field, exactly, and how to say it to a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from deedbook.checking.constraints import NOUNS, Constraints, constraints_of
from deedbook.checking.values import parser
from deedbook.reading.native import MISFIT, without_mark
from deedbook.schema import Field

Problem = tuple[str, str | None]
"""The rule that a text breaks, and the constraint when the rule is `constraint-error`."""

TYPE_ERROR: Problem = ("type-error", None)
REQUIRED: Problem = ("constraint-error", "required")


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides one field, exactly; of a source with types of its own (`native`) also texts that are marked as misfits."""

    field: Field
    missing: frozenset[str]
    parse: Callable[[str], Any]
    constraints: Constraints
    native: bool = False

    def __call__(self, text: str | None) -> tuple[Problem, ...]:
        """The problems of a text; None and the missing values mean that there is no value."""
        text = text or ""
        if self.native and text.startswith(MISFIT):
            return (TYPE_ERROR,)
        if text in self.missing:
            return (REQUIRED,) if self.field.required else ()
        try:
            value = self.parse(text)
        except (ValueError, TypeError, ArithmeticError, RecursionError, re.error):  # the last of a format like `%Y %Y`
            return (TYPE_ERROR,)
        return tuple(("constraint-error", name) for name, test in self.constraints.tests if not test(text, value))


def judge_of(field: Field, missing: Iterable[str], where: str, *, lenient: bool = False, native: bool = False) -> Judge:
    """The judge of a field.

    Raises:
        ProjectError: when a constraint is declared with something that is no value of the field.
    """
    parse = parser(field, lenient=lenient)
    return Judge(field, frozenset(missing), parse, constraints_of(field, parse, where), native)


def explain(field: Field, problem: Problem, text: str | None) -> tuple[str, str]:
    """The message and the hint for a problem of a text."""
    rule, constraint = problem
    shown = shorten(without_mark(text or ""))
    if text and text.startswith(MISFIT):
        return f"`{shown}` is a value of another type, where {_noun(field)} belongs", _misfit_hint(field)
    if rule == "type-error":
        return f"`{shown}` is not {_noun(field)}", _type_hint(field, text or "")
    declared = field.constraints.get(constraint or "")
    match constraint:
        case "required":
            return "the value is missing", "fill the cell in"
        case "minimum" | "exclusiveMinimum":
            return f"`{shown}` is {'below' if constraint == 'minimum' else 'not above'} {declared}", ""
        case "maximum" | "exclusiveMaximum":
            return f"`{shown}` is {'above' if constraint == 'maximum' else 'not below'} {declared}", ""
        case "minLength":
            return f"`{shown}` is shorter than {declared}", ""
        case "maxLength":
            return f"`{shown}` is longer than {declared} (it has {len(text or '')})", ""
        case "pattern":
            example = field.raw.get("example")
            return (
                f"`{shown}` does not match the pattern {declared}",
                f"it should look like `{example}`" if example else "",
            )
        case "enum" | "categories":
            values = declared if constraint == "enum" else [label.value for label in field.categories]
            return f"`{shown}` is not one of the {len(values or ())} allowed values", _nearest(text or "", values or ())
    return f"`{shown}` breaks the constraint {constraint}", ""


def _noun(field: Field) -> str:
    if field.type == "string" and field.format not in {"default", ""}:
        return f"a valid {field.format}"
    if field.format not in {"default", "any", ""} and field.type in {"date", "datetime", "time"}:
        return f"a {field.type} written as {field.format}"
    return NOUNS[field.type]


def _misfit_hint(field: Field) -> str:
    return (
        "write it as text: in quotes in JSON, in a cell formatted as text in a sheet" if field.type == "string" else ""
    )


def _type_hint(field: Field, text: str) -> str:
    if text != text.strip():
        return "remove the space around it"
    if field.type in {"integer", "number"} and "," in text:
        return "write it without group characters and with a decimal point"
    if field.type == "integer" and re.fullmatch(r"[+-]?[0-9]+\.0*", text):
        return f"write `{text.split('.')[0]}`"
    if field.type == "date" and (found := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text)):
        padded = f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"
        return f"write `{padded}`" if padded != text else "the calendar has no such day"
    return ""


def _nearest(text: str, values: Iterable[Any]) -> str:
    import difflib

    near = difflib.get_close_matches(text, [str(value) for value in values], n=1)
    return f"did you mean `{near[0]}`?" if near else ""


def shorten(text: str, limit: int = 60) -> str:
    """The text, cut in the middle of nowhere only when it is too long to show."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
