"""The templates of the release's documents, and the filters that keep data from becoming markup in them.

What is not zero stays visible in a graphic: `length_of` is a length in units of a part of a whole, 1.5 at least.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

if TYPE_CHECKING:
    from deedbook.release.statistics import Bin

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")
_UNSAFE_IN_ADDRESS = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What steers a terminal, or XML 1.0 cannot hold."""
_TEX = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {letter: f"\\{letter}" for letter in "&%$#_{}"}
)
_VERBATIM = str.maketrans({"{": r"\%7B", "}": r"\%7D", "%": r"\%"})
"""In a field that BibTeX's styles print as it is, braces must balance and a percent sign must not begin a comment."""
_LINE = 80
_BLOCKS = "·▁▂▃▄▅▆▇█"


def render(template: str, /, **values: object) -> str:
    """A document of a release from its template, as `render_in`."""
    return render_in(Path(__file__).parent / "templates", template, **values)


def render_in(folder: Path, template: str, /, **values: object) -> str:
    """A document from its template in a folder; HTML is escaped unless the template says that it is markup.

    Characters that steer a terminal are shown as U+FFFD.
    """
    return _CONTROL.sub("\ufffd", _environment(folder).get_template(template).render(**values))


def json_text(value: object, indent: int | None = None, default: Callable[[Any], object] | None = None) -> str:
    """JSON in which no character steers a terminal; a document, which is indented, ends its last line."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + ("\n" if indent else "")


def integrity(text: str) -> str:
    """How the policy of a page names a script or a style that is its own."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder, encoding="utf-8"),
        autoescape=select_autoescape(enabled_extensions=("html.j2", "xml.j2"), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "anchor": lambda name: "_".join(str(name).split()),  # as the id of an element: without white space
        "blocks": blocks,
        "code": markdown_code,
        "groupby_order": grouped_by,
        "integrity": integrity,
        "iri": iri,
        "length_of": lambda part, whole, size: f"{max(size * part / whole, 1.5):.2f}" if whole and part else "0",
        "literal": json_text,
        "md": lambda text: _MARKDOWN.sub(r"\\\1", " ".join(str(text).split())),  # on one line, also inside a table
        "number": "{:,}".format,
        "share": share,
        "size": size,
        "sql": sql_text,
        "sql_name": sql_name,
        "tex": lambda text: " ".join(text.split()).translate(_TEX),
        "turtle": json_text,  # JSON's escapes are among Turtle's, apart from surrogates, which it does not write
        "verbatim": lambda text: text.translate(_VERBATIM),
        "wrapped": wrapped,
    }
    return environment


def markdown_code(text: object) -> str:
    """A text as inline code, also inside a table."""
    plain = " ".join(str(text).split()).replace("|", "\\|")
    fence, space = ("``", " ") if "`" in plain else ("`", "")
    return f"{fence}{space}{plain}{space}{fence}" if plain else ""


def sql_text(text: object) -> str:
    """A text inside the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def sql_value(value: object) -> str:
    """A value as an SQL literal."""
    return f"'{sql_text(value)}'" if isinstance(value, str) else repr(value)


def sql_name(name: object) -> str:
    """A name as an SQL identifier."""
    return '"' + str(name).replace('"', '""') + '"'


def iri(address: str) -> str:
    """An address between angle brackets, none of its characters able to end it."""
    return "<" + _UNSAFE_IN_ADDRESS.sub(lambda found: quote(found.group()), address) + ">"


def turtle_document(blocks: Iterable[str]) -> str:
    """A whole file: the prefixes, and each block once."""
    return "\n".join([render("prefixes.ttl"), *dict.fromkeys(blocks)])


def grouped_by(entries: Iterable[object], attribute: str) -> list[tuple[object, list[object]]]:
    """The entries by one of their attributes, the groups in the order of their first entries."""
    found: dict[object, list[object]] = {}
    for entry in entries:
        found.setdefault(getattr(entry, attribute), []).append(entry)
    return list(found.items())


def size(number: int) -> str:
    """A number of bytes in a unit that people read: `3.2 MB`, of a million bytes each."""
    if number < 1000:
        return f"{number} B"
    unit, scale = next((item for item in (("GB", 10**9), ("MB", 10**6)) if number >= item[1]), ("kB", 1000))
    return f"{number / scale:.1f} {unit}"


def share(part: int, whole: int) -> str:
    """A share in percent, never rounded to 0 % or 100 % unless it is that."""
    percent = 100 * part / whole if whole else 0
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < percent < 100 else f"{percent:.1f} %".replace(".0 %", " %")


def blocks(bins: Sequence[Bin]) -> str:
    """A histogram in one line of plain text: a block per interval, a dot for an empty one."""
    most = max((entry.count for entry in bins), default=0)
    return "".join(_BLOCKS[-(-entry.count * (len(_BLOCKS) - 1) // most)] if most else _BLOCKS[0] for entry in bins)


def wrapped(lines: str, indent: str = "") -> str:
    """Lines as items separated by commas: on one line if they fit, else a few a line, below what stands at `indent`."""
    items = lines.strip("\n").split("\n") if lines else []
    line = ", ".join(items)
    if len(line) <= _LINE:
        return line
    found = [""]
    for item in items:
        if found[-1] and len(found[-1]) + len(item) > _LINE:
            found.append("")
        found[-1] += f"{item}, "
    start = f"\n{indent}    "
    return start + start.join(text.rstrip() for text in found)[:-1] + f"\n{indent}"
