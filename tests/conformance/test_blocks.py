"""The report is the same, byte for byte, however a table is cut into blocks, however many threads read it, and
whether a block counts as short or long.

In the gate the tables beyond 256 KiB are cut to their beginning for blocks of 1 KiB; `make blocks` (DEEDBOOK_WHOLE_TABLES=1) reads
them whole, which takes many minutes. Larger blocks always see whole tables.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from deedbook.checking import hashes
from deedbook.descriptor import Package
from deedbook.findings import report_record
from deedbook.project import Project
from deedbook.validation import Options, validate
from tests.conformance import SHARED
from tests.conformance.verdict import ALL

if not (SHARED / "conformance").is_dir() or not (SHARED / "realdata").is_dir():
    pytest.skip(f"{SHARED} is absent", allow_module_level=True)

from tests.conformance.packages import read_projects

KIB, MIB = 1 << 10, 1 << 20
LARGE = 256 * KIB
WAYS = [(KIB, 1), (KIB, 2), (64 * KIB, 1), (64 * KIB, 2), (16 * MIB, 2)]
PROJECTS = dict(read_projects())


def _report(project: Project, block_size: int, workers: int) -> str:
    options = Options(max_findings=ALL, rules=False, block_size=block_size, workers=workers)
    with pytest.MonkeyPatch.context() as patched:
        if workers > 1:  # every block is read, and every set of keys looked up, as a large one
            patched.setattr(hashes, "_FEW", 0)
        return json.dumps(report_record(validate(project, options)), ensure_ascii=False)


def _shortened(project: Project, folder: Path) -> Project:
    """The project, its large tables cut after their first 256 KiB."""
    resources = []
    for resource in project.package.resources:
        files = tuple(file if file.stat().st_size <= LARGE else _beginning(file, folder) for file in resource.files)
        resources.append(replace(resource, files=files))
    return replace(project, package=replace(project.package, resources=tuple(resources)))


def _beginning(file: Path, folder: Path) -> Path:
    target = folder / file.name
    with file.open("rb") as source:
        data = source.read(LARGE)
    target.write_bytes(data[: data.rfind(b"\n") + 1])
    return target


def _has_large_files(package: Package) -> bool:
    files = (file for resource in package.resources for file in resource.files)
    return any(file.is_file() and file.stat().st_size > LARGE for file in files)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_the_report_does_not_depend_on_blocks_and_workers(name: str, tmp_path: Path) -> None:
    project = PROJECTS[name]
    is_cut = _has_large_files(project.package) and "DEEDBOOK_WHOLE_TABLES" not in os.environ
    small = _shortened(project, tmp_path) if is_cut else project
    once, once_small = _report(project, 16 * MIB, 1), _report(small, 16 * MIB, 1)
    for block_size, workers in WAYS:
        chosen, expected = (small, once_small) if block_size == KIB else (project, once)
        assert _report(chosen, block_size, workers) == expected, (block_size, workers)
