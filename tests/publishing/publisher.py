"""A publisher in a process of its own, which kills itself at the n-th thing that it does to the disk.

The processes are forked from a server that has imported everything, so that hundreds of them take seconds.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn

from deedbook.catalogue.s3 import S3Store
from deedbook.cli import main
from deedbook.errors import DeedbookError
from deedbook.publishing.steps import Facts, Progress, PublishableRelease, Step, open_journal, run_steps
from deedbook.publishing.targets import Target
from deedbook.publishing.targets.hosted import HostedCatalogue
from tests.publishing.releases import NOW, directory_target

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDFORTESTS", "AWS_SECRET_ACCESS_KEY": "tests-secret-tests-secret"}
BUCKET = "releases"
_TOUCHING = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "ftruncate")


def processes() -> ForkServerContext:
    """Where publishers are started from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "pytest",
            "tests.publishing.publisher",
            "deedbook.catalogue.documents",
            "deedbook.cli.fetch",
            "jinja2",
            "jsonschema",
            "obstore.store",
            "tests.publishing.deposits",
        ]
    )
    return context


def run(target: Callable[..., None], *arguments: Any) -> int:
    """The exit code of a process that does this; minus 9 when it was killed."""
    return finish(start(target, *arguments))


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = processes().Process(target=target, args=arguments)
    process.start()
    return process


def finish(process: BaseProcess) -> int:
    process.join(120)
    assert process.exitcode is not None, "the publisher hangs"
    return process.exitcode


def publish_to_folder(release: PublishableRelease, root: Path, home: Path, kill_at: int) -> None:
    """Publishes into a folder; killed before the `kill_at`-th thing done to the disk, from 1, or in the middle of a write."""
    _forget_power_cuts()
    if kill_at:
        _die_at(kill_at)
    publish_to_the_end(release, directory_target(root), home)


def act_on_folder(act: Callable[[Path], None], root: Path, kill_at: int) -> None:
    """Does something to the catalogue in a folder; killed as above."""
    _forget_power_cuts()
    if kill_at:
        _die_at(kill_at)
    act(root)
    sys.exit(0)


def command(arguments: list[str], home: Path, kill_at: int) -> None:
    """Runs a command of a user with that home; killed as above."""
    os.environ["DEEDBOOK_HOME"] = str(home)
    _forget_power_cuts()
    if kill_at:
        _die_at(kill_at)
    sys.exit(main.run(arguments))


def publish_to_bucket(release: PublishableRelease, endpoint: str, prefix: str, home: Path, ready: Any = None) -> None:
    """Publishes into a bucket; whoever is to kill it waits at the server."""
    os.environ.update(CREDENTIALS)
    if ready is not None:
        ready.wait(60)
    publish_to_the_end(release, bucket_target(endpoint, prefix), home)


def publish_together(release: PublishableRelease, root: Path, home: Path, ready: Any) -> None:
    """Publishes into a folder as soon as the others are ready too."""
    _forget_power_cuts()
    ready.wait(60)
    publish_to_the_end(release, directory_target(root), home)


def bucket_target(endpoint: str, prefix: str) -> HostedCatalogue:
    """A target in a bucket, with a clock that stands still."""
    store = S3Store(BUCKET, prefix=prefix, endpoint=endpoint, region="us-east-1", environment=CREDENTIALS)

    def probe(_facts: Facts, _progress: Progress) -> Facts:
        store.probe()
        return {}

    before = [Step("probe", "see that it never overwrites", probe)]
    return HostedCatalogue(
        "public",
        "s3",
        f"{store.where} {endpoint}",
        store,
        title="Deeds",
        before=before,
        clock=lambda: NOW,
        environment={},
    )


def _forget_power_cuts() -> None:
    """Whoever is killed leaves what he wrote to the system; only a power cut would need it on the disk."""

    def sync(fd: object) -> None:
        """Nothing."""

    os.fsync = sync


def publish_to_the_end(release: PublishableRelease, target: Target, home: Path) -> NoReturn:
    """Publishes, and ends the process with the exit code that the command would have."""
    try:
        journal = open_journal(home, target.name, target.address, release)
        run_steps(target.steps(release), journal)
    except DeedbookError as error:
        (home / "error").write_text(f"{error.message}\n{error.hint}\n")
        sys.exit(error.exit_code)
    sys.exit(0)


def _die_at(kill_at: int) -> None:
    """Counts what is done to the disk, and dies before one of it; a write is then half done."""
    counter = itertools.count(1)
    for name in _TOUCHING:
        setattr(os, name, _dying(name, getattr(os, name), counter, kill_at))


def _dying(name: str, real: Callable[..., Any], counter: itertools.count[int], kill_at: int) -> Callable[..., Any]:
    def touch(*arguments: Any, **options: Any) -> Any:
        if next(counter) == kill_at:
            if name == "write":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    return touch
