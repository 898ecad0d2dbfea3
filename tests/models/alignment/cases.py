"""What a case is: changes to the small dataset, and the whole set of findings that follows."""

from __future__ import annotations

from dataclasses import dataclass

from tests.models.alignment.dataset import Change, Found, put


@dataclass(frozen=True, slots=True)
class Case:
    """Changes under which a rule fires, or must not, with every finding that they cause."""

    rule: str
    changes: tuple[Change, ...]
    findings: frozenset[Found]

    def __str__(self) -> str:
        shown = (f"{change.table} {change.key} {dict(change.cells or {})}" for change in self.changes)
        return f"{self.rule}: {'; '.join(shown)}"


def case(rule: str, *changes: Change | tuple[Change, ...], finds: tuple[str, ...] | str) -> Case:
    """A case; what it finds is written `table key field`, with `rule: ` before it where another rule fires too."""
    flat = tuple(step for change in changes for step in (change if isinstance(change, tuple) else (change,)))
    texts = (finds,) if isinstance(finds, str) else finds
    return Case(rule, flat, frozenset(_found(rule, text) for text in texts))


def _found(rule: str, text: str) -> Found:
    other, _, place = text.rpartition(": ")
    table, key, field = place.split(" ")
    return other or rule, table, key, field


def event(
    number: int,
    event_type: str = "statement.support",
    *,
    initiators: tuple[str, ...] = ("A000002",),
    recipients: tuple[str, ...] = ("A000004",),
    **cells: str,
) -> tuple[Change, ...]:
    """A whole event that the Daily Herald reports, in which no rule fires by itself."""
    key, claim = f"E{number:06}", f"C{number:05}9"
    told = {
        "title": "Something that happened",
        "summary": "A government did something, as the Daily Herald says.",
        "date_edtf": "2025-03-02",
        "date_basis": "act",
        "factuality": "occurred",
        "inclusion_basis": "act_between_states",
        "coder": "coder-1",
        "coded_on": "2026-11-20",
    }
    roles = [*((actor, "initiator") for actor in initiators), *((actor, "recipient") for actor in recipients)]
    return (
        put("events", key, event_type=event_type, **{**told, **cells}),
        *(put("event_participants", f"{key}|{actor}|{role}", as_claimed="false") for actor, role in roles),
        put(
            "claims",
            claim,
            event_id=key,
            aspect="occurrence",
            claimant_actor_id="A000005",
            stance="affirms",
            modality="asserted",
            coded_position="uninvolved",
            claim_text="It happened so.",
            claimed_on="2025-03-10",
        ),
        put("claim_sources", f"{claim}|S000001", hop="0", carriage="original"),
    )


def claim(number: int, **cells: str) -> tuple[Change, ...]:
    """A claim of the Daily Herald about E000002, carried by S000001."""
    key = f"C{number:06}"
    told = {
        "event_id": "E000002",
        "aspect": "occurrence",
        "claimant_actor_id": "A000005",
        "stance": "affirms",
        "modality": "asserted",
        "coded_position": "uninvolved",
        "claim_text": "It happened so.",
        "claimed_on": "2025-03-10",
    }
    return (
        put("claims", key, **{**told, **cells}),
        put("claim_sources", f"{key}|S000001", hop="0", carriage="original"),
    )


def actor(key: str, actor_type: str, **cells: str) -> Change:
    """An actor of that type."""
    return put("actors", key, **{"name": f"Actor {key}", "actor_type": actor_type, **cells})
