"""Random histories of a dataset are held against a plain model; what keeps them true is taken out once, and the model notices."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.records import Entry
from deedbook.versioning import guards
from tests.versioning import model
from tests.versioning.model import BrokenError, Step, run_history

LENGTHS = itertools.cycle([200, *[20] * 24])
"""Steps of a history; a long one takes some four seconds."""


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)


def run_histories(home: Path, count: int, lengths: Callable[[], int]) -> None:
    """Runs that many, and tells what was done."""
    done, checked = Counter[str](), Counter[str]()
    for seed in range(count):
        world = run_history(home / str(seed), seed, lengths())
        done += world.done
        checked += world.checked
    steps = ", ".join(f"{name} {times:,}" for name, times in done.most_common())
    held = ", ".join(f"{name} {times:,}" for name, times in checked.most_common())
    sys.stdout.write(
        f"\n  {count} histories, {done.total():,} steps ({steps})\n  {checked.total():,} invariants held ({held})\n"
    )


@pytest.mark.sample
def test_short_histories_keep_every_promise(tmp_path: Path) -> None:
    run_histories(tmp_path, 5, lambda: 20)


@pytest.mark.slow
def test_five_hundred_histories_keep_every_promise(tmp_path: Path) -> None:
    run_histories(tmp_path, 500, lambda: next(LENGTHS))


def let_anything_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "deedbook.catalogue.edits.check_addition",
        lambda catalogue, about: catalogue.entry(about.name, about.versions[0].version),
    )


def write_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def put_new(self: DirectoryStore, path: str, file: Path, *_: Any) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, self.root / path)

    let_anything_in(monkeypatch)
    monkeypatch.setattr(DirectoryStore, "put_new", put_new)


def forget_withdrawals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Entry, "is_yanked", property(lambda _entry: False))


def believe_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deedbook.versioning.previous.demand_whole", lambda _folder: None)


def forget_the_rows_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deedbook.release.derived._previous_parts", lambda *_: iter(()))


def forget_retired_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "GUARDS", tuple(one for one in guards.GUARDS if one.id != "retired-id-returned"))


TEAM: Mapping[Step, int] = {
    model.edit: 4, model.release: 4, model.publish_newest: 4, model.clone_it: 1, model.yank: 1
}  # fmt: skip
ALONE: Mapping[Step, int] = {model.edit: 3, model.release: 2, model.publish_newest: 1, model.yank: 1, model.tamper: 2}


@pytest.mark.parametrize(
    ("take_out", "steps", "first", "noticed"),
    [
        (let_anything_in, TEAM, 23, "(line|proof|one content): "),
        (write_over, TEAM, 23, "(one content|line|unchanged|proof): "),
        (forget_withdrawals, ALONE, 0, "latest: "),
        (believe_what_is_there, ALONE, 0, "refused: the altered"),
        (forget_the_rows_before, ALONE, 0, "history: "),
        (forget_retired_ids, {model.withdraw_row: 2, model.release: 2, model.revive: 1}, 0, "retired: "),
    ],
)
def test_the_model_notices_when_a_mend_is_taken_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    take_out: Callable[[pytest.MonkeyPatch], None],
    steps: Mapping[Step, int],
    first: int,
    noticed: str,
) -> None:
    take_out(monkeypatch)

    def run_all() -> None:
        for seed in sorted(
            range(40), key=lambda seed: seed < first
        ):  # first the one that noticed when this was written
            run_history(tmp_path / str(seed), seed, 30, steps)

    with pytest.raises(BrokenError, match=noticed) as broken:
        run_all()
    sys.stdout.write(f"\n  {take_out.__name__}: {str(broken.value).splitlines()[0]}\n")
