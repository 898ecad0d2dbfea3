"""What a test asks of a page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Page(HTMLParser):
    """A page: its text, its links, its ids, the JSON in it, and what no page may have."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.ids: list[str] = []
        self.faults: list[str] = []
        self.json: dict[str, Any] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self._texts: list[str] = []
        self._script = ""
        self.feed(path.read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        """What people read, on one line."""
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in known.items()]
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known[name] for name in ("href", "src") if name in known]
        self.faults += [f"{tag} {name}" for name in known if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in known and "json" not in known.get("type", "")):
            self.faults.append(f"inline {tag}")
        self._script = known.get("id") or known.get("type", "") if tag == "script" and "src" not in known else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = ""

    def handle_data(self, data: str) -> None:
        if self._script:
            self.json[self._script] = json.loads(data)
        else:
            self._texts.append(data)

    @property
    def broken(self) -> list[str]:
        """Links that lead to no file below the catalogue, or to no element of this page."""
        return [link for link in self.links if not self._leads(link)]

    def _leads(self, link: str) -> bool:
        if re.match(r"https?:|data:,$", link):
            return True
        file, _, anchor = link.partition("#")
        return (self.path.parent / file).is_file() if file else anchor in self.ids


def pages_of(root: Path) -> list[Page]:
    """Every page of the site of a catalogue."""
    return [Page(path) for path in sorted((root / "site").rglob("*.html"))]
