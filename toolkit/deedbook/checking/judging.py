"""What is wrong with one text in one field, exactly, and how to say it to a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deedbook.checking.patterns import TIME_LIMIT, compile_pattern
from deedbook.checking.values import load_json_text, parser
from deedbook.errors import ProjectError
from deedbook.reading.native import MISFIT, without_mark
from deedbook.schema import Field

if TYPE_CHECKING:
    import regex

Problem = tuple[str, str | None]
"""The rule that a text breaks, and the constraint when the rule is `constraint-error`."""

TYPE_ERROR: Problem = ("type-error", None)
REQUIRED: Problem = ("constraint-error", "required")

Test = Callable[[str, Any], bool]
"""Whether a text, given its value, satisfies a constraint."""

_NOUNS = {
    "any": "a value", "array": "a JSON array", "boolean": "true or false", "date": "a date (YYYY-MM-DD)",
    "datetime": "a date and time (YYYY-MM-DDThh:mm:ss)", "duration": "an ISO 8601 duration", "geojson": "GeoJSON",
    "geopoint": "a geographic point", "integer": "a whole number", "list": "a list", "number": "a number",
    "object": "a JSON object", "string": "text", "time": "a time (hh:mm:ss)", "year": "a year (YYYY)",
    "yearmonth": "a year and month (YYYY-MM)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides one field, exactly. `unknown` lists declared constraints that nobody can enforce, with the reason."""

    field: Field
    missing: frozenset[str]
    parse: Callable[[str], Any]
    tests: tuple[tuple[str, Test], ...]
    unknown: tuple[tuple[str, str], ...]

    def __call__(self, text: str | None) -> tuple[Problem, ...]:
        """The problems of a text; None and the missing values mean that there is no value."""
        text = text or ""
        if text.startswith(MISFIT):
            return (TYPE_ERROR,)
        if text in self.missing:
            return (REQUIRED,) if self.field.required else ()
        try:
            value = self.parse(text)
        except (ValueError, TypeError, ArithmeticError):
            return (TYPE_ERROR,)
        return tuple(("constraint-error", name) for name, test in self.tests if not test(text, value))


def judge_of(field: Field, missing: Iterable[str], where: str, *, lenient: bool = False) -> Judge:
    """The judge of a field.

    Raises:
        ProjectError: when a constraint is declared with something that is no value of the field.
    """
    parse = parser(field, lenient=lenient)
    tests: list[tuple[str, Test]] = []
    unknown: list[tuple[str, str]] = []
    for name, declared in field.constraints.items():
        if name in {"required", "unique"}:
            continue
        try:
            test = _test_of(field, parse, name, declared, where)
        except (ValueError, TypeError, ArithmeticError):
            raise ProjectError(
                f"{where}: field `{field.name}`: {name} {declared!r} is not {_NOUNS[field.type]}", "correct the schema"
            ) from None
        if test is None:
            unknown.append((name, f"`{name}` cannot be applied to the type {field.type}"))
        else:
            tests.append((name, test))
    if field.categories:
        tests.append(("categories", _member_test(field, parse, [label.value for label in field.categories])))
    return Judge(field, frozenset(missing), parse, tuple(tests), tuple(unknown))


def _test_of(field: Field, parse: Callable[[str], Any], name: str, declared: Any, where: str) -> Test | None:
    match name:
        case "minLength" | "maxLength" if field.type in {"string", "array", "object", "list", "any"}:
            limit, shortest = int(declared), name == "minLength"
            return lambda _text, value: len(value) >= limit if shortest else len(value) <= limit
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _bound_test(field, parse, name, declared)
        case "pattern":
            return _pattern_test(compile_pattern(str(declared), f"{where}: field `{field.name}`"))
        case "enum" if isinstance(declared, list):
            return _member_test(field, parse, declared)
        case "jsonSchema" if field.type in {"object", "array", "geojson", "list"}:
            return _json_schema_test(declared)
    return None


_ORDERED = {"integer", "number", "date", "datetime", "time", "year", "yearmonth", "duration"}


def _bound_test(field: Field, parse: Callable[[str], Any], name: str, declared: Any) -> Test | None:
    if field.type not in _ORDERED:
        return None
    bound = _declared_value(field, parse, declared)
    match name:
        case "minimum":
            return lambda _text, value: bool(value >= bound)
        case "maximum":
            return lambda _text, value: bool(value <= bound)
        case "exclusiveMinimum":
            return lambda _text, value: bool(value > bound)
    return lambda _text, value: bool(value < bound)


def _declared_value(field: Field, parse: Callable[[str], Any], declared: Any) -> Any:
    """A value that stands in the schema, as JSON or as text."""
    if isinstance(declared, str):
        return parse(declared)
    if field.type in {"integer", "number", "year"} and isinstance(declared, int | float):
        return Decimal(str(declared))
    if field.type == "boolean" and isinstance(declared, bool):
        return declared
    if field.type in {"object", "array", "geojson", "list"}:
        return declared
    return parse(str(declared))


def _member_test(field: Field, parse: Callable[[str], Any], declared: list[Any]) -> Test:
    values = [_declared_value(field, parse, value) for value in declared]
    try:
        known = frozenset(values)
    except TypeError:  # lists and objects cannot be hashed
        return lambda _text, value: value in values
    return lambda _text, value: value in known


def _pattern_test(pattern: regex.Pattern[str]) -> Test:
    return lambda text, _value: pattern.fullmatch(text, timeout=TIME_LIMIT) is not None


def _json_schema_test(declared: Any) -> Test:
    import jsonschema

    validator = jsonschema.validators.validator_for(declared, jsonschema.Draft202012Validator)(declared)
    return lambda text, value: bool(validator.is_valid(value if isinstance(value, list) else load_json_text(text)))


def explain(field: Field, problem: Problem, text: str | None) -> tuple[str, str]:
    """The message and the hint for a problem of a text."""
    rule, constraint = problem
    shown = shorten(without_mark(text or ""))
    if text and text.startswith(MISFIT):
        return f"the value `{shown}` is of another type than {_noun(field)}", _misfit_hint(field)
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
    if field.type == "string":
        return f"a valid {field.format}"
    if field.format not in {"default", "any", ""} and field.type in {"date", "datetime", "time"}:
        return f"a {field.type} written as {field.format}"
    return _NOUNS[field.type]


def _misfit_hint(field: Field) -> str:
    return "write it as text: in quotes in JSON, in a cell formatted as text in a sheet" if field.type == "string" else ""


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
