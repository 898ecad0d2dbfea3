"""Changes as JSON: one shape, whatever was asked for."""

from __future__ import annotations

import json

from deedbook.changes.records import Changes, changes_record


def render_json(changes: Changes) -> str:
    """The changes as indented JSON with a final line end."""
    return json.dumps(changes_record(changes), ensure_ascii=False, indent=2) + "\n"
