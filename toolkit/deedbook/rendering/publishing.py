"""What publishing would do, and what it did, for people."""

from __future__ import annotations

from collections.abc import Sequence

from deedbook.publishing.publish import Published
from deedbook.publishing.steps import PublishableRelease, Step
from deedbook.release.pages import size


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
