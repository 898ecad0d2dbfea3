"""The rules of the model that look at more than one row or are asked for by several tables; what their findings say is in rules.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.descriptor import load_json
from deedbook.models.alignment.actors import ACTING_ROLES, RECEIVING_ROLES, roots_at
from deedbook.models.alignment.evidence import AFFIRMING
from deedbook.rules import dates, text
from deedbook.rules.chains import climb
from deedbook.rules.references import not_listed
from deedbook.rules.rule import Said
from deedbook.rules.views import View, beside, judge
from deedbook.schema import read_schema

Tables = Mapping[str, pl.DataFrame]
REDIRECTS = "id_redirects"
GROUP_TYPES = ("generic", "unidentified")
"""Types that stand for people of whom some may be on either side (ACLED: 220 of 9,000 events)."""
LATER = ("follows", "implements", "responds_to")
"""Relations of an event to one that came before it."""
_TEXTS: dict[str, Said] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def judged(view: View, name: str, passes: pl.Expr, values: Mapping[str, pl.Expr] | None = None) -> pa.Check:
    """A rule of `rules.toml`, which has what its findings say."""
    return judge(view, name, passes, values, **_TEXTS[name])


def plain(*fields: str) -> list[pa.Check]:
    """Texts of clean characters that stand for no missing value."""
    return [
        check for field in fields for check in (*text.clean(field, ref="R-02"), text.no_stand_in(field, ref="R-03"))
    ]


def current(tables: Tables, folder: Path) -> dict[str, list[pa.Check]]:
    """For every table: no retired references, no deprecated codes; and redirects that lead somewhere.

    Args:
        tables: The typed tables by name.
        folder: Where their Table Schemas are, which say what refers to a row or to a code.
    """
    schemas = {name: read_schema(load_json(folder / f"{name}.schema.json", "schema"), name) for name in tables}
    ids = {name: it.primary_key[0] for name, it in schemas.items() if len(it.primary_key) == 1 and name != REDIRECTS}
    known = owners(tables, ids)
    retired = tables[REDIRECTS].join(known, left_on="old_id", right_on="id", how="anti")
    deprecated = tables["code_values"].filter(pl.col("deprecated_in").is_not_null())
    checks = {REDIRECTS: followed(tables[REDIRECTS], known, tuple(ids))}
    for name, schema in schemas.items():
        own = checks.setdefault(name, [])
        for key in schema.foreign_keys:
            if len(key.fields) == 1:
                shown = ("new_id", "reason")
                own.append(_unlisted("reference-redirected", key.fields[0], retired, "old_id", shown, REDIRECTS))
        for item in schema.fields:
            if item.code_list:
                gone, shown = deprecated.filter(pl.col("list") == item.code_list), ("deprecated_in", "replaced_by")
                own.append(_unlisted("code-deprecated", item.name, gone, "code", shown, "code_values"))
    return checks


def _unlisted(name: str, field: str, rows: pl.DataFrame, key: str, shows: tuple[str, ...], table: str) -> pa.Check:
    said = _TEXTS[name]
    message = said["message"].replace("FIELD", field)
    return not_listed(
        name, field, rows, key=key, shows=shows, reads=(table,), message=message, hint=said["hint"], ref=said["ref"]
    )


def owners(tables: Tables, ids: Mapping[str, str]) -> pl.DataFrame:
    """Every id with the `first` table that has it, in the order of `ids` (table to field)."""
    parts = [
        tables[table].select(pl.col(field).alias("id"), pl.lit(table).alias("first")) for table, field in ids.items()
    ]
    return pl.concat(parts).drop_nulls("id").unique("id", keep="first", maintain_order=True)


def followed(redirects: pl.DataFrame, known: pl.DataFrame, tables: tuple[str, ...]) -> list[pa.Check]:
    """A retired id no longer stands, and its redirects end at an id that does or at a withdrawal.

    Args:
        redirects: The table `id_redirects`.
        known: The result of `owners`.
        tables: The tables that were read for it.
    """
    view = beside(View(redirects), "row", known, {"old_id": "id"}, tables)
    view = beside(view, "end", _destinations(redirects), {"old_id": "old_id"}, (REDIRECTS,))
    view = beside(view, "new", known, {"end.last": "id"}, tables)
    arrives = pl.col("end.is_withdrawn") | pl.col("new.id").is_not_null()
    return [
        judged(view, "retired-id-stands", pl.col("row.id").is_null(), values={"table": pl.col("row.first")}),
        judged(view, "redirect-leads-nowhere", arrives),
    ]


def _destinations(redirects: pl.DataFrame) -> pl.DataFrame:
    """Every retired id with the id at the end of its redirects: `last`; null where they run in a circle.

    `is_withdrawn` is true where the last redirect names no new id.
    """
    end = climb(redirects["old_id"], redirects["new_id"])
    final = redirects.select(end="old_id", last="new_id").unique("end", keep="first")
    return (
        redirects.select("old_id", end=end)
        .join(final, on="end", how="left", maintain_order="left")
        .select("old_id", "last", is_withdrawn=pl.col("end").is_not_null() & pl.col("last").is_null())
    )


def listed(code_values: pl.DataFrame, fields: tuple[str, ...]) -> list[pa.Check]:
    """What a code refers to is a code of the same list."""
    codes, checks = code_values.select("list", "code"), []
    for field in fields:
        view = beside(View(code_values), "other", codes, {"list": "list", field: "code"}, ("code_values",))
        is_known, message = pl.col("other.code").is_not_null(), f"{{{field}}} is no code of the list {{list}}"
        said: Said = {"at": field, "ref": "R-50", "message": message, "hint": "name a code of the same list"}
        checks.append(judge(view, "code-refers-to-nothing", pl.col(field).is_null() | is_known, **said))
    return checks


# --- who takes part: at a time at which the actor existed, and on one side only


def in_its_time(tables: Tables) -> list[pa.Check]:
    """A participant existed when the event took place; not at every date that the event may have is a warning."""
    born, gone = dates.earliest("valid_from"), dates.latest("valid_to")
    was = pl.when(pl.col("actor_type") == "person").then(pl.lit("was in office")).otherwise(pl.lit("was there"))
    life = tables["actors"].select("actor_id", "name", "valid_from", "valid_to", born=born, gone=gone, was=was)
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    times = tables["events"].select("event_id", "date_edtf", first=first, last=last)
    view = beside(View(tables["event_participants"]), "actor", life, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "event", times, {"event_id": "event_id"}, ("events",))
    born, gone, first, last = (pl.col(name) for name in ("actor.born", "actor.gone", "event.first", "event.last"))
    absent = (last < born).fill_null(False) | (first > gone).fill_null(False)
    partly = (first < born).fill_null(False) | (last > gone).fill_null(False)
    validity = pl.format("{}/{}", pl.col("actor.valid_from").fill_null(".."), pl.col("actor.valid_to").fill_null(".."))
    shown = {"name": pl.col("actor.name"), "was": pl.col("actor.was"), "validity": validity}
    shown["date"] = pl.col("event.date_edtf")
    return [
        judged(view, "participant-not-there", ~absent, values=shown),
        judged(view, "participant-partly-there", absent | ~partly, values=shown),
    ]


def on_one_side(tables: Tables) -> list[pa.Check]:
    """Nobody acts upon himself; both sides having one root is worth a look."""
    own = tables["event_participants"]
    acting = own.filter(pl.col("role").is_in(ACTING_ROLES)).select("event_id", "actor_id")
    roots = roots_at(own.select("event_id", "actor_id").unique(), tables)
    kin = roots_at(acting, tables).select("event_id", "root")
    names = tables["actors"].select("actor_id", "name", "actor_type")
    view = beside(View(own), "actor", names, {"actor_id": "actor_id"}, ("actors",))
    whose = {"event_id": "event_id", "actor_id": "actor_id"}
    view = beside(view, "root", roots, whose, ("actors", "events"))
    view = beside(view, "same", acting, {"event_id": "event_id", "actor_id": "actor_id"}, ("event_participants",))
    view = beside(view, "kin", kin, {"event_id": "event_id", "root.root": "root"}, ("event_participants", "actors"))
    receives, is_group = pl.col("role").is_in(RECEIVING_ROLES), pl.col("actor.actor_type").is_in(GROUP_TYPES)
    both, shown = receives & pl.col("same.actor_id").is_not_null(), {"name": pl.col("actor.name")}
    return [
        judged(view, "actor-on-both-sides", ~both | is_group, values=shown),
        judged(view, "group-on-both-sides", ~both | ~is_group, values=shown),
        judged(view, "sides-share-root", ~receives | both | pl.col("kin.event_id").is_null(), values=shown),
    ]


# --- how a claim reached a source


def linked(tables: Tables) -> list[pa.Check]:
    """A relay names a source of the same claim that is nearer to the claimant; so chains cannot run in a circle."""
    own = tables["claim_sources"]
    keys = {"claim_id": "claim_id", "via_source_id": "source_id"}
    view = beside(View(own), "via", own.select("claim_id", "source_id", "hop"), keys, ("claim_sources",))
    via = pl.col("via_source_id")
    via_hop = pl.col("via.hop")
    return [
        judged(view, "relayed-source-not-linked", via.is_null() | pl.col("via.source_id").is_not_null()),
        judged(view, "relay-not-after-relayed", via_hop < pl.col("hop"), {"via_hop": via_hop}),
    ]


def in_time(tables: Tables, exempt: tuple[str, ...]) -> list[pa.Check]:
    """No source is certainly older than what it carries.

    Args:
        tables: The typed tables by name.
        exempt: Values of `factuality` of events that a source may precede.
    """
    view = _dated(tables)
    published, claimed = pl.col("source.published_on"), pl.col("claim.claimed_on")
    affirms = (pl.col("claim.aspect") == "occurrence") & pl.col("claim.stance").is_in(AFFIRMING)
    looks_back = affirms & (pl.col("claim.modality") != "anticipated").fill_null(True)
    may_precede = ~looks_back | pl.col("event.factuality").is_in(exempt)
    last = pl.col("source.last")
    dated = {"published": published, "date": pl.col("event.date_edtf")}
    relayed = {"published": published, "relayed": pl.col("via.published_on")}
    return [
        judged(view, "source-older-than-event", may_precede | (last >= pl.col("event.first")), dated),
        judged(
            view, "claimed-after-source", last >= pl.col("claim.first"), {"published": published, "claimed": claimed}
        ),
        judged(view, "relay-older-than-relayed", last >= pl.col("via.first"), relayed),
    ]


def _dated(tables: Tables) -> View:
    """Every row of claim_sources with the dates of its source, relayed source, claim and event."""
    first, last = dates.earliest("published_on"), dates.latest("published_on")
    sources = tables["sources"].select("source_id", "published_on", first=first, last=last)
    claims = tables["claims"].select(
        "claim_id", "event_id", "aspect", "stance", "modality", "claimed_on", first=dates.earliest("claimed_on")
    )
    events = tables["events"].select("event_id", "factuality", "date_edtf", first=dates.earliest("date_edtf"))
    view = beside(View(tables["claim_sources"]), "source", sources, {"source_id": "source_id"}, ("sources",))
    view = beside(view, "via", sources, {"via_source_id": "source_id"}, ("sources",))
    view = beside(view, "claim", claims, {"claim_id": "claim_id"}, ("claims",))
    return beside(view, "event", events, {"claim.event_id": "event_id"}, ("events",))


# --- events that follow events, and the episodes of an alignment


def related(tables: Tables) -> list[pa.Check]:
    """What reverses, follows or answers an event does not come before it, a duplicate names the row that stands."""
    own = tables["events"]
    others = own.select("event_id", "relation", first=dates.earliest("date_edtf"))
    view = beside(View(own), "other", others, {"related_event_id": "event_id"}, ("events",))
    relation, itself = pl.col("relation"), pl.col("related_event_id") == pl.col("event_id")
    is_later = pl.col("other.first") > dates.latest("date_edtf")
    is_duplicate = pl.col("other.relation") == "duplicate_of"
    return [
        judged(view, "reversal-before-original", (relation != "reverses") | ~is_later),
        judged(view, "relation-before-its-event", ~relation.is_in(LATER) | ~is_later),
        judged(view, "duplicate-of-duplicate", (relation != "duplicate_of") | itself | ~is_duplicate),
    ]


def inside_events(tables: Tables) -> list[pa.Check]:
    """An episode begins and ends while its events take place, as far as the dates are certain."""
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    times = tables["events"].select("event_id", "date_edtf", first=first, last=last)
    checks = []
    for side in ("start", "end"):
        view = beside(View(tables["alignments"]), "event", times, {f"{side}_event_id": "event_id"}, ("events",))
        begins, ends = dates.earliest(f"{side}_edtf"), dates.latest(f"{side}_edtf")
        meets = (begins <= pl.col("event.last")).fill_null(True) & (ends >= pl.col("event.first")).fill_null(True)
        checks.append(judged(view, f"episode-{side}s-outside-event", meets, {"date": pl.col("event.date_edtf")}))
    return checks


def pair_in_order(tables: Tables) -> pa.Check:
    """An alignment that has no direction is stored once, the lower id first."""
    kinds = tables["code_values"].filter(pl.col("list") == "alignment_kind").select("code", "is_directed")
    view = beside(View(tables["alignments"]), "kind", kinds, {"kind": "code"}, ("code_values",))
    a, b = pl.col("actor_a"), pl.col("actor_b")
    longer = b.str.len_chars() - a.str.len_chars().cast(pl.Int64)  # A1000000 comes after A999999
    is_ordered = pl.when(longer == 0).then(a <= b).otherwise(longer > 0)
    return judged(view, "symmetric-pair-out-of-order", pl.col("kind.is_directed") | is_ordered)
