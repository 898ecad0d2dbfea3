"""What the pictures of a release are drawn from: its events with one name for each part that a field plays, and who took part.

    events   one row an event: id, start, end, type, status, place, latitude, longitude, precise, low, best, high, origins, denials,
             those that the release has; `precise` is whether the place itself is known
    ties     one row an event and two of its actors: id, one, other (names)

Nothing is read before a picture asks, and then only the columns that it counts.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from deedbook.site.editions import Edition, Field, Table
from deedbook.site.messages import Messages, messages
from deedbook.site.roles import Roles, roles

FIELDS: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "fields.toml").read_text(encoding="utf-8"))
"""What `fields.toml` says of fields that have no role."""
_COPIED = ("id", "start", "end", "type", "status", "place", "latitude", "longitude", "low", "best", "high")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture may draw.

    Attributes:
        edition: The release.
        words: What is said, in the language of the page.
        roles: What its fields are for.
        events: See above; without columns where the release has no events.
        columns: Those of `events`.
        ties: See above; None where a release does not name two actors of an event.
    """

    edition: Edition
    words: Messages
    roles: Roles
    events: pl.LazyFrame
    columns: frozenset[str]
    ties: pl.LazyFrame | None

    @property
    def has_dates(self) -> bool:
        """Whether events say when they were."""
        return "start" in self.columns

    @property
    def grounds(self) -> Literal["origins", "sources"]:
        """What `origins` counts."""
        table = self.edition.tables[self.roles.events]
        return "origins" if any(table.field(name) for name in FIELDS["origins"]) else "sources"

    def field(self, role: str) -> Field | None:
        """The field that plays a role."""
        column = self.roles.columns.get(role)
        return self.edition.tables[column.table].field(column.field) if column else None

    def title(self, role: str) -> str:
        """What the field that plays a role is called."""
        field = self.field(role)
        name = field.title if field else role
        return name if field and name != field.name else name.replace("_", " ").capitalize()

    def label(self, role: str, value: object) -> str:
        """What a value of a role is called; a missing one is said to be so."""
        field = self.field(role)
        if value is None or field is None:
            return self.words("picture.missing")
        text = str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
        name = field.label(text, self.words.lang)
        return f"{self.title(role)} {name}" if name.lstrip("-").isdigit() else name


def facts(edition: Edition, lang: str) -> Facts:
    """What the pictures of a release are drawn from, in a language."""
    found = roles(edition)
    events = edition.tables.get(found.events)
    if events is None:
        return Facts(edition, messages(lang), found, pl.LazyFrame(), frozenset(), None)
    frame = _events(edition, events, found)
    columns = frozenset(frame.collect_schema().names())
    return Facts(edition, messages(lang), found, frame, columns, _ties(edition, found))


def _events(edition: Edition, events: Table, found: Roles) -> pl.LazyFrame:
    frame = _joined(edition, events, found)
    at = {role: pl.col(f"{one.via}.{one.field}" if one.via else one.field) for role, one in found.columns.items()}
    if "year" in at and "start" not in at:
        year = at["year"].cast(pl.Int32)
        at |= {"start": pl.date(year, 1, 1), "end": pl.date(year, 12, 31)}
    if found.id:
        at["id"] = pl.col(found.id)
    picked = {role: at[role] for role in _COPIED if role in at} | _counts(frame, found)
    return frame.select(column.alias(role) for role, column in picked.items()).with_columns(
        pl.col("^(start|end)$").cast(pl.Date)
    )


def _joined(edition: Edition, events: Table, found: Roles) -> pl.LazyFrame:
    """The events beside the rows of other tables that they refer to for a part, such as the place; fields there as `via.name`."""
    frame = events.scan()
    elsewhere = {column.via: edition.tables[column.table] for column in found.columns.values() if column.via}
    for via, other in sorted(elsewhere.items()):
        beside = other.scan().select(pl.all().name.prefix(f"{via}."))
        frame = frame.join(beside, left_on=via, right_on=f"{via}.{other.key[0]}", how="left", coalesce=False)
    return frame


def _counts(frame: pl.LazyFrame, found: Roles) -> dict[str, pl.Expr]:
    """The columns that play no role elsewhere."""
    names = frame.collect_schema().names()
    wanted = {"origins": (*FIELDS["origins"], *FIELDS["sources"]), "denials": FIELDS["denials"]}
    known = {role: next((name for name in listed if name in names), "") for role, listed in wanted.items()}
    columns = {role: pl.col(name) for role, name in known.items() if name}
    return columns | ({"precise": _precise(names, found.columns["latitude"].via)} if found.has_points else {})


def _precise(names: list[str], via: str) -> pl.Expr:
    """Whether the place itself is known; true where the release does not say how well it is."""
    prefix = f"{via}." if via else ""
    for name, values in FIELDS["precise"].items():
        if prefix + name in names:
            return pl.col(prefix + name).cast(pl.String).str.strip_suffix(".0").is_in(values).fill_null(False)
    return pl.lit(True)


def _ties(edition: Edition, found: Roles) -> pl.LazyFrame | None:
    """Every two actors of an event: of a table with a row for each participant, or of two fields of the events."""
    parts = found.participations
    if len(parts) == 2 and parts[0].table == parts[1].table:
        rows = edition.tables[parts[0].table].scan()
        sides = {"one": parts[0], "other": parts[1]}
        key = pl.col(parts[0].event) if parts[0].event else pl.int_range(pl.len())
        pairs = rows.select(
            key.alias("id"), *(pl.col(part.actor).cast(pl.String).alias(side) for side, part in sides.items())
        )
        for side, part in sides.items():
            pairs = _named(edition, found, pairs, side) if part.refers else pairs
        return pairs.drop_nulls().filter(pl.col("one") != pl.col("other"))
    if len(parts) != 1 or parts[0].table == found.events:
        return None
    rows = (
        edition.tables[parts[0].table]
        .scan()
        .select(pl.col(parts[0].event).alias("id"), pl.col(parts[0].actor).cast(pl.String).alias("one"))
    )
    rows = (_named(edition, found, rows, "one") if parts[0].refers else rows).drop_nulls().unique()
    pairs = rows.join(rows.rename({"one": "other"}), on="id")
    return pairs.filter(pl.col("one") < pl.col("other"))


def _named(edition: Edition, found: Roles, rows: pl.LazyFrame, side: str) -> pl.LazyFrame:
    """Names in place of the ids of actors, ids where there is none."""
    if not found.actor_name or not found.actor_id:
        return rows
    names = edition.tables[found.actors].scan()
    names = names.select(
        pl.col(found.actor_id).cast(pl.String).alias(side), pl.col(found.actor_name).cast(pl.String).alias("name")
    )
    joined = rows.join(names, on=side, how="left")
    return joined.with_columns(pl.coalesce("name", side).alias(side)).drop("name")
