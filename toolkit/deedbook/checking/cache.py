"""What the last validation of a project found, kept, so that tables that did not change are not read again.

A table's part of a report is used again when everything that it followed from is the same: the toolkit, the options, the table's
description, files and waivers, the keys of the tables that it refers to, and every file beside its rule file. Rules across tables
read all of them: a project that has such rules uses every part or none. Where the hint of a finding was looked up in another table,
that table's files have to be the same too. A rule whose code looks at anything else, such as the clock, needs `--no-cache`.

    CACHE/checked/PROJECT/tables.json  the digest of what follows, then an entry a table
    CACHE/checked/PROJECT/DIGEST.npy   the hashes of a key that others refer to, each once and rising

It lies in the user's cache and not in the project, since a project that somebody sent could bring a verdict along. What is damaged or was written by
another version is as good as nothing.
"""

import hashlib
import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, Self

import numpy as np
import polars as pl

import deedbook
from deedbook import files
from deedbook.checking.findings import waivers_in_force
from deedbook.checking.hashes import HashedBlock, HashLog, Spill
from deedbook.checking.keys import ParentKey
from deedbook.checking.plan import Options, TablePlan
from deedbook.errors import DeedbookError
from deedbook.findings import REPORT_PARTS, Report
from deedbook.home import find_home
from deedbook.project import DATASET, Project

FOLDER = "checked"
_NOWHERE = Path()
_INDEX = "tables.json"
_OPTIONS = ("max_findings", "rules", "trust_rules", "select", "ignore", "lenient", "max_unpacked")
"""Those that a report follows from."""
_HASHED = 16 << 20
"""Bytes of a file up to which it is known by its content; a larger one by its place, size and times, as git knows files."""
_MOST_KEPT = 1 << 23
"""Hashes of a key that are kept: putting more in order takes as much memory as they do, three times over."""
_SETTLED = 2_000_000_000
"""Nanoseconds: a file that changed less than this before it was read may change again without its times telling."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table's share of a report.

    Attributes:
        waivers: The rows of `waivers.csv` that answered one of its findings.
        rules: The ids of its rules, whether they could be judged or not.
    """

    report: Report
    waivers: tuple[int, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def judged(self) -> set[str]:
        """The ids of its rules that were judged."""
        return {check.name for check in self.report.checked}.intersection(self.rules)


@dataclass(frozen=True, slots=True)
class Entry:
    """A table's part and what it followed from.

    Attributes:
        signature: The digest of everything that the part follows from.
        keys: The digest of the hashes of each key that others refer to; empty where there are none.
        searched: What the files of the tables were in which hints were looked up.
    """

    signature: str
    part: Part
    keys: tuple[str, ...]
    searched: Mapping[str, str]


@dataclass(slots=True)
class Cache:
    """The entries of a project, found or made anew.

    Attributes:
        folder: Where they are kept.
        contract: The digest of what all parts follow from; `code` that of the folders of the rule files.
        referred: The keys of each table that tables of the project refer to.
        entries: What the last validation left.
        logs: The hashes of each referred key whose table is complete, and `keys` their digests.
    """

    project: Project
    folder: Path = _NOWHERE
    contract: str = ""
    code: str = ""
    referred: Mapping[str, Sequence[ParentKey]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    logs: dict[ParentKey, HashLog] = field(default_factory=dict)
    keys: dict[ParentKey, str] = field(default_factory=dict)
    _found: dict[str, Part] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)
    _signatures: dict[str, str] = field(default_factory=dict)
    _identities: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, project: Project, plans: Sequence[TablePlan], options: Options, withheld: str) -> Self:
        """What there is of a project; `withheld` is why its rules do not run."""
        if not options.cache or project.config is None or options.allow_network or options.findings_file:
            return cls(project)
        folder = find_home().cache / FOLDER / _digest(str(project.root.resolve()))[:32]
        rules = {} if withheld else project.rule_files
        chosen = [getattr(options, name) for name in _OPTIONS]
        toolkit = _files_in([Path(__file__).parents[1]])  # a checkout has one version for many states
        states = ((file.name, file.stat()) for file in toolkit)
        times = [(name, state.st_size, state.st_mtime_ns) for name, state in states]
        cache = cls(
            project=project,
            folder=folder,
            contract=_digest(deedbook.__version__, pl.__version__, times, chosen, withheld, project.config),
            code=_digest(*((str(file), file.read_bytes()) for file in _files_in({it.parent for it in rules.values()}))),
            referred=_by_table({item.parent for plan in plans for item in plan.references}),
            entries=dict(_read_index(folder / _INDEX)),
        )
        if DATASET in rules and not cache.has_all(plans):
            for known in (cache.entries, cache.keys, cache._found):
                known.clear()
        return cache

    def has_all(self, plans: Iterable[TablePlan]) -> bool:
        """Whether no table has to be read."""
        return all(self.find(plan) is not None for plan in plans)

    def unknown(self, plans: Iterable[TablePlan]) -> list[TablePlan]:
        """The tables of which nothing is kept, and what their files are noted before any is read."""
        found = [plan for plan in plans if plan.resource.name not in self.entries]
        for plan in found if self.folder is not _NOWHERE else ():
            self._identity(plan.resource.name)
        return found

    def find(self, plan: TablePlan) -> Part | None:
        """The part of a table if everything is as it was; its parents have been asked for, or taken."""
        name = plan.resource.name
        if name in self._found:  # whatever is taken of its parents afterwards
            return self._found[name]
        signature = self._signatures[name] = "" if self.folder is _NOWHERE else self._sign(plan)
        entry = self.entries.get(name)
        if entry is None or entry.signature != signature:
            return None
        if any(self._identity(table) != then for table, then in entry.searched.items()):
            return None
        for place, digest in zip(self.referred.get(name, ()), entry.keys, strict=True):
            if digest and place not in self.keys:
                log = self._read_log(digest, plan.spill)
                if log is None:
                    return None
                self.logs[place], self.keys[place] = log, digest
        self._found[name] = entry.part
        return entry.part

    def take(self, name: str, logs: Mapping[ParentKey, HashLog]) -> None:
        """Keeps the hashes of the referred keys of a table that was read; none that are many, or did not fit into memory."""
        for place in self.referred.get(name, ()):
            if place in logs and logs[place].partitions is None and len(hashes := logs[place].hashes()) <= _MOST_KEPT:
                written = io.BytesIO()
                np.save(written, hashes.unique().sort().to_numpy(), allow_pickle=False)
                digest = self.keys[place] = hashlib.sha256(written.getvalue()).hexdigest()
                self._write(f"{digest}.npy", written.getvalue())

    def save(self, parts: Mapping[str, Part], plans: Sequence[TablePlan]) -> None:
        """Writes the entries of the tables that were read, beside those that are still true; a folder that cannot be written keeps none."""
        if self.folder is _NOWHERE:
            return
        for plan in plans:
            name = plan.resource.name
            if name in parts:
                self.entries.pop(name, None)
                if entry := self._entry(plan, parts[name]):
                    self.entries[name] = entry
        known = {name: self.entries[name] for name in (plan.resource.name for plan in plans) if name in self.entries}
        body = json.dumps([{"table": name, **asdict(entry)} for name, entry in known.items()]).encode()
        self._write(_INDEX, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        used = {_INDEX, *(f"{digest}.npy" for entry in known.values() for digest in entry.keys)}
        with suppress(OSError):
            for file in self.folder.iterdir():
                if file.name not in used:
                    file.unlink(missing_ok=True)

    def _entry(self, plan: TablePlan, part: Part) -> Entry | None:
        """What is kept of a table that was read; None where it may have changed meanwhile, or a table that hints came from did just now."""
        name = plan.resource.name
        identity = self._identities.pop(name, "")
        has_hints = any(total.rule == "foreign-key" for total in part.report.totals)
        searched = {key.parent[0]: self._identity(key.parent[0]) for key in plan.references if has_hints}
        if not self._signatures[name] or self._identity(name) != identity or not all(searched.values()):
            return None
        keys = tuple(self.keys.get(place, "") for place in self.referred.get(name, ()))
        return Entry(self._signatures[name], part, keys, searched)

    def _read_log(self, digest: str, spill: Spill) -> HashLog | None:
        """The hashes of a key; None when they are not what they were."""
        with suppress(OSError):
            content = (self.folder / f"{digest}.npy").read_bytes()
            if hashlib.sha256(content).hexdigest() == digest:
                hashes = pl.Series(np.load(io.BytesIO(content), allow_pickle=False))
                log = HashLog(spill)
                log.add(0, HashedBlock(hashes, None, len(hashes)))
                return log
        return None

    def _write(self, name: str, content: bytes) -> None:
        with suppress(OSError, DeedbookError):
            self.folder.mkdir(parents=True, exist_ok=True)
            files.replace(self.folder / name, content)

    def _sign(self, plan: TablePlan) -> str:
        """The digest of what a table's part follows from; empty where a file may yet change unseen."""
        resource, package = plan.resource, self.project.package
        name = resource.name
        parents = sorted({item.parent for item in plan.references if item.parent[0] != name}, key=repr)
        states = [self._identity(name), *(self.keys.get(place) or self._identity(place[0]) for place in parents)]
        if not all(states):
            return ""
        if name not in self._said:  # once: the text of a table of 100,000 columns takes a second
            waivers = waivers_in_force(self.project.waivers or (), name, package.created[:10])
            rules = self.code if {name, DATASET} & self.project.rule_files.keys() else ""
            said = (resource, plan.references, self.referred.get(name, ()), waivers, package.created, plan.has_project)
            self._said[name] = _digest(self.contract, rules, *said)
        return _digest(self._said[name], *states)

    def _identity(self, name: str) -> str:
        """What the files of a table are; empty where one changed just now."""
        if name not in self._identities:
            files_of = [file for file in self.project.package.resource(name).sources if file is not None]
            known = [_file_identity(file) for file in files_of]
            self._identities[name] = _digest(*known) if all(known) else ""
        return self._identities[name]


def _by_table(places: Iterable[ParentKey]) -> Mapping[str, Sequence[ParentKey]]:
    """The keys of each table, in one order whatever refers to them."""
    found: dict[str, list[ParentKey]] = {}
    for place in sorted(places, key=repr):
        found.setdefault(place[0], []).append(place)
    return found


def _file_identity(file: Path) -> str:
    """The digest of a file's content, or where it stands, its size and its times; empty where it changed just now, or is no plain file."""
    try:
        state = file.stat()
        if not S_ISREG(state.st_mode):  # a pipe can be read once
            return ""
        if state.st_size <= _HASHED:
            return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        return f"errno {error.errno}"
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) < _SETTLED:
        return ""
    return f"{state.st_dev} {state.st_ino} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def _digest(*parts: object) -> str:
    """Of records, their `repr` says all that they hold."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def _files_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Everything in the folders but what Python makes of it."""
    for folder in sorted(folders):
        yield from (file for file in sorted(folder.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)


def _read_index(file: Path) -> Iterator[tuple[str, Entry]]:
    """The entries of an index; none where it is damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        digest, _, body = file.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() == digest:
            for raw in json.loads(body):
                said: dict[str, Any] = {
                    name: tuple(kind(**item) for item in raw["part"]["report"][name])
                    for name, kind in REPORT_PARTS.items()
                }
                part = Part(Report(**said), tuple(raw["part"]["waivers"]), tuple(raw["part"]["rules"]))
                yield raw["table"], Entry(raw["signature"], part, tuple(raw["keys"]), raw["searched"])
