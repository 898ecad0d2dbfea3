"""Warnings that a maintainer accepted: which are waived, and which waivers have expired or match nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deedbook.findings import Finding
from deedbook.project import Waiver

Accepted = Mapping[str, Mapping[tuple[str, str], str]]
"""Rule to (key, field) to the reason."""

PATH = "waivers.csv"


def accepted(waivers: Sequence[Waiver], table: str, today: str) -> Accepted:
    """The waivers of a table that are in force.

    Args:
        waivers: All of the package.
        table: The table's name.
        today: The ISO date that decides; a waiver is in force up to and on the day it expires.
    """
    found: dict[str, dict[tuple[str, str], str]] = {}
    for waiver in waivers:
        if waiver.table == table and not has_expired(waiver, today):
            found.setdefault(waiver.rule, {})[(waiver.key, waiver.field)] = waiver.reason
    return found


def has_expired(waiver: Waiver, today: str) -> bool:
    """Whether the waiver no longer counts; an empty `expires` never ends."""
    return bool(waiver.expires and today and waiver.expires < today)


def judge_waivers(
    waivers: Sequence[Waiver], used: Mapping[str, set[tuple[str, str, str]]], ran: set[str], today: str
) -> list[Finding]:
    """A warning for each waiver that has expired or that no finding needed.

    Args:
        waivers: All of the package.
        today: The ISO date that decides.
        used: For each table, the (rule, key, field) that a waiver answered.
        ran: The rules that were evaluated; a waiver of another one is left alone.
    """
    findings = []
    for waiver in waivers:
        if has_expired(waiver, today):
            message = f"the waiver of `{waiver.rule}` for {waiver.table} {waiver.key} expired on {waiver.expires}"
            findings.append(_finding("waiver-expired", waiver, "expires", message, "renew it or correct the row"))
        elif waiver.rule in ran and (waiver.rule, waiver.key, waiver.field) not in used.get(waiver.table, set()):
            message = f"nothing in {waiver.table} {waiver.key} needs the waiver of `{waiver.rule}`"
            findings.append(_finding("waiver-unmatched", waiver, "rule", message, "delete the line"))
        if not waiver.reason.strip():
            message = f"the waiver of `{waiver.rule}` for {waiver.table} {waiver.key} gives no reason"
            findings.append(
                _finding("waiver-without-reason", waiver, "reason", message, "say why the warning is accepted")
            )
    return findings


def _finding(rule: str, waiver: Waiver, column: str, message: str, hint: str) -> Finding:
    return Finding(
        rule=rule,
        severity="warning",
        table="waivers",
        path=PATH,
        row=waiver.row,
        line=waiver.row,
        column=column,
        message=message,
        hint=hint,
        value=getattr(waiver, column),
    )
