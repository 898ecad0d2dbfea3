"""Proposals of findings put into the cells that they are about; every other byte of a file stays.

A proposal is a property of its finding (`Finding.proposal`), and so is whether it is `safe` (`Finding.certainty`, whose rules stand in
`types/mistakes.toml` and `checking/spellings.py`). Here it is only carried out: the cell is looked up in the bytes of its record, and
before the new file takes the place of the old one, both are read and must differ in exactly the cells that were meant.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise
from pathlib import Path

import polars as pl

from deedbook.checking.cells import plan_field
from deedbook.checking.explanation import BadText
from deedbook.descriptor import Resource
from deedbook.edits import UnmendableError, link_fault, read_cells, reason_to_leave, replace_table
from deedbook.errors import DeedbookError, UsageError
from deedbook.findings import Finding
from deedbook.project import Project
from deedbook.types.mistakes import Mistake, readings
from deedbook.validation import Options, validate

MOST = 100_000
"""Findings of a table, rule and column that are mended at once; what is beyond them is found by the next run."""
_CONTEXT = 3
"""Lines around a change that a patch shows, as `diff -u` does."""
Changed = Counter[tuple[int | None, str | None, str | None]]
"""How often a column (from 1) had one text and has another now."""
Edit = tuple[int, int, bytes]
"""Where a cell begins and ends in its file, and the bytes to put there."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a table.

    Attributes:
        path: Its file below the project's folder.
        cells: The findings whose proposals stand in it now.
        left: Those whose proposals do not, each with the reason.
        patch: The change as a unified diff; empty for none.
    """

    table: str
    path: str
    cells: tuple[Finding, ...] = ()
    left: tuple[tuple[Finding, str], ...] = ()
    patch: bytes = b""


def read_readings(texts: Iterable[str], project: Project) -> dict[tuple[str, str], Mistake]:
    """What a person decided of columns, by table and column.

    Args:
        texts: `TABLE.COLUMN=NAME`, the name being one of `readings`.
        project: The project of these tables.

    Raises:
        UsageError: when there is no such column or reading.
    """
    known, found = readings(), {}
    columns = {
        f"{item.name}.{name}": (item.name, name) for item in project.package.resources for name in item.described.names
    }
    for text in texts:
        column, _, name = text.partition("=")
        if column not in columns or name not in known:
            hint = f"write TABLE.COLUMN=READING; the readings are {', '.join(known)}"
            raise UsageError(f"{text!r} is no reading of a column", hint)
        found[columns[column]] = known[name]
    return found


def propose(
    project: Project,
    options: Options,
    chosen: Mapping[tuple[str, str], Mistake],
    progress: Callable[[str, float], None] | None = None,
) -> list[Finding]:
    """The findings that say what to write into a cell, in the order of the report; nobody waived them.

    Args:
        project: The project.
        options: How it is validated.
        chosen: The readings that a person chose for columns: what has two, has a safe proposal there.
        progress: Told what is read.
    """
    found = []
    for item in validate(project, replace(options, max_findings=MOST), progress).open_findings:
        reading = chosen.get((item.table, item.column or ""))
        if reading and item.value and item.proposal is None:
            schema = project.package.resource(item.table).described
            field = schema.field(item.column or "")
            text = BadText(plan_field(field, schema.missing_of(field), "schema"), item.value)
            item = replace(item, proposal=text.meant(reading, item.value.strip()), certainty="safe")
        if item.proposal is not None and item.field_number and item.line:
            found.append(item)
    return found


def mend(project: Project, findings: Sequence[Finding]) -> tuple[Mended, ...]:
    """Writes the proposals of these findings into the files of their tables.

    Raises:
        RefusalError: when somebody changed a file in the meantime.
        SpaceError: when the disk is full.
        DeedbookError: when a new file is not the old one with these cells alone changed; the old one then stays.
    """
    ordered = sorted(findings, key=lambda item: item.table)
    return tuple(
        _mend(project, project.package.resource(name), list(of)) for name, of in groupby(ordered, lambda it: it.table)
    )


def _mend(project: Project, resource: Resource, findings: Sequence[Finding]) -> Mended:
    """The same for one table."""
    name = ", ".join(resource.paths)
    try:
        if reason := reason_to_leave(resource):
            raise UnmendableError(f"the table {reason}")
        file = resource.files[0]
        if fault := link_fault(file):
            raise UnmendableError(fault)
        before, cells = file.read_bytes(), read_cells(resource, file)
    except (OSError, UnmendableError) as error:
        return Mended(resource.name, name, left=tuple((item, str(error)) for item in findings))
    edits, left = resolved(Places(before, resource.dialect.delimiter.encode()), findings)
    done = tuple(item for _, item in edits)
    parts, at = list[bytes](), 0
    for (start, end, new), _ in edits:  # they rise and do not overlap
        parts += [before[at:start], new]
        at = end
    after = b"".join([*parts, before[at:]])
    meant = Counter((item.field_number, item.value, item.proposal) for item in done)

    def prove(staged: Path) -> None:
        if _changed_cells(cells.rows, read_cells(resource, staged).rows) != meant:
            message = f"{file}: cannot be mended: other cells would change; it stays as it was"
            raise DeedbookError(message, "please report this")

    if done:
        replace_table(file, after, before, prove)
    path = Path(os.path.relpath(file, project.root)).as_posix()
    return Mended(resource.name, name, done, tuple(left), _patch_of(path, before, after))


def _changed_cells(old: pl.DataFrame, new: pl.DataFrame) -> Changed:
    """The cells that differ; a column -1 when the frames have other columns or rows."""
    if old.columns != new.columns or old.height != new.height:
        return Counter({(-1, "", ""): 1})
    found: Changed = Counter()
    for at, (was, now) in enumerate(zip(old, new, strict=True), 1):
        differs = was != now
        found.update((at, *pair) for pair in zip(was.filter(differs), now.filter(differs), strict=True))
    return found


class Places:
    """Where cells stand in the bytes of a CSV file with plain quotes.

    Args:
        content: The file.
        delimiter: What separates its cells.
    """

    def __init__(self, content: bytes, delimiter: bytes) -> None:
        self._content, self._delimiter = content, delimiter
        self._lines = [0, *accumulate(len(line) + 1 for line in content.split(b"\n"))]
        self._cell = re.compile(
            rb'("(?:[^"]|"")*"|[^%b"\r\n][^%b\r\n]*|)(?:%b|\r?\n|\r|\Z)' % ((re.escape(delimiter),) * 3)
        )

    def edit(self, item: Finding) -> Edit:
        """What has to be put where so that the proposal of a finding stands in its cell.

        Raises:
            LookupError: when the cell is not found there, or would have another number of lines, which no patch of ours tells; it says so.
        """
        old, new = str(item.value).encode(), str(item.proposal).encode()
        if b"\r" in old + new or old.count(b"\n") != new.count(b"\n"):
            raise LookupError("the cell has several lines, and would have others")
        start, end = self._span(item.line or 1, item.field_number or 1)
        held = self._content[start:end]
        is_quoted = held.startswith(b'"')
        if old != (held[1:-1].replace(b'""', b'"') if is_quoted else held):
            raise LookupError("the cell was not found")
        if is_quoted or self._delimiter in new or re.search(b'["\n]', new):
            new = b'"' + new.replace(b'"', b'""') + b'"'
        return start, end, new

    def _span(self, line: int, number: int) -> tuple[int, int]:
        """Where the cell of that number begins and ends in the record that starts on a line; the end of the file where there is none."""
        start = end = at = self._lines[min(line, len(self._lines)) - 1]
        for _ in range(number):
            found = self._cell.match(self._content, at)
            start, end, at = (*found.span(1), found.end()) if found else (len(self._content),) * 3
        return start, end


def resolved(
    places: Places, findings: Sequence[Finding]
) -> tuple[list[tuple[Edit, Finding]], list[tuple[Finding, str]]]:
    """The edits of a file in its order, each with its finding; and the findings without one, with the reason."""
    edits: dict[int, tuple[Edit, Finding]] = {}
    left = []
    for item in findings:
        try:
            edit = places.edit(item)
        except LookupError as error:
            left.append((item, str(error)))
            continue
        if edit[0] in edits:
            left.append((item, "another proposal for the cell was taken"))
        else:
            edits[edit[0]] = edit, item
    return sorted(edits.values(), key=lambda pair: pair[0]), left


def _patch_of(name: str, before: bytes, after: bytes) -> bytes:
    """What changed as a unified diff that `git apply` and `patch -p1` read; both have the same number of lines."""
    old, new = before.split(b"\n"), after.split(b"\n")
    changed = [at for at, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
    if not changed:
        return b""
    parts = [f"--- a/{name}\n+++ b/{name}\n".encode()]
    gaps = accumulate(now - was > 2 * _CONTEXT for was, now in pairwise(changed))
    for _, group in groupby(zip(changed, [0, *gaps], strict=True), key=lambda pair: pair[1]):
        within = [at for at, _ in group]
        parts += _hunk(old, new, within)
    return b"".join(parts)


def _hunk(old: Sequence[bytes], new: Sequence[bytes], changed: Sequence[int]) -> Iterator[bytes]:
    """One hunk of a diff: the changed lines and those around them."""
    count = len(old) - (not old[-1])  # behind the last line end is no line
    start, end = max(0, changed[0] - _CONTEXT), min(count, changed[-1] + 1 + _CONTEXT)
    yield f"@@ -{start + 1},{end - start} +{start + 1},{end - start} @@\n".encode()
    for is_changed, lines in groupby(range(start, end), key=set(changed).__contains__):
        numbers = list(lines)
        for mark, texts in ((b"-", old), (b"+", new)) if is_changed else ((b" ", old),):
            for at in numbers:
                rest = b"\n" if at + 1 < len(old) else b"\n\\ No newline at end of file\n"
                yield mark + texts[at] + rest
