"""The fast path: polars expressions that are true only where a cell is certainly fine.

An acceptor may be too strict (what it refuses is judged exactly, once per distinct value) but never too lax: this is what
the differential tests hold. All acceptors of a table go into one select per block, on top of numbers that are parsed once.
"""

import re
from typing import Any

import polars as pl

from deedbook.checking.patterns import rust_pattern
from deedbook.schema import Field
from deedbook.types import kind_of
from deedbook.types.kind import is_plain
from deedbook.types.moment import LEXICAL
from deedbook.types.number import EXACT_DIGITS

PARSED = "\0parsed "
"""Before a field's name: its column of parsed numbers."""


def parsed_number(field: Field) -> pl.Expr | None:
    """The column's texts as numbers under a name of its own, for fields whose acceptor reads it; null is no number."""
    if field.type not in {"integer", "number"} or not is_plain(field):
        return None
    return pl.col(field.name).cast(kind_of(field).dtype, strict=False).alias(PARSED + field.name)


def acceptor(field: Field, missing: tuple[str, ...]) -> pl.Expr | None:
    """True where a present text is certainly fine, null only where the text is null; None when there is no fast path.

    Args:
        field: The field, whose name is the column's.
        missing: The texts that mean "no value" in it.
    """
    text = pl.col(field.name)
    declared = dict(field.constraints)
    if field.categories:
        declared["categories"] = [label.value for label in field.categories]
    parts = [kind_of(field).accepts(field, text, pl.col(PARSED + field.name))]
    parts += [_conditions(field, text, name, value, missing) for name, value in declared.items()]
    if None in parts:
        return None
    conditions = [condition for part in parts for condition in part or ()] or [text.is_not_null()]
    return conditions[0] if len(conditions) == 1 else pl.all_horizontal(conditions)


def _conditions(
    field: Field, text: pl.Expr, name: str, declared: Any, missing: tuple[str, ...]
) -> list[pl.Expr] | None:
    """The conditions for one constraint; None when only the exact judge can tell."""
    match name:
        case "required" if field.required:
            has_empty = field.type in {"any", "boolean", "string"}
            return [text != token for token in missing if token or has_empty]
        case "required" | "unique":
            return []
        case "minLength" | "maxLength" if field.type in {"string", "any"} and isinstance(declared, int):
            length = text.str.len_chars()
            return [length >= declared if name == "minLength" else length <= declared]
        case "pattern":
            pattern = rust_pattern(str(declared))
            return None if pattern is None else [text.str.contains(pattern)]
        case "enum" | "categories" if isinstance(declared, list):
            spelled = [str(value) for value in declared if type(value) in {str, int, float}]
            return [text.is_in(spelled)]  # as the values would be written; other spellings are for the judge
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _bound_condition(field, text, name, declared)
    return None


def _bound_condition(field: Field, text: pl.Expr, name: str, declared: Any) -> list[pl.Expr] | None:
    exclusive, below = name.startswith("exclusive"), name.lower().endswith("maximum")
    declared_text = str(declared)
    if field.type in {"date", "year", "yearmonth"}:  # same length and zero-padded: text order is value order
        if not re.fullmatch(LEXICAL[field.type], declared_text):
            return None
        bound = pl.lit(declared_text)
        value, near = text, text == bound
    elif field.type == "integer" and re.fullmatch(r"[+-]?[0-9]{1,18}", declared_text):
        value, bound = pl.col(PARSED + field.name), pl.lit(int(declared_text))
        near = value == bound
    elif field.type == "number" and re.fullmatch(r"[+-]?[0-9.]{1,15}", declared_text):
        value, bound = pl.col(PARSED + field.name), pl.lit(float(declared_text))
        # an exponent may underflow to zero; five characters cannot
        near = (value == bound) & (text.str.len_bytes() <= (EXACT_DIGITS if float(declared_text) else 5))
    else:
        return None
    inside = value < bound if below else value > bound
    return [inside if exclusive else inside | near]
