"""`type = "directory"`: a folder, which a web server may serve, or the checkout of a branch for Pages.

path      the folder; relative to the project
url       its public address, to read everything back over it before latest moves
title     what a new catalogue is called; the title of the dataset by default
git       true: commit what was published, on `branch` only; nothing is pushed
branch    that must be checked out in `path`; `gh-pages` by default
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.documents import DOCUMENTS
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.publishing.steps import Facts, Progress, Step
from deedbook.publishing.targets.hosted import HostedCatalogue
from deedbook.publishing.targets.settings import Settings


def directory_target(settings: Settings) -> HostedCatalogue:
    """The target that settings describe."""
    settings.only("path", "url", "title", "git", "branch")
    folder = settings.root / settings.text("path")
    url, title = settings.address("url"), settings.text("title", settings.title)
    if not settings.flag("git"):
        return HostedCatalogue(settings.name, "directory", str(folder.resolve()), DirectoryStore(folder), url, title)
    branch = settings.text("branch", "gh-pages")
    check = Step(
        "branch",
        f"look whether {folder} is a checkout of {branch}",
        lambda *_: _demand_branch(folder, branch),
        always=True,
    )
    return HostedCatalogue(
        settings.name,
        "directory",
        f"{folder.resolve()} git {branch}",
        DirectoryStore(folder),
        "",  # public only once it is pushed, which is not done here
        title,
        before=[check],
        after=lambda subject: [_commit(folder, branch, subject)],
        next=f"it is public once you push it: `git -C {shlex.quote(str(folder))} push origin {branch}`",
    )


def _commit(folder: Path, branch: str, subject: str) -> Step:
    def run(_facts: Facts, _progress: Progress) -> Facts:
        _demand_branch(folder, branch)
        places = [name for name in DOCUMENTS if (folder / name).is_file()]
        places += sorted(item.parent.relative_to(folder).as_posix() for item in folder.glob("*/*/release.json"))
        _git(folder, ["add", "--force", "--", *places])
        if _git(folder, ["diff", "--cached", "--name-only", "--", *places]):
            _git(folder, ["commit", "--quiet", "--no-verify", "--message", subject, "--", *places])
        return {"commit": _git(folder, ["rev-parse", "HEAD"])}

    return Step("commit", f"commit it on {branch}", run, always=True)


def _demand_branch(folder: Path, branch: str) -> Facts:
    if not folder.is_dir():
        raise ProjectError(f"{folder}: there is no such folder", f"make it: `{_checkout(folder, branch)}`")
    found = _git(folder, ["symbolic-ref", "--short", "--quiet", "HEAD"], fails="detached")
    if found != branch:
        raise RefusalError(
            f"{folder} is a checkout of {found or 'no branch'}, not of {branch}", f"git -C {folder} switch {branch}"
        )
    return {}


def _checkout(folder: Path, branch: str) -> str:
    """The command that makes the checkout, and the branch when there is none yet."""
    place = shlex.quote(str(folder))
    names = [f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"]
    try:
        is_there = bool(_git(Path(), ["for-each-ref", "--format=%(refname)", *names]))
    except (ProjectError, UsageError):
        is_there = True  # not in a repository: git says so itself
    if is_there:
        return f"git worktree add {place} {branch}"
    return f"git worktree add --detach {place} && git -C {place} switch --orphan {branch}"


def _git(folder: Path, arguments: Sequence[str], *, fails: str = "") -> str:
    """What git says.

    Raises:
        UsageError: when git is not installed.
        ProjectError: when it fails.
    """
    program = shutil.which("git")
    if program is None:
        raise UsageError("git is not installed", "install it, or set git = false")
    done = subprocess.run(  # noqa: S603  # a literal list of arguments
        [program, "-C", str(folder), *arguments], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode and done.stderr.strip():
        raise ProjectError(f"git {arguments[0]} in {folder}: {done.stderr.strip()}", "mend that and publish again")
    return fails if done.returncode else done.stdout.strip()
