"""What a project's own code derives: frames that the engine streams where that changes no value, and whole ones.

`derive(tables, created)` gets typed tables and gives frames. `derive_lazily(tables, created)`, and SQL in `dataset.rules.toml`, gets
lazy frames that read the files of a table block by block, and gives lazy frames. Such a frame is streamed unless the order in which
rows come could be seen in it, as it can in a sum of reals, in the first row of a group, or in a view whose rows no key sorts; then the
columns that it needs are in memory, whole.

    derivations.toml   what of a query depends on the order of rows, and what of it keeps rows in memory
"""

import datetime as dt
import logging
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from deedbook.checking.rules import RuleBook
from deedbook.descriptor import Resource
from deedbook.errors import RuleError
from deedbook.project import DATASET, Project
from deedbook.reading.tables import read_each
from deedbook.release.rows import PART_BYTES, parts_of
from deedbook.release.tables import schema_of
from deedbook.types import canonical_field, canonical_text, typed

_WORDS: Mapping[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_STEP, _FUNCTION = re.compile(rf"({_WORDS['steps'].strip()})(\s.*)?"), re.compile(_WORDS["functions"].strip())
_IN_MEMORY = 2
"""Bytes of typed columns for one of their file: 1.9 of the generated events, whose text is mostly short."""
_LOG = logging.getLogger("deedbook.release")


@dataclass(frozen=True, slots=True)
class Derived:
    """The rows that are derived for a table or a view, before anything of them is reckoned.

    Attributes:
        frame: What gives them.
        is_streamed: Whether they come block by block; else all of them are in memory at once.
        keeps: What is in memory while they are reckoned, as the end of a sentence; empty where that does not grow with the tables.
        file: Whose code says so.
    """

    name: str
    frame: pl.LazyFrame
    is_streamed: bool = False
    keeps: str = ""
    file: Path = Path()

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return self.frame.collect_schema().names()

    def parts(self, size: int) -> Iterator[pl.DataFrame]:
        """The rows in parts of about so many bytes, at least one.

        Raises:
            RuleError: when they cannot be reckoned.
        """
        try:
            if not self.is_streamed:
                yield from parts_of(self.frame.collect(engine="in-memory"), size)
                return
            yield pl.DataFrame(schema=self.frame.collect_schema())
            for batch in self.frame.collect_batches(maintain_order=True, lazy=True, engine="streaming"):
                yield from parts_of(batch, size)
        except pl.exceptions.PolarsError as error:
            raise RuleError(f"{self.file}: [{self.name}]: {error}", "correct how it is derived") from None


def typed_tables(project: Project) -> dict[str, pl.DataFrame]:
    """Every table of the project as values, by name."""
    resources = project.package.resources
    return {item.name: pl.concat(_typed_parts(item, schema_of(item).names), rechunk=True) for item in resources}


def scan_typed(resource: Resource, size: int = PART_BYTES, *, is_whole: bool = False) -> pl.LazyFrame:
    """The same of one table, read in blocks of so many bytes whenever a query asks for it; or the columns that it needs, whole."""
    names = schema_of(resource).names

    def read(
        wanted: list[str] | None, predicate: pl.Expr | None, most: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        left, parts = most, _typed_parts(resource, names if wanted is None else wanted, size)
        for part in [pl.concat(parts, rechunk=True)] if is_whole else parts:
            found = (part if predicate is None else part.filter(predicate)).head(part.height if left is None else left)
            left = None if left is None else left - found.height
            yield found
            if left == 0:
                return

    return register_io_source(read, schema=next(_typed_parts(resource, names)).schema, is_pure=True)


def _typed_parts(resource: Resource, names: Collection[str], size: int = PART_BYTES) -> Iterator[pl.DataFrame]:
    """Columns of a table as values, block by block, the first without rows."""
    fields = [item for item in schema_of(resource).fields if item.name in names]
    texts = [canonical_text(item).alias(item.name) for item in fields]
    values = [typed(canonical_field(item)).alias(item.name) for item in fields]

    def to_values(text: pl.DataFrame) -> pl.DataFrame:
        return text.select(texts).select(values)

    yield to_values(pl.DataFrame(schema=dict.fromkeys(schema_of(resource).names, pl.String)))
    yield from read_each(resource, to_values, block_size=size)


def derive(project: Project, book: RuleBook, created: dt.datetime, size: int = PART_BYTES) -> dict[str, Derived]:
    """What the project's own code derives, by name of table or view; nothing without such code. Tables are read in blocks of `size` bytes."""
    with pl.Config(engine_affinity="in-memory"):  # the streaming engine adds reals as its threads meet them
        found = dict(book.derive(typed_tables(project), created.date())) if book.derive else {}
    whole = {name: Derived(name, frame.lazy()) for name, frame in found.items()}
    return whole | _lazy(project, book, created, size)


def derive_frames(project: Project, book: RuleBook, created: dt.datetime) -> dict[str, pl.DataFrame]:
    """The same as whole frames."""
    return {name: pl.concat(item.parts(PART_BYTES)) for name, item in derive(project, book, created).items()}


def _lazy(project: Project, book: RuleBook, created: dt.datetime, size: int = PART_BYTES) -> dict[str, Derived]:
    """What is derived of lazy frames."""
    if book.derive_lazily is None:
        return {}
    file, found = project.rule_files[DATASET], dict[str, Derived]()
    resources, day = project.package.resources, created.date()
    scans, whole = (
        {item.name: scan_typed(item, size, is_whole=is_whole) for item in resources} for is_whole in (False, True)
    )
    reals = {*chain.from_iterable(scan.select(pl.selectors.float()).collect_schema() for scan in scans.values())}
    others = book.derive_lazily(whole, day)
    for name, frame in book.derive_lazily(scans, day).items():
        is_sorted = name in scans or _has_key(project, name)
        is_streamed = is_sorted and not _sees_order(frame, reals)
        found[name] = Derived(name, frame if is_streamed else others[name], is_streamed, _kept_by(frame), file)
    return found


def _has_key(project: Project, view: str) -> bool:
    """Whether a key sorts the rows of a view."""
    file = (project.schemas or project.root) / f"{view}.schema.json"
    return file.is_file() and '"primaryKey"' in file.read_text(encoding="utf-8", errors="replace")


def _sees_order(frame: pl.LazyFrame, reals: Set[str]) -> bool:
    """Whether the order in which rows come could be seen in what becomes of them; `reals` are columns of numbers that are not whole."""
    query = frame.explain(optimized=False)
    steps = (line.strip() for line in query.splitlines())
    calls = re.findall(r"\.([a-z_]\w*(?:\.[a-z_]\w*)?)[(\[]", query)
    if not all(map(_STEP.fullmatch, filter(None, steps))) or not all(map(_FUNCTION.fullmatch, calls)):
        return True
    is_real = re.search(_WORDS["real"], query) or not reals.isdisjoint(re.findall(r'col\("([^"]*)"\)', query))
    return bool(is_real and re.search(_WORDS["rounded"], query))


def _kept_by(frame: pl.LazyFrame) -> str:
    """What a streamed query keeps in memory that grows with the tables."""
    steps = frame.show_graph(plan_stage="physical", engine="streaming", raw_output=True) or ""
    kinds = re.findall(r'label="([a-z-]+)', steps)
    return ", ".join(dict.fromkeys(_WORDS["keeps"][kind] for kind in kinds if kind in _WORDS["keeps"]))


def tell_memory(project: Project, book: RuleBook, memory: int) -> None:
    """Says in the log, before anything is derived, what of it needs more memory than that, in bytes."""
    for said in memory_needed(project, book, memory):
        _LOG.info(said)


def memory_needed(project: Project, book: RuleBook, memory: int) -> Iterator[str]:
    """What `tell_memory` says, a sentence for each."""
    files = [file for item in project.package.resources for file in item.files if file.is_file()]
    size = _IN_MEMORY * sum(file.stat().st_size for file in files)
    if size <= memory:
        return
    most = f"up to some {size / 1e6:,.0f} MB, and --memory is {memory / 1e6:,.0f} MB"
    if book.derive:
        yield f"`derive` in {project.rule_files[DATASET].name} gets whole tables in memory: {most}"
    for name, item in _lazy(project, book, dt.datetime(2000, 1, 1, tzinfo=dt.UTC)).items():
        if not item.is_streamed:
            yield f"`{name}` is derived of whole columns in memory: {most}"
        elif item.keeps:
            yield f"`{name}` is streamed, but keeps in memory {item.keeps}: {most}"
