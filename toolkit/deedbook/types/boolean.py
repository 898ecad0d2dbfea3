"""True and false, in the texts that a field declares for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser

_DEFAULT = {"trueValues": ("true", "True", "TRUE", "1"), "falseValues": ("false", "False", "FALSE", "0")}


def values_of(field: Field) -> Mapping[str, bool]:
    """The texts of a field and what each of them means."""
    texts = {name: field.options.get(name, default) for name, default in _DEFAULT.items()}
    return {**{str(it): True for it in texts["trueValues"]}, **{str(it): False for it in texts["falseValues"]}}


def _read(field: Field, _lenient: bool) -> Parser:
    values = values_of(field)

    def parse(text: str) -> bool:
        if text not in values:
            raise ValueError(text)
        return values[text]

    return parse


def _native(value: Any, field: Field) -> str | None:
    return next((text for text, meant in values_of(field).items() if meant is value), None)


KINDS = (
    Kind(
        "boolean",
        "true or false",
        _read,
        dtype=pl.Boolean(),
        write=lambda value: "true" if value else "false",
        accepts=lambda field, text, _number: [text.is_in(list(values_of(field)))],
        cast=lambda field, text: text.is_in([written for written, value in values_of(field).items() if value]),
        native=_native,
    ),
)
