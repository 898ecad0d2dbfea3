"""The declared constraints of a field as exact tests, and what of its declaration nobody can enforce."""

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deedbook.checking.patterns import TIME_LIMIT, UnenforceableError, compile_pattern, rust_pattern
from deedbook.errors import ProjectError
from deedbook.schema import Field, read_schema
from deedbook.types import MISFIT, kind_of, native_text, parser
from deedbook.types.kind import UNREADABLE, Parser
from deedbook.types.number import is_number
from deedbook.types.structure import delimiter_of, load_json

Test = Callable[[str, Any], bool]
"""Whether a text, given its value, satisfies a constraint."""

_COMPARISONS = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
    "minLength": operator.ge,
    "maxLength": operator.le,
}
_ORDERED = {"integer", "number", "date", "datetime", "time", "year", "yearmonth", "duration"}
_COLLECTIONS = {"string", "array", "object", "list", "any"}
_JSON = {"object", "array", "geojson", "list"}


@dataclass(slots=True)
class Constraints:
    """What a field declares.

    Attributes:
        tests: By name, in the order of declaration.
        unknown: What cannot be enforced, with the reason.
        given_up: Patterns that took too long on a value; from there on nothing was matched against them.
    """

    tests: list[tuple[str, Test]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    given_up: list[tuple[str, str]] = field(default_factory=list)

    def limited(self, name: str, holds: Test) -> Test:
        """A test that is given up, and from there on passed, when a value takes too long."""

        def test(text: str, value: Any) -> bool:
            try:
                return bool(self.given_up) or holds(text, value)
            except (TimeoutError, UnenforceableError) as error:
                self.given_up.append((name, str(error)))
                return True

        return test


def constraints_of(item: Field, parse: Parser, where: str) -> Constraints:
    """The constraints of a field.

    Raises:
        ProjectError: when one is declared with something that is no value of the field.
    """
    found, kind = Constraints(), kind_of(item)
    if not kind.has_format(item.format):
        found.unknown.append(("format", f"the type {item.type} has no format `{item.format}`"))
    labels = {"categories": [label.value for label in item.categories]} if item.categories else {}
    items = {name: item.raw[name] for name in item.raw.keys() & {"arrayItem"}}
    for name, declared in {**item.constraints, **items, **labels}.items():
        if name in {"required", "unique"}:
            continue
        try:
            test = _test_of(item, parse, name, declared, f"{where}: field `{item.name}`")
            found.tests.append((name, found.limited(name, test) if name in {"pattern", "jsonSchema"} else test))
        except UnenforceableError as error:
            found.unknown.append((name, str(error)))
        except (ValueError, TypeError, ArithmeticError):
            problem = f"{where}: field `{item.name}`: {name} {declared!r} is not {kind.noun}"
            raise ProjectError(problem, "correct the schema") from None
    return found


def _test_of(item: Field, parse: Parser, name: str, declared: Any, where: str) -> Test:
    match name:
        case "minLength" | "maxLength" if item.type in _COLLECTIONS:
            limit, holds = int(declared), _COMPARISONS[name]
            return lambda _text, value: bool(holds(len(value), limit))
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" if item.type in _ORDERED:
            compare, order = _COMPARISONS[name], kind_of(item).order
            bound = order(_declared_value(item, parse, declared))
            return lambda _text, value: bool(compare(order(value), bound))
        case "pattern" if isinstance(declared, str):
            return _pattern_test(declared, where)
        case "enum" | "categories" if isinstance(declared, list):
            values = [_declared_value(item, parse, value) for value in declared]
            known = values if item.type in _JSON else frozenset(values)  # lists and objects cannot be hashed
            return lambda _text, value: value in known
        case "arrayItem" if item.type == "array" and isinstance(declared, Mapping):
            return _item_test(item, where)
        case "jsonSchema" if item.type in _JSON:
            return _json_schema_test(declared, where)
    raise UnenforceableError(f"`{name}` cannot be applied to the type {item.type}")


def item_field(item: Field, where: str = "") -> Field:
    """The field that an array declares for its items."""
    return read_schema({"fields": [{"name": item.name, **item.raw["arrayItem"]}]}, where).fields[0]


def _item_test(item: Field, where: str) -> Test:
    """Whether each item of an array is a value of the field that is declared for them; null is no value."""
    part = item_field(item, where)
    parse = parser(part)
    tests = constraints_of(part, parse, where).tests

    def is_fine(value: Any) -> bool:
        text = native_text(value, part)
        try:
            read = parse(text)
        except UNREADABLE:
            return False
        return not text.startswith(MISFIT) and all(test(text, read) for _, test in tests)

    return lambda _text, value: all(is_fine(it) for it in value if it is not None)


def _declared_value(item: Field, parse: Parser, declared: Any) -> Any:
    """A value that stands in the schema, as JSON or as text."""
    if isinstance(declared, str):
        return parse(declared)
    match item.type:
        case "boolean" if isinstance(declared, bool):
            return declared
        case "integer" | "number" | "year" if is_number(declared):
            if declared != declared:  # NaN has no order
                raise ValueError(declared)
            return Decimal(str(declared))
        case "list" if isinstance(declared, list):
            return parse(delimiter_of(item).join(map(str, declared)))
        case "object" | "array" | "geojson":
            return declared
        case "geopoint" if isinstance(declared, list | dict):
            return parse(json.dumps(declared) if item.format in {"array", "object"} else ",".join(map(str, declared)))
    return parse(str(declared))


def _pattern_test(pattern: str, where: str) -> Test:
    if rust_pattern(pattern) is None:  # one that polars runs is right, and seldom needed
        compile_pattern(pattern, where)

    def test(text: str, _value: Any) -> bool:
        try:
            return compile_pattern(pattern, where).fullmatch(text, timeout=TIME_LIMIT) is not None
        except TimeoutError:
            reason = f"matching a value of {len(text)} characters took longer than {TIME_LIMIT:g} s"
            raise TimeoutError(reason) from None

    return test


def _json_schema_test(declared: Any, where: str) -> Test:
    import jsonschema
    import referencing.exceptions

    if not isinstance(declared, Mapping) or not isinstance(declared.get("$schema", ""), str):
        raise TypeError(declared)
    if remote := next(_foreign_references(declared), None):
        raise UnenforceableError(f"the JSON Schema refers to {remote}, which is not read")
    kind = jsonschema.validators.validator_for(declared, jsonschema.Draft202012Validator)
    try:
        kind.check_schema(dict(declared))
    except jsonschema.SchemaError as error:
        raise ProjectError(f"{where}: jsonSchema is no JSON Schema: {error.message}", "correct the schema") from None
    steps = [0]
    validator = _with_limits(kind, where, steps)(declared)

    def test(text: str, value: Any) -> bool:
        steps[0] = 0
        try:
            return bool(validator.is_valid(value if isinstance(value, list) else load_json(text)))
        except (RecursionError, OverflowError):
            return False
        except referencing.exceptions.Unresolvable as error:
            raise ProjectError(f"{where}: jsonSchema: {error}", "correct the schema") from None

    return test


def _with_limits(kind: Any, where: str, steps: list[int]) -> Any:
    """The validator class, with the time limit of patterns in its `pattern` too, and a limit of the steps that it takes.

    References that refer to each other ten times at each of a dozen levels make more steps than anybody waits for.
    """
    import jsonschema

    def limited(check: Callable[..., Any]) -> Callable[..., Any]:
        def run(validator: object, wanted: object, value: object, schema: object) -> Any:
            steps[0] += 1
            if check.__name__ == "uniqueItems" and isinstance(value, list):
                is_slow = any(isinstance(item, dict | list) for item in value)  # what has no order is compared in pairs
                steps[0] += len(value) ** 2 // 2 if is_slow else 0
            if steps[0] > _MOST_STEPS:
                raise TimeoutError(f"a value takes more than {_MOST_STEPS:,} steps")
            return check(validator, wanted, value, schema)

        return run

    def pattern(_validator: object, wanted: str, value: object, _schema: object) -> Iterator[Exception]:
        try:
            if isinstance(value, str) and not compile_pattern(wanted, where).search(value, timeout=TIME_LIMIT):
                yield jsonschema.ValidationError(f"{value!r} does not match {wanted!r}")
        except TimeoutError:
            raise TimeoutError(f"a pattern in it took longer than {TIME_LIMIT:g} s") from None

    checks = {name: limited(check) for name, check in {**kind.VALIDATORS, "pattern": pattern}.items()}
    return jsonschema.validators.extend(kind, checks)  # type: ignore[no-untyped-call]


_MOST_STEPS = 100_000
"""Keywords of a JSON Schema that are looked at for one value: a second."""


def _foreign_references(declared: Any) -> Iterator[str]:
    """The references of a JSON Schema that lead out of it."""
    named = (
        declared if isinstance(declared, Mapping) else dict(enumerate(declared if isinstance(declared, list) else ()))
    )
    for name, member in named.items():
        yield from _foreign_references(member)
        if name in ("$ref", "$dynamicRef") and isinstance(member, str) and not member.startswith("#"):
            yield member
