"""docs/reference/conformance.md: what agrees, every deviation with its reason and cases, and how the standard is read."""

from __future__ import annotations

from collections.abc import Iterable

from tests.conformance import CASES
from tests.conformance.decisions import Decision, Reading, read_counts, read_decisions, read_readings
from tests.fuzz.deviations import DEVIATIONS

_TITLES = {"call": "recorded `validate` calls", "package": "package descriptors", "cell": "single cells"}
_INTRODUCTION = """\
# Conformance

The engine follows the text of [Data Package v2](https://datapackage.org/standard/) and reads descriptors of version 1. What it says is
held against frictionless-py 5.21 in three ways, and every difference has a name and a reason here; one that has none fails the gate.

* Verdicts that frictionless-py gave while its own tests ran were recorded; ours are compared with them, finding by finding
  (`python -m tests.conformance`).
* A fuzzer makes schemas and CSV texts, sound and nasty, and compares the verdicts (`make fuzz` runs 50,000, the gate 2,000).
* {cases} language-neutral cases of our own say what the standard says: `tests/conformance/cases/`. Use them for your validator.

What is declared and cannot be enforced is in `not_checked` of the report, and fails under `--strict`.

## Recorded verdicts
"""
_FUZZED = """\
## Differences that the fuzzer may meet

| id | reason |
| --- | --- |
"""


def conformance_page() -> str:
    """The whole page."""
    decisions = read_decisions()
    parts = [_INTRODUCTION.format(cases=len(list(CASES.glob("*/expected.json")))), _counts()]
    deviations = [decision for decision in decisions if decision.kind == "deviation"]
    parts += ["## Deviations from frictionless-py\n", _decisions(deviations)]
    parts += ["## Not compared\n", _decisions(decision for decision in decisions if decision.kind == "out-of-scope")]
    parts.append(_FUZZED + "".join(f"| `{item.id}` | {_cell(item.reason)} |\n" for item in DEVIATIONS))
    readings = read_readings()
    parts += ["## Where ours departs from the text of the standard\n", _readings(readings, "departs")]
    parts += ["## How the standard is read where its text is open\n", _readings(readings, "open")]
    return "\n".join(parts).rstrip() + "\n"


def _counts() -> str:
    lines = ["| kind | agree | differ by decision | unexplained | not compared |", "| --- | --- | --- | --- | --- |"]
    for kind, count in read_counts().items():
        compared = count["agree"] + count["deviation"]
        agree = f"{count['agree']} of {compared} ({count['agree'] / compared:.1%})"
        lines.append(f"| {_TITLES[kind]} | {agree} | {count['deviation']} | 0 | {count['out-of-scope']} |")
    return "\n".join(lines) + "\n"


def _decisions(decisions: Iterable[Decision]) -> str:
    lines = ["| id | cases | reason |", "| --- | --- | --- |"]
    lines += [f"| `{item.id}` | {_cases(item)} | {_cell(item.reason)} |" for item in decisions]
    return "\n".join(lines) + "\n"


def _cases(decision: Decision) -> str:
    names = [*decision.ours, *sorted(decision.cases)]
    if not names:
        return ", ".join(f"`{name}`" for name in sorted(decision.checks | decision.formats))
    return f"{len(names)}: " + ", ".join(f"`{_cell(name)}`" for name in names)


def _readings(readings: Iterable[Reading], kind: str) -> str:
    lines = ["| id | the standard | ours | cases |", "| --- | --- | --- | --- |"]
    for reading in readings:
        if reading.kind == kind:
            cases = ", ".join(f"`{name}`" for name in reading.cases)
            lines.append(f"| `{reading.id}` | {_cell(reading.text)} | {_cell(reading.ours)} | {cases} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
