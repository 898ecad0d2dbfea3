"""Cases of actors, names, codes, places, sources, redirects and code lists, and of texts in any table."""

from __future__ import annotations

from tests.models.alignment.cases import actor, case
from tests.models.alignment.dataset import drop, put

QUOTED = {"quote_lang": "en", "quote_is_translation": "false"}
PLACE = {"name": "Southport", "place_type": "settlement", "is_disputed": "false", "geo_precision": "near"}
GONE = {"table": "actors", "reason": "merge", "release": "0.2.0"}
ARCHIVE = {"archive_url": "https://archive.example/1"}
CODE = {"label_en": "X", "label_de": "X", "definition": "A code.", "list_label_en": "X", "valid_since": "0.1.0"}

TEXT = [
    case("text-has-stray-space", put("actors", "A000006", name="League "), finds="actors A000006 name"),
    case("text-has-stray-space", put("actors", "A000006", name="League\u00a0of"), finds="actors A000006 name"),
    case("text-has-stray-space", put("places", "P000001", admin1="Co\u200bast"), finds="places P000001 admin1"),
    case("text-has-stray-space", put("actors", "A000006", name="نیم\u200cروز"), finds=()),
    case(
        "text-has-control-character", put("claims", "C000001", quote="one\ntwo", **QUOTED), finds="claims C000001 quote"
    ),
    case("text-not-normalised", put("sources", "S000001", title="Cafe\u0301"), finds="sources S000001 title"),
    case("stand-in-for-missing", put("places", "P000001", admin1="N/A"), finds="places P000001 admin1"),
    case("stand-in-for-missing", put("actors", "A000006", name="NA"), finds=()),
    case(
        "stand-in-for-missing",
        put("claims", "C000001", aspect="quantity", value_number="-99"),
        finds=("claims C000001 value_number", "event-without-claim: events E000001 event_id"),
    ),
]

REFERENCES = [
    case(
        "key-differs-only-in-case",
        put("code_values", "sector|gov", **CODE),
        finds=("code_values sector|GOV code", "code_values sector|gov code"),
    ),
    case("retired-id-stands", put("id_redirects", "A000006", **GONE), finds="id_redirects A000006 old_id"),
    case(
        "reference-redirected",
        put("id_redirects", "A000009", new_id="A000001", **GONE),
        put("actors", "A000002", country_actor_id="A000009"),
        finds="actors A000002 country_actor_id",
    ),
    case(
        "redirect-leads-nowhere",
        put("id_redirects", "A000009", new_id="A000099", **GONE),
        finds="id_redirects A000009 new_id",
    ),
    case(
        "redirect-leads-nowhere",
        put("id_redirects", "A000008", new_id="A000009", **GONE),
        put("id_redirects", "A000009", new_id="A000008", **GONE),
        finds=("id_redirects A000008 new_id", "id_redirects A000009 new_id"),
    ),
    case(
        "redirect-leads-nowhere",
        put("id_redirects", "A000007", **GONE),
        put("id_redirects", "A000008", new_id="A000009", **GONE),
        put("id_redirects", "A000009", new_id="A000001", **GONE),
        finds=(),
    ),
    case(
        "code-deprecated",
        put("code_values", "event_type|sanction.impose", deprecated_in="0.2.0", replaced_by="sanction.widen"),
        finds="events E000002 event_type",
    ),
    case(
        "code-refers-to-nothing",
        put("code_values", "sector|AGR", replaced_by="XXX"),
        finds="code_values sector|AGR replaced_by",
    ),
    case(
        "event-type-without-class",
        put("code_values", "event_type|x.y", evidence_class="observable", **CODE),
        finds="code_values event_type|x.y evidence_class",
    ),
    case(
        "kind-without-direction",
        put("code_values", "alignment_kind|x", **CODE),
        finds="code_values alignment_kind|x is_directed",
    ),
]

ACTORS = [
    case("date-not-edtf", put("actors", "A000006", valid_from="1.1.2000"), finds="actors A000006 valid_from"),
    case(
        "validity-ends-before-start",
        put("actors", "A000006", valid_from="2000", valid_to="1999-12"),
        finds="actors A000006 valid_to",
    ),
    case("validity-ends-before-start", put("actors", "A000006", valid_from="2000", valid_to="2000-01"), finds=()),
    case("parent-missing", actor("A000007", "police"), finds="actors A000007 parent_actor_id"),
    case("parent-missing", actor("A000007", "person", sector="GOV"), finds="actors A000007 parent_actor_id"),
    case("parent-missing", actor("A000007", "person"), actor("A000008", "person", sector="ELI"), finds=()),
    case(
        "parents-in-a-circle",
        actor("A000007", "company", parent_actor_id="A000008"),
        actor("A000008", "company", parent_actor_id="A000007"),
        actor("A000009", "company", parent_actor_id="A000007"),
        actor("A000010", "company", parent_actor_id="A000010"),
        finds=tuple(f"actors A0000{number} parent_actor_id" for number in ("07", "08", "10")),
    ),
    case(
        "recognition-note-missing",
        actor("A000007", "partially_recognised_state"),
        finds="actors A000007 recognition_note",
    ),
    case(
        "wikidata-item-of-two-actors",
        put("actors", "A000001", wikidata_qid="Q1"),
        put("actors", "A000006", wikidata_qid="Q1"),
        finds="actors A000006 wikidata_qid",
    ),
    case(
        "wikidata-item-of-two-actors",
        put("actors", "A000003", wikidata_qid="Q1", valid_from="1991"),
        put("actors", "A000006", wikidata_qid="Q1", valid_to="1990"),
        finds=(),
    ),
    case(
        "preferred-name-not-single",
        put("actor_names", "N000002", actor_id="A000001", name="NO", lang="en", is_preferred="true"),
        put("actor_names", "N000003", actor_id="A000001", name="N", lang="en", is_preferred="false"),
        finds=("actor_names N000001 is_preferred", "actor_names N000002 is_preferred"),
    ),
    case(
        "preferred-name-not-single",
        put("actor_names", "N000002", actor_id="A000003", name="SL", lang="en", is_preferred="false"),
        put("actor_names", "N000003", actor_id="A000003", name="S", lang="en", is_preferred="false"),
        finds="actor_names N000002 is_preferred",
    ),
    case(
        "code-overlaps-itself",
        put("actor_codes", "K000002", actor_id="A000001", scheme="iso3166_1_a2", code="NO", valid_from="1990"),
        finds="actor_codes K000002 code",
    ),
    case(
        "code-of-two-actors",
        put("actor_codes", "K000002", actor_id="A000003", scheme="iso3166_1_a2", code="NO"),
        finds="actor_codes K000002 code",
    ),
    case(
        "code-of-two-actors",
        put("actor_codes", "K000001", valid_to="1990"),
        put("actor_codes", "K000002", actor_id="A000003", scheme="iso3166_1_a2", code="NO", valid_from="1991-01-01"),
        finds=(),
    ),
]

PLACES = [
    case("coordinates-incomplete", put("places", "P000001", longitude=""), finds="places P000001 latitude"),
    case("coordinates-at-zero", put("places", "P000001", latitude="0", longitude="0"), finds="places P000001 latitude"),
    case("coordinates-at-zero", put("places", "P000001", latitude="0", longitude="10"), finds=()),
    case("coordinate-too-precise", put("places", "P000001", latitude="60.1234567"), finds="places P000001 latitude"),
    case(
        "coordinates-look-swapped",
        put("places", "P000002", country_actor_id="A000001", latitude="60.1", longitude="10.1", **PLACE),
        put("places", "P000003", country_actor_id="A000001", latitude="60.2", longitude="10.3", **PLACE),
        put("places", "P000004", country_actor_id="A000001", latitude="10.2", longitude="60.4", **PLACE),
        finds=("places P000004 latitude", "coordinates-outside-country: places P000004 latitude"),
    ),
    case(
        "coordinates-outside-country",
        put("places", "P000001", latitude="10.25", longitude="60.5"),
        finds="places P000001 latitude",
    ),
    case("coordinates-outside-country", put("places", "P000001", latitude="10.25", place_type="sea_area"), finds=()),
    case(
        "coordinates-outside-country",
        drop("actor_codes", "K000001"),
        put("places", "P000001", iso3166_2="", latitude="1"),
        finds=(),
    ),
    case(
        "country-not-country-precise",
        put("places", "P000001", place_type="country"),
        finds="places P000001 geo_precision",
    ),
    case("admin2-without-admin1", put("places", "P000001", admin1="", admin2="East"), finds="places P000001 admin1"),
    case(
        "subdivision-of-another-country",
        put("places", "P000001", iso3166_2="SL-CO"),
        finds="places P000001 iso3166_2",
    ),
    case("subdivision-of-another-country", put("places", "P000001", iso3166_2=""), finds=()),
    case(
        "disputed-place-without-note",
        put("places", "P000001", is_disputed="true"),
        finds="places P000001 claimed_by_note",
    ),
]

SOURCES = [
    case(
        "retrieved-before-published",
        put("sources", "S000001", retrieved_on="2025-03-09"),
        finds="sources S000001 retrieved_on",
    ),
    case(
        "retrieved-after-release",
        put("sources", "S000001", retrieved_on="2027-01-01"),
        finds="sources S000001 retrieved_on",
    ),
    case(
        "source-without-archive",
        put("sources", "S000002", url="https://x.example/"),
        finds="sources S000002 archive_url",
    ),
    case(
        "url-in-two-sources",
        put("sources", "S000001", url="https://www.x.example/a/?utm_source=b", retrieved_on="2026-01-01", **ARCHIVE),
        put("sources", "S000002", url="http://x.example/a#top", **ARCHIVE),
        finds="sources S000002 url",
    ),
    case(
        "url-in-two-sources",
        put("sources", "S000001", url="https://x.example/?id=1", retrieved_on="2026-01-01", **ARCHIVE),
        put("sources", "S000002", url="https://x.example/?id=2", **ARCHIVE),
        finds=(),
    ),
    case("source-not-findable", put("sources", "S000001", offline_citation=""), finds="sources S000001 url"),
    case("source-without-language", put("sources", "S000001", lang=""), finds="sources S000001 lang"),
    case(
        "url-without-retrieval-day",
        put("sources", "S000001", url="https://x.example", **ARCHIVE),
        finds="sources S000001 retrieved_on",
    ),
    case(
        "source-without-claim",
        put(
            "sources",
            "S000003",
            title="Other",
            source_type="newspaper",
            publisher_actor_id="A000005",
            offline_citation="p. 2",
            lang="en",
        ),
        finds="sources S000003 source_id",
    ),
    case(
        "sources-in-a-circle",
        put("sources", "S000001", syndicated_from="S000002"),
        put("sources", "S000002", syndicated_from="S000001"),
        finds=("sources S000001 syndicated_from", "sources S000002 syndicated_from"),
    ),
]

CASES = [*TEXT, *REFERENCES, *ACTORS, *PLACES, *SOURCES]
