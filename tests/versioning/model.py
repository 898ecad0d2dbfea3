"""A plain model of what releases must be, and random histories of a small dataset that are held against it.

A history is a list of steps, drawn from a seed: a maintainer edits, plans, builds, publishes and withdraws; a colleague works in a
clone that falls behind; disks fail in the middle; a built release is altered. The model knows nothing of the toolkit: rows are
dictionaries, a version is a tuple of numbers. After every step it is asked what must be true now:

    unchanged     every file that was ever published has the bytes that it had then
    one content   no version was published with two contents
    line          a release follows the newest standing one, so that no two standing ones follow the same
    latest        latest.json names the highest final version that is not withdrawn
    retired       an id that a release withdrew names no row of a later one
    rows          the released table holds what was edited
    history       first_release and last_changed_in, counted from the releases before
    changes       changes.json has the added, withdrawn and changed rows and cells, each with its reason
    floor         the version is at least what these changes ask for
    proof         verify finds nothing wrong with what is published
    refused       what must not be built or published is refused, and an altered release is never compared with
    resumed       what was cut off is done by doing it again
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deedbook.errors import DeedbookError
from deedbook.publishing.publish import give_notice, prepare, publish
from deedbook.publishing.steps import Notice
from deedbook.publishing.targets import Target, read_target
from deedbook.release.verification import verify
from tests.versioning.dataset import Dataset, NotBuiltError, make_dataset

Rows = dict[str, tuple[str, ...]]
NAME = "items"
REASON = "coder_error"
FIRST_ROWS = 24
TARGET = '[targets.public]\ntype = "directory"\npath = "../public"\n'


class BrokenError(AssertionError):
    """Something that must be true is not."""


class KilledError(BaseException):
    """The process died here."""


@dataclass(frozen=True)
class Release:
    """A release as the model knows it; `first` and `last` are the history of its rows, `before` is the digest of `previous`."""

    version: str
    previous: str | None
    rows: Rows
    first: dict[str, str]
    last: dict[str, str]
    retired: frozenset[str]
    digest: str
    before: str
    table: str = NAME


@dataclass
class Clone:
    """A checkout of the project; `built` are the releases in its `dist/`, `planned` is what its descriptor says comes next."""

    data: Dataset
    built: dict[str, Release] = field(default_factory=dict)

    @property
    def rows(self) -> Rows:
        return {row[0]: tuple(row[1:]) for row in self.data.rows}

    @property
    def previous(self) -> str | None:
        link = json.loads(self.data.descriptor.read_text())["deedbook"]["previous"]
        return link["version"] if link else None


@dataclass
class World:
    """Everything there is: a public folder, a maintainer's checkout and a colleague's."""

    home: Path
    chance: random.Random
    main: Clone
    stale: Clone | None = None
    published: dict[str, Release] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    bytes_of: dict[str, str] = field(default_factory=dict)
    next_id: int = FIRST_ROWS
    done: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    trail: list[str] = field(default_factory=list)

    @property
    def public(self) -> Path:
        return self.home / "public"

    @property
    def newest(self) -> str | None:
        """The highest version that stands."""
        return max((one for one in self.published if one not in self.withdrawn), key=number, default=None)

    def hold(self, invariant: str, truth: object, said: object = "") -> None:
        """Demands that something is true."""
        self.checked[invariant] += 1
        if not truth:
            raise BrokenError(f"{invariant}: {said}\n  " + "\n  ".join(self.trail))

    def a_clone(self) -> Clone:
        return self.stale if self.stale and self.chance.random() < 0.3 else self.main


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_world(home: Path, seed: int) -> World:
    data = make_dataset(home / "main", rows=FIRST_ROWS)
    with (data.root / "deedbook.toml").open("a") as file:
        file.write(TARGET)
    return World(home, random.Random(seed), Clone(data))  # noqa: S311  # no secret


# ---- what people do


def edit(world: World) -> None:
    clone = world.a_clone()
    row = world.chance.choice(clone.data.rows)
    place = world.chance.choice((1, 2))
    row[place] = f"name {world.chance.random():.3f}" if place == 1 else str(world.chance.randrange(10_000))
    world.trail[-1] += f" {row[0]}"


def add(world: World) -> None:
    clone = world.a_clone()
    clone.data.rows.append([f"I{world.next_id:04d}", f"item {world.next_id}", "1"])
    world.trail[-1] += f" I{world.next_id:04d}"
    world.next_id += 1


def withdraw_row(world: World) -> None:
    clone = world.a_clone()
    if len(clone.data.rows) > FIRST_ROWS // 2:
        gone = clone.data.rows.pop(world.chance.randrange(len(clone.data.rows)))
        world.trail[-1] += f" {gone[0]}"


def rename(world: World) -> None:
    """The table or a field gets another name."""
    clone, at = world.a_clone(), world.chance.randrange(10_000)
    if is_behind(world, clone):
        return
    if world.chance.random() < 0.5:
        clone.data.fields[1] = clone.data.fields[1] | {"name": f"name{at}"}
    else:
        clone.data.table = f"items{at}"
    world.trail[-1] += f" {clone.data.table} {clone.data.fields[1]['name']}"


def rekey(world: World) -> None:
    """A row gets another key."""
    clone = world.a_clone()
    row = world.chance.choice(clone.data.rows)
    world.trail[-1] += f" {row[0]} I{world.next_id:04d}"
    row[0] = f"I{world.next_id:04d}"
    world.next_id += 1


def release(world: World) -> None:
    """Plans, gives the reasons and builds, in one of the two checkouts."""
    clone = world.a_clone()
    try:
        version = clone.data.release()
    except (DeedbookError, NotBuiltError) as error:  # or the guards stop rows that the other checkout retired
        world.hold("refused", is_behind(world, clone), f"no release could be built: {error}")
        return
    if version:
        look_at_build(world, clone, version)
        clone.data.released = clone.data.table


def is_behind(world: World, clone: Clone) -> bool:
    """Whether the public folder has a release that the checkout does not follow."""
    newest = max(world.published, key=number, default=None)
    own = clone.built.get(newest or "")
    return newest is not None and (own is None or own.digest != world.published[newest].digest)


def publish_newest(world: World) -> None:
    clone = world.a_clone()
    if clone.built:
        publish_version(world, clone, max(clone.built, key=number))


def may_go(world: World, built: Release) -> bool:
    """Whether a release may be published now."""
    if there := world.published.get(built.version):
        return there.digest == built.digest
    known, newest = world.published.get(built.previous or ""), world.newest
    is_ahead = newest is None or number(built.previous or "0") >= number(newest)
    later = [each.before for each in world.published.values() if each.previous == built.version]
    is_theirs = all(before == built.digest for before in later)
    return is_ahead and is_theirs and (known is None or known.digest == built.before)


def publish_version(world: World, clone: Clone, version: str) -> None:
    built = clone.built[version]
    there, newest, goes = world.published.get(version), world.newest, may_go(world, built)
    project = clone.data.load()
    try:
        publish(project, prepare(project.dist / NAME / version), read_target(project, "public"))
    except DeedbookError as error:
        world.hold("refused", not goes, f"{version} was not published: {error.message}")
        return
    world.hold("one content" if there else "line", goes, f"{version} after {built.previous} beside {newest}")
    if not there:
        world.published[version] = built
        for path in (world.public / NAME / version).iterdir():
            world.bytes_of[f"{version}/{path.name}"] = sha256(path)


def kill(world: World) -> None:
    """Publishing dies at some touch of the disk, and is done again."""
    clone = world.main
    version = max(clone.built, key=number, default=None)
    if version is None or version in world.published or not may_go(world, clone.built[version]):
        return
    with pytest.MonkeyPatch.context() as patch:
        left = world.chance.randrange(1, 160)

        def touch(name: str) -> None:
            real = getattr(os, name)

            def dying(*arguments: object, **options: object) -> object:
                nonlocal left
                left -= 1
                if left == 0:
                    raise KilledError
                return real(*arguments, **options)

            patch.setattr(os, name, dying)

        for name in ("replace", "rename", "fsync", "write", "unlink"):
            touch(name)
        try:
            publish_version(world, clone, version)
        except KilledError:
            world.trail[-1] += " in the middle"
    publish_version(world, clone, version)
    world.hold("resumed", version in world.published, version)


def yank(world: World) -> None:
    if world.published:
        version = world.chance.choice(sorted(world.published))
        give_notice(target(world), Notice(NAME, version, "wrong"))
        world.withdrawn.add(version)
        world.trail[-1] += f" {version}"


def unyank(world: World) -> None:
    """Takes a withdrawal back; not where that would give the line two ends."""
    for version in sorted(world.withdrawn):
        one = world.published[version]
        rivals = [other for other in world.published.values() if other.previous == one.previous and other is not one]
        if not any(other.version not in world.withdrawn for other in rivals):
            give_notice(target(world), Notice(NAME, version, None))
            world.withdrawn.discard(version)
            world.trail[-1] += f" {version}"
            return


def clone_it(world: World) -> None:
    """A colleague takes a copy, which falls behind from now on."""
    shutil.rmtree(world.home / "stale", ignore_errors=True)
    world.stale = copied(world.main, world.home / "stale")


def pull(world: World) -> None:
    """Whoever is behind takes over the state of the other, and edits it anew."""
    if world.stale:
        ahead, behind = (world.stale, world.main) if is_behind(world, world.main) else (world.main, world.stale)
        root = behind.data.root
        shutil.rmtree(root)
        fresh = copied(ahead, root)
        behind.data, behind.built = fresh.data, fresh.built


def copied(clone: Clone, root: Path) -> Clone:
    clone.data.write()
    shutil.copytree(clone.data.root, root)
    rows = [list(row) for row in clone.data.rows]
    data = replace(clone.data, root=root, rows=rows, fields=[dict(item) for item in clone.data.fields])
    return Clone(data, dict(clone.built))


def tamper(world: World) -> None:
    """Somebody alters a table of the release that the next one follows: nothing may be compared with it."""
    clone = world.main
    version = max(clone.built, key=number, default=None)
    if version is None or is_behind(world, clone):
        return
    file = clone.data.root / "dist" / NAME / version / f"{clone.built[version].table}.csv"
    before, descriptor = file.read_bytes(), clone.data.descriptor.read_bytes()
    file.write_bytes(before.replace(b"item 1,", b"forged,"))
    try:
        if file.read_bytes() == before:
            return
        clone.data.plan()
    except DeedbookError:
        world.hold("refused", True)
    else:
        world.hold("refused", False, f"the altered {version} was compared with")
    finally:
        file.write_bytes(before)
        clone.data.descriptor.write_bytes(descriptor)


def revive(world: World) -> None:
    """A retired id comes back with another row: no release may have it."""
    clone = world.main
    version = clone.previous if clone.previous in clone.built else None
    latest = max(clone.built, key=number, default=version)
    if latest is None or is_behind(world, clone) or not clone.built[latest].retired:
        return
    key = world.chance.choice(sorted(clone.built[latest].retired))
    rows = clone.data.rows
    root, kept = clone.data.root, world.home / "kept"
    clone.data.write()
    shutil.copytree(root, kept)
    clone.data.rows = [*(list(row) for row in rows), [key, "somebody else", "77"]]
    try:
        clone.data.plan()
        clone.data.explain()
        is_built = clone.data.build().release is not None
    except DeedbookError:
        is_built = False
    finally:
        clone.data.rows = rows
        shutil.rmtree(root)
        kept.rename(root)
    world.hold("retired", not is_built, f"{key}, which was retired, is in a new release")


def target(world: World) -> Target:
    return read_target(world.main.data.load(), "public")


Step = Callable[[World], None]
STEPS: dict[Step, int] = {
    edit: 40,
    add: 14,
    withdraw_row: 7,
    rename: 3,
    rekey: 3,
    release: 9,
    publish_newest: 8,
    kill: 2,
    yank: 3,
    unyank: 2,
    clone_it: 2,
    pull: 3,
    tamper: 1,
    revive: 1,
}
"""How often each is drawn; most steps are edits, since a build takes a fifth of a second."""


# ---- what must be true


def look_at_build(world: World, clone: Clone, version: str) -> None:
    """Counts the release anew from the rows and from the release before."""
    folder = clone.data.root / "dist" / NAME / version
    digest = sha256(folder / "release.json")
    if version in clone.built:
        world.hold("one content", clone.built[version].digest == digest, f"{version} was built twice")
        return
    name = json.loads((folder / "release.json").read_text())["previous"]
    previous = (clone.built | world.published)[name["version"]] if name else None
    before, rows = previous.rows if previous else {}, clone.rows
    gone, new = before.keys() - rows.keys(), rows.keys() - before.keys()
    changed = {key for key in rows.keys() & before.keys() if rows[key] != before[key]}
    pairs = same_content(before, gone, rows, new)
    first = previous.first | {now: previous.first[was] for now, was in pairs.items()} if previous else {}
    built = Release(
        version,
        previous.version if previous else None,
        rows,
        {key: first.get(key, version) for key in rows},
        {key: previous.last[key] if previous and key not in {*new, *changed} else version for key in rows},
        frozenset((previous.retired if previous else frozenset()) | gone),
        digest,
        name["sha256"] if name else "",
        clone.data.table,
    )
    clone.built[version] = built
    with (folder / f"{built.table}.csv").open(newline="", encoding="utf-8") as file:
        found = {row["id"]: row for row in csv.DictReader(file)}
    world.hold(
        "rows", {key: (row[clone.data.fields[1]["name"]], row["size"]) for key, row in found.items()} == rows, version
    )
    world.hold("history", {key: row["first_release"] for key, row in found.items()} == built.first, version)
    world.hold("history", {key: row["last_changed_in"] for key, row in found.items()} == built.last, version)
    world.hold("retired", not built.retired & rows.keys(), built.retired & rows.keys())
    if previous:
        look_at_changes(world, folder, previous, built, (new, gone, changed), pairs)


def same_content(before: Rows, gone: set[str], rows: Rows, new: set[str]) -> dict[str, str]:
    """New key to old key of the rows that only have another one: their content stands once among those that went and that came."""
    went, came = Counter(before[key] for key in gone), Counter(rows[key] for key in new)
    old = {before[key]: key for key in gone if went[before[key]] == 1}
    return {key: old[rows[key]] for key in new if came[rows[key]] == 1 and rows[key] in old}


def look_at_changes(
    world: World,
    folder: Path,
    previous: Release,
    built: Release,
    sets: tuple[set[str], set[str], set[str]],
    pairs: Mapping[str, str],
) -> None:
    new, gone, changed = sets
    label = json.loads((folder / "datapackage.json").read_text())["resources"][0]["schema"]["fields"][1]["name"]
    told = json.loads((folder / "changes.json").read_text())
    (table,) = told["tables"] or [{}]
    cells = {(one["key"], one["field"]): (one["old"], one["new"]) for one in table.get("changed", ())}
    wanted = {
        (key, name): (was, now)
        for key in changed
        for name, was, now in zip((label, "size"), previous.rows[key], built.rows[key], strict=True)
        if was != now
    }
    world.hold("changes", cells == wanted, (cells, wanted))
    rekeyed = {one["new"]: one["old"] for one in table.get("rekeyed", ())}
    world.hold("changes", rekeyed == pairs, (rekeyed, pairs))
    world.hold("changes", {*table.get("added", ())} == new - pairs.keys(), (table.get("added"), new))
    removed = {one["key"] for one in table.get("removed", ())}
    world.hold("changes", removed == gone - {*pairs.values()}, (removed, gone))
    reasons = {one["reason"] for one in (*table.get("changed", ()), *table.get("removed", ()))}
    world.hold("changes", reasons <= {REASON}, reasons)
    world.hold("retired", {*told["retired"].get(built.table, ())} == built.retired, (told["retired"], built.retired))
    count = len(previous.rows)
    renamed = {item["kind"] for item in told["schema"]} & {"table-renamed", "field-renamed"}
    level = 0 if renamed or len(gone) > 0.01 * count or len(changed) > 0.05 * count else 1 if new or gone else 2
    least = list(number(previous.version)[: level + 1])
    least[level] += 1
    world.hold("floor", number(built.version) >= (*least, *[0] * (2 - level)), (built.version, least))


def look_at_public(world: World) -> None:
    """What must be true of what everybody sees."""
    for name, digest in world.bytes_of.items():
        world.hold("unchanged", sha256(world.public / NAME / name) == digest, name)
    latest = world.public / "latest.json"
    named = json.loads(latest.read_text())["datasets"].get(NAME, {}).get("version") if latest.exists() else None
    world.hold("latest", named == world.newest, (named, world.newest))
    standing = [one.previous for version, one in world.published.items() if version not in world.withdrawn]
    world.hold("line", len(standing) == len({*standing}), standing)


def run_history(home: Path, seed: int, length: int, steps: Mapping[Step, int] = STEPS) -> World:
    """A random history; raises `BrokenError` where something is not as it must be."""
    world = make_world(home, seed)
    for place in range(length):
        step = world.chance.choices([*steps], weights=[*steps.values()])[0]
        world.trail.append(f"{place} {step.__name__}")
        world.done[step.__name__] += 1
        before = len(world.published), len(world.withdrawn)
        step(world)
        if step.__name__ in {"kill", "yank", "unyank"} or before != (len(world.published), len(world.withdrawn)):
            look_at_public(world)
    look_at_public(world)
    for version in world.published:
        problems = verify(world.public / NAME / version).problems
        world.hold("proof", not problems, problems)
    shutil.rmtree(home)
    return world
