"""Cases of events and their participants."""

from __future__ import annotations

from tests.models.alignment.cases import actor, case, claim, event
from tests.models.alignment.dataset import drop, put

REASON = {"status_override_reason": "the recording is older", "second_coder": "coder-2"}

TIMES = [
    case("date-not-edtf", put("events", "E000001", date_edtf="2025-02-29"), finds="events E000001 date_edtf"),
    case("event-before-1900", put("events", "E000001", date_edtf="1899"), finds="events E000001 date_edtf"),
    case(
        "event-after-release",
        put("events", "E000001", date_edtf="2026-12", factuality="ongoing"),
        finds=("events E000001 date_edtf", "source-older-than-event: claim_sources C000001|S000001 source_id"),
    ),
    case("event-after-release", put("events", "E000001", date_edtf="2026-12", factuality="planned"), finds=()),
    case("event-after-release", put("events", "E000001", date_edtf="2025-03/2026-12"), finds=()),
    case("occurred-after-coding", put("events", "E000001", coded_on="2025-02-28"), finds="events E000001 date_edtf"),
    case(
        "announced-when-past",
        put("events", "E000002", factuality="announced_future"),
        finds=("events E000002 date_edtf", "future-event-overdue: events E000002 factuality"),
    ),
    case("announced-when-past", put("events", "E000002", factuality="announced_future", date_edtf="2027"), finds=()),
    case("future-event-overdue", put("events", "E000002", factuality="planned"), finds="events E000002 factuality"),
    case("future-event-overdue", put("events", "E000002", factuality="planned", date_edtf="2025-03/.."), finds=()),
    case(
        "reviewed-before-coded",
        put("events", "E000001", reviewed_on="2026-11-19"),
        finds="events E000001 reviewed_on",
    ),
    case(
        "hedged-date-of-settled-event",
        put("events", "E000002", status_override="confirmed", date_edtf="2025-03-05~", **REASON),
        finds="events E000002 date_edtf",
    ),
    case("hedged-date-of-settled-event", put("events", "E000002", date_edtf="2025-03-05~"), finds=()),
]

SIDES = [
    case(
        "event-without-initiator",
        drop("event_participants", "E000002|A000002|initiator"),
        finds="events E000002 event_id",
    ),
    case(
        "event-without-recipient",
        drop("event_participants", "E000002|A000004|recipient"),
        put("claims", "C000002", coded_position="uninvolved"),
        finds="events E000002 event_type",
    ),
    case(
        "position-not-known",
        put("claims", "C000001", coded_position=""),
        finds="claims C000001 coded_position",
    ),
    case("event-without-recipient", event(3, "relations.establish", recipients=()), finds=()),
    case("agreement-with-one-party", event(3, "agreement.ratify", recipients=(), instrument_title="Treaty"), finds=()),
    case(
        "place-country-takes-no-part",
        put("places", "P000001", country_actor_id="A000005", iso3166_2="", place_type="embassy"),
        finds=(),
    ),
    case(
        "affirmed-though-not-occurred",
        put("events", "E000002", factuality="did_not_occur"),
        finds="events E000002 factuality",
    ),
    case(
        "relation-before-its-event",
        put("events", "E000001", related_event_id="E000002", relation="responds_to"),
        finds="events E000001 date_edtf",
    ),
    case(
        "relation-before-its-event", put("events", "E000001", related_event_id="E000002", relation="part_of"), finds=()
    ),
    case(
        "event-with-recipient",
        put("event_participants", "E000001|A000006|recipient", as_claimed="false"),
        finds="events E000001 event_type",
    ),
    case(
        "agreement-with-one-party",
        event(3, "agreement.sign", recipients=(), instrument_title="Treaty"),
        finds="events E000003 event_type",
    ),
    case("agreement-with-one-party", event(3, "agreement.withdraw", instrument_title="Treaty"), finds=()),
    case(
        "agreement-without-instrument-title",
        event(3, "agreement.sign", initiators=("A000002", "A000004"), recipients=()),
        finds="events E000003 instrument_title",
    ),
    case("agreement-without-instrument-title", event(3, "agreement.announce"), finds=()),
    case(
        "place-country-takes-no-part",
        actor("A000007", "state"),
        put(
            "places",
            "P000002",
            name="Elsewhere",
            place_type="settlement",
            country_actor_id="A000007",
            is_disputed="false",
            geo_precision="near",
        ),
        put("events", "E000002", place_id="P000002"),
        finds="events E000002 place_id",
    ),
    case(
        "participant-not-there",
        put("actors", "A000006", valid_to="1999"),
        put("event_participants", "E000002|A000006|third_party", as_claimed="false"),
        finds="event_participants E000002|A000006|third_party actor_id",
    ),
    case(
        "participant-partly-there",
        put("actors", "A000006", valid_from="2025-03-01"),
        put("events", "E000002", date_edtf="2025"),
        put("event_participants", "E000002|A000006|third_party", as_claimed="false"),
        finds="event_participants E000002|A000006|third_party actor_id",
    ),
    case(
        "actor-on-both-sides",
        put("event_participants", "E000002|A000002|recipient", as_claimed="false"),
        finds="event_participants E000002|A000002|recipient actor_id",
    ),
    case(
        "group-on-both-sides",
        actor("A000007", "generic"),
        event(3, "attack.overt", initiators=("A000007",), recipients=("A000007",)),
        finds="event_participants E000003|A000007|recipient actor_id",
    ),
    case(
        "sides-share-root",
        put("event_participants", "E000002|A000001|recipient", as_claimed="false"),
        finds="event_participants E000002|A000001|recipient actor_id",
    ),
]

ADDRESSEES = [
    case(
        "vote-without-position",
        event(3, "vote.cast"),
        finds="event_participants E000003|A000002|initiator position",
    ),
    case(
        "vote-without-position",
        event(3, "vote.cast"),
        put("event_participants", "E000003|A000002|initiator", position="against"),
        finds=(),
    ),
    case(
        "position-without-vote",
        put("event_participants", "E000002|A000002|initiator", position="for"),
        finds="event_participants E000002|A000002|initiator position",
    ),
    case(
        "recognition-of-no-government",
        event(3, "recognition.grant", recipients=("A000006",)),
        finds="event_participants E000003|A000006|recipient actor_id",
    ),
    case("recognition-of-no-government", event(3, "recognition.grant"), finds=()),
    case(
        "recognition-by-no-state",
        actor("A000007", "armed_group"),
        event(3, "recognition.grant", initiators=("A000007",)),
        finds="event_participants E000003|A000007|initiator actor_id",
    ),
    case(
        "membership-of-no-organisation",
        event(3, "membership.join"),
        finds="event_participants E000003|A000004|recipient actor_id",
    ),
    case("membership-of-no-organisation", event(3, "membership.join", recipients=("A000006",)), finds=()),
    case(
        "membership-of-no-organisation",
        event(3, "membership.accept"),
        finds="event_participants E000003|A000002|initiator actor_id",
    ),
    case(
        "membership-of-no-organisation",
        event(3, "membership.suspend"),
        finds="event_participants E000003|A000002|initiator actor_id",
    ),
    case("membership-of-no-organisation", event(3, "membership.suspend", recipients=("A000006",)), finds=()),
]

RELATIONS = [
    case("relation-incomplete", put("events", "E000002", relation="follows"), finds="events E000002 relation"),
    case(
        "relations-in-a-circle",
        put("events", "E000001", related_event_id="E000002", relation="follows"),
        put("events", "E000002", related_event_id="E000001", relation="follows"),
        finds=(
            "events E000001 related_event_id",
            "events E000002 related_event_id",
            "relation-before-its-event: events E000001 date_edtf",
        ),
    ),
    case(
        "relations-in-a-circle",
        put("events", "E000002", related_event_id="E000002", relation="follows"),
        finds="events E000002 related_event_id",
    ),
    case(
        "reversal-before-original",
        put("events", "E000001", related_event_id="E000002", relation="reverses"),
        finds="events E000001 date_edtf",
    ),
    case(
        "reversal-before-original",
        put("events", "E000002", related_event_id="E000001", relation="reverses"),
        finds=(),
    ),
    case(
        "duplicate-of-duplicate",
        put("events", "E000002", related_event_id="E000001", relation="duplicate_of"),
        event(3, related_event_id="E000002", relation="duplicate_of"),
        finds="events E000003 related_event_id",
    ),
]

FIFTY = claim(4, aspect="quantity", value_number="50", claim_text="There were fifty.")
AT_MOST_FIFTY = claim(4, aspect="quantity", value_number="50", value_bound="at_most", claim_text="Fifty at most.")

QUANTITIES = [
    case(
        "quantity-out-of-order",
        FIFTY,
        put("events", "E000002", quantity="50", quantity_low="51", quantity_high="52", quantity_unit="persons"),
        finds="events E000002 quantity",
    ),
    case(
        "quantity-out-of-order",
        FIFTY,
        put("events", "E000002", quantity="50", quantity_low="50", quantity_unit="persons"),
        finds=(),
    ),
    case("quantity-without-unit", FIFTY, put("events", "E000002", quantity="50"), finds="events E000002 quantity_unit"),
    case("quantity-without-unit", put("events", "E000002", quantity_unit="usd"), finds="events E000002 quantity_unit"),
    case(
        "fractional-count",
        FIFTY,
        put("events", "E000002", quantity="50.5", quantity_unit="persons"),
        finds="events E000002 quantity",
    ),
    case("fractional-count", FIFTY, put("events", "E000002", quantity="50.5", quantity_unit="km2"), finds=()),
    case(
        "quantity-without-claim",
        put("events", "E000002", quantity="50", quantity_unit="persons"),
        finds="events E000002 quantity",
    ),
    case(
        "quantity-far-from-claims",
        FIFTY,
        put("events", "E000002", quantity="20", quantity_unit="persons"),
        finds="events E000002 quantity",
    ),
    case(
        "quantity-far-from-claims",
        AT_MOST_FIFTY,
        put("events", "E000002", quantity="20", quantity_unit="persons"),
        finds=(),
    ),
]

STATUS = [
    case(
        "event-without-claim",
        put(
            "claims",
            "C000001",
            claimant_actor_id="A000004",
            coded_position="",
            stance="silent",
            modality="",
            as_of="2025-03-10",
        ),
        finds="events E000001 event_id",
    ),
    case(
        "override-without-reason",
        put("events", "E000001", status_override="refuted", second_coder="coder-2"),
        finds="events E000001 status_override",
    ),
    case(
        "override-changes-nothing",
        put("events", "E000001", status_override="reported", **REASON),
        finds="events E000001 status_override",
    ),
    case("override-changes-nothing", put("events", "E000001", status_override="refuted", **REASON), finds=()),
    case(
        "second-coder-is-coder",
        put("events", "E000001", second_coder="coder-1"),
        finds="events E000001 second_coder",
    ),
    case(
        "settled-without-second-coder",
        put("claims", "C000002", claimant_actor_id="A000002"),
        put("sources", "S000002", publisher_actor_id="A000002"),
        finds="events E000002 second_coder",
    ),
    case("loaded-word", put("events", "E000002", title="Northland's brutal sanctions"), finds="events E000002 title"),
    case("loaded-word", put("events", "E000002", title='Southland speaks of "brutal" sanctions'), finds=()),
    case("loaded-word", put("events", "E000002", title="Northland widens its sanctions regime"), finds=()),
]

CASES = [*TIMES, *SIDES, *ADDRESSEES, *RELATIONS, *QUANTITIES, *STATUS]
