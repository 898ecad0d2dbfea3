"""What is wrong with one text in one field, said to a person."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

from deedbook.checking.cells import Problem
from deedbook.findings import shorten
from deedbook.schema import Field
from deedbook.types import MISFIT, kind_of, without_mark


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
    return kind_of(field).noun


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
    near = difflib.get_close_matches(text, [str(value) for value in values], n=1)
    return f"did you mean `{near[0]}`?" if near else ""
