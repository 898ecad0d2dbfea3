"""The rows of spreadsheets, through frictionless' readers."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deedbook.descriptor import Resource
from deedbook.reading.source import SourceError

_READERS = {"xlsx": ("openpyxl",), "xls": ("xlrd",), "ods": ("ezodf", "lxml")}


def rows_of_sheet(file: Path, resource: Resource) -> Iterator[list[Any]]:
    """The rows of a sheet; one without any value is blank."""
    if not file.is_file():
        raise SourceError("scheme-error", f"the file {file.name} does not exist", "create it, or correct `path`")
    if absent := [name for name in _READERS[resource.format] if importlib.util.find_spec(name) is None]:
        hint = "pip install 'deedbook[sheets]'"
        raise SourceError("format-error", f"{file.name} needs the package {absent[0]}", hint)
    try:
        parser = _open_sheet(file, resource)
        try:
            for row in parser.cell_stream:
                yield [] if all(value is None for value in row) else list(row)
        finally:
            parser.close()
    except Exception as error:  # noqa: BLE001  # whatever a reader of spreadsheets raises, the file is the cause
        raise SourceError(
            "source-error", f"{file.name} cannot be read: {error}", "check that it opens elsewhere"
        ) from None


def _open_sheet(file: Path, resource: Resource) -> Any:
    """The open parser of a spreadsheet."""
    import frictionless

    descriptor = {"name": "table", "path": file.name, "format": resource.format, "dialect": _sheet_dialect(resource)}
    with warnings.catch_warnings(), frictionless.system.use_context(trusted=True):
        warnings.simplefilter("ignore")
        parser = frictionless.system.create_parser(
            frictionless.Resource.from_descriptor(descriptor, basepath=str(file.parent))
        )
        parser.open()  # type: ignore[no-untyped-call]
    return parser


def _sheet_dialect(resource: Resource) -> dict[str, Any]:
    """What frictionless' reader needs to know: which sheet."""
    raw = resource.dialect.raw
    kind = "ods" if resource.format == "ods" else "excel"
    nested = dict(raw[kind]) if isinstance(raw.get(kind), Mapping) else {}
    sheet = raw.get("sheetName") or raw.get("sheetNumber")
    return {kind: {**nested, **({"sheet": sheet} if sheet else {})}}
