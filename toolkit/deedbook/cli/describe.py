"""`deedbook describe`: drafts of a descriptor and of Table Schemas for files that exist."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, ProjectError
from deedbook.findings import plural, shorten
from deedbook.rendering.escapes import visible

if TYPE_CHECKING:
    from deedbook.drafts import Draft, TableDraft
    from deedbook.drafts.guesses import Guess, Proposal


@click.command()
@click.argument("targets", metavar="FILE...|FOLDER|WORKBOOK", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--update",
    "updates",
    is_flag=True,
    help="Say what new data would change in the drafts of a project, and change it.",
)
@click.option("--check", is_flag=True, help="Write nothing, only say what would be written.")
@options.format_(("text", "json"), "How the drafts are shown.")
@options.quiet
@options.debug
@click.pass_context
def describe(
    ctx: click.Context, targets: tuple[Path, ...], updates: bool, check: bool, format_: str, quiet: bool
) -> None:
    """Draft datapackage.json and schemas/TABLE.schema.json for files that exist, and validate them from then on.

    Reads CSV in any dialect and encoding, TSV, XLSX, ODS, Parquet and JSON, also as .gz and .zst, to the last row. Every guess is
    in the schema's `deedbook.guess` with what speaks for it. What only you can know is a `todo` there, which `validate` repeats as a
    warning until you have corrected the schema and deleted the `todo`. Nothing is ever overwritten (exit code 4).

    With --update, what changed in the data since is changed in the drafts too, but for what you settled, which is only listed.
    Exits with 1 when a file cannot be described.
    """
    from deedbook import drafts

    with streams.progress_bar(quiet=quiet) as bar:
        if updates:
            proposals = [item for target in targets for item in drafts.update(target, check=check)]
            said, code = render_proposals(proposals, check=check), DONE
        else:
            draft = drafts.describe(targets, progress=bar.update)
            if not draft.tables:
                raise ProjectError("; ".join(f"{file}: {why}" for file, why in draft.undescribed.items()), "see above")
            said = render(draft) if format_ == "text" else _as_json(draft)
            code = FINDINGS if draft.undescribed else DONE
            written = [] if check else drafts.write(draft)
            if format_ == "text" and written:
                shown = ", ".join(os.path.relpath(path) for path in written[:4]) + (", ..." if written[4:] else "")
                place = os.path.relpath(draft.root)
                said += f"\nwritten: {shown}\nnext: deedbook validate{'' if place == '.' else f' {place}'}\n"
    if not quiet or code:
        streams.emit(said, is_data=format_ == "json")
    ctx.exit(code)


def _as_json(draft: Draft) -> str:
    """The drafts as one JSON document."""
    schemas = {table.name: table.schema for table in draft.tables}
    record = {"descriptor": draft.descriptor("schemas"), "schemas": schemas, "undescribed": dict(draft.undescribed)}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def render(draft: Draft) -> str:
    """The drafts as text: a table of the columns of each, then what is to be settled, and what could not be described."""
    parts = ["\n".join(_lines(table)) for table in draft.tables]
    todos = [(table.name, guess) for table in draft.tables for guess in table.todos]
    if todos:
        lines = [f"To settle ({plural(len(todos), 'question')}, in deedbook.guess of the schemas):"]
        for name, guess in todos:
            place = visible(f"{name}.{guess.field}" if guess.field else name)
            rows = ", ".join(f"row {row:,} `{visible(shorten(text, 30))}`" for row, text in guess.exceptions[:5])
            lines.append(f"  {place}: {visible(guess.todo, 400)}{f' ({rows})' if rows else ''}")
        parts.append("\n".join(lines))
    parts += [f"{visible(file)}: cannot be described: {visible(why, 400)}" for file, why in draft.undescribed.items()]
    return "\n\n".join(parts) + "\n"


def _lines(table: TableDraft) -> Iterator[str]:
    path = visible(str(table.raw["path"]))
    sheet = table.raw.get("dialect", {}).get("sheetName", "")
    where = f"{path}, sheet {visible(sheet)}" if sheet else path
    yield f"{visible(table.name)} ({where}): {plural(table.rows, 'row')}, {plural(len(table.columns), 'column')}"
    for guess in table.guesses:
        if not guess.field:
            value = guess.value if isinstance(guess.value, str) else json.dumps(guess.value, ensure_ascii=False)
            yield f"  {guess.name}{'' if guess.value is None else f' {visible(value, 200)}'}: {visible(guess.evidence, 200)}"
    rows = [("column", "type", "filled", "also", "what speaks for it")]
    for name, filled in table.columns.items():
        own = [guess for guess in table.guesses if guess.field == name]
        rows.append((visible(shorten(name, 32)), _type(own), _share(filled, table.rows), *_rest(own)))
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        cells = [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]
        yield f"  {'  '.join(cells)}".rstrip()


def _share(count: int, of: int) -> str:
    return "all" if count == of else f"{count / of:.1%}"


_OF_TYPE = ("type", "format", "itemType", "delimiter", "decimalChar", "groupChar")


def _type(own: Sequence[Guess]) -> str:
    """The type of a column with its format and the characters that it is written with."""
    return visible(
        " ".join(json.dumps(it.value)[1:-1] for it in own if it.name in _OF_TYPE and isinstance(it.value, str))
    )


def _rest(own: Sequence[Guess]) -> tuple[str, str]:
    """What else is drafted of a column, and what speaks for its type."""
    said = []
    for guess in own:
        name = guess.name.removeprefix("constraints.")
        if name in {"required", "unique"}:
            said.append(name)
        elif guess.value is not None and name not in _OF_TYPE:
            said.append(f"{name} {json.dumps(guess.value, ensure_ascii=False)}")
    said += ["todo"] if any(guess.todo for guess in own) else []
    evidence = next((guess.evidence for guess in own if guess.name == "type"), "")
    return visible(shorten(", ".join(said), 60)), visible(shorten(evidence, 100))


def render_proposals(proposals: Sequence[Proposal], *, check: bool) -> str:
    """What new data change, or would, one line each, and why."""
    lines = []
    for item in proposals:
        place = ".".join(filter(None, (item.table, item.guess.field, item.guess.name)))
        old, new = (json.dumps(value, ensure_ascii=False) for value in (item.current, item.guess.value))
        verb = "settled, stays" if item.is_settled else "would change" if check else "changed"
        lines.append(
            f"{visible(place)}: {verb}: {visible(old, 100)} -> {visible(new, 100)} ({visible(item.guess.evidence, 200)})"
        )
    return "\n".join(lines or ["the drafts say what the data do"]) + "\n"
