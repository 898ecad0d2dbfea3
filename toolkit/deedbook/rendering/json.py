"""The report as JSON: one shape, `report.schema.json`, at any verbosity."""

from __future__ import annotations

import json
from typing import Any

from deedbook.findings import Report, report_record
from deedbook.rendering import PLAIN, View


def render(report: Report, view: View = PLAIN) -> str:  # noqa: ARG001  # as every format
    """The report as indented JSON with a final line end; only `stats.seconds` differs from run to run."""
    record: dict[str, Any] = report_record(report)
    record["stats"] = {**record["stats"], "seconds": round(report.seconds, 3)}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `render` writes."""
    from importlib import resources  # which takes longer than rendering

    text = resources.files(__package__).joinpath("report.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
