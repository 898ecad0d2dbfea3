"""Reports made by hand, for the tests of what is made of them."""

from __future__ import annotations

from deedbook.findings import Check, Finding, NotChecked, Report, TableStats, Total

BAD_PLACE = Finding(
    rule="foreign-key",
    severity="error",
    table="events",
    path="events.csv",
    row=12,
    line=15,
    column="place_id",
    field_number=9,
    key="E000011",
    value="P00001",
    message="is not in `places`.place_id",
    hint="did you mean `P000001` Vientiane?",
)
SECOND_TITLE = Finding(
    rule="title-used-twice",
    severity="warning",
    table="events",
    path="events.csv",
    row=14,
    line=17,
    column="title",
    field_number=2,
    key="E000013",
    value="Talks",
    message="another event that day has this title",
    hint="merge or reword",
)
WAIVED = Finding(
    rule="agreement-without-title",
    severity="warning",
    table="events",
    path="events.csv",
    row=3,
    line=3,
    key="E000002",
    message="the agreement has no title",
    waived="not known",
)
NO_FILE = Finding(
    rule="scheme-error",
    severity="error",
    table="places",
    path="places.csv",
    message="the file places.csv does not exist",
)

EMPTY = Report()
CLEAN = Report(
    tables=(TableStats("events", "events.csv", 120, 3600, 40_000),),
    checked=(Check("events", "type", "title"), Check("events", "title-used-twice", "title")),
    seconds=0.25,
)
DIRTY = Report(
    tables=(TableStats("events", "events.csv", 120, 3600, 40_000), TableStats("places", "places.csv", 0, 0, 0)),
    findings=(WAIVED, BAD_PLACE, SECOND_TITLE, NO_FILE),
    totals=(
        Total("events", "title-used-twice", "title", "warning", 1),
        Total("events", "agreement-without-title", None, "warning", 1, waived=1),
        Total("events", "foreign-key", "place_id", "error", 1204),
        Total("places", "scheme-error", None, "error", 1),
    ),
    checked=(Check("events", "type", "title"), Check("events", "title-used-twice", "title", skipped=3)),
    not_checked=(NotChecked("events", "foreign-key", "the table `places` could not be read", "place_id"),),
    seconds=0.613,
)
