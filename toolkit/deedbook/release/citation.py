"""Who made a dataset, under which terms and DOIs, as its descriptor says it; and how a release is cited."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, Self, get_args

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.release.pages import json_text, render
from deedbook.schema import own_settings
from deedbook.versioning.guards import is_spdx, orcid_of

Style = Literal["text", "bibtex", "ris", "csl-json"]
STYLES: tuple[Style, ...] = get_args(Style)
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person or an organisation; empty what is not known.

    Attributes:
        kind: Whether it is a person (with a family name or an ORCID) or an organisation; empty where nothing tells.
    """

    name: str
    kind: Literal["person", "organisation", ""] = ""
    given: str = ""
    family: str = ""
    orcid: str = ""
    website: str = ""
    affiliation: str = ""
    roles: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """A contributor of a descriptor; the name is empty when there is none."""
        keys = "givenName", "familyName", "organization", "path", "title", "name"
        given, family, organisation, path, title, name = _texts_at(entry, *keys)
        orcid, is_right = orcid_of(path)
        is_person = bool(family or orcid)
        if family:
            title = f"{given} {family}".strip()
        else:
            given, title = "", title or name
        return cls(
            name=title or organisation,
            kind="person" if is_person else "" if title else "organisation",
            given=given,
            family=family,
            orcid=f"https://orcid.org/{orcid}" if is_right else "",
            website="" if orcid else web_address(path),
            affiliation=organisation if is_person else "",
            roles=frozenset((*texts_in(entry.get("roles")), str(entry.get("role")))),
        )

    @property
    def is_person(self) -> bool:
        """Whether it is known to be a person."""
        return self.kind == "person"

    @property
    def id(self) -> str:
        """An address that stands for it; empty without one."""
        return self.orcid or self.website

    @property
    def listed_name(self) -> str:
        """The name as lists of references have it, the family's first."""
        return ", ".join(part for part in (self.family, self.given) if part) or self.name

    @property
    def reference(self) -> str:
        """What stands for it inside a document: its address, else a fragment."""
        return self.id or f"#{'person' if self.is_person else 'organisation'}-{_slug(self.name)}"

    @property
    def group(self) -> str:
        """What stands for its affiliation inside a document; empty without one."""
        return f"#organisation-{_slug(self.affiliation)}" if self.affiliation else ""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: its SPDX id, its title, and its address or the file of the release that it is; each empty if unknown."""

    spdx: str
    title: str
    url: str

    @property
    def address(self) -> str:
        """The address of its text: the declared one, else that of the SPDX list."""
        return self.url or (f"https://spdx.org/licenses/{self.spdx}" if self.spdx else "")

    @property
    def is_file(self) -> bool:
        """Whether its text is a file of the release."""
        return bool(self.url) and not web_address(self.url)

    @property
    def text(self) -> str:
        """Its name and address for people."""
        return " ".join(part for part in (self.title or self.spdx, self.url) if part)

    @property
    def reference(self) -> str:
        """What stands for it inside a document: its address, else a fragment."""
        return self.address or f"#licence-{_slug(self.title)}"


@dataclass(frozen=True, slots=True)
class Citation:
    """What every style of citation is made of; what is unknown is empty.

    Attributes:
        note: What else is cited: a subset.
    """

    key: str
    title: str
    version: str
    date: dt.date
    authors: tuple[Agent, ...]
    doi: str = ""
    url: str = ""
    publisher: str = ""
    note: str = ""

    @property
    def address(self) -> str:
        """Where it is found: its DOI, else its home page."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    def __str__(self) -> str:
        """One line of a list of references."""
        names = "; ".join(author.listed_name for author in self.authors)
        text = f"{names} ({self.date:%Y}). {self.title} (version {self.version}) [Data set]."
        return " ".join(filter(None, (text, self.address, f"[{self.note}]" if self.note else "")))


def licences_of(descriptor: Mapping[str, object]) -> tuple[Licence, ...]:
    """The licences of a dataset; a name that SPDX does not list is a title."""
    found = (_texts_at(entry, "name", "title", "path") for entry in _objects(descriptor.get("licenses")))
    return tuple(Licence(name if is_spdx(name) else "", title or name, path) for name, title, path in found)


def sources_of(package: Package) -> tuple[str, ...]:
    """The addresses of what the dataset and its tables were made from, each once."""
    descriptors = (package.raw, *(resource.raw for resource in package.resources))
    entries = [entry for one in descriptors for entry in _objects(one.get("sources"))]
    dois = [(_doi(entry.get("path")), web_address(entry.get("path"))) for entry in entries]
    return tuple(dict.fromkeys(f"https://doi.org/{doi}" if doi else address for doi, address in dois if doi or address))


def doi_of(package: Package) -> str:
    """The DOI that is reserved for this version, else the one in the descriptor's `id`; empty without one."""
    return reserved_doi(package, package.version) or doi_in(package.raw)


def reserved_doi(package: Package, version: str) -> str:
    """The DOI that `plan --reserve` put into the descriptor, if that was for this version; empty otherwise."""
    reserved = own_settings(package.raw).get("doi")
    if not isinstance(reserved, Mapping) or not version or reserved.get("version") != version:
        return ""
    return _doi(reserved.get("doi"))


def doi_in(descriptor: Mapping[str, object]) -> str:
    """The DOI in the `id` of a descriptor that is not loaded; empty without one."""
    return _doi(descriptor.get("id"))


def identifier_of(name: str, version: str, doi: str) -> str:
    """What names a release in every standard: the DOI's address, else a UUID made from name and version."""
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"deedbook:{name}/{version}")
    return f"https://doi.org/{doi}" if doi else f"urn:uuid:{own}"


def concept_doi_of(package: Package) -> str:
    """The DOI of all versions, `deedbook.concept_doi` of the descriptor; empty without one.

    Raises:
        ProjectError: when it is no DOI, or that of this version: a citation of one version would lead to another.
    """
    text = own_settings(package.raw).get("concept_doi")
    doi = _doi(text)
    if text and not doi:
        raise ProjectError(f"`deedbook.concept_doi` is {text!r}, which is no DOI", "write it as 10.5281/zenodo.1")
    if doi and doi.lower() == doi_of(package).lower():
        raise ProjectError(
            f"`id` and `deedbook.concept_doi` are the same DOI, {doi}",
            "`id` is the DOI of this version, `deedbook.concept_doi` that of all versions",
        )
    return doi


def people_of(descriptor: Mapping[str, object], title: str) -> dict[str, Any]:
    """The creators (contributors with an author's role, else all, else the dataset's own), the others, and the publisher."""
    everybody = [*filter(attrgetter("name"), map(Agent.of, _objects(descriptor.get("contributors"))))]
    creators = [one for one in everybody if one.roles & {"author", "creator"}] or everybody
    creators = creators or [Agent(name=f"The contributors to {title}", kind="organisation")]
    known = {one.name for one in creators}
    return {
        "creators": tuple(creators),
        "contributors": tuple(one for one in everybody if one.name not in known),
        "publisher": next((one for one in everybody if "publisher" in one.roles), creators[0]),
    }


def web_address(text: object) -> str:
    """The text where it is an address that a page may link to; empty otherwise."""
    return text if isinstance(text, str) and text.startswith(("https://", "http://")) else ""


def texts_in(value: object) -> tuple[str, ...]:
    """The texts of a list of the descriptor; none of anything else."""
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list | tuple) else ()


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


def _texts_at(entry: Mapping[str, Any], *keys: str) -> list[str]:
    return [str(entry.get(key) or "") for key in keys]


def _doi(text: object) -> str:
    match = _DOI.match(str(text or ""))
    return match.group(1) if match else ""


def _slug(text: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", text.lower()))


def citation_key(name: str, version: str) -> str:
    """What BibTeX calls a release."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-{version}")


def write(citation: Citation, style: Style) -> str:
    """The citation in a style; it ends in a line end."""
    if style == "text":
        return f"{citation}\n"
    text = render(f"citation.{style}.j2", citation=citation)
    if style == "csl-json":
        return json_text(json.loads(text), 2)
    return text.replace("\n", "\r\n") if style == "ris" else text
