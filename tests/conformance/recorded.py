"""The recorded verdicts of frictionless-py 5.21 and how the engine's verdicts compare with them.

Case ids: `call:LINE:TEST` (cases.jsonl), `cell:TYPE#N` (cells.jsonl), `package:PATH` (packages.jsonl).
A recorded call says which descriptor was validated with which checklist and limits; it does not record the folder that its
paths are relative to (ROOTS holds those that are not the repository's) nor the detector.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deedbook.descriptor import load_json
from tests.conformance import CONFORMANCE
from tests.conformance.decisions import Decision
from tests.conformance.verdict import Item, Verdict, judge_package, judge_resource, ordered

FRICTIONLESS = CONFORMANCE / "frictionless-py"
Status = Literal["agree", "deviation", "out-of-scope", "unexplained"]

# What `test_validate` of upstream passed as `basepath`; found by running frictionless on every folder with such files.
ROOTS = {
    "test_resource_dialect_header_false_issue_1478": "data/issue-1478",
    "test_resource_validate_resource_array_path_issue_991": "data",
    "test_package_validate_from_dict": "data/package",
    "test_package_validate_from_dict_invalid": "data/invalid",
    "test_package_validate_from_path": "data/package",
    "test_package_validate_from_path_invalid": "data/invalid",
    "test_package_validate_pathlib_source": "data/package",
    "test_package_validate_infer": "data/package",
    "test_package_validate_descriptor_type_package": "data/package",
    "test_package_validate_descriptor_type_package_invalid": "data/invalid",
    "test_package_validate_mixed_issue_170": "data/infer",
    "test_package_validate_geopoint_required_constraint_issue_231": "data/geopoint",
    "test_package_validate_number_test_issue_232": "data/number",
    "test_package_validate_with_diacritic_symbol_issue_905": "data/issue-905",
    "test_package_validate_with_skip_errors": "data/invalid",
    "test_inquiry_validate_with_one_resource_from_descriptor": "data",
    "test_inquiry_validate_with_one_package_from_descriptor": "data/package",
    "test_validate_package_descriptor_type_package": "data/package",
    "test_validate_package_descriptor_type_package_invalid": "data/invalid",
    "test_validate_package_single_resource_issue_221": "data",
    "test_console_validate_single_resource_221": "data",
    "test_console_validate_multipart_resource_1140": "data",
    "test_console_validate_dialect_overrided_issue_1478": "data/issue-1478",
}

# These calls passed `Detector(schema_sync=True)`, which the record lacks; frictionless documents it as the former name of
# `"fieldsMatch": "partial"`, which is what is judged here.
SYNCED = frozenset(
    {
        "test_resource_validate_detector_sync_schema",
        "test_resource_validate_detector_sync_schema_invalid",
        "test_resource_validate_detector_headers_errors",
        "test_validate_resource_duplicate_labels_with_sync_schema_issue_910",
        "test_resource_validate_resource_duplicate_labels_with_sync_schema_issue_910",
        "test_resource_with_missing_required_header_with_schema_sync_is_true_issue_1611",
        "test_validate_resource_ignoring_header_case_issue_1635",
        "test_validate_package_using_detector_schema_sync_issue_847",
        "test_package_validate_using_detector_schema_sync_issue_847",
        "test_resource_schema_sync_is_deprecated",
        "test_missing_primary_key_label_with_shema_sync_issue_1633",
        "test_console_validate_schema_sync",
        "test_console_validate_enforce_required_fields_only_for_data_using_schema_sync_1258",
    }
)

# So did this one, with `Detector(field_names=...)`, which is a schema that only names the fields.
FIELD_NAMES = {"test_console_validate_field_names": ("a", "b")}

# Errors by which frictionless refuses a descriptor; ours refuses it with an exception.
METADATA = frozenset(
    {"error", "metadata-error", "package-error", "resource-error", "schema-error", "field-error", "dialect-error"}
)
LABEL = frozenset({"blank-label", "duplicate-label", "extra-label", "missing-label", "incorrect-label"})
HEADER = LABEL | {"blank-header", "unmatched-header"}
CELL = frozenset({"extra-cell", "missing-cell", "type-error", "constraint-error", "unique-error"})
ROW = CELL | {"blank-row", "primary-key", "foreign-key"}
TAGS = {"#header": HEADER, "#label": LABEL, "#row": ROW, "#cell": CELL, "#table": HEADER | ROW}


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded verdict.

    Attributes:
        descriptor: The resource or package descriptor; None when frictionless refused it before it became one.
        root: The folder that its paths are relative to.
    """

    id: str
    kind: Literal["resource", "package"]
    descriptor: Mapping[str, Any] | None
    root: Path
    expected: Verdict
    checks: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    picked: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    limit: int | None = None
    only: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How ours compares with one recorded verdict; `reason` names the decision, or what differs."""

    case: Case
    status: Status
    reason: str
    ours: Verdict | None = None

    def __str__(self) -> str:
        ours = "" if self.ours is None else f"\n    ours:       {self.ours}"
        message = f" ({self.ours.refused})" if self.ours and self.ours.refused else ""
        return f"{self.case.id}: {self.status}: {self.reason}\n    recorded:   {self.case.expected}{ours}{message}"


def read_calls() -> Iterator[Case]:
    """The recorded calls of `Resource.validate` and `Package.validate`."""
    for number, raw in enumerate(_lines("cases.jsonl"), start=1):
        test = raw["case"].split("::")[-1]
        descriptor = raw["descriptor"]
        readable = "unserialisable" not in descriptor
        if test.split("[")[0] in SYNCED:
            descriptor = _synced(descriptor)
        if test in FIELD_NAMES:
            descriptor = {**descriptor, "schema": {"fields": [{"name": name} for name in FIELD_NAMES[test]]}}
        checklist = raw["checklist"] or {}
        root = FRICTIONLESS / _root_of(test, raw["valid"]) if readable else FRICTIONLESS
        yield Case(
            id=f"call:{number:03d}:{test}",
            kind=raw["kind"],
            descriptor=_joined(descriptor) if readable else None,
            root=root,
            expected=_expected(raw["expected"]),
            checks=frozenset(check.get("type", "custom") for check in checklist.get("checks", ())),
            formats=_formats(descriptor),
            picked=tuple(checklist.get("pickErrors", ())),
            skipped=tuple(checklist.get("skipErrors", ())),
            limit=raw["options"].get("limit_errors"),
            only=(raw["options"]["name"],) if "name" in raw["options"] else (),
            rows=raw["options"].get("limit_rows"),
        )


def read_packages() -> Iterator[Case]:
    """The package descriptors among upstream's fixtures."""
    for raw in _lines("packages.jsonl"):
        if "skipped" in raw:
            continue
        path = FRICTIONLESS / raw["package"]
        items = raw.get("raised") or raw.get("package_errors") or []
        expected = [Item(None, None, kind) for kind in items if isinstance(kind, str)]
        expected += [Item(*item) for _, item in raw.get("expected", ())]
        descriptor = load_json(path, "descriptor")
        yield Case(
            id=f"package:{raw['package'].removeprefix('data/')}",
            kind="package",
            descriptor=descriptor,
            root=path.parent,
            expected=Verdict(ordered(expected)),
            formats=_formats(descriptor),
        )


def read_cells(folder: Path) -> Iterator[Case]:
    """One table a cell, written into `folder`: the cell under test beside one that keeps the row from being blank."""
    for raw in _lines("cells.jsonl"):
        name = raw["case"].replace("#", "-")
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["name", "other"], [raw["source"], "x"]])
        schema = {"fields": [raw["field"], {"name": "other", "type": "string"}]}
        yield Case(
            id=f"cell:{raw['case']}",
            kind="resource",
            descriptor={"name": name, "path": f"{name}.csv", "schema": schema},
            root=folder,
            expected=Verdict(() if raw["valid"] else (Item(2, 1, "type-error"),)),
        )


def compare(case: Case, decisions: tuple[Decision, ...], **options: Any) -> Outcome:
    """How ours compares with the recorded verdict, and under which decision."""
    for decision in decisions:
        if decision.kind == "out-of-scope" and _is_covered(case, decision):
            return Outcome(case, "out-of-scope", decision.id)
    if case.descriptor is None:
        return Outcome(case, "out-of-scope", "descriptor not recorded")
    run = judge_package if case.kind == "package" else judge_resource
    ours = run(case.descriptor, case.root, tables=case.only, **options)
    named = next((decision for decision in decisions if case.id in decision.ours), None)
    unread = [item for item in ours.not_checked if item.name != "schema"]  # where there is none, nothing was declared
    if unread and not ours.items:  # a table that was not looked at is not valid
        first = unread[0]
        return Outcome(case, "unexplained", f"not checked: {first.name}: {first.reason}", ours)
    if _is_equal(case, ours):
        if named:
            return Outcome(case, "unexplained", f"{named.id} names it, yet it agrees: remove it there", ours)
        return Outcome(case, "agree", "", ours)
    if named:
        if named.ours[case.id] == str(ours):
            return Outcome(case, "deviation", named.id, ours)
        return Outcome(case, "unexplained", f"{named.id} says that ours is {named.ours[case.id]}", ours)
    return Outcome(case, "unexplained", "differs", ours)


def compare_all(decisions: tuple[Decision, ...], **options: Any) -> Iterator[Outcome]:
    """Every recorded call, cell and package against ours."""
    for case in (*read_calls(), *read_packages()):
        yield compare(case, decisions, **options)
    with tempfile.TemporaryDirectory() as folder:
        for case in read_cells(Path(folder)):
            yield compare(case, decisions, **options)


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with (FRICTIONLESS / name).open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _root_of(test: str, valid: bool) -> str:
    if test == "test_inquiry_validate_with_multiple_packages":
        return "data/package" if valid else "data/invalid"
    return ROOTS.get(test, ".")


def _expected(raw: list[list[Any]]) -> Verdict:
    return Verdict(ordered([Item(*item) for item in raw]))


def _synced(descriptor: dict[str, Any]) -> dict[str, Any]:
    """The descriptor with `"fieldsMatch": "partial"` in every schema."""
    if "resources" in descriptor:
        return {**descriptor, "resources": [_synced(resource) for resource in descriptor["resources"]]}
    schema = descriptor.get("schema")
    if isinstance(schema, str):
        schema = load_json(FRICTIONLESS / schema, "schema")
    return {**descriptor, "schema": {**schema, "fieldsMatch": "partial"}} if schema else descriptor


def _joined(descriptor: dict[str, Any]) -> dict[str, Any]:
    """The descriptor as a publisher writes it: the recorded `path` and `extrapaths` are one list in the standard."""
    if "resources" in descriptor:
        return {**descriptor, "resources": [_joined(resource) for resource in descriptor["resources"]]}
    extra = descriptor.get("extrapaths")
    if not extra:
        return descriptor
    return {**descriptor, "path": [descriptor["path"], *extra]}


def _formats(descriptor: Mapping[str, Any]) -> frozenset[str]:
    resources = [entry for entry in descriptor.get("resources", [descriptor]) if isinstance(entry, dict)]
    paths = [entry.get("path") for entry in resources]
    names = [path[0] if isinstance(path, list) and path else path for path in paths]
    formats = {str(entry.get("format", "")) for entry in resources}
    formats |= {"inline" for entry in resources if "data" in entry}
    formats |= {"remote" for name in names if isinstance(name, str) and name.startswith("http")}
    formats |= {Path(name).suffix.lstrip(".").lower() for name in names if isinstance(name, str)}
    formats |= {"file" for entry in resources if entry.get("type") in {"file", "text"}}
    return frozenset(formats - {""})


def _is_covered(case: Case, decision: Decision) -> bool:
    return bool(case.id in decision.cases or case.checks & decision.checks or case.formats & decision.formats)


def _is_equal(case: Case, ours: Verdict) -> bool:
    expected = case.expected.items
    if ours.crashed:
        return False
    if ours.refused:
        return bool(expected) and all(item.type in METADATA for item in expected)
    kept = tuple(item for item in ours.items if _is_wanted(item, case))
    if case.limit is not None and len(expected) >= case.limit:
        return len(expected) == case.limit and set(expected) <= set(kept)  # frictionless stopped there
    return kept == expected


def _is_wanted(item: Item, case: Case) -> bool:
    if case.rows is not None and item.row is not None and item.row > case.rows + 1:  # the header is row 1
        return False
    return (not case.picked or _is_named(item, case.picked)) and not _is_named(item, case.skipped)


def _is_named(item: Item, names: tuple[str, ...]) -> bool:
    return any(item.type == name or item.type in TAGS.get(name, ()) for name in names)
