"""What is guessed of a table, and what becomes of it in its schema.

A guess says one property of the schema, of a field of it, or of the resource, and what speaks for it. The schema keeps all of them as
`deedbook.guess`, so that later a person's decision can be told from a guess that nobody looked at.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        asked: Whether there was a question: a person who deleted the `todo` answered it, and the property is settled.
    """

    field: str
    name: str
    value: Any
    evidence: str
    exceptions: tuple[tuple[int, str], ...] = ()
    todo: str = ""
    asked: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """What it is about."""
        return self.field, self.name

    @property
    def is_of_resource(self) -> bool:
        """Whether it tells how the file is read, which no new rows change."""
        return self.name in {"encoding", "path"} or self.name.startswith("dialect.")

    @property
    def is_of_schema(self) -> bool:
        """Whether the schema says it, and not the resource."""
        return self.value is not None and not self.is_of_resource

    def to_json(self) -> dict[str, Any]:
        """As `deedbook.guess` has it, without what is empty."""
        exceptions = [{"row": row, "value": text} for row, text in self.exceptions]
        members = {"field": self.field, "property": self.name, "value": self.value, "evidence": self.evidence}
        members |= {"exceptions": exceptions, "asked": bool(self.todo) or self.asked or None, "todo": self.todo}
        return {name: value for name, value in members.items() if value not in ("", None, [])}


def _read_guesses(schema: Mapping[str, Any]) -> list[Guess]:
    """What a schema keeps of its draft; what a person broke of it is left out."""
    kept = own_settings(schema).get("guess", [])
    found = []
    for item in kept if isinstance(kept, list) else ():
        if isinstance(item, Mapping) and item.get("property"):
            name, texts = str(item["property"]), [str(item.get(part, "")) for part in ("field", "evidence", "todo")]
            asked, rows = item.get("asked") is True, tuple(_read_exceptions(item.get("exceptions")))
            found.append(Guess(texts[0], name, item.get("value"), texts[1], rows, texts[2], asked))
    return found


def _read_exceptions(kept: object) -> Iterator[tuple[int, str]]:
    """The rows that spoke against a guess, with their text."""
    for item in kept if isinstance(kept, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("row"), int):
            yield item["row"], str(item.get("value", ""))


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
    schema.setdefault("deedbook", {})["guess"] = [guess.to_json() for guess in guesses]
    return schema


@dataclass(frozen=True, slots=True)
class Proposal:
    """What new data say of one property.

    Attributes:
        old: The guess that the schema keeps; None for none.
        new: The one that the data make; None where they do not show it any more.
        current: What the schema says.
    """

    table: str
    old: Guess | None
    new: Guess | None
    current: Any

    @property
    def guess(self) -> Guess:
        """What the data say; without a value where they do not show it any more."""
        return self.new or replace(self.old or Guess("", "", None, ""), value=None)

    @property
    def is_settled(self) -> bool:
        """Whether a person decided: the schema says something else than the guess that it keeps, or its question was answered."""
        is_held = self.new is not None or self.guess.name != "type"  # a column that is gone is not dropped
        return not is_held or self.is_answered or self.current != (self.old.value if self.old else None)

    @property
    def is_answered(self) -> bool:
        """Whether the question about what the schema says is gone, which only a person takes away."""
        return self.old is not None and self.old.asked and not self.old.todo and self.current is not None

    @property
    def is_change(self) -> bool:
        """Whether the schema says something else than the data."""
        known = self.new or self.old
        return known is not None and known.is_of_schema and self.guess.value != self.current

    @property
    def kept(self) -> Guess | None:
        """The guess that the schema keeps from here on; a question is not asked again once its `todo` is gone."""
        if self.old and not self.new and self.old.is_of_resource:
            return self.old
        if self.is_settled or not self.new:
            return replace(self.old or self.guess, todo="") if self.is_settled or not self.is_change else None
        is_answered = self.old and self.old.asked and not self.old.todo and self.old.value == self.new.value
        return replace(self.new, todo="", asked=True) if is_answered else self.new


def _by_place(guesses: Iterable[Guess]) -> dict[tuple[str, str], Guess]:
    return {guess.place: guess for guess in guesses}


def update(schema: Mapping[str, Any], guesses: Iterable[Guess], table: str) -> tuple[dict[str, Any], list[Proposal]]:
    """The schema as new data ask for it, and what changed or would: what a person settled stays."""
    updated: dict[str, Any] = json.loads(json.dumps(schema))
    before, found = _by_place(_read_guesses(schema)), _by_place(guesses)
    proposals = [
        Proposal(table, before.get(place), found.get(place), value_in(schema, guess))
        for place, guess in (before | found).items()
    ]
    changes = [item for item in proposals if item.is_change]
    for item in changes:
        if not item.is_settled:
            (put if item.new else drop)(updated, item.guess)
    kept = (item.kept for item in proposals)
    updated.setdefault("deedbook", {})["guess"] = [guess.to_json() for guess in kept if guess]
    return updated, changes
