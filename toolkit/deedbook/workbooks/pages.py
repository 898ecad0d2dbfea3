"""A table on a sheet, and the memory of it: what stood there when the workbook was written.

The memory is text in a hidden sheet, so that it survives every program: JSON, packed, in pieces that a cell holds. By it each cell
that comes back is held against the one that was written, and a project that went on meanwhile against both.
"""

import base64
import datetime as dt
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from deedbook.descriptor import Package, Resource
from deedbook.edits import Cells
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import read_code_lists
from deedbook.reading.tables import read_text
from deedbook.schema import Field, Label
from deedbook.types import MISFIT, native_text

Row = tuple[str, ...]
Key = tuple[str | int, ...]
MEMORY, LISTS, FINDINGS = "deedbook", "lists", "findings"
"""The sheets that hold no table."""
OWN_SHEETS = "|".join((MEMORY, LISTS, FINDINGS, "history"))
"""The names that no sheet of a table may have; Excel keeps the last one for itself."""
VERSION = "deedbook workbook 1"
"""What the first cell of the memory says."""
_PIECE = 30_000
"""Characters of a piece; a cell holds 32,767."""
_MOST_CHOICES = 5_000
"""Entries of a drop-down: nobody looks for one among more."""
_LABEL = re.compile(r"(?:^|_)(?:name|title|label)(?:_|$)")
_BETWEEN = " | "
"""Between a code and its label in a drop-down."""
NUMBERS = frozenset({"integer", "number", "year"})
_DIGITS = 15
"""Characters of a number that every program gives back as it was."""
_FIRST_DAY = dt.date(1900, 3, 1)
"""The first that every spreadsheet counts alike: Excel has a 29 February 1900."""
_ESCAPE = re.compile("_x([0-9a-fA-F]{4})_")
"""How XLSX writes a character that XML does not take; some programs forget that a text may look like one."""
_LINE_END = re.compile("\r\n?")


def text_of(value: Any, item: Field | None) -> str:
    """The text of a cell's value, as its field writes it; what a person sees where the field cannot take it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)
    if isinstance(value, dt.datetime) and item is not None and item.type != "datetime" and value.time() == dt.time():
        value = value.date()
    return native_text(value, item).removeprefix(MISFIT)


def value_of(text: str, item: Field | None) -> str | float | dt.date:
    """What a cell holds of a text: a date or a number where it comes back as the very same text, else the text."""
    kind = item.type if item else ""
    value: str | float | dt.date = text
    try:
        if kind == "date":
            value = max(dt.date.fromisoformat(text), _FIRST_DAY)
        elif kind in NUMBERS and len(text) <= _DIGITS and text[-1:].isdigit():
            value = float(text)
    except ValueError:
        return text
    return value if text_of(value, item) == text else text


def seen(text: str) -> str:
    """A text as a spreadsheet gives it back."""
    return _LINE_END.sub("\n", _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))


@dataclass(frozen=True, slots=True)
class Page:
    """A table on a sheet.

    Attributes:
        labels: The columns of the file.
        rows: Its cells as they were.
        key: The columns that tell rows apart; empty where none do.
        choices: By column what its drop-down offers, and the code of each entry.
        derived: By label the derived columns, a text for each row; they are shown and never read back.
    """

    table: str
    sheet: str
    labels: Row
    rows: Sequence[Row]
    key: Row = ()
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    derived: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def keys(self, rows: Sequence[Row]) -> list[Key]:
        """What tells each of these rows apart; where no column does, its content and how often that came before."""
        if self.key:
            places = [self.labels.index(name) for name in self.key]
            return [tuple(seen(row[place]) for place in places) for row in rows]
        counts: dict[Row, int] = {}
        found: list[Key] = []
        for row in (tuple(map(seen, row)) for row in rows):
            counts[row] = counts.get(row, 0) + 1
            found.append((*row, counts[row]))
        return found

    def place_of(self, finding: Finding) -> tuple[int, int] | None:
        """The row and the column of a finding on the sheet, from 0; None where it has none."""
        if not finding.row or finding.row > len(self.rows) + 1:
            return None
        return finding.row - 1, self.labels.index(finding.column) if finding.column in self.labels else 0

    def faults_of(self, head: Sequence[str]) -> Iterator[str]:
        """How the head of a sheet is another one than it had."""
        own = {"", *self.labels, *self.derived}
        faults = {
            "has no column `{}` any more": [name for name in self.labels if name not in head],
            "has a column `{}`, which the table does not have": [name for name in head if name not in own],
            "has the column `{}` twice": [name for name in self.labels if head.count(name) > 1],
        }
        yield from (said.format(name) for said, names in faults.items() for name in names)

    def pieces(self) -> Iterator[str]:
        """The page as texts that cells hold."""
        record = json.dumps({**asdict(self), "derived": dict.fromkeys(self.derived, ())}, ensure_ascii=False)
        text = base64.b64encode(zlib.compress(record.encode("utf-8", "surrogatepass"), 9)).decode("ascii")
        yield from (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))


def read_page(pieces: Sequence[str], where: str) -> Page:
    """The page that these pieces hold.

    Raises:
        ProjectError: when they are not what was written.
    """
    try:
        record = json.loads(zlib.decompress(base64.b64decode("".join(pieces), validate=True)))
        shape = {name: tuple(record[name]) for name in ("labels", "key")}
        return Page(**{**record, **shape, "rows": [tuple(row) for row in record["rows"]]})
    except (ValueError, zlib.error, KeyError, TypeError) as error:
        hint = "export a new one, and bring the changes over by hand"
        raise ProjectError(f"{where}: what stands in its hidden sheet `{MEMORY}` is damaged: {error}", hint) from None


def page_of(resource: Resource, sheet: str, cells: Cells, choices: Mapping[str, Mapping[str, str]]) -> Page:
    """A table on a sheet of that name; by its primary key where every row has one of its own."""
    rows = list(cells.rows.iter_rows())
    page = Page(resource.name, sheet, cells.labels, rows, resource.described.primary_key, choices)
    if not page.key or not set(page.key) <= set(page.labels):
        return Page(resource.name, sheet, cells.labels, rows, (), choices)
    keys = page.keys(rows)
    is_told = len(set(keys)) == len(keys) and all(all(key) for key in keys)
    return page if is_told else Page(resource.name, sheet, cells.labels, rows, (), choices)


def choices_of(package: Package, resource: Resource) -> dict[str, dict[str, str]]:
    """By field what may be chosen there: its codes, or the keys that it refers to, each behind the entry that names it."""
    schema, lists = resource.described, read_code_lists(package)
    found: dict[str, Sequence[Label]] = {
        key.fields[0]: _labels_of(package.resource(key.resource or resource.name), key.reference[0])
        for key in schema.foreign_keys
        if len(key.fields) == 1 and not key.package
    }
    found |= {item.name: codes for item in schema.fields if (codes := _codes_of(item, lists))}
    return {
        name: {_entry_of(one): str(one.value) for one in labels}
        for name, labels in found.items()
        if 0 < len(labels) <= _MOST_CHOICES
    }


def _entry_of(label: Label) -> str:
    """What a drop-down shows of a code or a key."""
    return f"{label.value}{_BETWEEN}{label.label}" if label.label not in {"", label.value} else str(label.value)


def _codes_of(item: Field, lists: Mapping[str, Sequence[Label]]) -> Sequence[Label]:
    """The values that a field lists, or its code list does; none where it lists none."""
    if item.categories or item.code_list:
        return item.categories or lists.get(item.code_list, ())
    known = ("true", "false") if item.type == "boolean" else item.constraints.get("enum", ())
    return [Label(one) for one in known]


def _labels_of(resource: Resource, key: str) -> list[Label]:
    """The keys of a table, each with what its row is called; none of a table that is too long to choose from."""
    found: list[Label] = []
    for block in read_text(resource):
        name = next((name for name in block.columns if name != key and _LABEL.search(name)), key)
        found += [Label(code, label or "") for code, label in block.select(code=key, label=name).iter_rows() if code]
        if len(found) > _MOST_CHOICES:
            return []
    return found
