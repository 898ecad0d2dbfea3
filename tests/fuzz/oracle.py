"""The verdict of the installed frictionless-py on a table, as items that compare with ours."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frictionless import Resource, system
from frictionless.vendors import stringcase

from tests.conformance.verdict import Item, ordered

# Without all of these frictionless sniffs them from the first hundred lines.
DIALECT = {
    "header": True,
    "headerRows": [1],
    "csv": {"delimiter": ",", "quoteChar": '"', "lineTerminator": "\r\n", "skipInitialSpace": False},
}

# A tenth of a small validation goes into spelling the same property names anew.
stringcase.snakecase = functools.cache(stringcase.snakecase)


class OracleError(Exception):
    """frictionless raised instead of giving a verdict."""


def judge_with_frictionless(schema: Mapping[str, Any], folder: Path, name: str) -> tuple[Item, ...]:
    """What frictionless says of the file `name` in `folder`, every error counted.

    Raises:
        OracleError: when it raised a Python exception.
    """
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/dataresource.json",
        "name": "table",
        "path": name,
        "encoding": "utf-8",
        "dialect": copy.deepcopy(DIALECT),
        "schema": copy.deepcopy(dict(schema)),
    }
    try:
        with warnings.catch_warnings(), system.use_context(trusted=True):
            warnings.simplefilter("ignore")
            report = Resource.from_descriptor(descriptor, basepath=str(folder)).validate(limit_errors=1_000_000)
    except Exception as error:  # it raises what Python raises: TypeError, decimal.InvalidOperation, ...
        raise OracleError(f"{type(error).__name__}: {error}") from error
    return ordered([Item(*row) for row in report.flatten(["rowNumber", "fieldNumber", "type"])])
