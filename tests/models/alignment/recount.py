"""What a release derives, counted once more from the words of docs/explanation/evidence.md: plain rows, no polars, none of the toolkit's code.

Dates are those that `span` reads: a year, month or day, each perhaps with `~` or `?`, and intervals of them that may be open.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Row = Mapping[str, str]
Tables = Mapping[str, Sequence[Row]]
Span = tuple[dt.date | None, dt.date | None]

AFFIRMING = {"affirms", "partly_affirms"}
RECORDS = {"primary_official", "official_social_media"}
UNREAL = {"announced_future", "planned", "hypothetical"}
PRECISIONS = ((0, "day"), (5, "multi_day"), (6, "week"), (30, "month"), (92, "quarter_season"), (365, "year"))


def span(text: str) -> Span:
    """The first and the last day of a date; None where it is open or missing."""
    if not text:
        return None, None
    first, _, last = text.partition("/")
    return _days(first)[0], _days(last or first)[1]


def _days(text: str) -> Span:
    parts = [int(part) for part in text.rstrip("~?%").split("-")] if text not in {"", ".."} else []
    match parts:
        case [year]:
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        case [year, month]:
            return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
        case [year, month, day]:
            return (one := dt.date(year, month, day)), one
    return None, None


def precision(first: dt.date | None, last: dt.date | None) -> str:
    """How exact a date is, from the days between."""
    if first is None or last is None:
        return "uncertain"
    return next((name for most, name in PRECISIONS if (last - first).days <= most), "longer")


@dataclass(frozen=True, slots=True)
class Weight:
    """What was counted of one event or alignment; `line` of the table of statuses held, 0 where none did."""

    line: int
    status: str
    n_sources: int
    n_origins: int
    n_denials: int


@dataclass(slots=True)
class Counted:
    """A claim about an occurrence: whose word it is, and what it counts as."""

    claim: Row
    root: str
    origin: str
    position: str
    counts_as: str
    is_record: bool
    sources: set[str] = field(default_factory=set)


class Recount:
    """The tables of a dataset, and what follows from them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.actors = {row["actor_id"]: row for row in tables["actors"]}
        self.sources = {row["source_id"]: row for row in tables["sources"]}
        self.events = {row["event_id"]: row for row in tables["events"]}
        self.claims = {row["claim_id"]: row for row in tables["claims"]}
        self.types = {row["code"]: row for row in tables["code_values"] if row["list"] == "event_type"}
        self.episodes = {row["alignment_id"]: row for row in tables["alignments"]}

    def root(self, actor: str, when: Span) -> str:
        """The government that an actor belongs to at a date, or the topmost actor."""
        seen = [actor]
        while self.actors[seen[-1]]["actor_type"] != "government" and (up := self.actors[seen[-1]]["parent_actor_id"]):
            seen.append(up)
        top = seen[-1]
        if self.actors[top]["actor_type"] not in {"state", "partially_recognised_state"}:
            return top
        ruling = [
            row["actor_id"]
            for row in self.tables["actors"]
            if row["actor_type"] == "government" and row["parent_actor_id"] == top and not self._is_apart(row, when)
        ]
        return ruling[0] if len(ruling) == 1 else top

    def _is_apart(self, actor: Row, when: Span) -> bool:
        born, gone = span(actor["valid_from"])[0], span(actor["valid_to"])[1]
        first, last = when
        return bool((born and last and last < born) or (gone and first and gone < first))

    def when(self, subject: str) -> Span:
        """The date of an event, or the beginning of an episode."""
        return span(
            self.events[subject]["date_edtf"] if subject in self.events else self.episodes[subject]["start_edtf"]
        )

    def parties(self, subject: str) -> list[tuple[str, str]]:
        """Role and actor of everybody who takes part; both sides of an episode act."""
        if subject in self.episodes:
            return [("initiator", self.episodes[subject][name]) for name in ("actor_a", "actor_b")]
        rows = self.tables["event_participants"]
        return [(row["role"], row["actor_id"]) for row in rows if row["event_id"] == subject]

    def position(self, claim: Row) -> str:
        """Where the claimant stands, from who takes part, else as coded."""
        subject = claim["event_id"] or claim["alignment_id"]
        when = self.when(subject)
        own = self.root(claim["claimant_actor_id"], when)
        roles = {role for role, actor in self.parties(subject) if self.root(actor, when) == own}
        if roles & {"initiator", "co_initiator"}:
            return "acting_party"
        return "receiving_party" if "recipient" in roles else claim["coded_position"]

    def weight(self, subject: str) -> Weight:
        """The status of an event or alignment and the numbers that led to it."""
        counted = self.counted(subject)
        live = [one for one in counted if one.counts_as in {"affirmation", "narration", "uncounted"}]
        firm = [one for one in live if one.counts_as != "uncounted"]
        origins = {one.origin for one in firm}
        deniers = {one.origin for one in counted if one.counts_as == "denial"}
        sources = {source for one in live for source in one.sources}
        return Weight(*self._status(subject, counted, live, firm), len(sources), len(origins), len(deniers))

    def _status(
        self, subject: str, counted: list[Counted], live: list[Counted], firm: list[Counted]
    ) -> tuple[int, str]:
        event = self.events.get(subject)
        is_performative = bool(event) and self._type(subject)["evidence_class"] == "performative"
        deniers = {one.origin for one in counted if one.counts_as == "denial"}
        origins = {one.origin for one in firm}
        stands = {one.position for one in firm}
        acting = {one.origin for one in firm if one.position == "acting_party"}
        is_opposed = bool(acting and stands & {"receiving_party", "adversary_of_acting_party"}) or len(acting) > 1
        quoted = any(one.counts_as == "affirmation" and one.position == "acting_party" for one in counted)
        lines: Iterable[tuple[bool, str]] = (
            (not live and any(one.counts_as == "retracted" for one in counted), "retracted"),
            (not live and bool(deniers), "denied"),
            (bool(live and deniers) and len(deniers | {one.origin for one in live}) > 1, "disputed"),
            (is_performative and any(one.is_record for one in live), "official"),
            (len(origins) > 1 and ("uninvolved" in stands or is_opposed), "confirmed"),
            (len(origins) > 1, "probable"),
            (bool(live) and all(one.counts_as != "affirmation" for one in live), "reported"),
            (is_performative and quoted, "probable"),
            (len(origins) == 1, "claimed"),
        )
        return next(((at, status) for at, (holds, status) in enumerate(lines, start=1) if holds), (0, ""))

    def _type(self, subject: str) -> Row:
        nothing = {"evidence_class": "", "recipient_rule": ""}
        return self.types.get(self.events[subject]["event_type"], nothing) if subject in self.events else nothing

    def counted(self, subject: str) -> list[Counted]:
        """Every claim about the occurrence of the subject with what it counts as."""
        about = [
            row
            for row in self.tables["claims"]
            if (row["event_id"] or row["alignment_id"]) == subject and row["aspect"] == "occurrence"
        ]
        found = [self._count(row, subject, about) for row in about]
        told = {source for one in found if one.counts_as == "affirmation" for source in one.sources}
        for one in found:
            own = {link["source_id"] for link in self._links(one.claim) if link["hop"] == "0"}
            if one.counts_as == "narration" and own & told:
                one.counts_as = "uncounted"  # one report is one voice
        return found

    def _links(self, claim: Row) -> list[Row]:
        return [row for row in self.tables["claim_sources"] if row["claim_id"] == claim["claim_id"]]

    def _count(self, claim: Row, subject: str, about: list[Row]) -> Counted:
        when, claimant = self.when(subject), claim["claimant_actor_id"]
        links = self._links(claim)
        first = sorted(link["source_id"] for link in links if link["hop"] == "0")
        own = [source for source in first if self.sources[source]["publisher_actor_id"] == claimant]
        root = self.root(claimant, when)
        origin = self.root(self._first_publisher(own[0]), when) if own else root
        keepers = self._record_keepers(subject)
        is_record = any(
            self.sources[source]["source_type"] in RECORDS
            and self.root(self.sources[source]["publisher_actor_id"], when) in keepers
            for source in first
        )
        is_told = bool(own) and self.actors[claimant]["actor_type"] == "media" and claim["modality"] != "observed"
        counts_as = self._counts_as(claim, subject, about, root, is_told=is_told)
        sources = {link["source_id"] for link in links}
        return Counted(claim, root, origin, self.position(claim), counts_as, is_record, sources)

    def _first_publisher(self, source: str) -> str:
        row = self.sources[source]
        before = row["syndicated_from"] or row["is_translation_of"]
        return self._first_publisher(before) if before else row["publisher_actor_id"]

    def _record_keepers(self, subject: str) -> set[str]:
        is_mutual = self._type(subject)["recipient_rule"] in {"optional", "none"}
        parties = {"initiator", "co_initiator", "recipient"} if is_mutual else {"initiator"}
        return {
            self.root(actor, self.when(subject))
            for role, actor in self.parties(subject)
            if role in parties | {"host", "guarantor"}
            or (role == "recipient" and self.actors[actor]["actor_type"] == "intergovernmental_org")
        }

    def _counts_as(self, claim: Row, subject: str, about: list[Row], root: str, *, is_told: bool) -> str:
        stance = claim["stance"]
        by = self.claims.get(claim["superseded_by_claim_id"])
        is_replaced = by is not None and self._is_of(by, subject, root)
        retractions = [row for row in about if row["stance"] == "retracts" and self._is_of(row, subject, root)]
        named = {row["superseded_by_claim_id"] for row in about}
        is_taken_back = any(
            row["responds_to_claim_id"] == claim["claim_id"]
            or (
                not row["responds_to_claim_id"]
                and row["claim_id"] not in named
                and row["claimant_actor_id"] == claim["claimant_actor_id"]
            )
            for row in retractions
        ) or (is_replaced and by is not None and by["stance"] == "retracts")
        is_real = subject in self.episodes or self.events[subject]["factuality"] not in UNREAL
        lines = (
            (stance == "retracts", "retraction"),
            (is_taken_back and stance in AFFIRMING | {"denies"}, "retracted"),
            (is_replaced, "superseded"),
            (stance == "denies", "denial"),
            (stance not in AFFIRMING, "silence"),
            (claim["modality"] == "anticipated" and is_real, "anticipation"),
            (not is_told, "affirmation"),
            (self._type(subject)["evidence_class"] == "attributed", "uncounted"),
        )
        return next((name for holds, name in lines if holds), "narration")

    def _is_of(self, claim: Row, subject: str, root: str) -> bool:
        own = claim["event_id"] or claim["alignment_id"]
        return own == subject and self.root(claim["claimant_actor_id"], self.when(subject)) == root

    def episode(self, alignment: str) -> tuple[str, int, int]:
        """Status, origins and denials of an alignment: by its claims, else by the event that starts or ends it."""
        events = [self.episodes[alignment][name] for name in ("start_event_id", "end_event_id")]
        weights = [self.weight(subject) for subject in (alignment, *filter(None, events))]
        first = next((one for one in weights if one.status), Weight(0, "", 0, 0, 0))
        return first.status, first.n_origins, first.n_denials
