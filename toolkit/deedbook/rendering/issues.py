"""The report in the formats in which code hosts take what checkers find: SARIF 2.1.0, and the code quality report of GitLab.

Both know a finding again by its fingerprint: made of its rule and place, by the key of the row where there is one, so that a row that
moves within its file is no new finding.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from deedbook import __version__, files
from deedbook.findings import Finding, Report, Severity, place_in_package
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.text import sentence

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def render_sarif(report: Report, view: View = PLAIN) -> str:
    """The report as a SARIF log with one run: a result for each finding that is shown, also of those that are waived.

    A column of SARIF counts characters of a line, which a finding does not know: its field is the logical location.
    """
    severities = {total.rule: total.severity for total in report.totals}
    numbers = {rule: number for number, rule in enumerate(severities)}
    rules = [{"id": rule, "defaultConfiguration": {"level": _LEVELS[it]}} for rule, it in severities.items()]
    driver = {"name": "deedbook", "version": __version__, "rules": rules}
    results = []
    for finding, fingerprint in _fingerprints(report.findings):
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "ruleIndex": numbers.get(finding.rule, -1),
            "level": _LEVELS[finding.severity],
            "message": {"text": sentence(finding)},
            "locations": [_location(finding, view)],
            "partialFingerprints": {"deedbook/v1": fingerprint},
            "properties": {name: text for name in ("key", "value", "proposal") if (text := getattr(finding, name))},
        }
        if finding.waived is not None:
            result["suppressions"] = [{"kind": "external", "justification": finding.waived}]
        results.append(result)
    unchecked = [
        {"level": "warning", "message": {"text": f"not checked: {it.name} of {place_in_package(it)}: {it.reason}"}}
        for it in report.not_checked
    ]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": unchecked}],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }
    return files.json_document({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _location(finding: Finding, view: View) -> dict[str, Any]:
    """Where a finding stands: the line of a file, and the table and column."""
    column = {"name": finding.column or finding.table, "fullyQualifiedName": place_in_package(finding)}
    location: dict[str, Any] = {"logicalLocations": [column | {"kind": "member" if finding.column else "type"}]}
    if finding.path:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(view.path(finding.path), safe="/:?&=%#")}}
        if finding.line is not None:
            place["region"] = {"startLine": finding.line}
        location["physicalLocation"] = place
    return location


def render_gitlab(report: Report, view: View = PLAIN) -> str:
    """The findings that are shown and that nobody waived, as GitLab's code quality report: beside the changed lines of a merge request."""
    issues = [
        {
            "description": visible(sentence(finding)),
            "check_name": finding.rule,
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[finding.severity],
            "location": {"path": view.path(finding.path) or finding.table, "lines": {"begin": finding.line or 1}},
        }
        for finding, fingerprint in _fingerprints(report.open_findings)
    ]
    return files.json_document(issues)


def _fingerprints(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with a text that no other has, and that it keeps while others come and go."""
    times = Counter[tuple[object, ...]]()
    for it in findings:
        about = (it.rule, it.constraint, it.table, it.path, it.column, it.key or it.row, it.value)
        times[about] += 1
        yield it, hashlib.sha256(json.dumps([*about, times[about]]).encode()).hexdigest()
