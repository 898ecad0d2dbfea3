"""What publishing would do, and what it did, for people.

The versions in a catalogue, for people and for machines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from deedbook.catalogue.documents import dataset_record
from deedbook.catalogue.records import Dataset, Entry
from deedbook.publishing.publish import Published
from deedbook.publishing.steps import PublishableRelease, Step
from deedbook.release.pages import size
from deedbook.rendering.escapes import visible


def render_steps(release: PublishableRelease, target: str, steps: Sequence[Step]) -> str:
    """A line per step with what it moves."""
    lines = [
        f"would publish {release.name} {release.version} to {target}, {len(release.files)} files, {size(release.size)}:"
    ]
    lines += [
        f"  {number:>3}. {size(step.size) if step.size else '':>9}  {step.about}"
        for number, step in enumerate(steps, 1)
    ]
    return "".join(f"{line}\n" for line in [*lines, "nothing was changed"])


def render_published(done: Published) -> str:
    """What is public now."""
    release = done.release
    about = f"{release.name} {release.version}: {len(release.files)} files, {size(release.size)}"
    lines = [f"{'already ' if done.was_there else ''}published {about} at {done.target}"]
    if doi := done.facts.get("doi"):
        lines.append(f"doi:{doi}")
    if done.next:
        lines.append(f"next: {done.next}")
    return "".join(f"{line}\n" for line in lines)


def render_text(datasets: Sequence[Dataset]) -> str:
    """A line per version below the name of its dataset."""
    if not datasets:
        return "nothing is published there\n"
    return "\n".join("".join(f"{line}\n" for line in _lines(dataset)) for dataset in datasets)


def render_json(datasets: Sequence[Dataset]) -> str:
    """The datasets as `catalog.json` has them."""
    record = {"versions_version": 1, "datasets": {dataset.name: dataset_record(dataset) for dataset in datasets}}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _lines(dataset: Dataset) -> list[str]:
    width = max((len(entry.version) for entry in dataset.versions), default=0)
    lines = [f"{dataset.name}  {visible(dataset.title)}"]
    return lines + [f"  {_line(entry, dataset.latest, width)}" for entry in dataset.versions]


def _line(entry: Entry, latest: str | None, width: int) -> str:
    state = "latest" if entry.version == latest else entry.state
    parts = [f"{entry.version:<{width}}  {state:<10}  {entry.created[:10]}  {size(entry.bytes):>9}"]
    if entry.doi:
        parts.append(f"doi:{visible(entry.doi)}")
    if entry.reason:
        parts.append(visible(entry.reason))
    if entry.replaced_by:
        parts.append(f"use {entry.replaced_by}")
    return "  ".join(parts)
