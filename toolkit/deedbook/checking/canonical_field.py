"""What a field is once its cells are canonical text: of two schemas that differ only in how cells are written, one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import polars as pl

from deedbook.checking.canonical import canonical_text
from deedbook.schema import Field

_LEXICAL_OPTIONS = frozenset({"decimalChar", "groupChar", "bareNumber", "trueValues", "falseValues"})
_REFORMATTED = frozenset({"date", "datetime", "time"})


def canonical_field(item: Field) -> Field:
    """The field as it describes canonical text: default formats and number characters, empty means missing."""
    changed = item.type in _REFORMATTED and item.format not in {"default", ""}
    constraints = {name: _canonical_bound(item, value) for name, value in item.constraints.items()}
    if item.type != "string":
        constraints.pop("pattern", None)  # it was written for the edited text, not for canonical text
    return replace(
        item,
        format="default" if changed else item.format,
        constraints=MappingProxyType(constraints),
        options=MappingProxyType({key: value for key, value in item.options.items() if key not in _LEXICAL_OPTIONS}),
        missing_values=None,
        raw=MappingProxyType(_canonical_raw(item.raw, constraints, drop_format=changed)),
    )


def _canonical_raw(raw: Mapping[str, Any], constraints: Mapping[str, Any], *, drop_format: bool) -> dict[str, Any]:
    dropped = _LEXICAL_OPTIONS | {"missingValues"} | ({"format"} if drop_format else set())
    kept = {key: value for key, value in raw.items() if key not in dropped}
    if "constraints" in kept:
        kept["constraints"] = dict(constraints)
    return kept


def _canonical_bound(item: Field, value: Any) -> Any:
    """A bound or enum that is written in the field's own text form, in canonical form."""
    if item.type in {"string", "any"}:
        return value
    if isinstance(value, list):
        return [_canonical_bound(item, entry) for entry in value]
    if not isinstance(value, str):
        return value
    frame = pl.DataFrame({item.name: [value]}, schema={item.name: pl.String})
    try:
        text = frame.select(canonical_text(item)).item()
    except pl.exceptions.PolarsError:
        return value
    return value if text is None else text
