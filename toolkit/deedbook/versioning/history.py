"""`changes.json`: what a release writes of its changes, and what a chain of releases tells.

    changes.json   the changes since the previous release in the shape of `changes/changes.schema.json`, as `diff --format json` tells
                   them, withdrawn rows and corrected cells with their reasons; and of the release: dataset, version, created, previous,
                   bump {floor, minimum, override, rules}, fallen_status (events that are supported less), retired (every key that any
                   release withdrew, by table), history (one entry a version: version, created, previous, level, rules, tables, reasons,
                   notes, coverage)

The history is carried forward from the `changes.json` of the release before, so no older release is needed to tell it. What a chain
tells of one row, and the reasons over a span, is read from all of its documents: from its newest release back by `previous`, and the
sha256 that each gives of the `release.json` before it is proven on the way. Keys and fields are followed through re-keying and renaming.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

from deedbook.changes.records import Changes, Place, Span, changes_record, changes_schema
from deedbook.changes.sources import Side, find_release, find_releases
from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.digests import MANIFEST, sha256_of
from deedbook.project import CONFIG, DESCRIPTOR, load_project
from deedbook.versioning.bump import Verdict
from deedbook.versioning.corrections import PRIVACY, SAID
from deedbook.versioning.numbers import SEMVER, read_version
from deedbook.versioning.previous import CHANGES, read_json

Document = Mapping[str, Any]
"""The content of a `changes.json`."""
Facts = set[tuple[str, ...]]
_MOST_NOTES = 50
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")


def changes_document(
    dataset: str,
    version: str,
    created: str,
    rows: Mapping[str, int],
    verdict: Verdict | None,
    coverage: Sequence[str] = (),
) -> dict[str, Any]:
    """The content of `changes.json`.

    Args:
        dataset: The dataset's name.
        version: The release's version.
        created: Its date and time, as text.
        rows: The rows of each edited table.
        verdict: What the version rests on; None for a first release.
        coverage: What the release covers, a sentence each (R-70).
    """
    lost: list[dict[str, str]] = []
    if verdict is None:
        tables = [{"table": name, "rows": number} for name, number in rows.items()]
        entry: dict[str, Any] = {"previous": None, "level": "first", "rules": [], "tables": tables, "reasons": {}}
        own: dict[str, Any] = {"previous": None, "bump": None}
        record = changes_record(Changes("", version, rows_of_new=dict(rows)))
        retired, earlier = {}, []
    else:
        previous, found, entry = verdict.previous, verdict.reasons, _entry(verdict)
        own = {"previous": {"version": previous.version, "sha256": previous.sha256}, "bump": verdict.bump}
        reasons = {(item.table, item.key, item.field): item.said for item in found.given}
        record = changes_record(replace(verdict.changes, old=previous.version, new=version, reasons=reasons))
        for cell in chain.from_iterable(table["changed"] for table in record["tables"]):
            if cell.get("reason", "").strip() == PRIVACY:
                cell["old"] = None
        lost = [{"table": it.table, "key": it.key, "old": it.old, "new": it.new, **it.said} for it in found.fallen]
        retired, earlier = verdict.all_retired, read_json(previous.folder / CHANGES).get("history", [])
    head = {"changes_version": record["changes_version"], "dataset": dataset, "version": version, "created": created}
    history = [{"version": version, "created": created, **entry, "coverage": list(coverage)}, *earlier]
    return head | own | record | {"fallen_status": lost, "retired": retired, "history": history}


def _entry(verdict: Verdict) -> dict[str, Any]:
    """What the history tells of a version that follows another."""

    def markdown(text: str) -> str:
        """A text on one line in which nothing is Markdown."""
        return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))

    changes, given = verdict.changes, verdict.reasons.given
    tables = [{"table": item.table, **item.counts} for item in changes.tables if item.has_new_values]
    tables += [{"table": name, "rows": number} for name, number in changes.rows_of_new.items()]
    notes = list(dict.fromkeys(filter(None, (item.note for item in given))))
    return {
        "previous": verdict.previous.version,
        "level": verdict.level,
        "override": verdict.bump["override"],
        "rules": [item.record | {"says": item.says} for item in verdict.rules],
        "tables": tables,
        "schema": [item.sentence for item in changes.schema],
        "fallen": [
            f"`{it.table}` {markdown(it.key)} from {it.old} to {it.new or 'none'}" for it in verdict.reasons.fallen
        ],
        "reasons": dict(sorted(Counter(item.reason for item in given).items())),
        "notes": notes[:_MOST_NOTES],
    }


@dataclass(frozen=True, slots=True)
class Homes:
    """Where the releases of a dataset stand as `NAME/VERSION/`, and the newest final one of them (else the newest)."""

    folders: tuple[Path, ...]
    name: str
    newest: str

    @property
    def folder(self) -> Path:
        """That of the newest release."""
        return find_release(self.folders, self.name, self.newest) or Path()


def find_homes(path: Path) -> Homes:
    """The releases that a folder means: a release and those beside it, a project's, those in `dist/NAME` or in a catalogue.

    Raises:
        UsageError: when there is none.
        ProjectError: when a project or a release cannot be read.
    """
    path = path.resolve()
    if (path / MANIFEST).is_file() and not (path / CONFIG).is_file():
        return Homes((path.parent.parent,), path.parent.name, path.name)
    folders: tuple[Path, ...] = (path,)
    names = sorted({file.parent.parent.name for file in path.glob(f"*/*/{MANIFEST}")})
    if (path / CONFIG).is_file() or (path / DESCRIPTOR).is_file():
        project = load_project(path)
        folders, names = project.release_folders, [project.package.name]
    elif any(path.glob(f"*/{MANIFEST}")):
        folders, names = (path.parent,), [path.name]
    if len(names) > 1:
        raise UsageError(f"{path} holds several datasets", f"name the folder of one: {', '.join(names)}")
    versions = list(filter(SEMVER.fullmatch, find_releases(folders, "".join(names))))
    if not versions:
        raise UsageError(f"{path} holds no release", "name a project, a release, or NAME with --from CATALOGUE")
    return Homes(folders, names[0], max(versions, key=lambda text: (read_version(text).is_final, read_version(text))))


def read_chain(homes: Homes) -> Iterator[Document]:
    """The documents from the newest release back; it ends before a release that is not there.

    Raises:
        ProjectError: when a release is not the one that the next one follows, or does not tell its changes.
    """
    version, sha256 = homes.newest, ""
    while folder := find_release(homes.folders, homes.name, version):
        if sha256 and sha256_of(folder / MANIFEST) != sha256:
            message = f"{folder} is not the release that the next one follows: its release.json has another sha256"
            raise ProjectError(message, "fetch the published release again")
        document = demand_document(read_json(folder / CHANGES), str(folder))
        yield document
        if not document["previous"]:
            return
        version, sha256 = document["previous"]["version"], document["previous"]["sha256"]


def demand_document(document: Document, where: str) -> Document:
    """The document, once it has the shape of a `changes.json`.

    Raises:
        ProjectError: when it has not.
    """
    import jsonschema

    shape = changes_schema()
    shape["required"] += ["version", "created", "previous", "history"]
    if (error := next(jsonschema.Draft202012Validator(shape).iter_errors(document), None)) is not None:
        raise ProjectError(
            f"{where}: its {CHANGES} does not tell the changes as it should: {error.message[:200]}",
            "verify the release; one of an older deedbook can only be compared with `deedbook diff`",
        )
    return document


def is_unseen(folder: Path, changes: Changes) -> bool:
    """Whether nothing that a release changed in rows is there in what is compared with it: a state that never saw the release."""
    document = read_json(folder / CHANGES)
    names = {item.table for item in changes.tables}
    told, (came, went, cells, renamed) = _facts(document, names), _facts(changes_record(changes), names)
    is_kept = bool(told[0] - went - {cell[:2] for cell in cells} or told[1] - came)
    is_kept |= any(cell[:2] not in went for cell in told[2] - cells)
    for kind, was, now in told[3]:
        is_lost = kind == "table-renamed" and now in changes.rows_of_gone
        is_kept |= not is_lost and (kind, now, was) not in renamed
    return any(told) and not is_kept and not document.get("tables_added")


def _facts(record: Document, names: Collection[str]) -> tuple[Facts, Facts, Facts, Facts]:
    """The keys that came, the keys that went, the cells that changed in value, of these tables; and what was renamed."""
    came, went, cells = Facts(), Facts(), Facts()
    for table in record.get("tables", ()):
        name, rekeyed = table["table"], table["rekeyed"]
        if name in names:
            came |= {(name, key) for key in (*table["added"], *(pair["new"] for pair in rekeyed))}
            went |= {(name, item.get("key", item.get("old"))) for item in (*table["removed"], *rekeyed)}
            cells |= {(name, it["key"], it["field"]) for it in table["changed"] if it["kind"] == "value"}
    schema = record.get("schema", ())
    return came, went, cells, {(it["kind"], it["old"], it["new"]) for it in schema if it["kind"].endswith("renamed")}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a row in one version; `what` is a field, or what became of the whole row."""

    version: str
    created: str
    what: str
    old: str | None = None
    new: str | None = None
    reason: str = ""
    note: str = ""


def row_history(documents: Iterable[Document], table: str, key: str) -> Iterator[Event]:
    """What happened to a row, newest first, by the keys and field names of their time; the last is how it came.

    Args:
        documents: The chain.
        table: The name of the table.
        key: The row's key, its parts joined by `|`; also one that it no longer has.
    """
    for document in documents:
        renamed = {was: now for _, was, now in _renamed(document, "table-renamed")}
        former = {now: was for was, now in renamed.items()}
        was, table = former.get(table, table), renamed.get(table, table)
        if was != table:
            yield Event(document["version"], document["created"][:10], "the table was renamed", was, table)
        for what, item in _happened(document, table, key):
            said = [item.get("old"), item.get("new"), item.get("reason", ""), item.get("note", "")]
            yield Event(document["version"], document["created"][:10], what, *said)
            if "field" not in item:  # of the whole row
                key = item.get("old", key)
            if what in _COMINGS and not item:
                return
        table = was


def _renamed(document: Document, kind: str) -> Iterator[tuple[str, str, str]]:
    """Table, old and new name of what a version renamed."""
    yield from ((item["table"], item["old"], item["new"]) for item in document["schema"] if item["kind"] == kind)


_COMINGS = ("came with its table", "added")


def _happened(document: Document, table: str, key: str) -> Iterator[tuple[str, Document]]:
    """What happened to a row of a table in one version, the change of its key after those of its cells."""
    yield from [(_COMINGS[0], {})] * (table in document["tables_added"])
    yield from [("went with its table", {})] * (table in document["tables_removed"])
    for changes in (item for item in document["tables"] if item["table"] == table):
        yield from ((it["field"], it) for it in changes["changed"] if (it["key"], it["kind"]) == (key, "value"))
        for pair in changes["rekeyed"]:
            if key in {pair["old"], pair["new"]}:
                yield "re-keyed", pair
                key = pair["old"]
        yield from (("withdrawn", row) for row in changes["removed"] if row["key"] == key)
        yield from [(_COMINGS[1], {})] * (key in changes["added"])


def with_span(changes: Changes, old: Side, new: Side) -> Changes:
    """The changes between two releases with what those in between tell: which they are, and the last reason of each change.

    Those between other datasets, or where the older one is not the first, stay as they are.
    """
    older, newer = old.package, new.package
    if older.name != newer.name or not (SEMVER.fullmatch(older.version) and SEMVER.fullmatch(newer.version)):
        return changes
    if read_version(older.version) >= read_version(newer.version):
        return changes
    folders = newer.root.resolve().parent.parent, older.root.resolve().parent.parent
    homes = Homes(folders, newer.name, newer.version)
    documents = list(takewhile(lambda document: document["version"] != older.version, read_chain(homes)))
    follows = (documents[-1]["previous"] or {"version": ""})["version"] if documents else newer.version
    missing = None if follows == older.version else follows or older.version
    between = tuple(document["version"] for document in documents[1:])
    return replace(changes, reasons=_last_reasons(documents), span=Span(between, missing))


def _last_reasons(documents: Iterable[Document]) -> dict[Place, dict[str, str]]:
    """The last reason of each change of a chain, by what tables, keys and fields are called in its newest release."""
    reasons: dict[Place, dict[str, str]] = {}
    # by what they are called in the release of a document, tables by what they are called today
    tables, keys, fields = dict[str, str](), dict[tuple[str, str], str](), dict[tuple[str, str], str]()
    for document in documents:
        for table in document["tables"]:
            name = tables.get(table["table"], table["table"])
            for item in (*table["removed"], *table["rekeyed"], *table["changed"]):
                key, field = item.get("key", item.get("old")), item.get("field", "")
                place = (name, keys.get((name, key), key), fields.get((name, field), field))
                if "reason" in item:
                    reasons.setdefault(place, {part: item[part] for part in SAID if part in item})
            keys |= {(name, it["old"]): keys.get((name, it["new"]), it["new"]) for it in table["rekeyed"]}
        for held, was, now in _renamed(document, "field-renamed"):
            name = tables.get(held, held)
            fields[name, was] = fields.get((name, now), now)
        tables |= {was: tables.get(now, now) for _, was, now in _renamed(document, "table-renamed")}
    return reasons
