"""The header: which column of the file is which field, after `fieldsMatch`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deedbook.findings import shorten
from deedbook.schema import Field, TableSchema


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file.

    Attributes:
        number: 1-based position in the file.
        label: What the header calls it.
        name: The field's name, or one that no field has.
        field: The field that describes it; None for a column that no field describes or whose label is wrong.
    """

    number: int
    label: str
    name: str
    field: Field | None


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with the file as a whole, or with its header at one column."""

    rule: str
    message: str
    hint: str = ""
    number: int | None = None
    label: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of the file in order and what is wrong with their labels."""

    columns: tuple[Column, ...]
    problems: tuple[FileProblem, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Fields that no column holds."""


def match_header(labels: Sequence[str] | None, schema: TableSchema, width: int) -> Header:
    """The columns for the labels of a file.

    Args:
        schema: Its fields and `fieldsMatch`; a schema without fields describes no column.
        labels: None when the file has no header: fields are taken in their order.
        width: The number of cells in the first record, which counts when there are no labels.
    """
    fields = schema.fields
    if labels is None:
        count = max(width, len(fields)) if fields else width
        return Header(tuple(_column(number, "", _nth(fields, number)) for number in range(1, count + 1)))
    if not any(label.strip() for label in labels):
        return Header((), (FileProblem("blank-header", "the header is blank", "name the columns in the first row"),))
    if not fields:
        return Header(
            tuple(_column(number, label, None) for number, label in enumerate(labels, 1)),
            tuple(_label_faults(labels)),
        )
    is_reordered = tuple(labels) != schema.names and sorted(labels) == sorted(schema.names)
    if schema.fields_match == "exact" and not is_reordered:
        return _match_by_position(labels, schema)
    return _match_by_name(labels, schema)


def _nth(fields: Sequence[Field], number: int) -> Field | None:
    return fields[number - 1] if number <= len(fields) else None


def _column(number: int, label: str, field: Field | None) -> Column:
    return Column(number, label, field.name if field else f"\0{number}", field)


def _label_faults(labels: Sequence[str]) -> Iterator[FileProblem]:
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        if not label.strip():
            yield FileProblem("blank-label", f"column {number} has no name", "name it in the header", number, label)
        elif label in first:
            yield FileProblem(
                "duplicate-label",
                f"column {number} is named `{shorten(label)}` like column {first[label]}",
                "rename one",
                number,
                label,
            )
        first.setdefault(label, number)


def _match_by_position(labels: Sequence[str], schema: TableSchema) -> Header:
    fields = schema.fields
    problems = list(_label_faults(labels[: len(fields)]))
    faulty = {problem.number for problem in problems}
    columns = []
    for number, label in enumerate(labels, 1):
        field = _nth(fields, number)
        if field is None:
            message = f"column {number} (`{shorten(label)}`) is in no field of the schema"
            problems.append(FileProblem("extra-label", message, "remove it or describe it", number, label))
        elif label != field.name:
            if number not in faulty:
                message = f"column {number} is named `{shorten(label)}`, the schema says `{field.name}`"
                problems.append(
                    FileProblem("incorrect-label", message, f"rename it to `{field.name}`", number, label, field.name)
                )
            field = None
        columns.append(_column(number, label, field))
    problems += [_missing(number, fields[number - 1]) for number in range(len(labels) + 1, len(fields) + 1)]
    return _header(columns, problems, schema)


def _match_by_name(labels: Sequence[str], schema: TableSchema) -> Header:
    match = schema.fields_match
    fields = {field.name: field for field in schema.fields}
    problems = list(_label_faults(labels))
    faulty = {problem.number for problem in problems}
    if match == "exact":
        number = next(at for at, (label, name) in enumerate(zip(labels, schema.names, strict=True), 1) if label != name)
        message = f"the columns stand in another order than in the schema, from column {number} on"
        problems.append(
            FileProblem(
                "incorrect-label", message, "run `deedbook fmt`", number, labels[number - 1], schema.names[number - 1]
            )
        )
    columns = [
        _column(number, label, fields.get(label) if number not in faulty else None)
        for number, label in enumerate(labels, 1)
    ]
    if match in {"equal", "superset"}:
        problems += [
            FileProblem(
                "extra-label",
                f"column {column.number} (`{shorten(column.label)}`) is in no field of the schema",
                "remove it or describe it",
                column.number,
                column.label,
            )
            for column in columns
            if column.field is None and column.number not in faulty
        ]
    if match == "partial" and not any(column.field for column in columns):
        problems.append(
            FileProblem("unmatched-header", "no column of the file is a field of the schema", "correct the header")
        )
    present = set(labels)
    absent = [name for name in schema.names if name not in present]
    if match in {"superset", "partial"}:
        absent = [name for name in absent if fields[name].required or name in schema.primary_key]
    problems += [_missing(len(labels) + at, fields[name]) for at, name in enumerate(absent, 1)]
    return _header(columns, problems, schema)


def _missing(number: int, field: Field) -> FileProblem:
    return FileProblem(
        "missing-label", f"the column `{field.name}` is missing", "add it to the file", number, None, field.name
    )


def _header(columns: list[Column], problems: list[FileProblem], schema: TableSchema) -> Header:
    held = {column.name for column in columns if column.field}
    return Header(tuple(columns), tuple(problems), tuple(name for name in schema.names if name not in held))
