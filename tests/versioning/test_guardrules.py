"""Every rule between releases is listed once with what it says, and the list names none that does not exist."""

from __future__ import annotations

import ast
from pathlib import Path

import deedbook.versioning
from deedbook.findings import Severity
from deedbook.versioning.guardrules import GUARD_RULES

SEVERITIES: set[Severity] = {"error", "warning", "info"}


def rules_in_source() -> set[str]:
    """The first argument of `_finding` and `_of_row`, and `rule=` of `Finding`, in the modules that judge releases."""
    found = set()
    for name in ("guards", "judging", "corrections"):
        tree = ast.parse((Path(deedbook.versioning.__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                ids = [word.value for word in call.keywords if word.arg == "rule"] if call.func.id == "Finding" else []
                ids += call.args[:1] if call.func.id in {"_finding", "_of_row"} else []
                found |= {str(node.value) for node in ids if isinstance(node, ast.Constant)}
    return found


def test_the_list_is_what_the_code_says() -> None:
    assert rules_in_source() == {item.id for item in GUARD_RULES}
    assert len({item.id for item in GUARD_RULES}) == len(GUARD_RULES)
    assert {item.severity for item in GUARD_RULES} <= SEVERITIES


def test_each_listed_rule_has_a_test_that_triggers_it() -> None:
    folder = Path(__file__).parent
    tests = "\n".join(
        file.read_text(encoding="utf-8") for file in folder.glob("test_*.py") if file.name != Path(__file__).name
    )
    assert [item.id for item in GUARD_RULES if f'"{item.id}"' not in tests] == []
