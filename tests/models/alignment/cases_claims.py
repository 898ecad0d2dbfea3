"""Cases of claims, of the sources that carry them, and of alignments."""

from __future__ import annotations

from tests.models.alignment.cases import actor, case, claim, event
from tests.models.alignment.dataset import drop, put

SILENT = {"stance": "silent", "modality": "", "coded_position": "", "claimed_on": ""}

CLAIMS = [
    case("date-not-edtf", put("claims", "C000001", claimed_on="2025-3"), finds="claims C000001 claimed_on"),
    case("claim-subject-not-single", put("claims", "C000003", event_id="E000001"), finds="claims C000003 event_id"),
    case(
        "claim-subject-not-single",
        put("claims", "C000003", alignment_id=""),
        finds=("claims C000003 event_id", "alignment-without-evidence: alignments R000001 alignment_id"),
    ),
    case(
        "quotation-without-language",
        put("claims", "C000001", quote="We met", quote_lang="en"),
        finds="claims C000001 quote_lang",
    ),
    case(
        "claim-value-not-single",
        claim(4, aspect="quantity", stance="unaware", claimant_actor_id="A000004", coded_position=""),
        finds=(),
    ),
    case(
        "reply-about-another-event",
        claim(4, responds_to_claim_id="C000001"),
        finds="claims C000004 responds_to_claim_id",
    ),
    case("reply-about-another-event", claim(4, responds_to_claim_id="C000002"), finds=()),
    case(
        "superseded-by-another-event",
        put("claims", "C000001", superseded_by_claim_id="C000004"),
        claim(4),
        finds="claims C000001 superseded_by_claim_id",
    ),
    case(
        "superseded-by-a-stranger",
        claim(4, superseded_by_claim_id="C000002"),
        finds="claims C000004 superseded_by_claim_id",
    ),
    case(
        "claimed-participant-takes-no-part",
        claim(4, aspect="participant", value_actor_id="A000006"),
        finds="claims C000004 value_actor_id",
    ),
    case("claimed-participant-takes-no-part", claim(4, aspect="participant", value_actor_id="A000001"), finds=()),
    case("one-voice-on-both-sides", claim(4, event_id="E000001", stance="denies"), finds="claims C000004 stance"),
    case(
        "claimed-date-contradicts-event", claim(4, aspect="date", value_edtf="2019"), finds="claims C000004 value_edtf"
    ),
    case("claimed-date-contradicts-event", claim(4, aspect="date", value_edtf="2025"), finds=()),
    case("claim-value-not-single", put("claims", "C000001", value_text="much"), finds="claims C000001 aspect"),
    case("claim-value-not-single", claim(4, aspect="motive"), finds="claims C000004 aspect"),
    case(
        "claim-value-not-single",
        claim(4, aspect="motive", value_text="gain", value_number="1"),
        finds="claims C000004 aspect",
    ),
    case(
        "silence-without-as-of",
        claim(4, claimant_actor_id="A000004", **SILENT),
        finds="claims C000004 as_of",
    ),
    case(
        "silence-with-value",
        claim(4, claimant_actor_id="A000004", aspect="motive", value_text="gain", as_of="2025-03", **SILENT),
        finds="claims C000004 stance",
    ),
    case(
        "silence-of-outsider",
        claim(4, claimant_actor_id="A000006", as_of="2025-03", **SILENT),
        finds="claims C000004 claimant_actor_id",
    ),
    case("silence-of-outsider", claim(4, claimant_actor_id="A000003", as_of="2025-03", **SILENT), finds=()),
    case("claim-without-source", drop("claim_sources", "C000003|S000001"), finds="claims C000003 claim_id"),
    case(
        "position-coded-though-derived",
        put("claims", "C000002", coded_position="ally"),
        finds="claims C000002 coded_position",
    ),
]

RELAYS = [
    case(
        "claim-without-first-source",
        put("claim_sources", "C000003|S000001", hop="1", carriage="relays"),
        finds="claim_sources C000003|S000001 hop",
    ),
    case(
        "original-at-second-hand",
        put("claim_sources", "C000002|S000001", carriage="original"),
        finds="claim_sources C000002|S000001 carriage",
    ),
    case(
        "relay-without-its-source",
        put("claim_sources", "C000002|S000001", via_source_id=""),
        finds="claim_sources C000002|S000001 via_source_id",
    ),
    case(
        "relayed-source-not-linked",
        drop("claim_sources", "C000002|S000002"),
        finds=(
            "claim_sources C000002|S000001 via_source_id",
            "claim-without-first-source: claim_sources C000002|S000001 hop",
        ),
    ),
    case(
        "relay-not-after-relayed",
        put("claim_sources", "C000002|S000001", hop="0"),
        finds="claim_sources C000002|S000001 hop",
    ),
    case(
        "source-older-than-event",
        put("events", "E000001", date_edtf="2025-03-11"),
        finds="claim_sources C000001|S000001 source_id",
    ),
    case("source-older-than-event", put("events", "E000001", date_edtf="2025-03"), finds=()),
    case(
        "source-older-than-event",
        put("events", "E000001", date_edtf="2025-03-11"),
        put("claims", "C000001", modality="anticipated"),
        finds="event-without-claim: events E000001 event_id",
    ),
    case(
        "claimed-after-source",
        put("claims", "C000001", claimed_on="2025-04~"),
        finds="claim_sources C000001|S000001 source_id",
    ),
    case("claimed-after-source", put("claims", "C000001", claimed_on="2025-03~"), finds=()),
    case(
        "relay-older-than-relayed",
        put("sources", "S000002", published_on="2025-03-11"),
        finds="claim_sources C000002|S000001 via_source_id",
    ),
]

SECOND = claim(4, event_id="", alignment_id="R000002")
ALIGNMENTS = [
    case(
        "alignment-without-evidence",
        put("alignments", "R000002", actor_a="A000001", actor_b="A000006", kind="defence_pact", start_edtf="2020"),
        finds="alignments R000002 alignment_id",
    ),
    case(
        "beginning-known-but-censored",
        put("alignments", "R000001", left_censored="true"),
        finds="alignments R000001 left_censored",
    ),
    case(
        "end-known-but-censored",
        put("alignments", "R000001", right_censored="false"),
        finds="alignments R000001 right_censored",
    ),
    case(
        "episode-starts-with-event-of-others",
        put("alignments", "R000001", actor_b="A000006", start_edtf="2025-03-01", start_event_id="E000001"),
        finds="alignments R000001 start_event_id",
    ),
    case(
        "episode-ends-with-event-of-others",
        put(
            "alignments",
            "R000001",
            actor_b="A000006",
            end_edtf="2025-03-01",
            end_event_id="E000001",
            right_censored="false",
        ),
        finds="alignments R000001 end_event_id",
    ),
    case(
        "episode-ends-before-start",
        put("alignments", "R000001", end_edtf="2019", right_censored="false"),
        finds="alignments R000001 end_edtf",
    ),
    case(
        "episode-ends-before-start", put("alignments", "R000001", end_edtf="2020-02", right_censored="false"), finds=()
    ),
    case("aligned-with-itself", put("alignments", "R000001", actor_b="A000001"), finds="alignments R000001 actor_b"),
    case(
        "episodes-overlap",
        SECOND,
        put("alignments", "R000002", actor_a="A000001", actor_b="A000003", kind="close_ties", start_edtf="2021"),
        finds="alignments R000002 start_edtf",
    ),
    case(
        "episodes-overlap",
        put("alignments", "R000001", end_edtf="2021~", right_censored="false"),
        SECOND,
        put("alignments", "R000002", actor_a="A000001", actor_b="A000003", kind="close_ties", start_edtf="2021"),
        finds=(),
    ),
    case(
        "episode-starts-outside-event",
        put("alignments", "R000001", start_event_id="E000001"),
        finds="alignments R000001 start_edtf",
    ),
    case(
        "episode-starts-outside-event",
        put("alignments", "R000001", start_edtf="2025~", start_event_id="E000001"),
        finds=(),
    ),
    case(
        "episode-ends-outside-event",
        put("alignments", "R000001", end_edtf="2026", end_event_id="E000001", right_censored="false"),
        finds="alignments R000001 end_edtf",
    ),
    case(
        "symmetric-pair-out-of-order",
        put("alignments", "R000001", actor_a="A000003", actor_b="A000001"),
        finds="alignments R000001 actor_a",
    ),
    case(
        "symmetric-pair-out-of-order",
        actor("A1000000", "state"),
        put("alignments", "R000001", actor_b="A1000000"),
        finds=(),
    ),
    case(
        "recognition-of-no-government",
        put("alignments", "R000001", kind="diplomatic_recognition", actor_b="A000006"),
        finds="alignments R000001 actor_b",
    ),
    case(
        "recognition-by-no-state",
        put("alignments", "R000001", kind="diplomatic_recognition", actor_a="A000005", actor_b="A000004"),
        finds="alignments R000001 actor_a",
    ),
    case(
        "membership-of-no-organisation",
        put("alignments", "R000001", kind="membership"),
        finds="alignments R000001 actor_b",
    ),
    case(
        "episode-starts-outside-event",
        event(3),
        put("alignments", "R000001", start_edtf="2025-03-01/..", start_event_id="E000003"),
        finds=(),
    ),
]

CASES = [*CLAIMS, *RELAYS, *ALIGNMENTS]
