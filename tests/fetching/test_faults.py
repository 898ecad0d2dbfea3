"""A fetch that fails at a write, sync, rename or folder that it makes: each file whole or not there, exit 75 or 0, then one that completes."""

from __future__ import annotations

import itertools
import shutil
import signal
from pathlib import Path

import pytest

from deedbook.cli.main import run
from tests.faults import FAULTS, fault
from tests.fetching.catalogues import NAME
from tests.publishing import publisher

STEP = 100
"""Between points; `benchmarks/faults.py` comes to more of them."""


def arguments(root: Path, out: Path) -> list[str]:
    return [
        "fetch",
        NAME,
        "--from",
        str(root),
        "-o",
        str(out),
        "--format",
        "csv",
        "--lock-file",
        f"{out}.lock",
        "--lock",
    ]


def demand_sound(root: Path, out: Path, *, is_finished: bool) -> None:
    """Every file that has its name is that of the release; at the end all are there, and nothing else is."""
    there = {path.name: path.read_bytes() for path in out.iterdir()} if out.is_dir() else {}
    wanted = {path.name: path.read_bytes() for path in (root / NAME / "1.1.0").iterdir()}
    named = {name: content for name, content in there.items() if not name.startswith(".")}
    assert named.items() <= wanted.items()
    if is_finished:
        assert there == named
        assert {"events.csv", "actors.csv", "release.json", "SHA256SUMS"} <= there.keys()
        assert Path(f"{out}.lock").read_text().count(NAME) == 1


@pytest.mark.parametrize("kind", [*FAULTS, "killed"])
def test_a_fetch_that_fails_anywhere_leaves_whole_files_and_the_next_one_completes(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    for point in itertools.count(1, STEP):
        home, out = tmp_path / f"home{point}", tmp_path / f"out{point}"
        monkeypatch.setenv("DEEDBOOK_HOME", str(home))
        if kind == "killed":
            code = publisher.run(publisher.command, arguments(root, out), home, point)
            is_over = code == 0
        else:
            with fault(monkeypatch, kind, point) as count:
                code = run(arguments(root, out))
            is_over = count[0] < point
        expected = {-signal.SIGKILL} if kind == "killed" else {0} if kind == "short" else {0, 75}
        assert is_over or code in expected, (point, code, capsys.readouterr().err)
        demand_sound(root, out, is_finished=code == 0)
        if is_over:
            break  # it ended before it came to that point
        assert run(arguments(root, out)) == 0, point
        demand_sound(root, out, is_finished=True)
        assert list(home.glob("cache/partial/*")) == [], point
        shutil.rmtree(home)
    with capsys.disabled():
        print(f"\n  fetch, {kind}: {point - 1} points, each {STEP}. tried")  # noqa: T201  # the count is the proof
    assert point > 300
