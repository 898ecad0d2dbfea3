"""`verify`: proves a release by itself: its documents and files (integrity.proof), equal data in every format, agreeing metadata.

    formats      every table in every format against its CSV (equality)
    metadata     what the documents say about the release, against release.json (agreement)
    rebuild      with a project: the same bytes again (rebuild)

Only what agrees with `SHA256SUMS` is looked into: a damaged file is named once, for that.
"""

from __future__ import annotations

from pathlib import Path

from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.containers import ArchiveError, opened
from deedbook.integrity.digests import MANIFEST, SUMS
from deedbook.integrity.problems import Outcome, Verification
from deedbook.integrity.proof import Progress, earlier_beside, files_of, prove_release, read_from
from deedbook.integrity.signatures import PublicKey
from deedbook.project import Project
from deedbook.release.agreement import check_agreement
from deedbook.release.equality import check_formats
from deedbook.release.rebuild import check_rebuild


def verify(
    path: Path, *, key: PublicKey | None = None, project: Project | None = None, progress: Progress | None = None
) -> Verification:
    """What is wrong with a release, and what was verified.

    Args:
        path: Its folder, or a `.zip` of it.
        key: The publisher's key, from anywhere but the release itself; without one a signature is not proven.
        project: The project that it was made from, to build it again; its rule files run.
        progress: Told what is being done, and which share of that is behind it.

    Raises:
        UsageError: when the path does not exist.
        ProjectError: when it is no release at all.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such file or folder", "name the folder of a release, dist/NAME/VERSION, or its .zip"
        )
    if path.is_file() and path.suffix.lower() != ".zip":
        raise UsageError(f"{path}: is neither a folder nor a .zip", "name the folder of a release, dist/NAME/VERSION")
    say = progress or (lambda _what, _share: None)
    home, outcome, name, version = path.absolute().parent, Outcome(), "", ""
    try:
        with opened(path) as folder:
            if not any((folder / document).is_file() for document in (SUMS, MANIFEST)):
                raise ProjectError(f"{path}: has neither {SUMS} nor {MANIFEST}, so it is no release")
            proof = prove_release(
                read_from(folder),
                outcome,
                files=files_of(folder, outcome),
                keys=(key,) if key else (),
                earlier=earlier_beside(home),
                progress=say,
            )
            if manifest := proof.manifest:
                name, version = str(manifest.get("name", "")), str(manifest.get("version", ""))
                check_formats(folder, name, proof.sound, outcome, say)
                check_agreement(folder, manifest, proof.sound, outcome)
                if project is not None:
                    say("building it again", 0.0)
                    check_rebuild(folder, home, project, manifest, outcome)
    except ArchiveError as error:
        outcome.report("archive-unreadable", path.name, str(error))
    ordered = sorted(outcome.problems, key=lambda item: (bool(item.file), item.file, item.table or "", item.row or 0))
    return Verification(
        str(path),
        name,
        version,
        tuple(ordered),
        tuple(outcome.checked),
        tuple(outcome.not_checked),
        tuple(outcome.notes),
    )
