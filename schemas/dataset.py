"""What the tables must satisfy together, and what releases derive from them.

`schemas` gets the typed tables by name and the release date; a table that could not be read is there without rows. What a
rule reads besides its own row is seen from its expressions: `pl.col("event.event_type")` is a fact that `beside` put next
to the row. A reference that leads nowhere gives null facts, and null passes: it has its own finding.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.rules import actors, chains, dates, evidence, references
from deedbook.rules.views import View, beside, judge

Tables = Mapping[str, pl.DataFrame]

FUTURE = ("announced_future", "planned")
UNREAL = (*FUTURE, "hypothetical")
SETTLED = ("official", "confirmed")
RECOGNISERS = ("state", "government", "intergovernmental_org")
RECOGNISED = ("government", "partially_recognised_state")
ORGANISATIONS = ("intergovernmental_org", "informal_bloc")
ORGANISATION_ROLE = {
    "membership.apply": "recipient", "membership.join": "recipient", "membership.leave": "recipient",
    "membership.accept": "initiator",
}  # fmt: skip
UNDATED = "the descriptor has no release date (`created`)"

role = pl.col("role")
acts = role.is_in(actors.ACTING_ROLES)
receives = role.is_in(actors.RECEIVING_ROLES)


def schemas(tables: Tables, created: dt.date | None) -> dict[str, pa.DataFrameSchema]:
    """The rules of every table that need other rows or tables, or the release date."""
    known = actors.roots(tables["actors"])
    sides = actors.sides(tables["event_participants"], known)
    checks = {
        "actors": _actors(tables),
        "places": _places(tables),
        "sources": _sources(tables, created),
        "events": [
            *_event_times(tables, created), *_event_sides(tables, sides, known), *_event_relations(tables),
            *_event_evidence(tables), *_event_quantities(tables),
        ],
        "event_participants": [*_participation(tables, known), *_recognition_and_membership(tables)],
        "claims": _claims(tables, sides, known),
        "claim_sources": [*_relays(tables), *_claim_times(tables)],
        "alignments": [*_episodes(tables), *_pairs(tables)],
        "id_redirects": _redirects(tables),
        "code_values": _codes(tables),
    }  # fmt: skip
    common = _common(tables)
    return {name: pa.DataFrameSchema(checks=[*common[name], *checks.get(name, ())]) for name in tables}


def derive(tables: Tables, created: dt.date | None) -> dict[str, pl.DataFrame]:
    """What releases add: columns by the primary key of `events` and `claims`, and the view `event_evidence`."""
    del created  # the status rests on the claims alone, not on the day of the release
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    events = beside(View(tables["events"]), "evidence", evidence.tally(tables), {"event_id": "event_id"}, evidence.READS)
    return {
        "events": events.frame.select(
            "event_id",
            first.alias("date_start"),
            last.alias("date_end"),
            dates.precision(first, last).alias("date_precision"),
            pl.coalesce("status_override", "evidence.computed").alias("status"),
            *(pl.col(f"evidence.{name}").alias(name) for name in ("n_sources", "n_origins", "n_denials")),
        ),
        "claims": evidence.positions(tables).select("claim_id", claimant_position="position"),
        "event_evidence": evidence.evidence(tables),
    }


def _common(tables: Tables) -> dict[str, list[pa.Check]]:
    """For every table: ids of one table only, no retired references, no deprecated codes."""
    folder = Path(__file__).parent
    declared = {name: references.declared(folder / f"{name}.schema.json", name) for name in tables}
    ids = {name: item.key[0] for name, item in declared.items() if len(item.key) == 1 and name != "id_redirects"}
    columns = {name: tables[name][field] for name, field in ids.items()}
    owners = references.owners(tables, ids)
    checks = {}
    for name, item in declared.items():
        view = View(tables[name])
        checks[name] = [
            *references.standing(item.references, view, tables["id_redirects"], columns),
            *references.current_codes(item.code_lists, view, tables["code_values"]),
        ]
        if name in ids:
            before = tuple(ids)[: tuple(ids).index(name)]
            owned = beside(view, "owner", owners, {ids[name]: "id"}, before)
            checks[name].append(
                judge(
                    owned, "id-in-two-tables", pl.col("owner.first") == name, at=ids[name], ref="R-04",
                    message=f"{{{ids[name]}}} stands in {{first}} too", hint="give the row a new id",
                    values={"first": pl.col("owner.first")},
                )
            )  # fmt: skip
    return checks


def _actors(tables: Tables) -> list[pa.Check]:
    own = tables["actors"]
    circle = own.select("actor_id").with_columns(found=chains.in_circle(own["actor_id"], own["parent_actor_id"]))
    view = beside(View(own), "chain", circle, {"actor_id": "actor_id"}, ("actors",))
    return [
        judge(
            view, "parents-in-a-circle", ~pl.col("chain.found"), at="parent_actor_id", ref="R-48",
            message="the parents of {actor_id} lead back to it", hint="remove one of the links",
        ),
    ]  # fmt: skip


def _places(tables: Tables) -> list[pa.Check]:
    codes = tables["actor_codes"].filter(pl.col("scheme") == "iso3166_1_a2").group_by("actor_id").agg("code")
    view = beside(View(tables["places"]), "iso", codes, {"country_actor_id": "actor_id"}, ("actor_codes",))
    return [
        judge(
            view, "subdivision-of-another-country", pl.col("iso.code").list.contains(pl.col("iso3166_2").str.head(2)),
            at="iso3166_2", ref="R-33", message="{iso3166_2} does not begin with {code}, the code of its country",
            hint="correct the code or the country", values={"code": pl.col("iso.code").list.join(" or ")},
        ),
    ]  # fmt: skip


def _sources(tables: Tables, created: dt.date | None) -> list[pa.Check]:
    own = tables["sources"]
    links = ("known_through_source_id", "syndicated_from", "is_translation_of")
    used = pl.concat([tables["claim_sources"]["source_id"], tables["claim_sources"]["via_source_id"], own["syndicated_from"], own["is_translation_of"]])
    use = pl.DataFrame({"source_id": used.unique().drop_nulls()}, schema={"source_id": pl.String})
    view = beside(View(own), "use", use, {"source_id": "source_id"}, ("claim_sources", "sources"))
    circles = {link: chains.in_circle(own["source_id"], own[link]) for link in links}
    view = beside(view, "chain", own.select("source_id").with_columns(**circles), {"source_id": "source_id"}, ("sources",))
    return [
        judge(
            view, "source-without-claim", pl.col("use.source_id").is_not_null(), at="source_id", ref="R-35",
            severity="warning", message="{source_id} carries no claim", hint="code what it says, or remove it",
        ),
        judge(
            view, "retrieved-after-release", pl.col("retrieved_on") <= pl.lit(created, pl.Date), at="retrieved_on",
            ref="R-16", message="was retrieved on {retrieved_on}, after the release",
            hint="correct the day, or the release date", unmet="" if created else UNDATED,
        ),
        *(
            judge(
                view, "sources-in-a-circle", ~pl.col(f"chain.{link}"), at=link, ref="R-36",
                message="{source_id} leads back to itself", hint="remove one of the links",
            )
            for link in links
        ),
    ]  # fmt: skip


def _event_times(tables: Tables, created: dt.date | None) -> list[pa.Check]:
    day, unmet = pl.lit(created, pl.Date), "" if created else UNDATED
    said = (
        tables["claims"].filter(pl.col("aspect") == "occurrence").with_columns(day=dates.earliest("claimed_on"))
        .group_by("event_id").agg(pl.col("day").min())
    )  # fmt: skip
    view = beside(View(tables["events"]), "claim", said, {"event_id": "event_id"}, ("claims",))
    first, last, factuality = dates.earliest("date_edtf"), dates.latest("date_edtf"), pl.col("factuality")
    return [
        judge(
            view, "event-after-release", factuality.is_in(UNREAL) | (first <= day), at="date_edtf", ref="R-08",
            message="{date_edtf} lies after the release, but the event is {factuality}",
            hint="correct the date, or code it as announced_future or planned", unmet=unmet,
        ),
        judge(
            view, "announced-when-past", (factuality != "announced_future") | (last >= pl.col("claim.day")),
            at="date_edtf", ref="R-12", message="{date_edtf} was over when it was announced ({day})",
            hint="correct the date, or code it as occurred", values={"day": pl.col("claim.day")},
        ),
        judge(
            view, "future-event-overdue", ~factuality.is_in(FUTURE) | (last >= day), at="factuality", ref="R-13",
            severity="warning", message="{date_edtf} is over, but the event is still {factuality}",
            hint="find out whether it occurred", unmet=unmet,
        ),
    ]  # fmt: skip


def _event_sides(tables: Tables, sides: pl.DataFrame, known: pl.DataFrame) -> list[pa.Check]:
    counts = tables["event_participants"].group_by("event_id").agg(
        (role == "initiator").sum().alias("initiators"), receives.sum().alias("recipients")
    )  # fmt: skip
    types = tables["code_values"].filter(pl.col("list") == "event_type")
    view = beside(View(tables["events"]), "type", types.select("code", "recipient_rule"), {"event_type": "code"}, ("code_values",))
    view = beside(view, "count", counts, {"event_id": "event_id"}, ("event_participants",))
    view = beside(view, "place", tables["places"].select("place_id", "country_actor_id"), {"place_id": "place_id"}, ("places",))
    view = beside(view, "root", known, {"place.country_actor_id": "actor_id"}, ("actors",))
    keys = {"event_id": "event_id", "root.root": "root"}
    view = beside(view, "side", sides, keys, ("event_participants", "actors"))
    initiators, recipients = (pl.col(f"count.{name}").fill_null(0) for name in ("initiators", "recipients"))
    wants, takes_no_recipient = pl.col("type.recipient_rule"), pl.col("type.recipient_rule") == "none"
    is_agreement = pl.col("event_type").str.starts_with("agreement.")
    return [
        judge(
            view, "event-without-initiator", initiators > 0, at="event_id", ref="R-19",
            message="{event_id} has no initiator", hint="add a participant who does the act",
        ),
        judge(
            view, "event-without-recipient", (wants != "required") | (recipients > 0), at="event_type", ref="R-19",
            message="{event_type} needs a recipient", hint="add a participant to whom it is done",
        ),
        judge(
            view, "event-with-recipient", ~takes_no_recipient | (recipients == 0), at="event_type", ref="R-19",
            message="{event_type} has no recipient: every party is an initiator", hint="correct the roles",
        ),
        judge(
            view, "agreement-with-one-party", ~(is_agreement & takes_no_recipient) | (initiators >= 2), at="event_type",
            ref="R-22", message="{event_type} has {n} initiator(s)", hint="add the other parties as initiators",
            values={"n": initiators},
        ),
        judge(
            view, "place-country-takes-no-part", pl.col("root.root").is_null() | pl.col("side.takes_part").is_not_null(),
            at="place_id", ref="R-34", severity="warning", message="nobody from the country of {place_id} takes part",
            hint="correct the place, or add that side, for instance as host",
        ),
    ]  # fmt: skip


def _event_relations(tables: Tables) -> list[pa.Check]:
    own = tables["events"]
    others = own.select("event_id", "relation", first=dates.earliest("date_edtf"))
    circle = own.select("event_id").with_columns(found=chains.in_circle(own["event_id"], own["related_event_id"]))
    view = beside(View(own), "other", others, {"related_event_id": "event_id"}, ("events",))
    view = beside(view, "chain", circle, {"event_id": "event_id"}, ("events",))
    relation, itself = pl.col("relation"), pl.col("related_event_id") == pl.col("event_id")
    return [
        judge(
            view, "relations-in-a-circle", itself | ~pl.col("chain.found"), at="related_event_id", ref="R-26",
            message="the relations of {event_id} lead back to it", hint="remove one of them",
        ),
        judge(
            view, "reversal-before-original",
            (relation != "reverses") | (pl.col("other.first") <= dates.latest("date_edtf")), at="date_edtf", ref="R-26",
            message="{event_id} reverses {related_event_id}, which began later", hint="exchange them, or correct a date",
        ),
        judge(
            view, "duplicate-of-duplicate", (relation != "duplicate_of") | (pl.col("other.relation") != "duplicate_of"),
            at="related_event_id", ref="R-26", message="{related_event_id} is a duplicate itself",
            hint="name the row that stands",
        ),
    ]  # fmt: skip


def _event_evidence(tables: Tables) -> list[pa.Check]:
    view = beside(View(tables["events"]), "evidence", evidence.tally(tables), {"event_id": "event_id"}, evidence.READS)
    computed, override = pl.col("evidence.computed"), pl.col("status_override")
    # the evidence class follows from the own cell
    status = pl.when(pl.col("event_type").is_not_null()).then(pl.coalesce(override, computed))
    is_settled = status.is_in(SETTLED)
    return [
        judge(
            view, "event-without-claim", pl.col("event_type").is_null() | computed.is_not_null(), at="event_id",
            ref="R-35", message="nobody affirms or denies that {event_id} occurred",
            hint="add an occurrence claim and the source that carries it",
        ),
        judge(
            view, "override-changes-nothing", override != computed, at="status_override", ref="R-40",
            message="{status_override} is the status that follows from the claims anyway", hint="empty the override",
        ),
        judge(
            view, "hedged-date-of-settled-event", ~is_settled | ~dates.is_hedged("date_edtf"), at="date_edtf",
            ref="R-14", severity="warning", message="the event is {status}, but its date {date_edtf} is not certain",
            hint="find the date in its record", values={"status": status},
        ),
        judge(
            view, "settled-without-second-coder",
            ~(is_settled | override.is_not_null()) | pl.col("second_coder").is_not_null(), at="second_coder",
            ref="R-57", severity="warning", message="the event is {status}, and only one person has coded it",
            hint="have it coded a second time", values={"status": status},
        ),
    ]  # fmt: skip


def _event_quantities(tables: Tables) -> list[pa.Check]:
    claimed, best, bound = pl.col("value_number"), pl.col("quantity"), pl.col("value_bound").fill_null("about")
    too_low = (best < claimed / 2) & (bound != "at_most")
    too_high = (best > claimed * 1.5) & (bound != "at_least")
    claims = (
        tables["claims"].filter(pl.col("aspect") == "quantity", pl.col("stance").is_in(evidence.AFFIRMING))
        .join(tables["events"].select("event_id", "quantity").unique("event_id", keep="first"), on="event_id")
        .group_by("event_id").agg((~(too_low | too_high)).any(ignore_nulls=False).alias("is_near"))
    )  # fmt: skip
    view = beside(View(tables["events"]), "claim", claims, {"event_id": "event_id"}, ("claims",))
    return [
        judge(
            view, "quantity-without-claim", best.is_null() | pl.col("claim.event_id").is_not_null(), at="quantity",
            ref="R-29", message="nobody claims the quantity {quantity}", hint="add a claim of the aspect quantity",
        ),
        judge(
            view, "quantity-far-from-claims", best.is_null() | pl.col("claim.is_near"), at="quantity", ref="R-29",
            severity="warning", message="{quantity} differs by more than half from every claimed quantity",
            hint="correct it, or add the claim that it rests on",
        ),
    ]  # fmt: skip


def _participation(tables: Tables, known: pl.DataFrame) -> list[pa.Check]:
    own, kinds = tables["event_participants"], tables["actors"]
    life = kinds.select("actor_id", "name", "actor_type", "valid_from", "valid_to", born=dates.earliest("valid_from"), gone=dates.latest("valid_to"))
    times = tables["events"].select("event_id", "date_edtf", first=dates.earliest("date_edtf"), last=dates.latest("date_edtf"))
    acting = own.filter(acts).select("event_id", "actor_id")
    acting_roots = acting.join(known, on="actor_id").select("event_id", "root")
    view = beside(View(own), "actor", life, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "event", times, {"event_id": "event_id"}, ("events",))
    view = beside(view, "root", known, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "same", acting, {"event_id": "event_id", "actor_id": "actor_id"}, ("event_participants",))
    view = beside(view, "kin", acting_roots, {"event_id": "event_id", "root.root": "root"}, ("event_participants", "actors"))
    born, gone, first, last = (pl.col(name) for name in ("actor.born", "actor.gone", "event.first", "event.last"))
    absent = (last < born).fill_null(False) | (first > gone).fill_null(False)
    partly = (first < born).fill_null(False) | (last > gone).fill_null(False)
    validity = pl.format("{}/{}", pl.col("actor.valid_from").fill_null(".."), pl.col("actor.valid_to").fill_null(".."))
    shown = {"name": pl.col("actor.name"), "validity": validity, "date": pl.col("event.date_edtf")}
    is_group = pl.col("actor.actor_type").is_in(["generic", "unidentified"])
    both = receives & pl.col("same.actor_id").is_not_null()
    return [
        judge(
            view, "participant-not-there", ~absent, at="actor_id", ref="R-18", values=shown,
            message="{name} existed {validity}, the event is of {date}", hint="name the actor of that time",
        ),
        judge(
            view, "participant-partly-there", absent | ~partly, at="actor_id", ref="R-18", severity="warning", values=shown,
            message="{name} existed {validity}, the event of {date} may lie outside", hint="narrow the date if possible",
        ),
        judge(
            view, "actor-on-both-sides", ~both | is_group, at="actor_id", ref="R-20", values={"name": pl.col("actor.name")},
            message="{name} is initiator and recipient of {event_id}", hint="correct one of the roles",
        ),
        judge(
            view, "group-on-both-sides", ~both | ~is_group, at="actor_id", ref="R-20", severity="warning",
            values={"name": pl.col("actor.name")}, message="{name} is initiator and recipient of {event_id}",
            hint="tell the two groups apart if the sources do",
        ),
        judge(
            view, "sides-share-root", ~receives | both | pl.col("kin.event_id").is_null(), at="actor_id", ref="R-21",
            severity="warning", values={"name": pl.col("actor.name")},
            message="{name} belongs to the acting side of {event_id}", hint="check the roles and the actor's parents",
        ),
    ]  # fmt: skip
