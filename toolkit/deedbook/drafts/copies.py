"""Files that exist as the tables of a project that people edit: CSV, one file a table.

A CSV file that `fmt`, `fix`, `export` and `import` take as it is, is copied to the byte. Anything else (a sheet of a workbook, JSON,
Parquet, a file that is packed, in another encoding or in parts) is written anew: each cell as the text that it holds, ids with their
zeros, days as `2024-03-01`, and what is no value of its column as it stands there.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from deedbook.descriptor import read_resource
from deedbook.drafts.guesses import Guess
from deedbook.drafts.sources import Source
from deedbook.drafts.tables import read_names
from deedbook.edits import Cells, broken_rows, reason_to_leave, to_bytes
from deedbook.errors import ProjectError
from deedbook.reading import inputs, pipeline, tables
from deedbook.types import MISFIT

_MOMENT, _MIDNIGHT = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+\z", r"T00:00:00\z"
"""How a spreadsheet's moments are written; all days have the second end."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A table as a file of a new project.

    Attributes:
        path: Its file below the folder.
        origin: Where it was, in words; empty where the file is the same.
        guesses: How the origin was read, and what is to be asked of that.
        left: Why it was not written as CSV although nobody can edit it as it is; empty where it was, or can.
    """

    path: str
    origin: str = ""
    guesses: tuple[Guess, ...] = ()
    left: str = ""


def write_copies(found: Sequence[Source], folder: Path) -> Iterator[Copy]:
    """Writes each table into a folder.

    Raises:
        ProjectError: when one cannot be read, or is no text and has a record that is no row.
    """
    for source in found:
        left = ""
        if reason_to_leave(source.resource):
            try:
                content = to_bytes(_cells_of(source), ",")
            except _RaggedError as error:
                if inputs.is_foreign(source.resource):
                    hint = "delete what stands beside the table, or name its column"
                    raise ProjectError(f"{_origin(source)}: {error}", hint) from None
                left = str(error)
            else:
                file = _free(folder / source.paths[0], str(source.raw["name"]))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                yield Copy(file.relative_to(folder).as_posix(), _origin(source), tuple(map(_told, source.guesses)))
                continue
        for path in source.paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.root / path, folder / path)
            yield Copy(path, left=left)


class _RaggedError(Exception):
    """A record has other cells than the header: written anew it would look as if it had not."""


def _cells_of(source: Source) -> Cells:
    """The cells of a table as texts.

    Raises:
        _RaggedError: when a record is no row.
        ProjectError: when it cannot be read.
    """
    names, _ = read_names(source.resource)
    raw = {**source.raw, "schema": {"fields": [{"name": name, "type": "any"} for name in names]}}
    resource = read_resource(raw, source.root, where=source.paths[0])
    frames = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    for file in resource.sources:
        with tables.opened(resource, file, names) as (cutter, header, layout):
            row = header.row
            for done in pipeline.run(cutter, replace(layout, names=tuple(names)), lambda block: block):
                for fault in broken_rows(done.result, row, len(names)):
                    raise _RaggedError(fault)
                row += done.result.frame.height
                frames.append(tables.without_absent(done.result))
    rows = pl.concat(frames, rechunk=True).fill_null("").select(pl.all().str.replace_all(MISFIT, "", literal=True))
    is_sheet = source.resource.format in inputs.SHEET_FORMATS
    return Cells(tuple(names), rows.select(map(_days, rows)) if is_sheet else rows)


def _days(texts: pl.Series) -> pl.Series:
    """A column of a spreadsheet, its moments as days where all are at midnight."""
    is_moment = texts.str.contains(_MOMENT)
    are_days = texts.filter(is_moment).str.contains(_MIDNIGHT).all()
    return texts.str.replace(_MIDNIGHT, "").zip_with(is_moment, texts) if are_days else texts


def _free(place: Path, name: str) -> Path:
    """A file of that name beside a place, which is not taken."""
    at, file = 1, place.with_name(f"{name}.csv")
    while file.exists():
        at += 1
        file = place.with_name(f"{name}_{at}.csv")
    return file


def _origin(source: Source) -> str:
    """Where a table was."""
    sheet = source.raw.get("dialect", {}).get("sheetName", "")
    return ", ".join([*source.paths, *([f"sheet {sheet}"] if sheet else [])])


def _told(guess: Guess) -> Guess:
    """How a file was read, of which nothing has to be declared any more."""
    value = "" if guess.value is None else f"{json.dumps(guess.value, ensure_ascii=False)}, "
    return replace(guess, value=None, evidence=f"{value}{guess.evidence}")
