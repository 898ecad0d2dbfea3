"""Code lists with labels and definitions, for the columns and views that only a release has and for the codebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from deedbook.project import CODE_VALUES, Project
from deedbook.release.tables import Outline, read_canonical
from deedbook.schema import Label


@dataclass(frozen=True, slots=True)
class CodeLists:
    """The code lists of a project: labels by list in the order of the table, definitions by list and code."""

    labels: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    definitions: Mapping[tuple[str, str], str] = field(default_factory=dict)


def read_codes(project: Project) -> CodeLists:
    """The lists in the table `code_values`; none without such a table."""
    names = [resource.name for resource in project.package.resources]
    if CODE_VALUES not in names:
        return CodeLists()
    rows = read_canonical(project.package.resource(CODE_VALUES))
    if not {"list", "code"} <= set(rows.columns):
        return CodeLists()
    labels: dict[str, list[Label]] = {}
    definitions = {}
    for row in rows.iter_rows(named=True):
        labels.setdefault(row["list"], []).append(Label(row["code"], row.get("label_en") or ""))
        definitions[row["list"], row["code"]] = row.get("definition") or ""
    return CodeLists({name: tuple(items) for name, items in labels.items()}, definitions)


def labelled(outline: Outline, codes: CodeLists) -> Outline:
    """The outline, every field with a `codeList` having its categories."""
    return replace(outline, schema=outline.schema.with_categories(codes.labels))
