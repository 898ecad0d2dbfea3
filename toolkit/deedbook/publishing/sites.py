"""The static site that is written with a catalogue, where `[site] publish = true` in deedbook.toml asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from deedbook.catalogue.directory import DirectoryStore
from deedbook.errors import ProjectError
from deedbook.project import CONFIG, Project
from deedbook.publishing.steps import Facts, Progress, Step
from deedbook.publishing.targets.hosted import HostedCatalogue

T = TypeVar("T")
_NO_BUCKET = "[site] writes no pages into a bucket: `deedbook site FOLDER` writes those of a copy, whose `site` folder you upload"


def with_site(target: T, project: Project) -> T:
    """The target, whose catalogue gets its pages after each change where the project asks for them.

    Only a folder does; a bucket is told, and a deposit has no catalogue of its own.

    Raises:
        ProjectError: when `[site]` says something else than `publish = true` or `false`.
    """
    given = project.config.raw.get("site", {}) if project.config else {}
    if not isinstance(given, dict) or set(given) - {"publish"} or not isinstance(given.get("publish", False), bool):
        raise ProjectError(f"{project.root / CONFIG}: [site] has one setting", "write `publish = true` below it")
    if not given.get("publish") or not isinstance(target, HostedCatalogue):
        return target
    store, after = target.store, target.after
    if not isinstance(store, DirectoryStore):
        return replace(target, next=f"{target.next}; {_NO_BUCKET}" if target.next else _NO_BUCKET)

    def steps(subject: str) -> Sequence[Step]:
        write = partial(_write_pages, store.root)
        return [Step("site", f"write the pages into {store.root}/site/", write, always=True), *after(subject)]

    return replace(target, after=steps)


def _write_pages(root: Path, _facts: Facts, _progress: Progress) -> Facts:
    from deedbook.site import build_site

    return {"site": "; ".join(build_site(root).damaged)}
