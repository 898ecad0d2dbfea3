"""The rows of a table as text on executors, span by span, for releases and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from deedbook.cluster.portions import opened, placed
from deedbook.cluster.spans import Span
from deedbook.errors import DeedbookError
from deedbook.reading import tables
from deedbook.reading.blocks import BLOCK_SIZE
from deedbook.reading.inputs import is_foreign
from deedbook.reading.pipeline import run
from deedbook.reading.source import UnclosedError, is_plain
from deedbook.reading.text import Layout

if TYPE_CHECKING:
    import polars as pl

    from deedbook.cluster.tasks import Executors
    from deedbook.descriptor import Resource


class DoubtError(DeedbookError):
    """Where a span ends cannot be told: it has to be read together with what follows."""


@dataclass(frozen=True, slots=True)
class Text:
    """A table whose headers were read here.

    Attributes:
        spans: All that is behind the headers.
        layouts: The columns of each file.
    """

    resource: Resource
    spans: tuple[Span, ...]
    layouts: dict[int, Layout]

    @classmethod
    def of(cls, resource: Resource, executors: Executors) -> Self:
        """One that is cut into spans.

        Raises:
            ProjectError: when a header cannot be read.
        """
        resource = placed(resource)
        files, layouts, known = dict[int, tuple[Span, bool]](), dict[int, Layout](), None
        for number, file in enumerate(resource.sources):
            with tables.opened(resource, file, known) as (cutter, header, layout):
                known = known or header.labels
                is_text = file is not None and is_plain(resource) and not is_foreign(resource)
                if not cutter.is_empty():
                    size = file.stat().st_size if file else 0
                    span = Span(number, cutter.position, None, size, cutter.records)
                    files[number], layouts[number] = (span, is_text and layout.is_regular), layout
        return cls(resource, tuple(executors.cut(resource, files)), layouts)

    def read(
        self, span: Span, resource: Resource, *, block_size: int = BLOCK_SIZE, strict: bool = False
    ) -> Iterator[pl.DataFrame]:
        """The rows of a span in blocks, as `reading.tables.read_each` has them.

        Args:
            span: One of this table.
            resource: The same, perhaps with another schema.
            block_size: Bytes of a block.
            strict: Refuse what would be passed over.

        Raises:
            DoubtError: when quotes leave in doubt where the span ends.
            ProjectError: when the file cannot be read from here.
        """
        read = partial(tables.text_of_block, resource=resource, strict=strict)
        with (
            tables.refusing_broken(resource, resource.sources[span.file]),
            opened(resource, span, block_size) as cutter,
        ):
            try:
                for done in run(cutter, self.layouts[span.file], read, workers=1):
                    yield done.result
            except UnclosedError:
                if span.size is None:
                    raise
                cutter.records += 1
            if cutter.records > span.records and span.size is not None:
                raise DoubtError(f"{resource.name}: quotes leave in doubt where a record ends")
