"""The proof of a release: one for whoever builds, verifies, publishes or fetches it.

What each step stands on:

    signature    SHA256SUMS.minisig against keys that the reader has from elsewhere; a key beside the release proves nothing
    checksums    SHA256SUMS, release.json and the provenance list the same files, and the files are those
    provenance   the statement against release.json and BUILD.json; its signature against the same key
    chain        the sha256 that `previous` names against the release.json of that version, back to the first

The files may not be there yet (`fetch` asks before it downloads): then the lists are compared with one another. A document is read to
an end that no hostile one can move, and a damaged file is named once.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity import provenance, signatures
from deedbook.integrity.containers import excess, excess_of_values
from deedbook.integrity.digests import BUILD_FILE, MANIFEST, PROVENANCE, SIGNATURE, SUMS, read_sums, sha256_of
from deedbook.integrity.provenance import Envelope
from deedbook.names import file_problem

_LATE = frozenset({PROVENANCE, SUMS, SIGNATURE})
_UNLISTED = {SUMS: {SUMS, SIGNATURE}, MANIFEST: _LATE | {MANIFEST}, PROVENANCE: _LATE}
"""What a list cannot list, since it is written after it."""
Progress = Callable[[str, float], None]
Record = Mapping[str, Any]
Read = Callable[[str], bytes | None]
"""The content of a document by name; None when there is none."""
Earlier = Callable[[str], tuple[str, Record] | None]
"""Finds a release before one by version: the sha256 of its `release.json`, and its name, version and `previous`."""
Keys = Sequence[signatures.PublicKey]
Files = Mapping[str, Callable[[], str | None]]
"""The files of a release where they are: how to hash each, by name."""
Lists = Mapping[str, Mapping[str, str]]
"""The sha256 by file name that each document lists."""
FileRule = Literal[
    "archive-unreadable", "file-missing", "file-extra", "file-changed", "sums-malformed", "manifest-wrong"
]
_ARCHIVE = "application/zip"
"""Files of a release that pack others of it."""
TrustRule = Literal["signature-missing", "signature-wrong", "provenance-wrong", "chain-broken"]
DataRule = Literal["format-unreadable", "format-differs", "metadata-differs", "rebuild-differs"]
Rule = Literal[FileRule, TrustRule, DataRule]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as a release must be.

    Attributes:
        file: Its name in the release; empty for one that concerns the release as a whole.
        row: The record number in the CSV, the header being 1.
        key: The primary key of that row as text, its parts joined by `|`.
        expected: What should stand there, as text; None for nothing.
        found: What does stand there.
    """

    rule: Rule
    message: str
    file: str = ""
    table: str | None = None
    row: int | None = None
    key: str | None = None
    column: str | None = None
    expected: str | None = None
    found: str | None = None

    @property
    def place(self) -> tuple[bool, str, str, int]:
        """Where it comes in order: those of the release as a whole first."""
        return bool(self.file), self.file, self.table or "", self.row or 0


@dataclass(slots=True)
class Outcome:
    """What was found out about one release, as far as it has got.

    Attributes:
        path: Where it is; name and version are empty when nothing says them.
        checked: What was verified, in words, in the order in which it was.
        not_checked: What could not be, and why.
        notes: What is worth knowing and no problem.
    """

    path: str = ""
    name: str = ""
    version: str = ""
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong with what was verified."""
        return not self.problems

    def report(self, rule: Rule, file: str, message: str) -> None:
        """Adds a problem with a file, or with the release as a whole when the name is empty."""
        self.problems.append(Problem(rule=rule, file=file, message=message))


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file that `SHA256SUMS` lists; `size` and `table` are what `release.json` says of it, None where it does not."""

    name: str
    sha256: str
    size: int | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """A release after its proof.

    Attributes:
        manifest: The content of `release.json`; empty when there is none to rely on.
        files: Every file that `SHA256SUMS` lists, by name.
        sound: The names of those that agree with it: the others were reported, and what they hold means nothing.
    """

    manifest: Record
    files: Mapping[str, ListedFile]
    sound: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Examination:
    """What is held against each other: a release's documents, its files and the publisher's keys; and who takes what is found."""

    read: Read
    files: Files | None
    keys: Keys
    outcome: Outcome

    def check_signature(self, sums: bytes, signature: bytes | None) -> tuple[list[str], str | None]:
        """Which key is proven to have signed, in words, and what the signature says that it was made for."""
        if signature is None:
            if self.keys:
                self.outcome.report("signature-missing", SIGNATURE, "is missing, so that the key proves nothing")
            else:
                self.outcome.not_checked.append("signature: the release has none")
            return [], None
        claimed, signed = signatures.read_signature(signature), list[str]()
        problem = claimed.problem
        try:
            if self.keys:
                signed = [f"signature of key {signatures.prove_signature(sums, signature, self.keys).id}"]
        except ValueError as error:
            problem = str(error)
        if problem:
            self.outcome.report("signature-wrong", SIGNATURE, problem)
        elif not self.keys:
            self.outcome.not_checked.append(f"signature of key {claimed.key_id}: no --key to prove it with")
        return signed, None if claimed.problem else claimed.comment

    def read_manifest(self, content: bytes | None) -> Record:
        """The content of `release.json`; empty when there is none to rely on."""
        if content is None:
            return {}  # told with the other files that are missing
        try:
            record = mapping(parse_json(content))
            files, tables = record.get("files"), record.get("tables")
            if not (isinstance(files, list) and isinstance(tables, list)):
                raise TypeError("has no lists of files and tables")
            for entry in map(mapping, files):
                if not isinstance(entry.get("name"), str) or type(entry.get("bytes")) is not int or entry["bytes"] < 0:
                    raise TypeError("lists a file without name or size")
        except (ValueError, RecursionError) as error:
            self.outcome.report("manifest-wrong", MANIFEST, f"is no JSON: {error}")
        except TypeError as error:
            self.outcome.report("manifest-wrong", MANIFEST, str(error))
        else:
            return record
        return {}

    def read_provenance(self, content: bytes | None) -> tuple[Envelope, Record]:
        """The envelope and the statement in it; empty where they are not what they must be."""
        envelope = Envelope(b"", "")
        if content is None:
            return envelope, {}  # told with the other files that are missing
        try:
            envelope = provenance.read_envelope(content)
            statement = json_object(envelope.payload)
            if (statement.get("_type"), statement.get("predicateType"), envelope.payload_type) != provenance.TYPES:
                raise ValueError("is no in-toto statement with SLSA provenance v1")
        except ValueError as error:
            self.outcome.report("provenance-wrong", PROVENANCE, str(error))
            return envelope, {}
        return envelope, statement

    def compare_lists(self, lists: Lists, manifest: bytes | None) -> frozenset[str]:
        """Compares the lists of files that are not here yet; returns those that all lists know alike."""
        sums = lists[SUMS]
        sound = set[str]().union(*lists.values())
        if manifest is not None and sums.get(MANIFEST) != hashlib.sha256(manifest).hexdigest():
            self.outcome.report("file-changed", MANIFEST, f"is another one than {SUMS} lists")
            sound.discard(MANIFEST)
        for name in sorted(sound):
            if wrong := _lists_against(name, sums.get(name), lists):
                self.outcome.report("manifest-wrong", name, f"is not the same file in {SUMS} and {' and '.join(wrong)}")
                sound.discard(name)
        self.outcome.checked.append("checksums")
        return frozenset(sound)

    def compare_files(self, files: Files, lists: Lists, archives: Set[str], progress: Progress) -> frozenset[str]:
        """Compares every file with all that list it; returns those that are there and agree with `SHA256SUMS`.

        Archives of other files may be missing: `fetch` leaves them out.
        """
        listed = set[str]().union(*lists.values())
        if lacking := archives - files.keys():
            names = ", ".join(sorted(lacking))
            self.outcome.not_checked.append(f"archives: {names} {'is' if len(lacking) == 1 else 'are'} not here")
        for name in sorted(listed.union(lists) - files.keys() - archives):
            who = [source for source, record in lists.items() if name in record]
            said = f"; {' and '.join(who)} list{'s' * (len(who) == 1)} it" * bool(who)
            self.outcome.report("file-missing", name, f"is missing{said}")
        for name in sorted(files.keys() - listed - {SUMS, SIGNATURE}):
            self.outcome.report("file-extra", name, "is no part of the release: nothing lists it")
        sound, present = set(), sorted(files.keys() & listed)
        for number, name in enumerate(present):
            progress("reading checksums", number / len(present))
            digest = files[name]()
            wrong = _lists_against(name, digest, lists)
            if wrong:
                said = f"not what {' and '.join(wrong)} say{'s' * (len(wrong) == 1)}"
                self.outcome.report("file-changed", name, f"was changed: its sha256 is {digest}, {said}")
            if SUMS not in wrong:
                sound.add(name)
        self.outcome.checked.append(f"{len(present)} checksums")
        return frozenset(sound)

    def check_provenance(self, envelope: Envelope, statement: Record, manifest: Record, sound: Set[str]) -> None:
        """Compares what the statement, if any, says about the build with `release.json` and `BUILD.json`; proves its signature."""
        if not statement:
            return
        signature, build = self.read(SIGNATURE), self.read(BUILD_FILE) if self.files and BUILD_FILE in sound else None
        faults, inputs = _statement_faults(statement, manifest, build)
        for fault in faults:
            self.outcome.report("provenance-wrong", PROVENANCE, fault)
        self.outcome.checked.append(f"provenance of {inputs} inputs")
        if signature is None and envelope.signatures:
            self.outcome.report("signature-missing", SIGNATURE, f"is missing, though {PROVENANCE} is signed")
        elif signature is not None and (fault := envelope.fault(self.keys)):
            self.outcome.report("provenance-wrong", PROVENANCE, fault)

    def check_chain(self, manifest: Record, earlier: Earlier) -> None:
        """Walks back from release to release, each named by its successor's `previous`; nowhere when there is no manifest."""
        if not manifest:
            return
        record, version = manifest, str(manifest.get("version"))
        seen = {version}
        while (previous := record.get("previous")) is not None:
            link, after = mapping(previous), version
            version, digest = str(link.get("version")), str(link.get("sha256"))
            sha256, record = earlier(version) or ("", {})
            if not sha256 and version not in seen:
                self.outcome.not_checked.append(f"chain before {after}: {version} is not beside it")
                version = after
                break
            said = (record.get("name"), record.get("version"))
            faults = (
                (version in seen, f"the chain of releases comes back to {version}"),
                (
                    sha256 != digest,
                    f"{after} names {version} with the sha256 {digest}; the {version} beside it has {sha256}",
                ),
                (
                    said != (manifest.get("name"), version),
                    f"the release before {after} calls itself {said[0]} {said[1]}",
                ),
            )
            if broken := [fault for is_broken, fault in faults if is_broken]:
                self.outcome.report("chain-broken", MANIFEST, broken[0])
                return
            seen.add(version)
        if len(seen) > 1:
            self.outcome.checked.append(f"chain back to {version}")
        elif manifest.get("previous") is None:
            self.outcome.checked.append("first of its chain")


def prove_release(
    read: Read,
    outcome: Outcome,
    *,
    files: Files | None = None,
    keys: Keys = (),
    earlier: Earlier = lambda _version: None,
    is_download: bool = False,
    progress: Progress = lambda _what, _share: None,
) -> Proof:
    """Proves a release by its own documents and the keys of its publisher.

    Args:
        read: Reads a document of the release.
        outcome: Takes what was proven, what could not be, and the problems; one that raises ends the proof there.
        files: Its files; None when they are not here yet.
        keys: The publisher's keys, from anywhere but the release itself; without one the signature is not proven.
        earlier: Finds a version before this one.
        is_download: Whether archives of its other files may be missing.
        progress: Told which share of the files is hashed.
    """
    found = _Examination(read, files, keys, outcome)
    listing, signature = read(SUMS) or b"", read(SIGNATURE)
    signed, comment = found.check_signature(listing, signature)
    sums, problem = read_sums(listing)
    if problem:
        outcome.report("sums-malformed", SUMS, problem)
    content = read(MANIFEST)
    manifest = found.read_manifest(content)
    envelope, statement = found.read_provenance(read(PROVENANCE))
    lists = {
        SUMS: sums,
        MANIFEST: _listed(manifest.get("files"), "sha256"),
        PROVENANCE: _listed(statement.get("subject"), "digest"),
    }
    archives = _archives_of(manifest) if is_download else set()
    if files is None:
        sound = found.compare_lists(lists, content)
    else:
        sound = found.compare_files(files, lists, archives, progress)
    outcome.checked += signed
    if manifest and comment not in {None, signatures.trusted_comment(manifest)}:
        outcome.report("signature-wrong", SIGNATURE, f"was made for something else: {comment!r}")
    found.check_provenance(envelope, statement, manifest, sound)
    found.check_chain(manifest, earlier)
    return Proof(manifest, _listed_files(sums, manifest, content), sound)


def _archives_of(manifest: Record) -> set[str]:
    """The archives of a release's other files, as `release.json` names them."""
    names = {str(entry["name"]) for entry in manifest.get("files", ()) if entry.get("media_type") == _ARCHIVE}
    return {name for name in names if name.endswith(".zip")}


def _listed_files(sums: Mapping[str, str], manifest: Record, content: bytes | None) -> dict[str, ListedFile]:
    """The files that `SHA256SUMS` lists, by name, with what `release.json` says of them, whose own content that is."""
    about: dict[str, Record] = {entry["name"]: entry for entry in manifest.get("files", ())}
    about[MANIFEST] = {"bytes": len(content or b"")}
    return {
        name: ListedFile(name, digest, *(about.get(name, {}).get(member) for member in ("bytes", "table")))
        for name, digest in sums.items()
    }


def read_from(folder: Path) -> Read:
    """Reads documents of a release in a folder; what is no plain file is none.

    Raises:
        ProjectError: when one is longer than any document.
    """

    def read(name: str) -> bytes | None:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            return None
        if problem := excess(path):
            raise ProjectError(f"{path}: {problem}, so it is no document of a release")
        return path.read_bytes()

    return read


def files_of(folder: Path, outcome: Outcome, digest: Callable[[Path], str] = sha256_of) -> Files:
    """The plain files of a folder, hashed by `digest`; anything else in it is a problem."""
    present = {}
    for path in folder.iterdir():
        if path.name == "__pycache__" and path.is_dir() and not path.is_symlink():
            message = "is what Python left when load.py ran, and no part of the release: delete it"
            outcome.report("file-extra", path.name, message)
        elif path.is_symlink() or not path.is_file():
            outcome.report("file-extra", path.name, "is no plain file; a release has nothing else")
        else:
            present[path.name] = partial(digest, path)
    return present


def earlier_in(read: Read) -> Earlier:
    """Finds versions by what `read` has of `VERSION/release.json`."""

    def find(version: str) -> tuple[str, Record] | None:
        content = None if file_problem(version) else read(f"{version}/{MANIFEST}")
        return None if content is None else (hashlib.sha256(content).hexdigest(), json_object(content))

    return find


def demand_whole(folder: Path, digest: Callable[[Path], str] = sha256_of) -> None:
    """Reads every file of a release back and proves it.

    Args:
        folder: Where it is.
        digest: Knows the sha256 of files that this run has read back.

    Raises:
        RefusalError: when a file is missing, was changed or is not listed, or the documents disagree.
    """
    outcome = Outcome()
    prove_release(read_from(folder), outcome, files=files_of(folder, outcome, digest), is_download=True)
    if outcome.problems:
        faults = "; ".join(f"{problem.file} {problem.message}" for problem in outcome.problems)
        raise RefusalError(f"{folder} is damaged: {faults}", f"move {folder} away and build again")


def _statement_faults(statement: Record, manifest: Record, build: bytes | None) -> tuple[list[str], int]:
    """How what the statement says about the build differs from `release.json` and `BUILD.json`, and the number of inputs."""
    definition = mapping(mapping(statement.get("predicate")).get("buildDefinition"))
    parameters = mapping(definition.get("externalParameters"))
    dependencies = _listed(definition.get("resolvedDependencies"), "digest")
    inputs = json_object(build or b"").get("inputs")  # malformed ones are told where the metadata are compared
    faults = []
    if definition.get("buildType") != provenance.BUILD_TYPE:
        faults.append(f"describes a build of the type {definition.get('buildType')!r}")
    for name, other in provenance.PARAMETERS.items() if manifest else ():
        if (found := parameters.get(name)) != (wanted := manifest.get(other)):
            faults.append(f"says {name} {found!r}, {MANIFEST} says {wanted!r}")
    for name, digest in sorted(_listed(inputs, "sha256", name="path").items()):
        if dependencies.get(name) != digest:
            faults.append(f"has another sha256 of the input {name} than {BUILD_FILE}")
    return faults, len(dependencies)


def _lists_against(name: str, digest: str | None, lists: Lists) -> list[str]:
    """The lists that have another digest of a file; one that is absent has none."""
    listing = [source for source, record in lists.items() if record and name not in _UNLISTED[source]]
    return [source for source in listing if lists[source].get(name) != digest]


def _listed(entries: object, digest: str, *, name: str = "name") -> dict[str, str]:
    """The sha256 by name in a list of objects; it stands in the property `digest`, in-toto puts one more object around it."""
    found = {}
    for entry in filter(None, map(mapping, entries)) if isinstance(entries, list) else ():
        value = entry.get(digest)
        found[str(entry.get(name))] = str(mapping(value).get("sha256") if digest == "digest" else value)
    return found


def parse_json(content: bytes) -> Any:
    """What a JSON document says.

    Raises:
        ValueError: when it is none, or has more values than any document of a release.
    """
    if problem := excess_of_values(content):
        raise ValueError(problem)
    return json.loads(content)


def json_object(content: bytes) -> Record:
    """The object that a JSON document is; empty when it is none."""
    try:
        return mapping(parse_json(content))
    except (ValueError, RecursionError):
        return {}


def mapping(value: object) -> Record:
    """The object that a value is; empty when it is none."""
    return value if isinstance(value, Mapping) else {}
