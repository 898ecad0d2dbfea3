"""Every fault of a store at any request: the publish is right or tells so, and the next one finishes it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.examples import STRIDE
from tests.publishing.conftest import ask
from tests.publishing.publisher import CREDENTIALS, bucket_target, publish_to_bucket, run
from tests.publishing.releases import demand_finished, demand_sound, make_release

FAULTS = ("html", "lost", "busy", "cut")
DONE, LATER = 0, 75
ALWAYS = 1_000


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def fail_everywhere(s3: str, tmp_path: Path, step: int, faults: tuple[str, ...] = ()) -> int:
    """The number of faults, one at a time."""
    release = make_release(tmp_path / "release", "1.0.0")
    count = 0
    for turn, request in enumerate(itertools.count(1, step)):
        for how in faults or (FAULTS[turn % len(FAULTS)],):
            prefix, home = f"{tmp_path.name}/{request}-{how}", tmp_path / f"{request}-{how}"
            home.mkdir()
            ask(s3, f"/_fail?at={request}&times=1&how={how}")
            code = run(publish_to_bucket, release, s3, prefix, home)
            met = int(ask(s3, "/_count")) >= request
            ask(s3, "/_fail?at=0&times=0&how=html")
            store = bucket_target(s3, prefix).store
            assert code in {DONE, LATER}, (request, how, (home / "error").read_text())
            demand_sound(store, [release])
            if code == LATER:
                assert "nothing is done twice" in (home / "error").read_text()
                assert run(publish_to_bucket, release, s3, prefix, home) == DONE
            demand_finished(store, [release])
            count += met
            if not met:
                return count
    raise AssertionError


@pytest.mark.sample
def test_a_fault_at_any_sixth_request_is_overcome(s3: str, tmp_path: Path) -> None:
    assert fail_everywhere(s3, tmp_path, 6) > 5


@pytest.mark.slow
def test_every_fault_at_a_request_is_overcome(s3: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = fail_everywhere(s3, tmp_path, STRIDE, FAULTS)
    with capsys.disabled():
        print(f"\n  s3: {count} faults")  # noqa: T201  # the count is the proof
    assert count > 100 // STRIDE


@pytest.mark.slow
@pytest.mark.parametrize("how", ["html", "lost"])
def test_a_store_that_stays_broken_is_told_and_the_next_publish_finishes(s3: str, tmp_path: Path, how: str) -> None:
    release = make_release(tmp_path / "release", "1.0.0")
    home = tmp_path / "home"
    home.mkdir()
    ask(s3, f"/_fail?at=12&times={ALWAYS}&how={how}")
    assert run(publish_to_bucket, release, s3, tmp_path.name, home) == LATER
    ask(s3, "/_fail?at=0&times=0&how=html")
    demand_sound(bucket_target(s3, tmp_path.name).store, [release])
    assert run(publish_to_bucket, release, s3, tmp_path.name, home) == DONE
    demand_finished(bucket_target(s3, tmp_path.name).store, [release])
