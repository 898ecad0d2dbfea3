"""What may not happen to events and their evidence between two releases, and what a release covers.

The status before is the column that readers saw in `events.csv`; the status now is computed as a release computes it.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from deedbook.models.alignment import evidence
from deedbook.rules.guard import Breach, Guard, Releases, State, read_guards

EVENTS, STATUS = "events", "status"
_SUPPORT = ("denied retracted refuted", "disputed", "claimed reported", "probable", "confirmed", "official")
RANKS = {status: rank for rank, statuses in enumerate(_SUPPORT) for status in statuses.split()}
"""How well an event of a status is supported: what one party claims counts as much as what one medium reports."""

_RESTS_ON: dict[str, str] = evidence.TABLES["rests_on"]
"""The tables and fields without which an event has no status."""


def _tally(state: State) -> pl.DataFrame | None:
    """One row per event with what its evidence is worth; None where a table or field is missing."""
    tables = {name: state(name, *fields.split()) for name, fields in _RESTS_ON.items()}
    known = {name: frame for name, frame in tables.items() if frame is not None}
    return evidence.tally(known, evidence.evidence(known)) if len(known) == len(tables) else None


def status_fell_without_reason(releases: Releases) -> Iterator[Breach]:
    """The events that stand in both releases and are supported less; an override has its reason in the row itself."""
    before = releases.before(EVENTS, "event_id", STATUS)
    if before is None or not releases.touched & _RESTS_ON.keys() or (tally := _tally(releases.now)) is None:
        return
    overrides = releases.now(EVENTS, "event_id", "status_override")
    now = tally.select("event_id", now="computed")
    both = before.join(now, on="event_id", how="inner", maintain_order="left")
    if overrides is not None:
        both = both.join(overrides.drop_nulls(), on="event_id", how="anti", maintain_order="left")
    for key, was, is_now in both.select("event_id", STATUS, "now").iter_rows():
        if RANKS.get(is_now, 0) < RANKS.get(was, 0):
            yield Breach(EVENTS, key, STATUS, said={"old": was, "new": is_now or ""})


def _identities(releases: Releases) -> dict[str, list[str]]:
    """What tells that an event is another one than before: another kind of act, or none of the initiators that it had."""
    states = (releases.before, releases.now) if {EVENTS, "event_participants"} & releases.touched else ()
    events = [state(EVENTS, "event_id", "event_type") for state in states]
    sides = [state("event_participants", "event_id", "actor_id", "role") for state in states]
    known = [frame for frame in (*events, *sides) if frame is not None]
    if len(known) < 4:
        return {}
    kinds = [frame.select("event_id", kind=pl.col("event_type").str.split(".").list.first()) for frame in known[:2]]
    before, now = (frame.filter(pl.col("role") == "initiator") for frame in known[2:])
    kept = before.join(now, on=["event_id", "actor_id"], how="semi")
    retyped = kinds[0].join(kinds[1], on="event_id").filter(pl.col("kind").ne_missing(pl.col("kind_right")))
    moved = before.join(now, on="event_id", how="semi").join(kept, on="event_id", how="anti")
    moved = moved.join(kinds[0], on="event_id", how="semi")
    both = {"another kind of act": retyped, "other initiators": moved}
    found = pl.concat([frame.select("event_id", what=pl.lit(what)) for what, frame in both.items()]).unique()
    return dict(found.group_by("event_id").agg("what").sort("event_id").iter_rows())


def event_changed_identity(releases: Releases) -> Iterator[Breach]:
    """An event has another kind of act and other initiators."""
    return (Breach(EVENTS, key) for key, changes in _identities(releases).items() if len(changes) > 1)


def event_identity_doubtful(releases: Releases) -> Iterator[Breach]:
    """An event has another kind of act, or other initiators."""
    for key, changes in _identities(releases).items():
        if len(changes) == 1:
            yield Breach(EVENTS, key, said={"what": changes[0]})


def coverage_events_by_month(releases: Releases) -> Iterator[Breach]:
    """How many events each month has."""
    if (events := releases.now(EVENTS, "date_edtf")) is not None:
        months = events["date_edtf"].str.extract(r"^([0-9]{4}(?:-[0-9]{2})?)").drop_nulls().alias("month")
        counts = months.value_counts().sort("month").tail(12)
        if counts.height:
            text = ", ".join(f"{month} {count:,}" for month, count in counts.iter_rows())
            yield Breach(EVENTS, said={"months": text})


def _count(table: str, n: int, of: int) -> Breach:
    return Breach(table, said={"n": f"{n:,}", "all": f"{of:,}", "share": f" ({100 * n / of:.0f} %)" if of else ""})


def coverage_actors_without_code(releases: Releases) -> Iterator[Breach]:
    """How many actors have no code of a scheme."""
    actors, codes = releases.now("actors", "actor_id"), releases.now("actor_codes", "actor_id")
    if actors is not None and codes is not None:
        yield _count("actors", actors.join(codes, on="actor_id", how="anti").height, actors.height)


def coverage_sources_without_archive(releases: Releases) -> Iterator[Breach]:
    """How many sources have no archived copy."""
    if (sources := releases.now("sources", "archive_url")) is not None:
        yield _count("sources", sources["archive_url"].null_count(), sources.height)


def coverage_single_origin(releases: Releases) -> Iterator[Breach]:
    """How many events rest on one origin alone."""
    if (tally := _tally(releases.now)) is not None:
        origins = tally["n_origins"]
        yield _count(EVENTS, int((origins == 1).sum()), int((origins > 0).sum()))


GUARDS: tuple[Guard[Releases], ...] = read_guards(
    Path(__file__).with_name("guards.toml"),
    (
        event_changed_identity,
        event_identity_doubtful,
        status_fell_without_reason,
        coverage_events_by_month,
        coverage_actors_without_code,
        coverage_sources_without_archive,
        coverage_single_origin,
    ),
)
