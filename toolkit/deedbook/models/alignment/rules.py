"""The rules of the model that look at more than one row or are asked for by several tables; what their findings say is in rules.toml."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

from deedbook.descriptor import load_json
from deedbook.models.alignment.actors import ACTING_ROLES, RECEIVING_ROLES, Tables, event_days, roots_at
from deedbook.models.alignment.evidence import AFFIRMING
from deedbook.rules import dates, text
from deedbook.rules.chains import climb
from deedbook.rules.references import not_listed
from deedbook.rules.views import View, beside, judge
from deedbook.schema import read_schema

AMOUNTS = ("quantity_low", "quantity", "quantity_high")
GROUP_TYPES = ("generic", "unidentified")
"""Types that stand for people of whom some may be on either side (ACLED: 220 of 9,000 events)."""
LATER = ("follows", "implements", "responds_to")
"""Relations of an event to one that came before it."""
_PARTIES = ("event_participants", "actors", "events", "alignments")
_TEXTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _said(name: str, field: str = "") -> Any:
    """What findings of a rule say, about a field."""
    return {key: text.replace("FIELD", field) for key, text in _TEXTS[name].items()}


def _judged(view: View, name: str, passes: pl.Expr, values: Any = None, field: str = "") -> pa.Check:
    """A rule of `rules.toml`, which has what its findings say."""
    return judge(view, name, passes, values=values, **_said(name, field))


def _claims_beside(tables: Tables, prefix: str, facts: pl.DataFrame, on: str = "claim_id") -> View:
    return beside(View(tables["claims"]), prefix, facts, on, ("claims", *_PARTIES))


def plain(*fields: str) -> list[pa.Check]:
    """Texts of clean characters that stand for no missing value."""
    return [
        check for field in fields for check in (*text.clean(field, ref="R-02"), text.no_stand_in(field, ref="R-03"))
    ]


# --- ids that were retired, and codes


def current(tables: Tables, folder: Path) -> dict[str, list[pa.Check]]:
    """For every table: no retired references, no deprecated codes; and redirects that lead somewhere.

    Args:
        tables: The typed tables by name.
        folder: Where their Table Schemas are, which say what refers to a row or to a code.
    """
    schemas = {name: read_schema(load_json(folder / f"{name}.schema.json", "schema"), name) for name in tables}
    redirects, codes = tables["id_redirects"], tables["code_values"]
    ids = {name: it.primary_key[0] for name, it in schemas.items() if len(it.primary_key) == 1}
    ids.pop("id_redirects", None)
    parts = [tables[name].select(pl.col(key).alias("id"), pl.lit(name).alias("first")) for name, key in ids.items()]
    known = pl.concat(parts).drop_nulls("id").unique("id", keep="first", maintain_order=True)
    retired = redirects.join(known, left_on="old_id", right_on="id", how="anti")
    deprecated = codes.filter(pl.col("deprecated_in").is_not_null())
    checks = {"id_redirects": followed(redirects, known, tuple(ids))}
    for name, schema in schemas.items():
        references = {key.fields[0]: retired for key in schema.foreign_keys if len(key.fields) == 1}
        listed = {it.name: deprecated.filter(pl.col("list") == it.code_list) for it in schema.fields if it.code_list}
        checks[name] = [
            *checks.get(name, ()),
            *_unlisted("reference-redirected", references, "old_id", ("new_id", "reason"), "id_redirects"),
            *_unlisted("code-deprecated", listed, "code", ("deprecated_in", "replaced_by"), "code_values"),
        ]
    return checks


def _unlisted(
    name: str, gone: Mapping[str, pl.DataFrame], key: str, shows: tuple[str, ...], table: str
) -> Iterator[pa.Check]:
    """The rule on every field of `gone`, which has the rows of `table` that may not be named there."""
    for field, rows in gone.items():
        yield not_listed(name, field, rows, key=key, shows=shows, reads=(table,), **_said(name, field))


def followed(redirects: pl.DataFrame, known: pl.DataFrame, tables: tuple[str, ...]) -> list[pa.Check]:
    """A retired id no longer stands, and its redirects end at an id that does or at a withdrawal.

    Args:
        redirects: The table `id_redirects`.
        known: Every `id` that stands, with the `first` table that has it.
        tables: The tables that were read for it.
    """
    ends = redirects.select("old_id", end=climb(redirects["old_id"], redirects["new_id"]))
    final = redirects.select(end="old_id", last="new_id").unique("end", keep="first")
    ends = ends.join(final, on="end", how="left", maintain_order="left").with_columns(
        is_withdrawn=pl.col("end").is_not_null() & pl.col("last").is_null()  # without an end they run in a circle
    )
    view = beside(View(redirects), "row", known, {"old_id": "id"}, tables)
    view = beside(view, "end", ends, "old_id", ("id_redirects",))
    view = beside(view, "new", known, {"end.last": "id"}, tables)
    arrives = pl.col("end.is_withdrawn") | pl.col("new.id").is_not_null()
    return [
        _judged(view, "retired-id-stands", pl.col("row.id").is_null(), {"table": pl.col("row.first")}),
        _judged(view, "redirect-leads-nowhere", arrives),
    ]


def listed(code_values: pl.DataFrame, fields: tuple[str, ...]) -> list[pa.Check]:
    """What a code refers to is a code of the same list."""
    codes, checks = code_values.select("list", "code"), []
    for field in fields:
        view = beside(View(code_values), "other", codes, {"list": "list", field: "code"}, ("code_values",))
        is_known = pl.col(field).is_null() | pl.col("other.code").is_not_null()
        checks.append(_judged(view, "code-refers-to-nothing", is_known, field=field))
    return checks


# --- who takes part: at a time at which the actor existed, and on one side only


def in_its_time(tables: Tables) -> list[pa.Check]:
    """A participant existed when the event took place; not at every date that the event may have is a warning."""
    born, gone = dates.earliest("valid_from"), dates.latest("valid_to")
    was = pl.when(pl.col("actor_type") == "person").then(pl.lit("was in office")).otherwise(pl.lit("was there"))
    life = tables["actors"].select("actor_id", "name", "valid_from", "valid_to", born=born, gone=gone, was=was)
    view = beside(View(tables["event_participants"]), "actor", life, "actor_id", ("actors",))
    view = beside(view, "event", event_days(tables), "event_id", ("events",))
    born, gone, first, last = (pl.col(name) for name in ("actor.born", "actor.gone", "event.first", "event.last"))
    absent = (last < born).fill_null(False) | (first > gone).fill_null(False)
    partly = (first < born).fill_null(False) | (last > gone).fill_null(False)
    validity = pl.format("{}/{}", pl.col("actor.valid_from").fill_null(".."), pl.col("actor.valid_to").fill_null(".."))
    shown = {"name": pl.col("actor.name"), "was": pl.col("actor.was"), "validity": validity}
    shown["date"] = pl.col("event.date_edtf")
    return [
        _judged(view, "participant-not-there", ~absent, shown),
        _judged(view, "participant-partly-there", absent | ~partly, shown),
    ]


def on_one_side(tables: Tables) -> list[pa.Check]:
    """Nobody acts upon himself; both sides having one root is worth a look."""
    own = tables["event_participants"]
    acting = own.filter(pl.col("role").is_in(ACTING_ROLES)).select("event_id", "actor_id")
    roots = roots_at(own.select("event_id", "actor_id").unique(), tables)
    kin = roots_at(acting, tables).select("event_id", "root")
    names = tables["actors"].select("actor_id", "name", "actor_type")
    whose = {"event_id": "event_id", "actor_id": "actor_id"}
    view = beside(View(own), "actor", names, "actor_id", ("actors",))
    view = beside(view, "root", roots, whose, ("actors", "events"))
    view = beside(view, "same", acting, whose, ("event_participants",))
    view = beside(view, "kin", kin, {"event_id": "event_id", "root.root": "root"}, ("event_participants", "actors"))
    receives, is_group = pl.col("role").is_in(RECEIVING_ROLES), pl.col("actor.actor_type").is_in(GROUP_TYPES)
    both, shown = receives & pl.col("same.actor_id").is_not_null(), {"name": pl.col("actor.name")}
    return [
        _judged(view, "actor-on-both-sides", ~both | is_group, shown),
        _judged(view, "group-on-both-sides", ~both | ~is_group, shown),
        _judged(view, "sides-share-root", ~receives | both | pl.col("kin.event_id").is_null(), shown),
    ]


# --- how a claim reached a source


def linked(tables: Tables) -> list[pa.Check]:
    """A relay names a source of the same claim that is nearer to the claimant; so chains cannot run in a circle."""
    own = tables["claim_sources"]
    keys = {"claim_id": "claim_id", "via_source_id": "source_id"}
    view = beside(View(own), "via", own.select("claim_id", "source_id", "hop"), keys, ("claim_sources",))
    is_linked, via_hop = pl.col("via.source_id").is_not_null(), pl.col("via.hop")
    return [
        _judged(view, "relayed-source-not-linked", pl.col("via_source_id").is_null() | is_linked),
        _judged(view, "relay-not-after-relayed", via_hop < pl.col("hop"), {"via_hop": via_hop}),
    ]


def in_time(tables: Tables, exempt: tuple[str, ...]) -> list[pa.Check]:
    """No source is certainly older than what it carries.

    Args:
        tables: The typed tables by name.
        exempt: Values of `factuality` of events that a source may precede.
    """
    first, last = dates.earliest("published_on"), dates.latest("published_on")
    sources = tables["sources"].select("source_id", "published_on", first=first, last=last)
    said = ("claim_id", "event_id", "aspect", "stance", "modality", "claimed_on")
    claims = tables["claims"].select(*said, first=dates.earliest("claimed_on"))
    view = beside(View(tables["claim_sources"]), "source", sources, "source_id", ("sources",))
    view = beside(view, "via", sources, {"via_source_id": "source_id"}, ("sources",))
    view = beside(view, "claim", claims, "claim_id", ("claims",))
    view = beside(view, "event", event_days(tables), {"claim.event_id": "event_id"}, ("events",))
    affirms = (pl.col("claim.aspect") == "occurrence") & pl.col("claim.stance").is_in(AFFIRMING)
    looks_back = affirms & (pl.col("claim.modality") != "anticipated").fill_null(True)
    last = pl.col("source.last")
    is_in_time = ~looks_back | pl.col("event.factuality").is_in(exempt) | (last >= pl.col("event.first"))
    published = {"published": pl.col("source.published_on")}
    dated, claimed, relayed = (pl.col(it) for it in ("event.date_edtf", "claim.claimed_on", "via.published_on"))
    return [
        _judged(view, "source-older-than-event", is_in_time, {**published, "date": dated}),
        _judged(view, "claimed-after-source", last >= pl.col("claim.first"), {**published, "claimed": claimed}),
        _judged(view, "relay-older-than-relayed", last >= pl.col("via.first"), {**published, "relayed": relayed}),
    ]


# --- claims that contradict each other, or their event


def about_one_thing(tables: Tables, placed: pl.DataFrame) -> list[pa.Check]:
    """A claim answers or replaces a claim about the same event or alignment, and replaces only what its own root said.

    Args:
        tables: The typed tables by name.
        placed: The root and the position of every claim.
    """
    about = ("event_id", "alignment_id")
    others = tables["claims"].select("claim_id", *about).join(placed.select("claim_id", "root"), on="claim_id")
    view, checks = _claims_beside(tables, "own", placed), []
    for link, name in (("responds_to", "reply-about-another-event"), ("superseded_by", "superseded-by-another-event")):
        view = beside(view, link, others, {f"{link}_claim_id": "claim_id"}, ("claims", *_PARTIES))
        is_same = pl.all_horizontal(pl.col(f"{link}.{field}").eq_missing(pl.col(field)) for field in about)
        checks.append(_judged(view, name, pl.col(f"{link}.claim_id").is_null() | is_same))
    is_stranger = pl.col("superseded_by.root") != pl.col("own.root")
    return [*checks, _judged(view, "superseded-by-a-stranger", ~is_stranger)]


def as_participants(tables: Tables, placed: pl.DataFrame) -> list[pa.Check]:
    """Who is claimed to take part does, and a position that cannot be derived is coded.

    Args:
        tables: The typed tables by name.
        placed: The root and the position of every claim.
    """
    named = tables["claims"].select("claim_id", "event_id", actor_id="value_actor_id").drop_nulls()
    named = roots_at(named, tables).join(_taking_part(tables), on=["event_id", "root"], how="semi").select("claim_id")
    view = _claims_beside(tables, "named", named)
    view = beside(view, "place", placed, "claim_id", ("claims", *_PARTIES))
    names_one = (pl.col("aspect") == "participant") & pl.col("value_actor_id").is_not_null()
    affirms, is_placed = pl.col("stance").is_in(AFFIRMING), pl.col("place.position").is_not_null()
    is_known = pl.col("event_id").is_null() | pl.col("named.claim_id").is_not_null()
    return [
        _judged(view, "claimed-participant-takes-no-part", ~(names_one & affirms) | is_known),
        _judged(view, "position-not-known", ~(affirms | (pl.col("stance") == "denies")) | is_placed),
    ]


def _taking_part(tables: Tables) -> pl.DataFrame:
    """One row per event and root that takes part."""
    parties = roots_at(tables["event_participants"].select("event_id", "actor_id"), tables)
    return parties.select("event_id", "root").drop_nulls().unique()


def of_one_voice(tables: Tables, placed: pl.DataFrame) -> list[pa.Check]:
    """No root affirms and denies the occurrence of the same event or alignment, unless it took one of them back.

    Args:
        tables: The typed tables by name.
        placed: The root and the position of every claim.
    """
    claims = tables["claims"].with_columns(event_id=pl.coalesce("event_id", "alignment_id"))
    said = claims.filter(pl.col("aspect") == "occurrence", pl.col("superseded_by_claim_id").is_null())
    rooted = said.join(placed.select("claim_id", "root"), on="claim_id")
    affirmed = rooted.filter(pl.col("stance").is_in(AFFIRMING))
    both = rooted.filter(pl.col("stance") == "denies").join(affirmed, on=["event_id", "root"])
    view = _claims_beside(tables, "same", both.select("claim_id", other="claim_id_right"))
    other = pl.col("same.other")
    return [_judged(view, "one-voice-on-both-sides", other.is_null(), {"other": other})]


def as_dated(tables: Tables) -> list[pa.Check]:
    """A claimed date may be that of the event."""
    view = beside(View(tables["claims"]), "event", event_days(tables), "event_id", ("events",))
    is_dated = (pl.col("aspect") == "date") & pl.col("stance").is_in(AFFIRMING)
    shown = {"date": pl.col("event.date_edtf")}
    return [_judged(view, "claimed-date-contradicts-event", ~is_dated | _may_be_then("value_edtf"), shown)]


def _may_be_then(field: str) -> pl.Expr:
    """Whether a date may be that of the event beside it."""
    starts = (dates.earliest(field) <= pl.col("event.last")).fill_null(True)
    return starts & (dates.latest(field) >= pl.col("event.first")).fill_null(True)


# --- events: what they follow, and what their claims say


def related(tables: Tables) -> list[pa.Check]:
    """What reverses, follows or answers an event does not come before it, a duplicate names the row that stands."""
    own = tables["events"]
    others = own.select("event_id", "relation", first=dates.earliest("date_edtf"))
    view = beside(View(own), "other", others, {"related_event_id": "event_id"}, ("events",))
    relation, itself = pl.col("relation"), pl.col("related_event_id") == pl.col("event_id")
    is_later = pl.col("other.first") > dates.latest("date_edtf")
    is_duplicate = pl.col("other.relation") == "duplicate_of"
    return [
        _judged(view, "reversal-before-original", (relation != "reverses") | ~is_later),
        _judged(view, "relation-before-its-event", ~relation.is_in(LATER) | ~is_later),
        _judged(view, "duplicate-of-duplicate", (relation != "duplicate_of") | itself | ~is_duplicate),
    ]


def as_factual(tables: Tables, found: pl.DataFrame) -> list[pa.Check]:
    """What did not occur is affirmed by nobody.

    Args:
        tables: The typed tables by name.
        found: The view `event_evidence`.
    """
    affirmed = found.filter(pl.col("counts_as").is_in(["affirmation", "narration", "narration_uncounted"]))
    reads = ("claims", "claim_sources", "sources", *_PARTIES, "code_values")
    view = beside(View(tables["events"]), "claim", affirmed.select("event_id", "claim_id"), "event_id", reads)
    claim = pl.col("claim.claim_id")
    did_occur = (pl.col("factuality") != "did_not_occur") | claim.is_null()
    return [_judged(view, "affirmed-though-not-occurred", did_occur, {"claim": claim})]


def as_measured(tables: Tables) -> list[pa.Check]:
    """Every amount of an event, its limits too, is near one of those that are claimed."""
    number, bound = pl.col("value_number"), pl.col("value_bound").fill_null("about")
    claims = tables["claims"].filter(pl.col("aspect") == "quantity", pl.col("stance").is_in(AFFIRMING))
    amounts = tables["events"].select("event_id", *AMOUNTS).unique("event_id", keep="first")
    both = claims.select("event_id", "value_number", "value_bound").join(amounts, on="event_id")
    too_low = (pl.col(*AMOUNTS) < number / 2) & (bound != "at_most")
    too_high = (pl.col(*AMOUNTS) > number * 1.5) & (bound != "at_least")
    near = both.group_by("event_id").agg((~(too_low | too_high)).any(ignore_nulls=False))
    view = beside(View(tables["events"]), "claim", near, "event_id", ("claims",))
    off = [pl.when(pl.col(name).is_not_null() & ~pl.col(f"claim.{name}")).then(pl.col(name)) for name in AMOUNTS]
    stated, shown = pl.coalesce("quantity", "quantity_high", "quantity_low"), pl.coalesce(off)
    is_claimed = stated.is_null() | pl.col("claim.event_id").is_not_null()
    return [
        _judged(view, "quantity-without-claim", is_claimed, {"amount": stated}),
        _judged(view, "quantity-far-from-claims", shown.is_null(), {"amount": shown}),
    ]


# --- the episodes of an alignment


def inside_events(tables: Tables) -> list[pa.Check]:
    """An episode begins and ends while its events take place, as far as the dates are certain."""
    checks = []
    for side in ("start", "end"):
        keys = {f"{side}_event_id": "event_id"}
        view = beside(View(tables["alignments"]), "event", event_days(tables), keys, ("events",))
        shown = {"date": pl.col("event.date_edtf")}
        checks.append(_judged(view, f"episode-{side}s-outside-event", _may_be_then(f"{side}_edtf"), shown))
    return checks


def of_both_actors(tables: Tables) -> list[pa.Check]:
    """An episode begins and ends with events in which both of its actors take part."""
    own, takes_part, checks = tables["alignments"], _taking_part(tables), []
    for side in ("start", "end"):
        event = pl.col(f"{side}_event_id")
        pairs = [own.select("alignment_id", event_id=event, actor_id=actor) for actor in ("actor_a", "actor_b")]
        met = roots_at(pl.concat(pairs).drop_nulls("event_id"), tables).join(takes_part, on=["event_id", "root"])
        met = met.group_by("alignment_id").agg(n=pl.col("actor_id").n_unique())
        view = beside(View(own), "met", met, "alignment_id", _PARTIES)
        is_met = event.is_null() | (pl.col("met.n").fill_null(0) == 2)
        checks.append(_judged(view, f"episode-{side}s-with-event-of-others", is_met))
    return checks


def backed(tables: Tables) -> pa.Check:
    """Somebody claims an episode, or an event begins or ends it."""
    claimed = tables["claims"].filter(pl.col("aspect") == "occurrence", pl.col("stance").is_in(AFFIRMING))
    claimed = claimed.select("alignment_id").drop_nulls().unique()
    view = beside(View(tables["alignments"]), "claim", claimed, "alignment_id", ("claims",))
    grounds = (pl.col(name).is_not_null() for name in ("start_event_id", "end_event_id", "claim.alignment_id"))
    return _judged(view, "alignment-without-evidence", pl.any_horizontal(grounds))


def pair_in_order(tables: Tables) -> pa.Check:
    """An alignment that has no direction is stored once, the lower id first."""
    kinds = tables["code_values"].filter(pl.col("list") == "alignment_kind").select("code", "is_directed")
    view = beside(View(tables["alignments"]), "kind", kinds, {"kind": "code"}, ("code_values",))
    a, b = pl.col("actor_a"), pl.col("actor_b")
    longer = b.str.len_chars() - a.str.len_chars().cast(pl.Int64)  # A1000000 comes after A999999
    is_ordered = pl.when(longer == 0).then(a <= b).otherwise(longer > 0)
    return _judged(view, "symmetric-pair-out-of-order", pl.col("kind.is_directed") | is_ordered)
