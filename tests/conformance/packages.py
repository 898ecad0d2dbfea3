"""Every package and table of ../shared as a project: what `deedbook validate` may be given by anybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deedbook.descriptor import Package, Resource, read_package, read_resource
from deedbook.errors import DeedbookError
from deedbook.project import Project, load_project
from tests.conformance import CONFORMANCE, SHARED
from tests.conformance.recorded import read_calls
from tests.realdata import HERE, REALDATA, load_real_project


def read_descriptors() -> Iterator[Path]:
    """Every JSON and YAML file, most of which are no descriptors."""
    for folder in (CONFORMANCE, REALDATA):
        yield from sorted(path for ending in ("json", "yaml", "yml") for path in folder.rglob(f"*.{ending}"))


def read_projects() -> Iterator[tuple[str, Project]]:
    """Every package that is not refused, the recorded calls, every CSV file as a table without a schema, the real tables."""
    for path in read_descriptors():
        try:
            yield str(path.relative_to(SHARED)), load_project(path)
        except DeedbookError:
            continue
    for case in read_calls():
        if case.descriptor is None:
            continue
        try:
            if case.kind == "package":
                package = read_package(case.descriptor, case.root, where=case.id)
            else:
                package = _package(read_resource(case.descriptor, case.root, where=case.id), case.root)
        except DeedbookError:
            continue
        yield case.id, Project(case.root, package)
    for path in sorted(CONFORMANCE.rglob("*.csv")):
        resource = read_resource({"name": "table", "path": path.name}, path.parent, where=path.name)
        yield str(path.relative_to(SHARED)), Project(path.parent, _package(resource, path.parent))
    for path in sorted(HERE.glob("*.datapackage.json")):
        name = path.name.removesuffix(".datapackage.json")
        yield name, load_real_project(name)


def _package(resource: Resource, root: Path) -> Package:
    return Package(root=root, path=None, resources=(resource,))
