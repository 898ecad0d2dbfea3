"""Long work shows on a terminal how far it is; the shares that the bar gets rise from 0 to 1."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deedbook.cli import streams
from deedbook.cli.streams import Bar
from tests.cli.project import Outcome, write_project

Said = list[tuple[str, float]]
Run = Callable[..., Outcome]


class Recorder(Bar):
    """A bar that keeps what it is told."""

    def __init__(self, said: Said) -> None:
        super().__init__(silent=True)
        self._said = said

    def update(self, what: str, share: float) -> None:
        """Keeps it."""
        self._said.append((what, share))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """What any command told its bar."""
    told: Said = []

    @contextmanager
    def recording(*, quiet: bool) -> Iterator[Bar]:
        assert not quiet
        yield Recorder(told)

    monkeypatch.setattr(streams, "progress_bar", recording)
    return told


def shares(said: Said, start: str) -> list[float]:
    return [share for what, share in said if what.startswith(start)]


def test_diff_tells_how_much_of_both_sides_is_read(project: Path, deedbook: Run, tmp_path: Path, said: Said) -> None:
    rows = "".join(f"{number:06},2024-01-01,\n" for number in range(250_000))  # several blocks
    old = write_project(tmp_path / "old", f"id,start,end\n{rows}")
    write_project(project, f"id,start,end\n{rows}x,,\n")
    assert deedbook("diff", str(old), ".").code == 1
    found = shares(said, "comparing events")
    assert len(found) >= 4
    assert found == sorted(found)
    assert 0 < found[0] < 0.5
    assert found[-1] == pytest.approx(1, abs=0.001)


def test_build_and_verify_tell_what_they_do(project: Path, deedbook: Run, said: Said) -> None:
    write_project(project)
    assert deedbook("build").code == 0
    steps = list(dict.fromkeys(what for what, _ in said))
    assert steps[0] == "validating"
    assert [step for step in steps if step.startswith("writing events")]
    assert steps[-1] == "writing documents"
    said.clear()
    assert deedbook("verify", str(next((project / "dist").glob("*/1.0.0")))).code == 0
    assert shares(said, "reading checksums")
    assert shares(said, "comparing events")
    assert all(0 <= share <= 1 for _, share in said)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_a_long_diff_draws_a_bar_on_a_terminal_and_takes_it_away(tmp_path: Path) -> None:
    rows = "".join(f"{number:06},2024-01-01,\n" for number in range(50_000))
    sides = [str(write_project(tmp_path / name, f"id,start,end\n{rows}")) for name in ("old", "new")]
    main, terminal = os.openpty()
    program = "from deedbook.cli import streams; streams.PATIENCE = 0.0;from deedbook.__main__ import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "diff", *sides],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(terminal)
    out, _ = process.communicate(timeout=120)
    drawn = b""
    try:
        while part := os.read(main, 65_536):
            drawn += part
    except OSError:
        pass  # the other end is closed
    os.close(main)
    assert process.returncode == 0
    assert b"comparing events" in drawn
    assert b"%" in drawn
    assert b"\x1b[" not in out
