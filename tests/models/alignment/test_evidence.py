"""What claims are worth: roots, origins, positions, and each line of the status table."""

from __future__ import annotations

import polars as pl
import pytest

from deedbook.models.alignment import evidence
from deedbook.models.alignment.actors import roots, roots_at
from deedbook.rules import chains
from tests.models.alignment.cases import actor, claim, event
from tests.models.alignment.dataset import CREATED, Change, drop, put, rule_book, typed_tables

NOTHING = {
    "evidence_class": "observable",
    "n_live": 0,
    "n_narrations": 0,
    "n_retracted": 0,
    "n_origins": 0,
    "n_denials": 0,
    "n_voices": 2,
    "n_acting": 0,
    "has_record": False,
    "has_uninvolved": False,
    "has_acting": False,
    "has_receiving": False,
    "has_adversary": False,
    "has_acting_quoted": False,
}
ONE = {"n_live": 1, "n_origins": 1}
TWO = {"n_live": 2, "n_origins": 2}
DECLARED = {"evidence_class": "performative"}


CONFIRMED = (
    "at least 2 origins of which one is uninvolved, or acting party together with receiving party, adversary or a second "
    "acting root"
)
LINES: list[tuple[str, dict[str, object]]] = [
    ("every affirmation is retracted", {"n_retracted": 2, "n_denials": 1}),
    ("no affirmation, at least one denial", {"n_denials": 1}),
    (
        "affirmation and denial of different roots",
        {**TWO, **DECLARED, "n_denials": 1, "has_record": True, "has_uninvolved": True},
    ),
    (
        "performative, and a party's record at hop 0",
        {**TWO, **DECLARED, "has_record": True, "has_uninvolved": True},
    ),
    (CONFIRMED, {**TWO, "has_uninvolved": True}),
    (CONFIRMED, {**TWO, "has_acting": True, "has_adversary": True, "has_record": True}),
    (CONFIRMED, {**TWO, "has_acting": True, "n_acting": 2}),
    ("narration only", {**ONE, "n_narrations": 1, "n_denials": 1, "n_voices": 1}),
    ("at least 2 origins otherwise", {**TWO, "has_receiving": True, "has_adversary": True}),
    ("narration only", {**ONE, "n_narrations": 1, "has_uninvolved": True}),
    ("narration only", {"n_live": 1, "n_narrations": 1, "evidence_class": "attributed"}),
    ("performative, acting party quoted", {**ONE, **DECLARED, "has_acting": True, "has_acting_quoted": True}),
    ("one origin", {**ONE, "has_acting": True, "has_acting_quoted": True}),
]


@pytest.mark.parametrize(("line", "counts"), LINES)
def test_the_first_line_that_holds_gives_the_status(line: str, counts: dict[str, object]) -> None:
    row = pl.DataFrame([{**NOTHING, **counts}])
    first = next(item for item in evidence.TABLES["status"] if row.select(pl.sql_expr(item["when"])).item())
    assert first["text"] == line
    assert row.select(evidence.status()).item() == first["then"]


def test_every_line_of_the_status_table_is_tested() -> None:
    assert {line for line, _ in LINES} == {line["text"] for line in evidence.TABLES["status"]}


def test_an_event_that_nobody_speaks_of_has_no_status() -> None:
    assert pl.DataFrame([NOTHING]).select(evidence.status()).item() is None


def derived(*changes: Change | tuple[Change, ...]) -> dict[str, dict[str, dict[str, object]]]:
    """What `derive` gives after the changes, by table and by the last part of the key."""
    flat = [step for change in changes for step in (change if isinstance(change, tuple) else (change,))]
    derive = rule_book().derive
    assert derive is not None
    keys = {"events": "event_id", "claims": "claim_id", "event_evidence": "claim_id"}
    frames = derive(typed_tables(*flat), CREATED)
    return {name: {row[keys[name]]: row for row in frame.to_dicts()} for name, frame in frames.items() if name in keys}


def status_of(*changes: Change | tuple[Change, ...], key: str = "E000002") -> object:
    """The derived status of one event after the changes."""
    return derived(*changes)["events"][key]["status"]


def episodes(*changes: Change | tuple[Change, ...]) -> dict[str, tuple[object, ...]]:
    """What is derived for every alignment after the changes."""
    flat = [step for change in changes for step in (change if isinstance(change, tuple) else (change,))]
    derive = rule_book().derive
    assert derive is not None
    rows = derive(typed_tables(*flat), CREATED)["alignments"].rows()
    return {row[0]: row[1:] for row in rows}


def test_the_small_dataset_is_derived() -> None:
    found = derived()
    assert list(found["events"]["E000001"].values())[3:] == ["day", "reported", 1, 1, 0]
    assert list(found["events"]["E000002"].values())[3:] == ["day", "claimed", 2, 1, 0]
    assert {key: row["claimant_position"] for key, row in found["claims"].items()} == {
        "C000001": "uninvolved",
        "C000002": "receiving_party",
        "C000003": "uninvolved",
    }
    assert [list(row.values()) for row in found["event_evidence"].values()] == [
        ["E000001", "C000001", "A000005", "narration", "uninvolved", False],
        ["E000002", "C000002", "A000004", "affirmation", "receiving_party", False],
    ]


def test_receiving_party_and_an_uninvolved_narrator_confirm_what_anybody_can_see() -> None:
    elsewhere = put("sources", "S000003", publisher_actor_id="A000007", source_type="newspaper", lang="en")
    told = put("claim_sources", "C000004|S000003", hop="0", carriage="original")
    narrated = (actor("A000007", "media"), elsewhere, claim(4, claimant_actor_id="A000007"), told)
    assert status_of(*narrated, drop("claim_sources", "C000004|S000001")) == "confirmed"


def test_what_a_report_relays_and_what_it_narrates_is_one_voice() -> None:
    assert status_of(claim(4)) == "claimed"
    assert derived(claim(4))["event_evidence"]["C000004"]["counts_as"] == "narration_uncounted"


def test_what_is_expected_is_evidence_for_a_plan_and_none_that_it_happened() -> None:
    expected = put("claims", "C000002", modality="anticipated")
    assert derived(expected)["event_evidence"]["C000002"]["counts_as"] == "anticipation"
    assert status_of(expected) is None
    assert status_of(expected, put("events", "E000002", factuality="planned")) == "claimed"


def test_both_parties_of_a_mutual_act_confirm_each_other_by_their_records() -> None:
    met = put("events", "E000002", event_type="talks.call")
    parties = (
        put("event_participants", "E000002|A000004|initiator", as_claimed="false"),
        drop("event_participants", "E000002|A000004|recipient"),
    )
    other = put("sources", "S000003", publisher_actor_id="A000002", source_type="primary_official", lang="en")
    said = (
        claim(4, claimant_actor_id="A000002", coded_position=""),
        put("claim_sources", "C000004|S000003", hop="0", carriage="original"),
    )
    assert status_of(met, *parties) == "claimed"
    assert status_of(met, *parties, other, *said, drop("claim_sources", "C000004|S000001")) == "confirmed"
    assert status_of(put("events", "E000002", event_type="relations.restore"), *parties) == "official"


def test_only_the_same_root_takes_a_claim_back_or_replaces_it() -> None:
    stranger = claim(4, aspect="motive", value_text="gain")
    assert status_of(stranger, put("claims", "C000002", superseded_by_claim_id="C000004")) == "claimed"
    own = put("claims", "C000004", claimant_actor_id="A000003", coded_position="")
    assert status_of(stranger, own, put("claims", "C000002", superseded_by_claim_id="C000004")) is None


def test_a_state_counts_as_the_government_of_the_date() -> None:
    tables = typed_tables(
        put("actors", "A000002", valid_to="2010"),
        put("actors", "A000007", name="New one", actor_type="government", parent_actor_id="A000001", valid_from="2011"),
    )
    rows = pl.DataFrame({"event_id": ["E000001"] * 2, "actor_id": ["A000001", "A000002"]})
    assert roots_at(rows, tables)["root"].to_list() == ["A000007", "A000002"]
    rivals = {**tables, "actors": tables["actors"].with_columns(valid_to=pl.lit(None, pl.String))}
    assert roots_at(rows, rivals)["root"].to_list() == ["A000001", "A000002"]


def test_an_alignment_is_judged_by_its_claims_else_by_its_events() -> None:
    assert episodes()["R000001"] == ("reported", 1, 0)
    denied = (
        claim(4, event_id="", alignment_id="R000001", claimant_actor_id="A000004", coded_position="", stance="denies"),
    )
    assert episodes(*denied)["R000001"] == ("disputed", 1, 1)
    event = put("alignments", "R000001", start_event_id="E000001")
    assert (
        episodes(event, drop("claims", "C000003"), drop("claim_sources", "C000003|S000001"))["R000001"][0] == "reported"
    )


def test_narration_does_not_count_for_acts_that_are_attributed() -> None:
    assert status_of(claim(4), put("events", "E000002", event_type="attack.covert")) == "claimed"


def test_a_medium_that_was_there_does_not_narrate() -> None:
    observed = put("claims", "C000001", modality="observed")
    assert derived(observed)["event_evidence"]["C000001"]["counts_as"] == "affirmation"


def test_the_acting_side_s_record_makes_a_declaration_official() -> None:
    record = put("sources", "S000002", publisher_actor_id="A000002")
    quoted = put("claims", "C000002", claimant_actor_id="A000002")
    assert status_of(quoted) == "probable"
    assert status_of(quoted, record) == "official"
    assert status_of(quoted, record, put("sources", "S000002", source_type="newspaper")) == "probable"


def test_the_organisation_that_somebody_joins_keeps_the_record_of_it() -> None:
    joined = event(3, "membership.join", recipients=("A000006",))
    told = claim(4, event_id="E000003", claimant_actor_id="A000006", coded_position="")
    assert (
        status_of(joined, told, put("sources", "S000001", publisher_actor_id="A000006"), key="E000003") == "confirmed"
    )
    record = put("sources", "S000001", publisher_actor_id="A000006", source_type="primary_official")
    assert status_of(joined, told, record, key="E000003") == "official"


def test_two_services_of_one_government_are_one_origin() -> None:
    service = actor("A000007", "intelligence_service", parent_actor_id="A000004")
    found = derived(service, claim(4, claimant_actor_id="A000007", coded_position=""))
    assert found["events"]["E000002"]["n_origins"] == 1
    assert found["claims"]["C000004"]["claimant_position"] == "receiving_party"


def test_a_reprint_counts_for_its_original_publisher() -> None:
    agency = actor("A000007", "media")
    dispatch = put("sources", "S000003", publisher_actor_id="A000007")
    found = derived(agency, dispatch, put("sources", "S000001", syndicated_from="S000003"))
    assert found["event_evidence"]["C000001"]["origin_actor_id"] == "A000007"


def test_denials_count_by_root() -> None:
    denial = {"stance": "denies", "coded_position": ""}
    both = (*claim(4, claimant_actor_id="A000002", **denial), *claim(5, claimant_actor_id="A000001", **denial))
    row = derived(both)["events"]["E000002"]
    assert (row["status"], row["n_denials"]) == ("disputed", 1)
    assert status_of(put("claims", "C000002", stance="denies")) == "denied"


@pytest.mark.parametrize("how", ["named", "unnamed", "superseding"])
def test_what_is_taken_back_no_longer_counts(how: str) -> None:
    answer = {"responds_to_claim_id": "C000002"} if how == "named" else {}
    retraction = claim(4, claimant_actor_id="A000004", stance="retracts", coded_position="", **answer)
    superseded = put("claims", "C000002", superseded_by_claim_id="C000004") if how == "superseding" else ()
    found = derived(retraction, superseded)
    assert found["event_evidence"]["C000002"]["counts_as"] == "retracted"
    assert found["events"]["E000002"]["status"] == "retracted"


def test_a_superseded_claim_counts_for_nothing() -> None:
    later = claim(4, claimant_actor_id="A000004", stance="denies", coded_position="")
    found = derived(later, put("claims", "C000002", superseded_by_claim_id="C000004"))
    assert found["event_evidence"]["C000002"]["counts_as"] == "superseded"
    assert found["events"]["E000002"]["status"] == "denied"


def test_silence_counts_for_nothing() -> None:
    found = derived(claim(4, claimant_actor_id="A000002", coded_position="", stance="declined_comment", as_of="2025"))
    assert found["event_evidence"]["C000004"]["counts_as"] == "silence"
    assert found["events"]["E000002"]["status"] == "claimed"


def test_an_override_stands_in_place_of_the_computed_status() -> None:
    assert (
        status_of(put("events", "E000002", status_override="refuted", status_override_reason="an old film"))
        == "refuted"
    )


def test_a_state_with_one_government_is_that_government_and_rivals_stay_apart() -> None:
    changes = [
        actor("A000007", "military", parent_actor_id="A000001"),
        actor("A000008", "person", parent_actor_id="A000002"),
        actor("A000009", "government", parent_actor_id="A000003"),
        actor("A000010", "company", parent_actor_id="A000011"),
        actor("A000011", "company", parent_actor_id="A000010"),
        actor("A000012", "media", parent_actor_id="A000099"),
    ]
    found = dict(roots(typed_tables(*changes)["actors"]).iter_rows())
    assert found == {
        "A000001": "A000002",
        "A000002": "A000002",
        "A000003": "A000003",
        "A000004": "A000004",
        "A000005": "A000005",
        "A000006": "A000006",
        "A000007": "A000002",
        "A000008": "A000002",
        "A000009": "A000009",
        "A000010": "A000010",
        "A000011": "A000011",
        "A000012": "A000012",
    }


def test_chains_end_or_run_in_a_circle() -> None:
    keys = pl.Series(["a", "b", "c", "d", "e", "f"])
    parents = pl.Series(["b", "c", "b", None, "x", "d"])
    assert chains.climb(keys, parents).to_list() == [None, None, None, "d", "e", "d"]
    assert chains.in_circle(keys, parents).to_list() == [False, True, True, False, False, False]
    stops = pl.Series([False, True, False, False, False, True])
    assert chains.climb(keys, parents, stops).to_list() == ["b", "b", "b", "d", "e", "f"]
    assert chains.climb(keys.clear(), parents.clear()).to_list() == []


def test_a_long_chain_is_followed_to_its_end() -> None:
    keys = pl.Series([f"{number:05}" for number in range(5_000)])
    assert chains.climb(keys, keys.shift(1)).unique().to_list() == ["00000"]
