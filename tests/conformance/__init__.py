"""What other people's fixtures and verdicts say about the engine.

    verdict.py          runs the engine on a descriptor and reduces the report to (row, field, type) items
    recorded.py         ../shared/conformance/frictionless-py: recorded calls, cells and packages, and how ours compare
    decisions.py        deviations.toml: where ours differs on purpose, or a case asks for something out of scope
    __main__.py         `python -m tests.conformance`: how many verdicts agree, and the rest with their cause
    cases/              our own cases, language-neutral: see cases/README.md

`../shared` lies beside the repository; what needs it is skipped by name where it is absent.
"""

from __future__ import annotations

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CONFORMANCE = SHARED / "conformance"
CASES = Path(__file__).with_name("cases")
