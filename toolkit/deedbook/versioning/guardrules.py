"""The rules that compare a release with the one before it, by id: what the codebook and the reference list."""

from __future__ import annotations

from dataclasses import dataclass

from deedbook.findings import Severity
from deedbook.versioning.statuses import EVIDENCE_TABLES


@dataclass(frozen=True, slots=True)
class GuardRule:
    """One rule between two releases.

    Attributes:
        ref: Its number in the model.
        needs: The tables without which it does not apply.
    """

    id: str
    severity: Severity
    ref: str
    says: str
    hint: str
    needs: tuple[str, ...] = ()


_IDS = ("id_redirects",)
_EVENTS = ("events", "event_participants")

GUARD_RULES: tuple[GuardRule, ...] = (
    GuardRule(
        "published-id-vanished",
        "error",
        "R-60",
        "a published id is gone without a redirect",
        "add a row to id_redirects",
        _IDS,
    ),
    GuardRule(
        "retired-id-returned",
        "error",
        "R-61",
        "an id that an earlier release retired stands again",
        "give the row a new id",
        _IDS,
    ),
    GuardRule(
        "new-id-too-low",
        "error",
        "R-61",
        "a new id is not higher than every id that was issued in the table",
        "give new rows the next numbers",
        _IDS,
    ),
    GuardRule(
        "id-reused",
        "warning",
        "R-61",
        "an id names a row of which next to nothing is as before",
        "give a new row a new id",
        _IDS,
    ),
    GuardRule(
        "event-changed-identity",
        "error",
        "R-62",
        "an event has another kind of act and other initiators",
        "retire the id and give the new event a new one",
        _EVENTS,
    ),
    GuardRule(
        "event-identity-doubtful",
        "warning",
        "R-62",
        "an event has another kind of act, or other initiators",
        "is it still the same event?",
        _EVENTS,
    ),
    GuardRule(
        "correction-without-reason",
        "error",
        "R-63",
        "a corrected cell or a withdrawn row of a published table has no reason",
        "draft the rows with `deedbook plan --write-corrections`, then fill in `reason`",
    ),
    GuardRule(
        "correction-outdated",
        "error",
        "R-63",
        "a reason explains other values than those that changed",
        "run `deedbook plan --write-corrections` again",
    ),
    GuardRule(
        "correction-reason-unknown",
        "error",
        "R-63",
        "a reason is no code of the list `reason`",
        "use a code of the list",
    ),
    GuardRule(
        "correction-unmatched", "warning", "R-63", "a reason explains something that did not change", "delete the line"
    ),
    GuardRule(
        "status-fell-without-reason",
        "error",
        "R-64",
        "the status of an event fell and nobody says why",
        "draft the row with `deedbook plan --write-corrections`, then fill in `reason`",
        EVIDENCE_TABLES,
    ),
    GuardRule(
        "table-shrank",
        "error",
        "R-65",
        "a table loses more than 5 % or 50 of its published rows",
        "acknowledge it in corrections.csv where it is meant",
    ),
    GuardRule(
        "code-vanished",
        "error",
        "R-65",
        "no row has a code any more that rows had",
        "acknowledge it in corrections.csv where it is meant",
    ),
    GuardRule(
        "version-below-floor",
        "error",
        "R-66",
        "the version is lower than the changes ask for",
        "run `deedbook plan --write`",
    ),
    GuardRule(
        "version-not-after-previous",
        "error",
        "R-66",
        "the version does not come after the previous release",
        "run `deedbook plan --write`",
    ),
    GuardRule(
        "changes-do-not-add-up",
        "error",
        "R-67",
        "the previous release and the changes are not this release",
        "validate the table, or report a bug",
    ),
    GuardRule(
        "mostly-rewritten",
        "warning",
        "R-69",
        "more than 20 % of the rows changed in text, and less than 1 % in value",
        "check whether a tool reordered or reformatted cells",
    ),
    GuardRule("coverage-events-by-month", "info", "R-70", "how many events each month has", "", ("events",)),
    GuardRule(
        "coverage-actors-without-code",
        "info",
        "R-70",
        "how many actors have no code of a scheme",
        "",
        ("actors", "actor_codes"),
    ),
    GuardRule(
        "coverage-sources-without-archive", "info", "R-70", "how many sources have no archived copy", "", ("sources",)
    ),
    GuardRule(
        "coverage-single-origin", "info", "R-70", "how many events rest on one origin alone", "", EVIDENCE_TABLES
    ),
)
