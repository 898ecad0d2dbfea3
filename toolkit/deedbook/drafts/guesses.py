"""What is guessed of a table, and what becomes of it in its schema.

A guess says one property of the schema, of a field of it, or of the resource, and what speaks for it. The schema keeps all of them as
`deedbook.guess`, so that later a person's decision can be told from a guess that nobody looked at.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deedbook.schema import own_settings

FORMS = tomllib.loads(Path(__file__).with_name("forms.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Guess:
    """What a table seems to be in one respect.

    Attributes:
        field: The field; empty for the table.
        name: The property: `type`, `constraints.required`, `primaryKey`, or of the resource `encoding`, `dialect.delimiter`.
        value: What it is; None for what is only asked.
        evidence: What speaks for it, in words.
        exceptions: Rows that speak against it, with their text.
        todo: What a person has to settle; empty when nothing is open.
    """

    field: str
    name: str
    value: Any
    evidence: str
    exceptions: tuple[tuple[int, str], ...] = ()
    todo: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """What it is about."""
        return self.field, self.name

    @property
    def is_of_schema(self) -> bool:
        """Whether the schema says it, and not the resource."""
        return self.value is not None and self.name != "encoding" and not self.name.startswith("dialect.")

    def to_json(self) -> dict[str, Any]:
        """As `deedbook.guess` has it, without what is empty."""
        exceptions = [{"row": row, "value": text} for row, text in self.exceptions]
        members = {"field": self.field, "property": self.name, "value": self.value, "evidence": self.evidence}
        members |= {"exceptions": exceptions, "todo": self.todo}
        return {name: value for name, value in members.items() if value not in ("", None, [])}


def read_guesses(schema: Mapping[str, Any]) -> list[Guess]:
    """What a schema keeps of its draft; what a person broke of it is left out."""
    kept = own_settings(schema).get("guess", [])
    found = []
    for item in kept if isinstance(kept, list) else ():
        if isinstance(item, Mapping) and item.get("property"):
            name, texts = str(item["property"]), [str(item.get(part, "")) for part in ("field", "evidence", "todo")]
            found.append(Guess(texts[0], name, item.get("value"), texts[1], todo=texts[2]))
    return found


def value_in(schema: Mapping[str, Any], guess: Guess) -> Any:
    """What a schema says where a guess would; None where it says nothing."""
    fields = {item.get("name"): item for item in schema.get("fields", []) if isinstance(item, Mapping)}
    value: Any = fields.get(guess.field, {}) if guess.field else schema
    for part in guess.name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def put(schema: dict[str, Any], guess: Guess) -> None:
    """The schema says what the guess does."""
    *holders, last = guess.name.split(".")
    holder = schema
    if guess.field:
        holder = next((item for item in schema["fields"] if item["name"] == guess.field), {})
        if not holder:
            holder = {"name": guess.field}
            schema["fields"].append(holder)
    for name in holders:
        holder = holder.setdefault(name, {})
    holder[last] = guess.value


def drop(schema: dict[str, Any], guess: Guess) -> None:
    """The schema says nothing any more where the guess did."""
    *holders, last = guess.name.split(".")
    holder: Any = schema
    if guess.field:
        holder = next((item for item in schema["fields"] if item["name"] == guess.field), {})
    for name in holders:
        holder = holder.get(name, {})
    holder.pop(last, None)


def schema_of(guesses: Sequence[Guess]) -> dict[str, Any]:
    """The Table Schema that guesses make."""
    schema: dict[str, Any] = {"$schema": "https://datapackage.org/profiles/2.0/tableschema.json", "fields": []}
    for guess in guesses:
        if guess.is_of_schema:
            put(schema, guess)
    schema["deedbook"] = {"guess": [guess.to_json() for guess in guesses]}
    return schema


@dataclass(frozen=True, slots=True)
class Proposal:
    """What new data would change in a schema; `is_settled` where a person decided otherwise, so that it is only said."""

    table: str
    guess: Guess
    current: Any
    is_settled: bool


def update(schema: Mapping[str, Any], guesses: Iterable[Guess], table: str) -> tuple[dict[str, Any], list[Proposal]]:
    """The schema as new data ask for it, and what changed or would: what a person settled stays.

    A property is settled when the schema says something else than the guess that it keeps, or keeps none; a question is when its
    `todo` is gone.
    """
    new: dict[str, Any] = json.loads(json.dumps(schema))
    before, proposals, kept = {item.place: item for item in read_guesses(schema)}, [], []
    for guess in guesses:
        old, current = before.pop(guess.place, None), value_in(schema, guess)
        is_settled = current != (old.value if old else None)
        if guess.is_of_schema and guess.value != current:
            proposals.append(Proposal(table, guess, current, is_settled))
            if not is_settled:
                put(new, guess)
        is_answered = is_settled or (old is not None and not old.todo)
        kept.append(replace(old or guess, todo="") if is_answered else guess)
    for old in before.values():  # what the data do not show any more
        current = value_in(schema, old)
        if old.is_of_schema and current is not None:
            is_settled = current != old.value or old.name == "type"
            proposals.append(Proposal(table, replace(old, value=None), current, is_settled))
            if not is_settled:
                drop(new, old)
                continue
        kept.append(old)
    new.setdefault("deedbook", {})["guess"] = [item.to_json() for item in kept]
    return new, proposals
