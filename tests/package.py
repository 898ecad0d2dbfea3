"""Packages on disk, written out in the test that needs them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deedbook.findings import Finding, Report
from deedbook.project import Project, load_project
from deedbook.validation import Options, validate

Schema = Mapping[str, Any]
Content = str | bytes
NO_SCHEMAS: Mapping[str, Schema] = {}


def make_package(
    root: Path,
    *,
    schemas: Mapping[str, Schema] = NO_SCHEMAS,
    resources: Mapping[str, Mapping[str, Any]] = NO_SCHEMAS,
    **tables: Content,
) -> Project:
    """The loaded project of a folder with a datapackage.json and one CSV file per table.

    Args:
        root: An empty folder, or one whose other files the descriptor refers to.
        schemas: The Table Schema of a table; one that has none gets text fields after its header.
        resources: More properties of a table's resource (`dialect`, `encoding`, `path` ...).
        tables: The content of `NAME.csv`: text is dedented, bytes are taken as they are.
    """
    root.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, content in tables.items():
        (root / f"{name}.csv").write_bytes(as_bytes(content))
        entries.append({"name": name, "path": f"{name}.csv", **_schema(schemas, name), **resources.get(name, {})})
    more = sorted(resources.keys() - tables.keys())
    entries += [{"name": name, **_schema(schemas, name), **resources[name]} for name in more]
    descriptor = {"name": "package", "resources": entries}
    (root / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return load_project(root)


def _schema(schemas: Mapping[str, Schema], name: str) -> dict[str, Schema]:
    return {"schema": schemas[name]} if name in schemas else {}


def as_bytes(content: Content) -> bytes:
    """A table as it stands in a test: without the first line end and the indentation."""
    if isinstance(content, bytes):
        return content
    return textwrap.dedent(content).removeprefix("\n").encode()


def fields(*specs: str, **more: Any) -> dict[str, Any]:
    """A Table Schema from `name:type` or `name`, whose other properties (`primaryKey` ...) are the keywords."""
    parts = [spec.partition(":") for spec in specs]
    return {"fields": [{"name": name, "type": kind or "string"} for name, _, kind in parts], **more}


def report_of(root: Path, content: Content, schema: Schema | None = None, **resource: Any) -> Report:
    """The report on a package whose one table `data` is this."""
    options = resource.pop("options", Options())
    schemas = {} if schema is None else {"data": schema}
    return validate(make_package(root, schemas=schemas, resources={"data": resource}, data=content), options)


def places(report: Report) -> list[tuple[int | None, str | None, str]]:
    """The shown findings as (row, column, rule), the constraint in place of `constraint-error`."""
    return [(item.row, item.column, item.constraint or item.rule) for item in report.findings]


def one(report: Report) -> Finding:
    """The only finding of a report."""
    assert len(report.findings) == 1, report.findings
    return report.findings[0]
