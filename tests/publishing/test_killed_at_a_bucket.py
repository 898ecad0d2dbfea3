"""SIGKILL at every request of a publisher to S3: before it is carried out, in the middle of its body, and before its answer."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest

from deedbook.publishing.steps import PublishableRelease
from tests.examples import STRIDE
from tests.publishing.conftest import ask
from tests.publishing.publisher import bucket_target, finish, processes, publish_to_bucket, run, start
from tests.publishing.releases import demand_finished, demand_sound, make_release

MOMENTS = ("before", "body", "after")


def kill_everywhere(s3: str, tmp_path: Path, step: int, *, at_any: bool) -> int:
    """The number of points at which the publisher was killed: at every `step`-th request, at one moment of it in turn or at each."""
    release = make_release(tmp_path / "release", "1.0.0", large=9 << 20)
    killed = 0
    for turn, request in enumerate(itertools.count(1, step)):
        moments = MOMENTS if at_any else [MOMENTS[turn % len(MOMENTS)]]
        outcomes = [_kill_once(s3, tmp_path, release, request, moment) for moment in moments]
        if not any(outcomes):
            return killed
        killed += sum(outcomes)
    raise AssertionError


def _kill_once(s3: str, tmp_path: Path, release: PublishableRelease, request: int, when: str) -> bool:
    prefix = f"{tmp_path.name}/{request}-{when}"
    home = tmp_path / f"{request}-{when}"
    home.mkdir()
    ready = processes().Event()
    process = start(publish_to_bucket, release, s3, prefix, home, ready)
    ask(s3, f"/_kill?pid={process.pid}&at={request}&when={when}")
    ready.set()
    code = finish(process)
    ask(s3, "/_kill?pid=0&at=0&when=before")
    store = bucket_target(s3, prefix).store
    if code == 0:
        return False  # it ended before it came to that request
    assert code == -signal.SIGKILL, (request, when)
    demand_sound(store, [release])
    if request % 2:
        shutil.rmtree(home / ".deedbook", ignore_errors=True)  # the journal may be lost too
    assert run(publish_to_bucket, release, s3, prefix, home) == 0, (home / "error").read_text()
    demand_finished(store, [release])
    return True


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.publishing.publisher import CREDENTIALS

    for name, value in CREDENTIALS.items():
        monkeypatch.setitem(os.environ, name, value)


@pytest.mark.sample
def test_killed_at_any_fifth_request_it_finishes_the_second_time(
    s3: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = kill_everywhere(s3, tmp_path, 5, at_any=False)
    with capsys.disabled():
        print(f"\n  s3: killed at {killed} points")  # noqa: T201  # the count is the proof
    assert killed > 5


@pytest.mark.slow
def test_killed_at_every_moment_of_a_request_it_finishes_the_second_time(
    s3: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = kill_everywhere(s3, tmp_path, STRIDE, at_any=True)
    with capsys.disabled():
        print(f"\n  s3: killed at {killed} points")  # noqa: T201  # the count is the proof
    assert killed > 100 // STRIDE
