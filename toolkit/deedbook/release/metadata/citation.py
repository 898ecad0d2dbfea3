"""`CITATION.cff` (Citation File Format 1.2.0), type dataset.

Every text is a JSON string, which is also a YAML string whatever it contains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.release.edition import Edition
from deedbook.release.pages import render

_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)$", re.IGNORECASE)
_ORCID = re.compile(r"https?://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]")


def citation_cff(package: Package, edition: Edition) -> str:
    """How to cite the release, in the form that GitHub, Zenodo and reference managers read."""
    home = package.raw.get("homepage")
    return render(
        "CITATION.cff.j2",
        edition=edition,
        date=f"{edition.created:%Y-%m-%d}",
        doi=doi_of(package),
        concept_doi=concept_doi_of(package),
        home=home if isinstance(home, str) and home.startswith("http") else "",
        licences=objects_in(package.raw.get("licenses"))[:1],
        authors=authors_of(package, edition),
        keywords=texts_in(package.raw.get("keywords")),
    )


def doi_of(package: Package) -> str:
    """The DOI that is reserved for this version, else the one in the descriptor's `id`; empty without one."""
    return reserved_doi(package, package.version) or doi_in(package.raw)


def reserved_doi(package: Package, version: str) -> str:
    """The DOI that `plan --reserve` put into the descriptor, if that was for this version; empty otherwise."""
    reserved = _own(package).get("doi")
    if not isinstance(reserved, Mapping) or not version or reserved.get("version") != version:
        return ""
    return _doi(reserved.get("doi"))


def doi_in(descriptor: Mapping[str, object]) -> str:
    """The DOI in the `id` of a descriptor that is not loaded; empty without one."""
    return _doi(descriptor.get("id"))


def concept_doi_of(package: Package) -> str:
    """The DOI of all versions, `deedbook.concept_doi` of the descriptor; empty without one.

    Raises:
        ProjectError: when it is no DOI, or that of this version: a citation of one version would lead to another.
    """
    text = _own(package).get("concept_doi")
    doi = _doi(text)
    if text and not doi:
        raise ProjectError(f"`deedbook.concept_doi` is {text!r}, which is no DOI", "write it as 10.5281/zenodo.1")
    if doi and doi.lower() == doi_of(package).lower():
        raise ProjectError(
            f"`id` and `deedbook.concept_doi` are the same DOI, {doi}",
            "`id` is the DOI of this version, `deedbook.concept_doi` that of all versions",
        )
    return doi


def _own(package: Package) -> Mapping[str, Any]:
    own = package.raw.get("deedbook")
    return own if isinstance(own, Mapping) else {}


def _doi(text: object) -> str:
    match = _DOI.match(str(text or ""))
    return match.group(1) if match else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person (with a family name) or an organisation; empty what is not known."""

    name: str
    given: str = ""
    family: str = ""
    orcid: str = ""
    website: str = ""
    affiliation: str = ""

    @property
    def is_person(self) -> bool:
        """Whether it is known to be a person."""
        return bool(self.family)

    @property
    def id(self) -> str:
        """An address that stands for it; empty without one."""
        return self.orcid or self.website

    @property
    def listed_name(self) -> str:
        """The name as lists of references have it, the family's first."""
        return ", ".join(part for part in (self.family, self.given) if part) or self.name


def contributors_of(package: Package, *roles: str) -> tuple[Agent, ...]:
    """Who contributed to a dataset, in these roles if some are named."""
    entries = objects_in(package.raw.get("contributors"))
    if roles:
        entries = [entry for entry in entries if {*texts_in(entry.get("roles")), entry.get("role")} & {*roles}]
    return tuple(agent for entry in entries if (agent := _agent(entry)).name)


def authors_of(package: Package, edition: Edition) -> tuple[Agent, ...]:
    """The authors: contributors with an author's role, else all, else the dataset's own."""
    found = contributors_of(package, "author", "creator") or contributors_of(package)
    return found or (Agent(name=f"The contributors to {edition.title}"),)


def citation_text(package: Package, edition: Edition) -> str:
    """The citation as one line of a reference list."""
    names = "; ".join(author.listed_name for author in authors_of(package, edition))
    doi = doi_of(package)
    address = f"https://doi.org/{doi}" if doi else str(package.raw.get("homepage", ""))
    text = f"{names} ({edition.created:%Y}). {edition.title} (version {edition.version}) [Data set]."
    return f"{text} {address}".strip()


def objects_in(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list of the descriptor; none of anything else."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


def texts_in(value: object) -> tuple[str, ...]:
    """The texts of a list of the descriptor; none of anything else."""
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list | tuple) else ()


def _agent(entry: Mapping[str, Any]) -> Agent:
    """A contributor; the name is empty when there is none."""
    given, family, affiliation, path = (
        str(entry.get(key) or "") for key in ("givenName", "familyName", "organization", "path")
    )
    is_orcid = bool(_ORCID.fullmatch(path))
    return Agent(
        name=" ".join(part for part in (given, family) if part)
        if family
        else str(entry.get("title") or entry.get("name") or affiliation),
        given=given if family else "",
        family=family,
        orcid=path.replace("http://", "https://") if is_orcid else "",
        website=path if path.startswith("http") and not is_orcid else "",
        affiliation=affiliation if family else "",
    )
