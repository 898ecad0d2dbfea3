"""Short forms: what a person writes of one entry, such as an event, and the rows of several tables that it stands for.

A project's `schemas/dataset.py` names its own as `forms`, by what is added, and how a row is explained as `explain`.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from text_unidecode import unidecode

from deedbook.errors import UsageError

Tables = Mapping[str, pl.DataFrame]
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of entry is written.

    Attributes:
        rows: The rows, by table, that a form stands for. It gets what was written, the typed tables, and what allots the next id of a
            table, and the ISO date of the day; what is wrong with the form is a `UsageError`.
        like: The form of an entry that is there, by its id.
    """

    rows: Callable[[Mapping[str, Any], Tables, Callable[[str], str], str], Mapping[str, Sequence[Row]]]
    like: Callable[[str, Tables], dict[str, Any]]


def spelled(text: str) -> str:
    """A name as names are compared: in Latin letters, without case, accents, spaces and signs."""
    return re.sub(r"[^a-z0-9]+", "", unidecode(text).casefold())


class Names:
    """Ids by any of the names that they go by."""

    def __init__(self, what: str, known: Iterable[tuple[str | None, str | None]] = ()) -> None:
        self._what, self._ids = what, dict[str, dict[str, str]]()
        for id_, name in known:
            if id_ and name:
                self.add(id_, name)

    def add(self, id_: str, *names: str) -> None:
        """Lets an id go by further names, and by itself."""
        for name in (*names, id_):
            self._ids.setdefault(spelled(name), {})[id_] = name

    def find(self, name: object) -> str:
        """The one id that goes by a name.

        Raises:
            UsageError: when there is none, or more than one.
        """
        found = self._ids.get(spelled(str(name)), {})
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise UsageError(f"`{name}` is {self._what} {' or '.join(sorted(found))}", "write the id")
        near = difflib.get_close_matches(spelled(str(name)), self._ids, n=1)
        meant = f"did you mean `{next(iter(self._ids[near[0]].values()))}`? " if near else ""
        raise UsageError(
            f"no {self._what} goes by `{name}`",
            f"{meant}`deedbook find` looks for names; new ones are described in the form",
        )
