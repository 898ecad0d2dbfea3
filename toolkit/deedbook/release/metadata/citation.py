"""`CITATION.cff` (Citation File Format 1.2.0), type dataset.

Every text is a JSON string, which is also a YAML string whatever it contains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.release.edition import Edition

_AUTHOR_ROLES = frozenset({"author", "creator"})
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)$", re.IGNORECASE)
_ORCID = re.compile(r"https?://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]")


def citation_cff(package: Package, edition: Edition) -> str:
    """How to cite the release, in the form that GitHub, Zenodo and reference managers read."""
    lines = [
        "cff-version: 1.2.0",
        _line("message", "If you use this dataset, please cite it with its version."),
        "type: dataset",
    ]
    lines += [_line("title", edition.title), _line("version", edition.version)]
    lines.append(f"date-released: {edition.created:%Y-%m-%d}")
    if edition.description:
        lines.append(_line("abstract", edition.description))
    if doi := doi_of(package):
        lines.append(_line("doi", doi))
    if concept := concept_doi_of(package):
        lines += ["identifiers:", "  - type: doi", f"    value: {_quoted(concept)}"]
        lines.append(f"    description: {_quoted('All versions of the dataset')}")
    if isinstance(home := package.raw.get("homepage"), str) and home.startswith("http"):
        lines.append(_line("url", home))
    lines += _licence_lines(package)
    lines.append("authors:")
    lines += [line for author in authors_of(package, edition) for line in _items(author)]
    keywords = [text for text in _list(package.raw.get("keywords")) if isinstance(text, str)]
    if keywords:
        lines += ["keywords:", *(f"  - {_quoted(text)}" for text in keywords)]
    return "\n".join(lines) + "\n"


def doi_of(package: Package) -> str:
    """The DOI that is reserved for this version, else the one in the descriptor's `id`; empty without one."""
    return reserved_doi(package, package.version) or doi_in(package.raw)


def reserved_doi(package: Package, version: str) -> str:
    """The DOI that `plan --reserve` put into the descriptor, if that was for this version; empty otherwise."""
    own = package.raw.get("deedbook")
    reserved = own.get("doi") if isinstance(own, Mapping) else None
    if not isinstance(reserved, Mapping) or not version or reserved.get("version") != version:
        return ""
    match = _DOI.match(str(reserved.get("doi") or ""))
    return match.group(1) if match else ""


def doi_in(descriptor: Mapping[str, object]) -> str:
    """The DOI in the `id` of a descriptor that is not loaded; empty without one."""
    match = _DOI.match(str(descriptor.get("id", "")))
    return match.group(1) if match else ""


def concept_doi_of(package: Package) -> str:
    """The DOI of all versions, `deedbook.concept_doi` of the descriptor; empty without one.

    Raises:
        ProjectError: when it is no DOI, or that of this version: a citation of one version would lead to another.
    """
    own = package.raw.get("deedbook")
    text = str(own.get("concept_doi") or "") if isinstance(own, Mapping) else ""
    if not text:
        return ""
    match = _DOI.match(text)
    if match is None:
        raise ProjectError(f"`deedbook.concept_doi` is {text!r}, which is no DOI", "write it as 10.5281/zenodo.1")
    if match.group(1).lower() == doi_of(package).lower():
        raise ProjectError(
            f"`id` and `deedbook.concept_doi` are the same DOI, {match.group(1)}",
            "`id` is the DOI of this version, `deedbook.concept_doi` that of all versions",
        )
    return match.group(1)


def authors_of(package: Package, edition: Edition) -> tuple[Mapping[str, str], ...]:
    """The authors as CFF persons and entities: contributors with an author's role, else all, else the dataset's own."""
    people = [entry for entry in _list(package.raw.get("contributors")) if isinstance(entry, Mapping)]
    authors = [entry for entry in people if _AUTHOR_ROLES & _roles(entry)] or people
    found = tuple(person for entry in authors if (person := _author(entry)))
    return found or ({"name": f"The contributors to {edition.title}"},)


def citation_text(package: Package, edition: Edition) -> str:
    """The citation as one line of a reference list."""
    names = "; ".join(
        ", ".join(part for part in (author.get("family-names"), author.get("given-names")) if part)
        or author.get("name", "")
        for author in authors_of(package, edition)
    )
    doi = doi_of(package)
    address = f"https://doi.org/{doi}" if doi else str(package.raw.get("homepage", ""))
    text = f"{names} ({edition.created:%Y}). {edition.title} (version {edition.version}) [Data set]."
    return f"{text} {address}".strip()


def _author(entry: Mapping[str, object]) -> dict[str, str]:
    given, family = (str(entry.get(key, "")) for key in ("givenName", "familyName"))
    author: dict[str, str] = {}
    if family:
        author = {"family-names": family, **({"given-names": given} if given else {})}
        if organisation := str(entry.get("organization", "")):
            author["affiliation"] = organisation
    elif title := str(entry.get("title") or entry.get("name") or entry.get("organization") or ""):
        author = {"name": title}
    path = str(entry.get("path", ""))
    if author and _ORCID.fullmatch(path):
        author["orcid"] = path.replace("http://", "https://")
    elif author and path.startswith("http"):
        author["website"] = path
    return author


def _roles(entry: Mapping[str, object]) -> set[str]:
    return {str(role) for role in (*_list(entry.get("roles")), entry.get("role", ""))}


def _licence_lines(package: Package) -> Iterator[str]:
    for entry in _list(package.raw.get("licenses"))[:1]:
        if isinstance(entry, Mapping):
            if entry.get("name"):
                yield _line("license", str(entry["name"]))
            elif entry.get("path"):
                yield _line("license-url", str(entry["path"]))


def _items(record: Mapping[str, str]) -> Iterator[str]:
    for position, (key, value) in enumerate(record.items()):
        yield f"  {'-' if position == 0 else ' '} {key}: {_quoted(value)}"


def _line(key: str, text: str) -> str:
    return f"{key}: {_quoted(text)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
