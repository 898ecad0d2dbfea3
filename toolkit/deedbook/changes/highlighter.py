"""Row changes as a highlighter diff (paulfitz.github.io/daff-doc/spec.html), which `daff patch OLD.csv DIFF.csv` applies.

The first column says what happens to a row: `+++` is new, `---` goes, `->` has cells that read `old->new`. An arrow grows a
dash for each that the row's own text needs to be told apart. The `!` row says which columns are new, gone or renamed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from deedbook.changes.records import KEY, Changes, TableChanges

_ARROW = re.compile(r"-+>")


def highlighter_csv(changes: Changes, table: TableChanges) -> str:
    """The diff of one table: only the rows that differ."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    marks = _column_marks(changes, table)
    if any(marks):
        writer.writerow(["!", *marks])
    writer.writerow(["@@", *table.fields])
    for row in table.removed.drop(KEY).iter_rows():
        writer.writerow(["---", *(cell or "" for cell in row)])
    writer.writerows(_changed_rows(table))
    for row in table.added.drop(KEY).iter_rows():
        writer.writerow(["+++", *(cell or "" for cell in row)])
    return buffer.getvalue()


def split_key(key: str) -> list[str]:
    """The parts of a key that `findings.join_key` joined."""
    parts = [""]
    letters = iter(key)
    for letter in letters:
        if letter == "|":
            parts.append("")
        else:
            parts[-1] += next(letters, "") if letter == "\\" else letter
    return parts


def _column_marks(changes: Changes, table: TableChanges) -> list[str]:
    marks = dict.fromkeys(table.fields, "")
    for item in changes.schema:
        if item.table != table.table or item.field not in marks:
            continue
        match item.kind:
            case "field-added" | "field-inserted":
                marks[item.field] = "+++"
            case "field-removed":
                marks[item.field] = "---"
            case "field-renamed":
                marks[item.field] = f"({item.old})"
    return list(marks.values())


def _changed_rows(table: TableChanges) -> Iterator[list[str]]:
    before: dict[str, dict[str, str | None]] = {}
    for cell in table.iter_cells():
        before.setdefault(cell.key, {})[cell.field] = cell.old
    for old, new in table.rekeyed.iter_rows():
        before[new] = dict(zip(table.key, split_key(old), strict=False))
    for row in table.touched.iter_rows():
        yield _changed_row(row[1:], before.get(row[0], {}), table.fields)


def _changed_row(row: Sequence[str | None], before: dict[str, str | None], fields: Sequence[str]) -> list[str]:
    texts = [*(cell for cell in row if cell), *(cell for cell in before.values() if cell)]
    longest = max((len(found) for text in texts if ">" in text for found in _ARROW.findall(text)), default=1)
    arrow = "-" * max(1, longest) + ">"
    cells = [
        f"{before[name] or ''}{arrow}{cell or ''}" if name in before else cell or ""
        for name, cell in zip(fields, row, strict=True)
    ]
    return [arrow, *cells]
