"""The templates of the release's documents, and the filters that keep data from becoming markup in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from deedbook.release import charts

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")


def render(template: str, **values: object) -> str:
    """A document from its template; HTML is escaped unless the template says that it is markup."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=select_autoescape(
            enabled_extensions=("html.j2",), disabled_extensions=("md.j2", "py.j2", "R.j2", "do.j2", "sql.j2", "css")
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_text
    environment.filters["code"] = markdown_code
    environment.filters["sql"] = sql_text
    environment.filters["sql_name"] = sql_name
    environment.filters["anchor"] = anchor
    environment.filters["number"] = grouped
    environment.filters["size"] = size
    environment.filters["share"] = share
    environment.filters["histogram"] = charts.histogram
    environment.filters["groupby_order"] = grouped_by
    environment.filters["blocks"] = charts.blocks
    environment.filters["bar"] = charts.bar
    environment.filters["fill"] = charts.fill
    return environment


def markdown_text(text: object) -> str:
    """A text that Markdown shows as it is, on one line, also inside a table."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def markdown_code(text: object) -> str:
    """A text as inline code, also inside a table."""
    plain = " ".join(str(text).split()).replace("|", "\\|")
    fence = "``" if "`" in plain else "`"
    space = " " if fence == "``" else ""
    return f"{fence}{space}{plain}{space}{fence}" if plain else ""


def sql_text(text: object) -> str:
    """A text inside the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def sql_name(name: object) -> str:
    """A name as an SQL identifier."""
    return '"' + str(name).replace('"', '""') + '"'


def anchor(name: object) -> str:
    """A name as the id of an element: without white space."""
    return "_".join(str(name).split())


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that share a value, in their order."""

    grouper: object
    list: Sequence[object]


def grouped_by(entries: Iterable[object], attribute: str) -> list[Group]:
    """The entries by one of their attributes, the groups in the order of their first entries."""
    found: dict[object, list[object]] = {}
    for entry in entries:
        found.setdefault(getattr(entry, attribute), []).append(entry)
    return [Group(value, members) for value, members in found.items()]


def grouped(number: int) -> str:
    """A whole number with thousands apart: `1,048,576`."""
    return f"{number:,}"


def size(number: int) -> str:
    """A number of bytes in a unit that people read: `3.2 MB`, of a million bytes each."""
    if number < 1000:
        return f"{number} B"
    for unit, scale in (("GB", 10**9), ("MB", 10**6)):
        if number >= scale:
            return f"{number / scale:.1f} {unit}"
    return f"{number / 1000:.1f} kB"


def share(part: int, whole: int) -> str:
    """A share in percent, never rounded to 0 % or 100 % unless it is that."""
    if not whole or part == 0:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < percent < 100 else f"{percent:.1f} %".replace(".0 %", " %")
