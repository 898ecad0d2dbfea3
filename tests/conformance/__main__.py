"""Prints how many recorded verdicts the engine agrees with, and lists the rest with their cause.

Usage: python -m tests.conformance [--all] [PART...]    PART: call, cell, package or the start of a case id
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.conformance import CONFORMANCE
from tests.conformance.decisions import read_decisions
from tests.conformance.recorded import Outcome, compare_all


def main(arguments: list[str]) -> int:
    """Prints the comparison; 1 when a difference is unexplained."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "--all", action="store_true", help="also list deviations and what is out of scope, case by case"
    )
    parser.add_argument("part", nargs="*", help="call, cell, package or the start of a case id")
    options = parser.parse_args(arguments)
    if not CONFORMANCE.is_dir():
        sys.stderr.write(f"{CONFORMANCE} is absent: nothing to compare with\n")
        return 0
    parts = tuple(options.part)
    outcomes = [outcome for outcome in compare_all(read_decisions()) if not parts or outcome.case.id.startswith(parts)]
    shown = {"unexplained", "deviation", "out-of-scope"} if options.all else {"unexplained"}
    listed = [f"\n{outcome}" for outcome in outcomes if outcome.status in shown]
    sys.stdout.write("\n".join([*summarise(outcomes), *listed]) + "\n")
    return 1 if any(outcome.status == "unexplained" for outcome in outcomes) else 0


def summarise(outcomes: list[Outcome]) -> list[str]:
    """One line for each kind of case, then one for each decision with the number of cases under it."""
    lines = []
    for kind, title in (("call", "recorded calls"), ("package", "package descriptors"), ("cell", "cells")):
        counts = Counter(outcome.status for outcome in outcomes if outcome.case.id.startswith(f"{kind}:"))
        if not counts.total():
            continue
        judged = counts.total() - counts["out-of-scope"]
        lines.append(
            f"{title}: {counts['agree']} of {judged} verdicts agree ({counts['agree'] / max(judged, 1):.1%}); "
            f"{counts['deviation']} differ by decision, {counts['unexplained']} unexplained; "
            f"{counts['out-of-scope']} of {counts.total()} out of scope"
        )
    reasons = Counter((outcome.status, outcome.reason) for outcome in outcomes)
    for status in ("deviation", "out-of-scope"):
        lines += [f"  {count:4} {status}: {reason}" for (kept, reason), count in reasons.items() if kept == status]
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
