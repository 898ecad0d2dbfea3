"""What the tables must satisfy together, what releases derive from them, and what may not happen between two of them.

`forms` are the short forms of `deedbook add`, and `explain` tells `deedbook explain` why a row has its status.

`schemas` gets the typed tables by name and the release date; a table that could not be read is there without rows. What
a rule reads besides its own row is seen from its expressions: `pl.col("event.event_type")` is a fact that `beside` put
next to the row. A reference that leads nowhere gives null facts, and null passes: it has its own finding.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment import actors, evidence, rules, wide
from deedbook.models.alignment import guards as between
from deedbook.models.alignment.evidence import explain
from deedbook.models.alignment.forms import EVENT
from deedbook.rules import dates, duplicates
from deedbook.rules.chains import no_circle
from deedbook.rules.geography import country_boxes
from deedbook.rules.views import View, beside, judge

__all__ = ["derive", "explain", "forms", "guards", "schemas"]

Tables = Mapping[str, pl.DataFrame]

FUTURE = ("announced_future", "planned")
SETTLED = ("official", "confirmed")
RECOGNISERS = ("state", "government", "intergovernmental_org")
RECOGNISED = ("state", "government", "partially_recognised_state")
ALONE = ("agreement.ratify",)
"""Agreements that each party concludes for itself."""
WIDE_PLACES = ("sea_area", "region", "online")
"""Types of place that may lie outside of the country that they are filed under."""
NEUTRAL_GROUND = ("host", "mediator")
"""Roles of those who offer the place for an act of others."""
ORGANISATIONS = ("intergovernmental_org", "informal_bloc")
ORGANISATION_ROLE = {
    "membership.apply": "recipient",
    "membership.join": "recipient",
    "membership.leave": "recipient",
    "membership.accept": "initiator",
}
guards = between.GUARDS
forms = {"event": EVENT}
UNDATED = "the descriptor has no release date (`created`)"

role = pl.col("role")
acts = role.is_in(actors.ACTING_ROLES)
receives = role.is_in(actors.RECEIVING_ROLES)


def schemas(tables: Tables, created: dt.date | None) -> dict[str, pa.DataFrameSchema]:
    """The rules of every table that need other rows or tables, or the release date."""
    known = actors.roots(tables["actors"])
    sides, found = actors.sides(tables), evidence.evidence(tables)
    placed = evidence.positions(evidence.subjects(tables))
    checks = {
        "actors": [
            no_circle(
                "parents-in-a-circle",
                tables["actors"],
                table="actors",
                key="actor_id",
                link="parent_actor_id",
                ref="R-48",
            )
        ],
        "places": _places(tables),
        "sources": _sources(tables, _known_until(tables, created)),
        "events": [
            *_event_times(tables, created),
            *_event_sides(tables),
            *rules.related(tables),
            no_circle(
                "relations-in-a-circle",
                tables["events"],
                table="events",
                key="event_id",
                link="related_event_id",
                ref="R-26",
            ),
            *_event_evidence(tables, found),
            _told_twice(tables),
            *rules.as_measured(tables),
            *rules.as_factual(tables, found),
        ],
        "event_participants": [
            *rules.in_its_time(tables),
            *rules.on_one_side(tables),
            *_addressees(tables, known),
        ],
        "claims": [
            *_claims(tables, sides, placed),
            *rules.about_one_thing(tables, placed),
            *rules.as_participants(tables, placed),
            *rules.of_one_voice(tables, placed),
            *rules.as_dated(tables),
        ],
        "claim_sources": [*rules.linked(tables), *rules.in_time(tables, exempt=evidence.UNREAL)],
        "alignments": [
            *rules.inside_events(tables),
            *rules.of_both_actors(tables),
            rules.backed(tables),
            rules.pair_in_order(tables),
            *_pairs(tables, known),
        ],
        "code_values": rules.listed(tables["code_values"], ("parent_code", "replaced_by")),
    }
    for name, own in rules.current(tables, Path(__file__).parent).items():
        checks[name] = [*own, *checks.get(name, ())]
    return {name: pa.DataFrameSchema(checks=found) for name, found in checks.items()}


def derive(tables: Tables, created: dt.date | None) -> dict[str, pl.DataFrame]:
    """What releases add: columns by the primary key of `events`, `claims` and `alignments`, and three views."""
    del created  # the status rests on the claims alone, not on the day of the release
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    found = evidence.evidence(tables)
    weighed = _weighed(tables, found).frame.select(
        "event_id",
        first.alias("date_start"),
        last.alias("date_end"),
        dates.precision(first, last).alias("date_precision"),
        pl.coalesce("status_override", "evidence.computed").alias("status"),
        *(pl.col(f"evidence.{name}").alias(name) for name in ("n_sources", "n_origins", "n_denials")),
    )
    duplicates = tables["events"].filter(pl.col("relation") == "duplicate_of").select("event_id")
    return {
        "events": weighed,
        "claims": evidence.positions(evidence.subjects(tables)).select("claim_id", claimant_position="position"),
        "alignments": evidence.episodes(tables, weighed),
        "event_evidence": found.join(duplicates, on="event_id", how="anti"),
        "event_dyads": wide.event_dyads(tables, weighed),
        "events_flat": wide.events_flat(tables, weighed),
    }


def _known_until(tables: Tables, created: dt.date | None) -> dt.date | None:
    """The release date, or the last day on which an event was coded when that is later: then the next release is being made.

    So coding between two releases is no mistake; `created` is set again when the next one is planned.
    """
    coded = tables["events"]["coded_on"].max()
    return max(created, coded) if created and isinstance(coded, dt.date) else created


def _weighed(tables: Tables, found: pl.DataFrame) -> View:
    """Every event with the tally of its evidence, which depends on the own event type."""
    keys = {"event_id": "event_id", "event_type": "event_type"}
    return beside(View(tables["events"]), "evidence", evidence.tally(tables, found), keys, evidence.READS)


def _places(tables: Tables) -> list[pa.Check]:
    codes = tables["actor_codes"].filter(pl.col("scheme") == "iso3166_1_a2").group_by("actor_id").agg("code")
    boxes = codes.with_columns(iso=pl.col("code").list.first()).join(country_boxes(), left_on="iso", right_on="code")
    view = beside(View(tables["places"]), "iso", codes, {"country_actor_id": "actor_id"}, ("actor_codes",))
    view = beside(view, "box", boxes, {"country_actor_id": "actor_id"}, ("actor_codes",))
    lat, lon = pl.col("latitude"), pl.col("longitude")
    has_box = pl.col("box.actor_id").is_not_null() & ~pl.col("place_type").is_in(WIDE_PLACES)
    exchanged = pl.when(_is_inside(lon, lat)).then(pl.lit("; exchanged it lies inside")).otherwise(pl.lit(""))
    return [
        judge(
            view,
            "subdivision-of-another-country",
            pl.col("iso3166_2").is_null() | pl.col("iso.code").list.contains(pl.col("iso3166_2").str.head(2)),
            at="iso3166_2",
            ref="R-33",
            message="{iso3166_2} does not begin with {code}, the code of its country",
            hint="correct the code or the country",
            values={"code": pl.col("iso.code").list.join(" or ")},
        ),
        judge(
            view,
            "coordinates-outside-country",
            ~has_box | _is_inside(lat, lon),
            at="latitude",
            ref="R-30",
            severity="warning",
            message="{latitude}, {longitude} lies outside of {code}{exchanged}",
            hint="exchange latitude and longitude, or correct the country",
            values={"code": pl.col("box.iso"), "exchanged": exchanged},
        ),
    ]


def _is_inside(lat: pl.Expr, lon: pl.Expr) -> pl.Expr:
    """Whether a point lies in the box of its country."""
    in_height = lat.is_between(pl.col("box.south"), pl.col("box.north"))
    return in_height & lon.is_between(pl.col("box.west"), pl.col("box.east"))


def _sources(tables: Tables, created: dt.date | None) -> list[pa.Check]:
    own, carried = tables["sources"], tables["claim_sources"]
    used = pl.concat([carried["source_id"], carried["via_source_id"], own["syndicated_from"], own["is_translation_of"]])
    use = used.alias("source_id").drop_nulls().to_frame()
    view = beside(View(own), "use", use, {"source_id": "source_id"}, ("claim_sources", "sources"))
    return [
        judge(
            view,
            "source-without-claim",
            pl.col("use.source_id").is_not_null(),
            at="source_id",
            ref="R-35",
            severity="warning",
            message="{source_id} carries no claim",
            hint="code what it says, or remove it",
        ),
        judge(
            view,
            "retrieved-after-release",
            pl.col("retrieved_on") <= pl.lit(created, pl.Date),
            at="retrieved_on",
            ref="R-16",
            message="was retrieved on {retrieved_on}, after the release",
            hint="correct the day, or the release date",
            unmet="" if created else UNDATED,
        ),
        *(
            no_circle("sources-in-a-circle", own, table="sources", key="source_id", link=link, ref="R-36")
            for link in ("known_through_source_id", "syndicated_from", "is_translation_of")
        ),
    ]


def _event_times(tables: Tables, created: dt.date | None) -> list[pa.Check]:
    day, unmet = pl.lit(created, pl.Date), "" if created else UNDATED
    said = (
        tables["claims"]
        .filter(pl.col("aspect") == "occurrence")
        .with_columns(day=dates.earliest("claimed_on"))
        .group_by("event_id")
        .agg(pl.col("day").min())
    )
    view = beside(View(tables["events"]), "claim", said, {"event_id": "event_id"}, ("claims",))
    first, last, factuality = dates.earliest("date_edtf"), dates.latest("date_edtf"), pl.col("factuality")
    return [
        judge(
            view,
            "event-after-release",
            factuality.is_in(evidence.UNREAL) | (first <= pl.lit(_known_until(tables, created), pl.Date)),
            at="date_edtf",
            ref="R-08",
            message="{date_edtf} lies after the release, but the event is {factuality}",
            hint="correct the date, or code it as announced_future or planned",
            unmet=unmet,
        ),
        judge(
            view,
            "announced-when-past",
            (factuality != "announced_future") | (last >= pl.col("claim.day")),
            at="date_edtf",
            ref="R-12",
            message="{date_edtf} was over when it was announced ({day})",
            hint="correct the date, or code it as occurred",
            values={"day": pl.col("claim.day")},
        ),
        judge(
            view,
            "future-event-overdue",
            ~factuality.is_in(FUTURE) | (last >= day),
            at="factuality",
            ref="R-13",
            severity="warning",
            message="{date_edtf} is over, but the event is still {factuality}",
            hint="find out whether it occurred",
            unmet=unmet,
        ),
    ]


def _event_sides(tables: Tables) -> list[pa.Check]:
    own = tables["event_participants"]
    counts = own.group_by("event_id").agg(
        initiators=(role == "initiator").sum(), recipients=receives.sum(), grounds=role.is_in(NEUTRAL_GROUND).sum()
    )
    there = own.select("event_id", "actor_id").join(actors.lands(tables["actors"]), on="actor_id")
    there = pl.concat([there.select("event_id", land=name) for name in ("actor_id", "land")])
    there = there.drop_nulls().unique().with_columns(takes_part=pl.lit(True))
    types = tables["code_values"].filter(pl.col("list") == "event_type").select("code", "recipient_rule")
    places = tables["places"].select("place_id", "place_type", "country_actor_id")
    view = beside(View(tables["events"]), "type", types, {"event_type": "code"}, ("code_values",))
    view = beside(view, "count", counts, {"event_id": "event_id"}, ("event_participants",))
    view = beside(view, "place", places, {"place_id": "place_id"}, ("places",))
    keys = {"event_id": "event_id", "place.country_actor_id": "land"}
    view = beside(view, "side", there, keys, ("event_participants", "actors"))
    initiators, recipients = (pl.col(f"count.{name}").fill_null(0) for name in ("initiators", "recipients"))
    wants, takes_no_recipient = pl.col("type.recipient_rule"), pl.col("type.recipient_rule") == "none"
    is_agreement = pl.col("event_type").str.starts_with("agreement.")
    is_elsewhere = (pl.col("place.place_type") == "embassy") | (pl.col("count.grounds").fill_null(0) > 0)
    return [
        judge(
            view,
            "event-without-initiator",
            initiators > 0,
            at="event_id",
            ref="R-19",
            message="{event_id} has no initiator",
            hint="add a participant who does the act",
        ),
        judge(
            view,
            "event-without-recipient",
            (wants != "required") | (recipients > 0),
            at="event_type",
            ref="R-19",
            message="{event_type} needs a recipient",
            hint="add a participant to whom it is done",
        ),
        judge(
            view,
            "event-with-recipient",
            ~takes_no_recipient | (recipients == 0),
            at="event_type",
            ref="R-19",
            message="{event_type} has no recipient: every party is an initiator",
            hint="correct the roles",
        ),
        judge(
            view,
            "agreement-with-one-party",
            ~(is_agreement & takes_no_recipient) | pl.col("event_type").is_in(ALONE) | (initiators >= 2),
            at="event_type",
            ref="R-22",
            message="{event_type} has {n} initiator(s)",
            hint="add the other parties as initiators",
            values={"n": initiators},
        ),
        judge(
            view,
            "place-country-takes-no-part",
            pl.col("place.country_actor_id").is_null() | is_elsewhere | pl.col("side.takes_part").is_not_null(),
            at="place_id",
            ref="R-34",
            severity="warning",
            message="nobody from the country of {place_id} takes part",
            hint="correct the place, or add that side, for instance as host",
        ),
    ]


def _event_evidence(tables: Tables, found: pl.DataFrame) -> list[pa.Check]:
    view = _weighed(tables, found)
    computed, override = pl.col("evidence.computed"), pl.col("status_override")
    status = pl.coalesce(override, computed)
    is_settled = status.is_in(SETTLED)
    return [
        judge(
            view,
            "event-without-claim",
            computed.is_not_null(),
            at="event_id",
            ref="R-35",
            message="nobody affirms or denies that {event_id} occurred",
            hint="add an occurrence claim and the source that carries it; what is only expected is announced_future or planned",
        ),
        judge(
            view,
            "override-changes-nothing",
            override != computed,
            at="status_override",
            ref="R-40",
            message="{status_override} is the status that follows from the claims anyway",
            hint="empty the override",
        ),
        judge(
            view,
            "hedged-date-of-settled-event",
            ~is_settled | ~dates.is_hedged("date_edtf"),
            at="date_edtf",
            ref="R-14",
            severity="warning",
            message="the event is {status}, but its date {date_edtf} is not certain",
            hint="find the date in its record",
            values={"status": status},
        ),
        judge(
            view,
            "settled-without-second-coder",
            ~(is_settled | override.is_not_null()) | pl.col("second_coder").is_not_null(),
            at="second_coder",
            ref="R-57",
            severity="warning",
            message="the event is {status}, and only one person has coded it",
            hint="have it coded a second time",
            values={"status": status},
        ),
    ]


def _told_twice(tables: Tables) -> pa.Check:
    """One act that has two rows: of one type, by and to the same actors, about the same day, and told alike."""
    acting = tables["event_participants"].lazy().filter(acts | receives)
    names = pl.col("actor_id").unique().sort().str.join("|")
    return duplicates.near_texts(
        "likely-duplicate-event",
        "event_id",
        ["title", "summary"],
        day="date_edtf",
        same=["event_type", "actors"],
        facts=acting.group_by("event_id").agg(actors=names),
        reads=["event_participants"],
        ref="section 4",
    )


def _addressees(tables: Tables, known: pl.DataFrame) -> list[pa.Check]:
    """Recognition goes from a state to a state or government, membership to an organisation; who votes, votes somehow."""
    kinds = tables["actors"].select("actor_id", "name", "actor_type")
    types = tables["events"].select("event_id", "event_type")
    organised = (
        tables["event_participants"]
        .join(kinds.filter(pl.col("actor_type").is_in(ORGANISATIONS)), on="actor_id")
        .select("event_id")
    )
    view = beside(View(tables["event_participants"]), "actor", kinds, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "event", types, {"event_id": "event_id"}, ("events",))
    view = beside(view, "organised", organised, {"event_id": "event_id"}, ("event_participants", "actors"))
    view = beside(view, "top", _top_types(tables, known), {"actor_id": "actor_id"}, ("actors",))
    event_type, actor_type = pl.col("event.event_type"), pl.col("actor.actor_type")
    shown = {"name": pl.col("actor.name"), "type": actor_type, "event": event_type}
    is_recognition = event_type.str.starts_with("recognition.")
    addressed = event_type.replace_strict(ORGANISATION_ROLE, default=None, return_dtype=pl.String) == role
    is_lost = (event_type == "membership.suspend") & (role == "initiator") & pl.col("organised.event_id").is_null()
    is_vote, voted = event_type == "vote.cast", pl.col("position").is_not_null()
    return [
        judge(
            view,
            "vote-without-position",
            ~(is_vote & acts) | voted,
            at="position",
            ref="section 3",
            values=shown,
            message="how {name} voted is missing",
            hint="write for, against or abstains",
        ),
        judge(
            view,
            "position-without-vote",
            is_vote | ~voted,
            at="position",
            ref="section 3",
            values=shown,
            message="{event} is no vote, so {name} has no position in it",
            hint="empty the position",
        ),
        judge(
            view,
            "recognition-of-no-government",
            ~(is_recognition & receives) | actor_type.is_in(RECOGNISED),
            at="actor_id",
            ref="R-23",
            values=shown,
            message="{name} is a {type}; recognition goes to a state or government",
            hint="name the state, the government, or the partially recognised state",
        ),
        judge(
            view,
            "recognition-by-no-state",
            ~(is_recognition & acts) | pl.col("top.actor_type").is_in(RECOGNISERS),
            at="actor_id",
            ref="R-23",
            values=shown,
            message="{name} is a {type}, which cannot recognise a government",
            hint="name the state, government or organisation that does",
        ),
        judge(
            view,
            "membership-of-no-organisation",
            (~addressed.fill_null(False) | actor_type.is_in(ORGANISATIONS)) & ~is_lost.fill_null(False),
            at="actor_id",
            ref="R-24",
            values=shown,
            message="{name} is a {type}, but {event} needs an organisation or bloc here",
            hint="name the organisation or bloc",
        ),
    ]


def _top_types(tables: Tables, known: pl.DataFrame) -> pl.DataFrame:
    """The type of every actor's root."""
    types = tables["actors"].select("actor_type", root="actor_id").unique("root", keep="first")
    return known.join(types, on="root").select("actor_id", "actor_type")


def _claims(tables: Tables, sides: pl.DataFrame, placed: pl.DataFrame) -> list[pa.Check]:
    carried = tables["claim_sources"].select("claim_id")
    view = beside(View(tables["claims"]), "source", carried, {"claim_id": "claim_id"}, ("claim_sources",))
    view = beside(view, "root", placed, {"claim_id": "claim_id"}, ("actors", "events"))
    keys = {"event_id": "event_id", "root.root": "root"}
    view = beside(view, "side", sides, keys, ("event_participants", "actors", "events"))
    is_silence = pl.col("stance").is_in((*evidence.SILENT, "unaware"))
    is_party = pl.col("side.acts").fill_null(False) | pl.col("side.receives").fill_null(False)
    side = pl.when("side.acts").then(pl.lit("acting")).otherwise(pl.lit("receiving"))
    is_known = pl.col("event_id").is_not_null() & pl.col("root.root").is_not_null()
    return [
        judge(
            view,
            "claim-without-source",
            pl.col("source.claim_id").is_not_null(),
            at="claim_id",
            ref="R-35",
            message="no source carries {claim_id}",
            hint="add a row to claim_sources",
        ),
        judge(
            view,
            "silence-of-outsider",
            ~is_silence | ~is_known | pl.col("side.takes_part").is_not_null(),
            at="claimant_actor_id",
            ref="R-37",
            severity="warning",
            message="{claimant_actor_id} is {stance}, but takes no part in {event_id}",
            hint="a silence is worth a row where somebody concerned keeps it",
        ),
        judge(
            view,
            "position-coded-though-derived",
            pl.col("coded_position").is_null() | ~is_party,
            at="coded_position",
            ref="R-38",
            message="{claimant_actor_id} is the {side} party of {event_id} by its participants",
            hint="empty the coded position",
            values={"side": side},
        ),
    ]


def _pairs(tables: Tables, known: pl.DataFrame) -> list[pa.Check]:
    """Which actors may stand on which side of an alignment."""
    types = tables["actors"].select("actor_id", "name", "actor_type")
    view = beside(View(tables["alignments"]), "a", types, {"actor_a": "actor_id"}, ("actors",))
    view = beside(view, "b", types, {"actor_b": "actor_id"}, ("actors",))
    view = beside(view, "top", _top_types(tables, known), {"actor_a": "actor_id"}, ("actors",))
    kind = pl.col("kind")
    from_whom, to_whom = ({"name": pl.col(f"{side}.name"), "type": pl.col(f"{side}.actor_type")} for side in "ab")
    return [
        judge(
            view,
            "recognition-of-no-government",
            (kind != "diplomatic_recognition") | pl.col("b.actor_type").is_in(RECOGNISED),
            at="actor_b",
            ref="R-23",
            message="{name} is a {type}; recognition goes to a state or government",
            values=to_whom,
            hint="name the state, the government, or the partially recognised state",
        ),
        judge(
            view,
            "recognition-by-no-state",
            (kind != "diplomatic_recognition") | pl.col("top.actor_type").is_in(RECOGNISERS),
            at="actor_a",
            ref="R-23",
            message="{name} is a {type}, which cannot recognise a government",
            values=from_whom,
            hint="name the state, government or organisation that does",
        ),
        judge(
            view,
            "membership-of-no-organisation",
            (kind != "membership") | pl.col("b.actor_type").is_in(ORGANISATIONS),
            at="actor_b",
            ref="R-24",
            message="{name} is a {type}; one is a member of an organisation or bloc",
            hint="name the organisation or bloc",
            values=to_whom,
        ),
    ]
