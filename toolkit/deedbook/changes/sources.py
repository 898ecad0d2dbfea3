"""What OLD and NEW may name: a folder, a release or its zip, a version, `git:REF`, a descriptor, a CSV file."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from deedbook.changes.declarations import named_as
from deedbook.descriptor import Package
from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.containers import ArchiveError, opened
from deedbook.integrity.digests import MANIFEST, SUMS
from deedbook.project import CONFIG, DESCRIPTOR, Project, Reading, load_project

_VERSION = re.compile(r"(?:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)@)?v?(?P<version>\d+\.\d+\.\d+[0-9A-Za-z.+-]*)")
_DESCRIPTORS = {".json", ".yaml", ".yml"}
GIT = "git:"
_SHA = re.compile(rb"[0-9a-f]{40,64}")
_LINK, _SUBMODULE = b"120000", b"160000"
"""How git notes a symbolic link and another repository."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison; `label` is what people call it."""

    label: str
    project: Project

    @property
    def package(self) -> Package:
        """The tables and what is said of them."""
        return self.project.package

    @property
    def is_release(self) -> bool:
        """Whether it is a release, not what one is made from."""
        return (self.package.root / MANIFEST).is_file() and not (self.package.root / CONFIG).is_file()

    def named_as(self, new: Self) -> Self:
        """The side with its renamed tables under the names that the new side declares."""
        return replace(self, project=replace(self.project, package=named_as(self.package, new.package)))


@contextmanager
def open_sides(
    old: str, new: str, *, schema: Path | None = None, here: Path | None = None
) -> Iterator[tuple[Side, Side]]:
    """Both sides of a comparison; what had to be unpacked is removed at the end.

    Args:
        old: A path, a version, `NAME@VERSION` or `git:REF`.
        new: The same.
        schema: The Table Schema of both when they are data files; they then count as one table.
        here: The folder whose project versions and git refs belong to; the working directory when None.

    Raises:
        UsageError: when a side names nothing that exists.
        ProjectError: when it cannot be read.
    """
    here = here or Path.cwd()
    with ExitStack() as stack:
        yield _open(old, new, schema, here, stack), _open(new, new, schema, here, stack)


def _open(text: str, named_by: str, schema: Path | None, here: Path, stack: ExitStack) -> Side:
    path = Path(text)
    kind = path.suffix.lower() if schema is None else ""
    if text.startswith(GIT):
        return _side_of_git(text.removeprefix(GIT), here, stack)
    if path.is_dir():
        return side_of_folder(path)
    if path.is_file() and kind == ".zip":
        return _side_of_zip(path, stack)
    if path.is_file():
        table = None if kind in _DESCRIPTORS else Reading(schema, Path(named_by).name.split(".")[0])
        return Side(str(path), load_project(path, table))
    if found := _VERSION.fullmatch(text):
        return _side_of_version(found["name"] or "", found["version"], here)
    raise UsageError(
        f"{text}: no such file or folder, and no version",
        "name a folder, a release or its .zip, a descriptor, a CSV file with --schema, a version such as 1.2.0, or git:REF",
    )


def side_of_folder(folder: Path) -> Side:
    """A project or a release."""
    side = Side(str(folder), load_project(folder))
    return replace(side, label=f"{side.package.name} {side.package.version}") if side.is_release else side


def _side_of_version(name: str, version: str, here: Path) -> Side:
    """A release of the project at or above `here`, or of another dataset in its release folders."""
    project = load_project(_project_root(here))
    name = name or project.package.name
    if folder := find_release(project.release_folders, name, version):
        return side_of_folder(folder)
    homes = " or ".join(str(root / name) for root in project.release_folders)
    found = ", ".join(find_releases(project.release_folders, name))
    known = f"the versions there are {found}" if found else "no version was built there yet"
    raise UsageError(f"there is no version {version} in {homes}", known)


def find_releases(folders: Sequence[Path], name: str) -> dict[str, Path]:
    """The folders of all whole releases by what they are called."""
    called = sorted({folder.name for root in folders for folder in (root / name).glob("*")})
    return {version: folder for version in called if (folder := find_release(folders, name, version))}


def find_release(folders: Sequence[Path], name: str, version: str) -> Path | None:
    """The folder of a whole release in the first of these folders that has it; None when none has.

    The first folder is where releases are built: what was published under the version with other content comes before what it holds.
    """
    found = []
    for number, root in enumerate(folders):
        folder = root / name / version
        # while it is being published, its sums are not there yet
        if (folder / MANIFEST).is_file() and (not number or (folder / SUMS).is_file()):
            found.append(folder)
    others = (folder for folder in found if (folder / MANIFEST).read_bytes() != (found[0] / MANIFEST).read_bytes())
    return next(others, found[0]) if found else None


def _project_root(here: Path) -> Path:
    """The folder at or above `here` that holds a project."""
    for folder in (here, *here.resolve().parents):
        if (folder / CONFIG).is_file() or (folder / DESCRIPTOR).is_file():
            return folder
    raise UsageError(f"{here}: is in no project", "change into the project that the version or the git ref belongs to")


def _side_of_git(ref: str, here: Path, stack: ExitStack) -> Side:
    """The project at or above `here` as it stood at a branch, a tag or a commit."""
    root, top = _within_git(here)
    if ref[:1] in {"", "-"}:
        raise UsageError(f"{ref!r} is no git ref", "name a branch, a tag or a commit")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    listing = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", str(root.relative_to(top)))
    return Side(f"git {ref}", load_project(_unpacked(listing, top, stack) / root.relative_to(top)))


def staged_project(here: Path, stack: ExitStack) -> tuple[Project, Path]:
    """The project at or above `here` as it is staged, which the next commit will hold whatever the files say, and where it is."""
    root, top = _within_git(here)
    listing = _git(top, "ls-files", "--stage", "-z", "--", str(root.relative_to(top)))
    files = listing.split(b"\0")[:-1]
    if unmerged := [name for about, _, name in (file.partition(b"\t") for file in files) if not about.endswith(b" 0")]:
        raise ProjectError(f"{os.fsdecode(unmerged[0])} is in conflict", "resolve it and `git add` it")
    if not files:
        raise ProjectError(f"{root}: nothing of this project is staged or committed", "`git add` it first")
    return load_project(_unpacked(listing, top, stack) / root.relative_to(top)), root


def _within_git(here: Path) -> tuple[Path, Path]:
    """The root of the project at or above `here`, and that of its repository."""
    root = _project_root(here).resolve()
    return root, Path(_git(root, "rev-parse", "--show-toplevel").decode().strip()).resolve()


def _unpacked(listing: bytes, top: Path, stack: ExitStack) -> Path:
    """The files that git lists with their mode and the sha of their blob, in a scratch folder.

    Blobs, since attributes and filters of a repository may run programs and change what stands in a file.
    """
    entries = (entry.partition(b"\t") for entry in listing.split(b"\0")[:-1] if not entry.startswith(_SUBMODULE))
    files = [(about[:6], _SHA.findall(about)[0], name) for about, _, name in entries]
    blobs = _git(top, "cat-file", "--batch", asked=b"".join(sha + b"\n" for _, sha, _ in files))
    scratch = tempfile.TemporaryDirectory(prefix="deedbook-", ignore_cleanup_errors=True)
    folder, at = Path(stack.enter_context(scratch)).resolve(), 0
    for mode, _, name in files:
        start = blobs.index(b"\n", at) + 1
        at = start + int(blobs[at:start].split()[2]) + 1
        path, content = folder / os.fsdecode(name), blobs[start : at - 1]
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode != _LINK:
            path.write_bytes(content)
        elif (path.parent / os.fsdecode(content)).resolve().is_relative_to(folder):
            path.symlink_to(os.fsdecode(content))
    return folder


def _git(folder: Path, *arguments: str, asked: bytes = b"") -> bytes:
    """What git says.

    Raises:
        ProjectError: when git is missing or fails.
    """
    program = shutil.which("git")
    if program is None:
        raise ProjectError("git is not installed", "install git, or compare folders")
    done = subprocess.run([program, "-C", str(folder), *arguments], input=asked, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "it does not know that ref"
        raise ProjectError(f"git {arguments[0]} in {folder}: {said}", "check the ref with `git log`")
    return done.stdout


def _side_of_zip(path: Path, stack: ExitStack) -> Side:
    """What the archive holds a descriptor of, unpacked; no member leaves the scratch folder.

    Raises:
        ProjectError: when it is no zip, holds no package, or unpacks to too much.
    """
    try:
        folder = stack.enter_context(opened(path, flat=False))
    except ArchiveError as error:
        raise ProjectError(f"{path}: {error}", "unpack it yourself if you trust it, or download it again") from None
    found = sorted(folder.rglob(CONFIG)) or sorted(folder.rglob(DESCRIPTOR))
    if not found:
        raise ProjectError(f"{path}: holds neither {CONFIG} nor {DESCRIPTOR}", "name a zip of a release or a project")
    return side_of_folder(min(found, key=lambda file: len(file.parts)).parent)
