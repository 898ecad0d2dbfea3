"""Who says what about an event, through which sources that is known, and what each claim is worth for the status."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from markupsafe import Markup

from deedbook.site.editions import Table
from deedbook.site.stories.cells import Cells, Fact, Row, text_of
from deedbook.site.stories.parts import UNTOLD, WORDS, first
from deedbook.site.stories.records import Records


@dataclass(frozen=True, slots=True)
class Hop:
    """A step on the way of a claim: how a source passes it on, which source, and the one from which that has it."""

    how: Markup
    source: str
    title: str
    via: str
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says about an event; `counts` is what it is worth for the status."""

    id: str
    row: Markup
    claimant: Markup
    aspect: Markup
    text: str
    quote: str
    counts: Markup
    facts: Sequence[Fact]
    chain: Sequence[Hop]


@dataclass(frozen=True, slots=True)
class Weight:
    """What one claim is worth for the status, and whose word it is in the end."""

    claim: str
    counts: Markup
    origin: Markup
    position: Markup


@dataclass(frozen=True)
class Statements:
    """The claims of a release in one language; there is none of anything in a release without a table of claims."""

    records: Records
    cells: Cells

    def by_stance(self, event: str) -> list[tuple[Markup, list[Claim]]]:
        """The claims about an event, by the label of their stance, in the order of its codes."""
        rows = self.records.claims.get(event, [])
        if not rows:
            return []
        codes = self._claims.field(self._stance)
        order = {code: at for at, code in enumerate(codes.codes)} if codes else {}
        rows = sorted(rows, key=lambda it: order.get(text_of(it[self._stance]), len(order)))
        weights = {one.claim: one.counts for one in self.weights(event)}
        groups = groupby(rows, lambda it: text_of(it[self._stance]))
        return [
            (self.cells.cell(self._claims, self._stance, code), [self._claim(it, weights) for it in own])
            for code, own in groups
        ]

    def by_aspect(self, event: str) -> dict[str, tuple[str, ...]]:
        """The ids of the claims about an event, by what `parts.toml` calls the fact that they are about."""
        rows = self.records.claims.get(event, [])
        aspect = self.records.parts.listed(self._claims, "aspect") if rows else ""
        found: dict[str, tuple[str, ...]] = {}
        for row in rows if aspect else ():
            fact = WORDS["aspects"].get(text_of(row[aspect]), "")
            found[fact] = (*found.get(fact, ()), text_of(row[self._key]))
        return found

    def weights(self, event: str) -> list[Weight]:
        """What each claim about the event is worth."""
        parts, cells = self.records.parts, self.cells
        rows = self.records.evidence.get(event, [])
        if not rows:
            return []
        table = parts.table(parts.evidence)
        claim, origin = parts.to(table, parts.claims)[0], first(parts.to(table, parts.roles.actors))
        weight, position = parts.listed(table, "weight"), parts.listed(table, "position")
        return [
            Weight(
                text_of(row[claim]),
                cells.show(table, weight, row),
                cells.show(table, origin, row),
                cells.show(table, position, row),
            )
            for row in rows
        ]

    def tally(self, event: str) -> list[tuple[Markup, int, list[Markup]]]:
        """How many distinct origins stand behind each kind of evidence, and which."""
        by: dict[Markup, dict[Markup, None]] = {}
        for one in self.weights(event):
            by.setdefault(one.counts, {})[one.origin] = None
        return [(counts, len(origins), list(origins)) for counts, origins in by.items()]

    def sources(self, event: str) -> list[tuple[str, str, list[Fact]]]:
        """The sources through which the claims about an event are known: id, title, what else is known of them."""
        parts = self.records.parts
        rows = self.records.claims.get(event, []) if parts.sources else []
        if not rows:
            return []
        table, names = parts.table(parts.sources), parts.to(self._chain, parts.sources)
        links = (link for row in rows for link in self._links(text_of(row[self._key])))
        used = dict.fromkeys(text_of(link[name]) for link in links for name in names if link[name])
        without = {table.key[0], parts.called(table, "title"), *UNTOLD}
        return [
            (id_, self._title(id_), self.cells.facts(table, self.records.sources.get(id_, {}), without)) for id_ in used
        ]

    @cached_property
    def _claims(self) -> Table:
        return self.records.parts.table(self.records.parts.claims)

    @cached_property
    def _chain(self) -> Table:
        return self.records.parts.table(self.records.parts.chain)

    @cached_property
    def _key(self) -> str:
        return self._claims.key[0]

    @cached_property
    def _stance(self) -> str:
        return self.records.parts.listed(self._claims, "stance")

    def _title(self, source: str) -> str:
        return self.cells.others.get(self.records.parts.sources, {}).get(source, source)

    def _claim(self, row: Row, weights: dict[str, Markup]) -> Claim:
        parts, cells, table = self.records.parts, self.cells, self._claims
        claimant, aspect = first(parts.to(table, parts.roles.actors)), parts.listed(table, "aspect")
        text, quote = parts.called(table, "text"), parts.called(table, "quote")
        events = parts.to(table, parts.roles.events)
        key = text_of(row[self._key])
        return Claim(
            id=key,
            row=cells.row(table.name, key),
            claimant=cells.show(table, claimant, row),
            aspect=cells.show(table, aspect, row),
            text=text_of(row.get(text)),
            quote=text_of(row.get(quote)),
            counts=weights.get(key, Markup()),
            facts=cells.facts(table, row, {self._key, claimant, self._stance, aspect, text, quote, *events, *UNTOLD}),
            chain=[self._hop(it) for it in self._links(key)],
        )

    def _links(self, claim: str) -> list[Row]:
        """The rows of a claim's chain in order."""
        rows = self.records.chain.get(claim, [])
        hop = self.records.parts.called(self._chain, "hop") if rows else ""
        return sorted(rows, key=lambda it: (it[hop] or 0, *(text_of(it[name]) for name in self._chain.key)))

    def _hop(self, row: Row) -> Hop:
        parts, table = self.records.parts, self._chain
        source, *via = parts.to(table, parts.sources)
        how = parts.listed(table, "carriage")
        id_, without = text_of(row[source]), {*table.key, *via, how, parts.called(table, "hop"), *UNTOLD}
        return Hop(
            how=self.cells.show(table, how, row),
            source=id_,
            title=self._title(id_),
            via=text_of(row[via[0]]) if via else "",
            facts=self.cells.facts(table, row, without),
        )
