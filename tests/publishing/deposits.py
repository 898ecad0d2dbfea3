"""Deposits of small releases at the fake services: publishers that can be killed, and what must hold afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import DeedbookError, RefusalError
from deedbook.publishing.steps import (
    FOLDER,
    Facts,
    PublishableFile,
    PublishableRelease,
    Settings,
    Step,
    open_journal,
    run_steps,
)
from deedbook.publishing.targets.github import GitHub, github_target
from deedbook.publishing.targets.zenodo import Zenodo, zenodo_target
from tests.fakes import github, invenio
from tests.fakes.server import FAULTS, FakeServer, Plan
from tests.publishing.publisher import finish, publish_to_the_end, start
from tests.publishing.releases import make_release, sha256

STEPS = (6, pytest.param(1, marks=pytest.mark.slow))
"""At any so many-th call in the quick tests, at each in the long ones."""
SECRETS = (invenio.TOKEN, github.TOKEN)
DATACITE = {
    "creators": [
        {
            "name": "Lovelace, Ada",
            "nameType": "Personal",
            "familyName": "Lovelace",
            "givenName": "Ada",
            "nameIdentifiers": [
                {"nameIdentifier": "https://orcid.org/0000-0002-1825-0097", "nameIdentifierScheme": "ORCID"}
            ],
            "affiliation": [{"name": "Analytical Society"}],
        },
        {"name": "The Deeds Project", "nameType": "Organizational"},
    ],
    "titles": [{"title": "Deeds & words"}],
    "publisher": {"name": "The Deeds Project"},
    "publicationYear": "2026",
    "dates": [{"date": "2026-11-22", "dateType": "Issued"}],
    "subjects": [{"subject": "conflict"}],
    "rightsList": [{"rights": "CC0", "rightsIdentifier": "CC0-1.0"}],
    "descriptions": [{"description": "Who did <what>.", "descriptionType": "Abstract"}],
}


def make_deposit(
    folder: Path, version: str = "1.0.0", *, content: str = "", doi: str = "", files: int = 0
) -> PublishableRelease:
    """A release of five files and `files` more, with what a deposit reads of it."""
    made = make_release(folder, version, content=content)
    added = {"datacite.json": json.dumps({**DATACITE, "version": version})}
    added |= {f"table{number:03}.jsonl": f'{{"id": {number}}}\n' for number in range(files)}
    for name, text in added.items():
        (folder / name).write_text(text)
    more = [PublishableFile(name, len(text), sha256(folder / name)) for name, text in added.items()]
    return replace(made, files=(*made.files[:-1], *more, made.files[-1]), doi=doi)


def make_target(fake: FakeServer) -> GitHub | Zenodo:
    """The target at a fake service, which waits for nothing."""
    target: GitHub | Zenodo
    if isinstance(fake, github.FakeGitHub):
        target = _github(fake.api, github.TOKEN)
    else:
        assert isinstance(fake, invenio.FakeInvenio)
        target = _zenodo(fake.api, invenio.TOKEN)
    target.client.sleep = lambda _seconds: None
    return target


def _github(api: str, token: str) -> GitHub:
    values = {"type": "github", "repository": "owner/data", "api": api}
    return github_target(Settings("code", Path(), values, "Deeds"), {"GITHUB_TOKEN": token})


def _zenodo(api: str, token: str) -> Zenodo:
    return zenodo_target(Settings("archive", Path(), {"type": "zenodo", "api": api}, "Deeds"), {"ZENODO_TOKEN": token})


def deposit(fake: FakeServer, release: PublishableRelease, home: Path) -> Facts:
    """Publishes in this process; what was found out."""
    target = make_target(fake)
    journal = open_journal(home, target.name, target.address, release)
    run_steps(target.steps(release), journal)
    return journal.facts


def do(steps: Iterable[Step]) -> None:
    """Does steps that need to know nothing."""
    for step in steps:
        step.run({}, lambda _bytes: None)


def demand_told_to_reader(fake: FakeServer, release: PublishableRelease, token: str) -> None:
    """Whoever has a token that may only read is told so, and not what it is."""
    target = make_target(fake)
    target.client.token = token
    with pytest.raises(RefusalError, match="403") as caught:
        do(target.steps(release)[:1])
    assert token not in caught.value.message


def attempt(fake: FakeServer, release: PublishableRelease, home: Path) -> int:
    """Publishes in this process; the exit code that the command would have. No message may hold a secret."""
    try:
        deposit(fake, release, home)
    except DeedbookError as error:
        said, code = f"{error.message} {error.hint}", error.exit_code
    else:
        said, code = "", 0
    assert not any(secret in said for secret in SECRETS)
    return code


def publish_in_child(release: PublishableRelease, kind: str, api: str, home: Path) -> None:
    """Publishes in a process of its own, which somebody may kill."""
    target = _github(api, github.TOKEN) if kind == "github" else _zenodo(api, invenio.TOKEN)
    target.client.sleep = lambda _seconds: None
    publish_to_the_end(release, target, home)


def run_child(
    fake: FakeServer, kind: str, release: PublishableRelease, home: Path, point: tuple[int, str] | None
) -> int:
    """The exit code of such a process, which is killed at a point: a call, `inside` its body or when it is `done`."""
    started = threading.Event()
    victims: list[BaseProcess] = []

    def stop(number: int, when: str) -> None:
        if (number, when) == point:
            started.wait(30)
            assert victims[0].pid is not None
            os.kill(victims[0].pid, signal.SIGKILL)
            wait([victims[0].sentinel], 30)

    fake.restart(Plan(stop=stop))
    api = fake.api  # type: ignore[attr-defined]
    victims.append(start(publish_in_child, release, kind, api, home))
    started.set()
    return finish(victims[0])


def kill_points(make: Callable[[], FakeServer], release: PublishableRelease, home: Path) -> list[tuple[int, str]]:
    """After every call, and within the body of every one that has one."""
    fake = make()
    points: list[tuple[int, str]] = []
    fake.plan.stop = lambda number, when: points.append((number, when))
    deposit(fake, release, home)
    fake.close()
    return points


def kill_everywhere(
    kind: str,
    make: Callable[[], FakeServer],
    release: PublishableRelease,
    folder: Path,
    demand: Callable[[Any, PublishableRelease, bool], None],
    step: int = 1,
) -> int:
    """Kills a publisher at every point, or any so many-th one, then lets it finish; the number of points."""
    (folder / "once").mkdir()
    points = kill_points(make, release, folder / "once")[::step]
    for number, point in enumerate(points):
        fake = make()
        home = folder / f"home{number}"
        home.mkdir()
        try:
            assert run_child(fake, kind, release, home, point) == -signal.SIGKILL, point
            demand(fake, release, False)
            if number % 2:
                lose_journal(home)
            assert run_child(fake, kind, release, home, None) == 0, (point, (home / "error").read_text())
            demand(fake, release, True)
            demand_no_secret(home)
        finally:
            fake.close()
    return len(points)


def fail_everywhere(
    fault: str,
    make: Callable[[], FakeServer],
    release: PublishableRelease,
    folder: Path,
    demand: Callable[[Any, PublishableRelease, bool], None],
    step: int = 1,
) -> None:
    """Lets a fault happen at every call, or any so many-th one, then publishes once more without."""
    (folder / "once").mkdir()
    fake = make()
    deposit(fake, release, folder / "once")
    calls = fake.calls
    fake.close()
    for number in range(1 + FAULTS.index(fault) % step, calls + 1, step):
        fake, home = make(), folder / str(number)
        home.mkdir()
        fake.restart(Plan(faults={number: fault}))  # type: ignore[dict-item]
        code = attempt(fake, release, home)
        assert code in {0, 4, 75}, number
        demand(fake, release, code == 0)
        fake.restart()
        assert attempt(fake, release, home) == 0, number
        demand(fake, release, True)
        demand_no_secret(home)
        fake.close()


def lose_journal(home: Path) -> None:
    """The truth is at the service."""
    for path in (home / FOLDER).rglob("*.jsonl"):
        path.unlink()


def demand_no_secret(home: Path) -> None:
    """Nothing that a publisher leaves behind has a token in it."""
    for path in (path for path in home.rglob("*") if path.is_file()):
        assert not any(secret.encode() in path.read_bytes() for secret in SECRETS), path


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """The sha256 by name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def expected(release: PublishableRelease) -> Iterator[tuple[str, str]]:
    """Name and sha256 of each file."""
    return ((file.name, file.sha256) for file in release.files)
