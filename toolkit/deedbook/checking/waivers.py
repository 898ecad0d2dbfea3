"""Warnings that a maintainer accepted: which are waived, and which waivers have expired or match nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from deedbook.findings import Finding
from deedbook.project import Waiver

PATH = "waivers.csv"


@lru_cache(maxsize=1 << 12)
def _matches(pattern: str, text: str) -> bool:
    """Whether a cell of a waiver means a text: the same one, or one that its `*` stand for."""
    means = re.escape(pattern).replace(r"\*", ".*")
    return pattern == text or ("*" in pattern and re.fullmatch(means, text, re.DOTALL) is not None)


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of a table that are in force."""

    in_force: tuple[Waiver, ...] = ()

    def of_rule(self, rule: str) -> Waivers:
        """Those that may answer findings of a rule."""
        return Waivers(tuple(waiver for waiver in self.in_force if _matches(waiver.rule, rule)))

    def find(self, key: str, field: str) -> Waiver | None:
        """The one that answers a finding there; one that names the place goes before a pattern."""
        found = [item for item in self.in_force if _matches(item.key, key) and _matches(item.field, field)]
        return min(found, key=lambda item: (item.key + item.field).count("*"), default=None)


NO_WAIVERS = Waivers()


def waivers_in_force(waivers: Sequence[Waiver], table: str, today: str) -> Waivers:
    """The waivers of a table that are in force.

    Args:
        waivers: All of the package.
        table: The table's name.
        today: The ISO date that decides; a waiver is in force up to and on the day it expires.
    """
    return Waivers(tuple(item for item in waivers if _matches(item.table, table) and not has_expired(item, today)))


def has_expired(waiver: Waiver, today: str) -> bool:
    """Whether the waiver no longer counts; an empty `expires` never ends."""
    return bool(waiver.expires and today and waiver.expires < today)


def judge_waivers(waivers: Sequence[Waiver], used: Collection[int], ran: set[str], today: str) -> list[Finding]:
    """A warning for each waiver that has expired or that no finding needed.

    Args:
        waivers: All of the package.
        used: The rows of `waivers.csv` that answered a finding.
        ran: The rules that were evaluated; a waiver of another one is left alone.
        today: The ISO date that decides.
    """
    findings = []
    for waiver in waivers:
        place = f"{waiver.table} {waiver.key}"
        about = f"the waiver of `{waiver.rule}` for {place}"
        said = []
        if has_expired(waiver, today):
            message = f"{about} expired on {waiver.expires}"
            said.append(("waiver-expired", "expires", message, "renew it or correct the row"))
        elif waiver.row not in used and any(_matches(waiver.rule, rule) for rule in ran):
            message = f"nothing in {place} needs the waiver of `{waiver.rule}`"
            said.append(("waiver-unmatched", "rule", message, "delete the line"))
        if not waiver.reason.strip():
            said.append(
                ("waiver-without-reason", "reason", f"{about} gives no reason", "say why the warning is accepted")
            )
        for rule, column, message, hint in said:
            at = Finding(rule=rule, severity="warning", table="waivers", path=PATH, message=message, hint=hint)
            findings.append(replace(at, row=waiver.row, line=waiver.row, column=column, value=getattr(waiver, column)))
    return findings
