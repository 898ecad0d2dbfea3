"""Which files a build will write, told before it is built: nothing is derived or compared for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from deedbook.integrity.digests import SIGNATURE
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE
from deedbook.project import Project
from deedbook.release.contents import COPIED, release_formats
from deedbook.release.loaders import loader_names
from deedbook.versioning.corrections import PATH as CORRECTIONS
from deedbook.versioning.corrections import private_tables
from deedbook.versioning.verdict import Verdict

_SUFFIXES = {"parquet": ".parquet", "jsonl": ".jsonl", "stata": ".dta", "spss": ".sav", "rds": ".rds"}
_WHOLE = {"sqlite": ".sqlite", "xlsx": ".xlsx"}
_DOCUMENTS = (
    "BUILD.json",
    "CHANGELOG.md",
    "CITATION.cff",
    "CODEBOOK.html",
    "CODEBOOK.md",
    "README.md",
    "SHA256SUMS",
    "changes.json",
    "codebook.json",
    "croissant.json",
    "csv-metadata.json",
    "datacite.json",
    "datapackage.json",
    "dcat.ttl",
    "index.html",
    "provenance.intoto.jsonl",
    "release.json",
    "ro-crate-metadata.json",
    "validation.json",
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The files of a release that is not built yet.

    Attributes:
        tables: A file a table and format.
        whole: Files with all tables.
        documents: Everything else.
        diffs: What `daff` patches the edited tables with; derived ones are not known before the build.
    """

    tables: tuple[str, ...]
    whole: tuple[str, ...]
    documents: tuple[str, ...]
    diffs: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.tables, *self.whole, *self.documents, *self.diffs)


def forecast(project: Project, verdict: Verdict | None = None, environment: Mapping[str, str] = os.environ) -> Forecast:
    """The files of the project's next release.

    Args:
        project: What is to be released.
        verdict: What its version rests on; None for a first one.
        environment: Where a signing key may be named.
    """
    formats = release_formats(project)
    is_signed = any(environment.get(name) for name in (KEY_VARIABLE, KEY_FILE_VARIABLE))
    names = [resource.name for resource in project.package.resources]
    suffixes = (".csv", *(_SUFFIXES[kind] for kind in formats if kind in _SUFFIXES))
    root = project.package.root
    beside = [name for name in (*COPIED, CORRECTIONS) if (root / name).is_file()]
    differing: list[str] = []
    if verdict is not None:
        withheld = private_tables(verdict.reasons.given)
        tables = verdict.changes.tables
        differing = [item.table for item in tables if item.has_new_values and item.table not in withheld]
    return Forecast(
        tuple(f"{name}{suffix}" for name in (*names, *_views(project)) for suffix in suffixes),
        tuple(f"{project.package.name}{_WHOLE[kind]}" for kind in formats if kind in _WHOLE),
        tuple(sorted({*_DOCUMENTS, *loader_names(formats), *beside, *((SIGNATURE,) if is_signed else ())})),
        tuple(f"{name}.diff.csv" for name in differing),
    )


def _views(project: Project) -> list[str]:
    """The derived tables: those that have a schema and are no table of the package."""
    if project.schemas is None or "dataset" not in project.rule_files:
        return []
    known = {resource.name for resource in project.package.resources}
    found = (file.name.removesuffix(".schema.json") for file in project.schemas.glob("*.schema.json"))
    return sorted(name for name in found if name not in known)
