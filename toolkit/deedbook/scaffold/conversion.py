"""What `deedbook convert` writes: a project of another model, made of a table of an event dataset by a crosswalk.

A crosswalk is one file, `models/LAYOUT/TARGET.toml`, which has these parts:

    key        the field of the source by which its rows are known
    needs      the fields without which nothing can be converted; others may be absent
    source     where the crosswalk comes from
    descriptor what the new descriptor says
    lists      fields that hold lists: NAME = {columns = {NAME = FIELD}, separator}; makes a view with a row for each part
    codes      code tables: `of` (FIELD or LIST.NAME), `values`, `otherwise`; † behind a code: it is only near. Without `of`, a view alone
    left_out   conditions in SQL for rows that are not converted, and why
    adjusted   queries for the `row` of those whose values were changed or not taken, and how
    sql        queries in order. One named as a table of the target makes its rows, any other is a view for those after it
    sums       numbers that have to be equal before and after
    not_mapped fields that have no place in the target, and why

Queries read `rows` (the fields as values, `row`, `converted_on`, and a column for each code table), the lists (`row`, `position`, their
names), code tables (`code`, `becomes`) and each other. `key` in the rows of a table is what others write where they refer to them, and
the engine puts ids in its place: those of `number` where that is given, else the next ones in the order of the keys.

The new project also has `CONVERSION.md`, which counts what was and was not mapped, and `conversion.csv`, which lists the rows.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl

from deedbook import models, project, scaffold
from deedbook.descriptor import Resource
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import nearest, plural
from deedbook.models import ALIGNMENT
from deedbook.reading.tables import opened, read_each, read_typed
from deedbook.release.formats.csv import write_csv
from deedbook.release.tables import sort_by_key, to_canonical
from deedbook.rules.text import tidied
from deedbook.schema import TableSchema

REPORT, LISTED = "CONVERSION.md", "conversion.csv"
_NEAR = "\N{DAGGER}"
_PARTS = ("source", "table", "key", "needs", "keep", "descriptor", "sql", "sums")
"""What every crosswalk has."""
_PREFIX = re.compile(r"\^?\(?([A-Za-z]+)\[")
_DIGITS = 6
"""The least digits of an id, as `deedbook next` writes them."""
_SHOWN = 60
"""Codes of a field that the report lists: more than any code list has, fewer than a column of texts."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the source: what it became (empty where it has no place), whether that is only near, and how often it stands there."""

    field: str
    code: str
    became: str
    is_near: bool
    count: int


@dataclass(frozen=True, slots=True)
class Sum:
    """A number before and after."""

    what: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Converted:
    """A table of another model that became a project.

    Attributes:
        project: The new project.
        layout: The model of the source.
        source: Where the crosswalk comes from.
        read: The rows of the source.
        rows: The rows of each table of the new project.
        left_out: Why rows were not converted, and how many.
        adjusted: What was done to values, and how often.
        codes: What became of codes.
        fields: The fields of the source without a place in the target: how many cells had a value, and why.
        sums: Numbers that have to be equal.
    """

    project: scaffold.Created
    layout: str
    source: str
    read: int
    rows: Mapping[str, int]
    left_out: Mapping[str, int]
    adjusted: Mapping[str, int]
    codes: Sequence[Code]
    fields: Mapping[str, tuple[int, str]]
    sums: Sequence[Sum]


def crosswalks(target: str) -> dict[str, Path]:
    """The crosswalks to a model, by the layout that they start from."""
    paths = {name: models.folder_of(name) / f"{target}.toml" for name in models.LAYOUTS}
    return {name: path for name, path in paths.items() if path.is_file()}


def convert(
    source: Path,
    folder: Path,
    *,
    target: str = ALIGNMENT,
    layout: str = "",
    crosswalk: Path | None = None,
    reading: project.Reading | None = None,
    name: str = "",
    day: dt.date,
) -> Converted:
    """A project of the model `target` at `folder`, made of a file or project of another model; complete or not there.

    Args:
        source: The file or the project.
        folder: A folder that does not exist yet, or an empty one.
        target: The model to convert to.
        layout: The model of the source; found by its columns when empty.
        crosswalk: A crosswalk of one's own, in place of the one that comes with the layout.
        reading: How the file is read.
        name: The name of the dataset; made from that of the folder when empty.
        day: The day of the conversion.

    Raises:
        UsageError: when the source is of none of the layouts.
        ProjectError: when it cannot be read, or a cell of it is no value of its field.
        RefusalError: when there is something at `folder`.
    """
    known = crosswalks(target)
    if crosswalk:
        known = {layout or _read(crosswalk).get("layout", ""): crosswalk}
    elif layout:
        known = {name: path for name, path in known.items() if name == layout}
    if not known:
        hint = f"there are crosswalks from {', '.join(crosswalks(target))}; --crosswalk names one of your own"
        raise UsageError(f"there is no crosswalk from {layout} to {target}", hint)
    layout, raw, resource = _recognised(source, known, reading or project.Reading())
    run = _Run(raw, resource, day)
    done: list[Converted] = []

    def fill(root: Path) -> None:
        rows, sums = run.write(root), run.sums()
        adjusted = {words: count for words, count in run.adjusted.items() if count}
        made = scaffold.Created(folder, name, ())
        done.append(
            Converted(
                made, layout, raw["source"], run.read, rows, run.left_out, adjusted, run.codes, run.unmapped(), sums
            )
        )
        (root / REPORT).write_text("\n".join(report_lines(done[0])) + "\n", encoding="utf-8")
        write_csv(pl.concat(run.listed), root / LISTED)

    made = scaffold.create(
        folder, name=name, model=target, said={"created": f"{day}T00:00:00Z", **raw["descriptor"]}, fill=fill
    )
    return replace(done[0], project=made)


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(f"{file}: cannot be read: {error}", "correct the crosswalk") from None
    if missing := [name for name in _PARTS if name not in raw]:
        raise ProjectError(f"{file}: there is no `{missing[0]}`", f"a crosswalk has {', '.join(_PARTS)}")
    return raw


def _recognised(
    source: Path, known: Mapping[str, Path], reading: project.Reading
) -> tuple[str, dict[str, Any], Resource]:
    """The layout of the source, its crosswalk, and its table."""
    lacks = {}
    for layout, path in known.items():
        raw = _read(path)
        if source.is_dir():
            resource = {it.name: it for it in project.load_project(source).package.resources}.get(raw["table"])
        elif layout in models.LAYOUTS:
            model = replace(reading, model=models.folder_of(layout), name=raw["table"])
            resource = project.load_project(source, model).package.resources[0]
        else:
            raise UsageError(f"{path}: `{layout}` is no model", nearest(layout, models.LAYOUTS))
        if resource is None or resource.schema is None:
            lacks[layout] = f"a table `{raw['table']}`"
            continue
        with opened(resource, resource.sources[0]) as (_, header, _layout):
            labels = header.labels or resource.schema.names
        missing = [name for name in raw["needs"] if name not in labels]
        if not missing:
            return layout, raw, resource
        lacks[layout] = plural(len(missing), "column") + " such as " + ", ".join(f"`{name}`" for name in missing[:3])
    said = "; ".join(f"for {layout} it lacks {what}" for layout, what in lacks.items())
    raise UsageError(f"{source} has the columns of no layout that can be converted: {said}", "see the how-to page")


class _Run:
    """One conversion: the views and rows made so far, and what there is to report."""

    def __init__(self, raw: Mapping[str, Any], resource: Resource, day: dt.date) -> None:
        self.raw, self.resource = raw, resource
        self.left_out, self.adjusted = dict[str, int](), dict[str, int]()
        self.codes: list[Code] = []
        self.listed = [pl.DataFrame(schema={"key": pl.String, "what": pl.String, "says": pl.String})]
        parts = str([raw.get(part) for part in ("key", "lists", "codes", "left_out", "adjusted", "sql", "sums")])
        names = [name for name in resource.described.names if name not in raw.get("not_mapped", {})]
        self.used = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", parts)]
        rows = read_typed(resource, self.used)
        self.read = rows.height
        rows = self._plain(rows).with_row_index("row", offset=1).with_columns(converted_on=pl.lit(day))
        self.known, self.views = rows.select("row", raw["key"]), {"rows": rows}
        for name, spec in raw.get("codes", {}).items():
            self._translate(name, spec, "rows")
        for it in raw.get("left_out", ()):
            out = self.ask(it["says"], f"SELECT row FROM rows WHERE {it['where']}")  # noqa: S608  # the crosswalk is code
            self.left_out[it["says"]] = self._list(out, "left out", it["says"])
            self.views["rows"] = self.views["rows"].join(out, on="row", how="anti", maintain_order="left")
        for name, spec in raw.get("lists", {}).items():
            self.views[name] = self._parts(spec)
            for code, codes in raw.get("codes", {}).items():
                self._translate(code, codes, name)

    def _plain(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with clean texts, and whole numbers as such."""
        columns = []
        for column in rows:
            if column.dtype == pl.String:
                clean = rows.select(tidied(pl.col(column.name))).to_series()
                emptied = clean.null_count() - column.null_count()
                self.adjusted[f"`{column.name}` had words that stand for a missing value; left empty"] = emptied
                column = clean
            elif column.dtype.is_float() and bool((column.drop_nulls() % 1 == 0).all()):
                column = column.cast(pl.Int64)
            columns.append(column)
        return pl.DataFrame(columns)

    def _list(self, rows: pl.DataFrame, what: str, says: str) -> int:
        """Notes rows of the source under what happened to them; returns how many they are."""
        rows = rows.select("row").unique().join(self.known, on="row")
        key = pl.col(self.raw["key"]).cast(pl.String)
        self.listed.append(rows.sort("row").select(key=key, what=pl.lit(what), says=pl.lit(says)))
        return rows.height

    def _translate(self, name: str, spec: Mapping[str, Any], view: str) -> None:
        """Adds a column of target codes to the view that a code table is about, and counts the codes there."""
        at, _, field = spec.get("of", "").rpartition(".")
        values = {str(code): str(became) for code, became in spec["values"].items()}
        table = pl.DataFrame({"code": [*values], "becomes": [one.rstrip(_NEAR) for one in values.values()]})
        self.views[name] = table
        if not field or view != (at or "rows") or field not in self.views[view].columns:
            return
        other = spec.get("otherwise", "")
        code = pl.col(field).cast(pl.String)
        became = code.replace_strict(values, default=other or None, return_dtype=pl.String)
        self.views[view] = self.views[view].with_columns(became.str.strip_chars_end(_NEAR).alias(name))
        counts = self.views[view].select(code=code, became=became).drop_nulls("code").group_by("code", "became").len()
        for text, found, count in counts.sort("len", "code", descending=[True, False]).iter_rows():
            target = found or ""
            self.codes.append(Code(spec["of"], text, target.rstrip(_NEAR), target.endswith(_NEAR), count))

    def _parts(self, spec: Mapping[str, Any]) -> pl.DataFrame:
        """A row for each part of a list; of lists beside the first, those that have as many parts."""
        (first, field), *others = spec["columns"].items()
        rows, separator = self.views["rows"], spec["separator"]
        lists = rows.select("row", **{name: pl.col(it).str.split(separator) for name, it in spec["columns"].items()})
        for name, other in others:
            is_same = pl.col(name).list.len() == pl.col(first).list.len()
            says = f"`{other}` has another number of parts than `{field}`, so it was not taken apart"
            self.adjusted[says] = self._list(lists.filter(~is_same), "adjusted", says)
            nothing = pl.lit(None, pl.String).repeat_by(pl.col(first).list.len())
            lists = lists.with_columns(pl.when(is_same).then(name).otherwise(nothing).alias(name))
        parts = lists.drop_nulls(first).explode([*spec["columns"]])
        parts = parts.with_columns(tidied(pl.col(name)) for name in spec["columns"]).drop_nulls(first)
        return parts.with_columns(position=pl.int_range(1, pl.len() + 1).over("row"))

    def write(self, root: Path) -> dict[str, int]:
        """Writes the tables of the target into a new project; returns the rows of each that the crosswalk makes."""
        targets = {it.name: it for it in project.load_project(root).package.resources}
        ids, rows = dict[str, pl.DataFrame](), {name: pl.DataFrame() for name in targets.keys() - {*self.raw["keep"]}}
        for name, query in self.raw["sql"].items():
            frame = self.ask(name, query)
            if name in targets:
                frame = _unique(frame, targets[name].described)
                if "key" in frame.columns:
                    ids[name] = _numbered(frame, targets[name].described)
                rows[name] = frame
            self.views[name] = frame
        for it in self.raw.get("adjusted", ()):
            found = self.ask(it["says"], it["sql"])
            self.adjusted[it["says"]] = self._list(found, "adjusted", it["says"])
        for name, frame in rows.items():
            schema = targets[name].described
            text = self._fitted(name, _linked(frame, name, schema, ids), schema)
            write_csv(sort_by_key(text, schema), targets[name].files[0])
        return {name: rows[name].height for name in targets if name in rows}

    def ask(self, name: str, query: str) -> pl.DataFrame:
        """The rows of a query over the views.

        Raises:
            ProjectError: when it is none, or names what is not there.
        """
        try:
            return pl.SQLContext(self.views, eager=True).execute(query)
        except pl.exceptions.PolarsError as error:
            raise ProjectError(f"the crosswalk's query `{name}`: {error}", "correct the query") from None

    def _fitted(self, table: str, frame: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
        """The rows as text in the columns of the table, texts that are too long cut."""
        nothing = [pl.lit(None, pl.String).alias(name) for name in schema.names if name not in frame.columns]
        text = to_canonical(frame.with_columns(nothing), schema.fields)
        for item in schema.fields:
            if longest := item.constraints.get("maxLength"):
                value = pl.col(item.name)
                is_long = value.str.len_chars() > longest
                self.adjusted[f"`{table}.{item.name}` cut to {longest} characters"] = int(
                    text.select(is_long).sum().item()
                )
                cut = value.str.slice(0, longest - 1).str.strip_chars_end() + "\N{HORIZONTAL ELLIPSIS}"
                text = text.with_columns(pl.when(is_long).then(cut).otherwise(value).alias(item.name))
        return text

    def unmapped(self) -> dict[str, tuple[int, str]]:
        """The fields of the source that the crosswalk does not use: how many cells have a value there, and why."""
        names = [name for name in self.resource.described.names if name not in self.used]
        counts = pl.concat(
            [frame.select(names).count() for frame in read_each(self.resource, lambda it: it)] or [pl.DataFrame()]
        )
        said = self.raw.get("not_mapped", {})
        return {name: (int(counts[name].sum()), said.get(name, "")) for name in names if counts.height}

    def sums(self) -> list[Sum]:
        """The numbers that have to be equal before and after."""
        return [
            Sum(it["what"], *(self.ask(it["what"], it[side]).item() for side in ("before", "after")))
            for it in self.raw["sums"]
        ]


def _unique(frame: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """One row for each key, in their order; of several with one key, the one that sorts first."""
    keys = ["key"] if "key" in frame.columns else [*schema.primary_key]
    frame = frame.drop_nulls(keys)
    if not frame.select(keys).is_duplicated().any():
        return frame.sort(keys)
    return frame.sort(keys + [name for name in frame.columns if name not in keys]).unique(
        keys, keep="first", maintain_order=True
    )


def _numbered(frame: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """The keys of a table's rows, each with its `id`: of its `number`, or one above them."""
    pattern = str(schema.field(schema.primary_key[0]).constraints.get("pattern", ""))
    prefix = found[1] if (found := _PREFIX.match(pattern)) else ""
    number = pl.col("number") if "number" in frame.columns else pl.lit(None, pl.Int64)
    known = frame.select("key", number=number.cast(pl.Int64))
    rank = pl.col("number").is_null().cum_sum() + pl.col("number").max().fill_null(0)
    digits = pl.coalesce("number", rank).cast(pl.String).str.zfill(_DIGITS)
    return known.select("key", id=pl.lit(prefix) + digits)


def _linked(frame: pl.DataFrame, table: str, schema: TableSchema, ids: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows with ids in place of keys: their own, and those of what they refer to.

    Raises:
        ProjectError: when a key is that of no row.
    """
    if table in ids:
        frame = frame.join(
            ids[table].rename({"id": schema.primary_key[0]}), on="key", how="left", maintain_order="left"
        )
    for link in schema.foreign_keys:
        field, other = link.fields[0], link.resource or table
        if len(link.fields) > 1 or field not in frame.columns or other not in ids:
            continue
        named = ids[other].rename({"key": field, "id": "\0id"})
        found = frame.with_columns(pl.col(field).cast(pl.String)).join(
            named, on=field, how="left", maintain_order="left"
        )
        lost = found.filter(pl.col(field).is_not_null() & pl.col("\0id").is_null())[field]
        if len(lost):
            message = f"the crosswalk's query `{table}`: `{lost[0]}` in `{field}` is the key of no row of `{other}`"
            raise ProjectError(message, "correct the query")
        frame = found.drop(field).rename({"\0id": field})
    return frame


def report_lines(done: Converted) -> Iterator[str]:
    """What was converted and what was not, in Markdown."""
    yield from (f"# Converted from {done.layout}", "", f"The crosswalk follows: {done.source}.", "")
    left = sum(done.left_out.values())
    yield f"{plural(done.read, 'row')} read, {done.read - left:,} converted, {left:,} left out. `{LISTED}` names those that were left out or adjusted."
    yield from ("", "## Rows", "", "| table | rows |", "|---|---:|")
    yield from (f"| {name} | {count:,} |" for name, count in done.rows.items() if count)
    yield from ("", "| counted | before | after |", "|---|---:|---:|")
    yield from (f"| {it.what} | {it.before} | {it.after} |" for it in done.sums)
    for title, counts in (("Left out", done.left_out), ("Adjusted", done.adjusted)):
        yield from ("", f"## {title}", "", "| what | rows |", "|---|---:|")
        yield from (f"| {words} | {count:,} |" for words, count in counts.items() if count)
    yield from ("", "## Codes", "", f"{_NEAR} is only near. What became of nothing has no place in the target.", "")
    yield from ("| field | code | became | rows |", "|---|---|---|---:|")
    for field, codes in groupby(done.codes, key=attrgetter("field")):
        listed = [*codes]
        for it in listed[:_SHOWN]:
            yield f"| {field} | {it.code} | {it.became or 'nothing'}{_NEAR * it.is_near} | {it.count:,} |"
        if more := listed[_SHOWN:]:
            yield f"| {field} | {len(more):,} more | | {sum(it.count for it in more):,} |"
    yield from ("", "## Fields without a place", "", "| field | cells with a value | why |", "|---|---:|---|")
    yield from (f"| {name} | {count:,} | {why} |" for name, (count, why) in done.fields.items() if count)
