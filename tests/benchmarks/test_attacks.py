"""The attacks: enough of them, and each one that is tried gets its line."""

from __future__ import annotations

import pytest

from benchmarks.attacks import ATTACKS, main


def test_there_is_an_attack_on_every_kind_of_thing() -> None:
    assert len(ATTACKS) >= 25
    kinds = {name.partition(":")[0] for name in ATTACKS}
    assert kinds >= {
        "database",
        "workbook",
        "archive",
        "catalogue",
        "server",
        "release.json",
        "SHA256SUMS",
        "CITATION.cff",
    }


@pytest.mark.slow
def test_a_hostile_archive_catalogue_and_citation_get_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    main(["a member that climbs", "goes back", "redirect to file", "aliases"])
    printed = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("|")] for line in printed.splitlines() if line.startswith("| ")][1:]
    assert {row[1].removeprefix("**BAD** "): int(row[2]) for row in rows} == {
        "archive: a member that climbs": 1,
        "catalogue: goes back": 4,
        "server: a redirect to file:///etc/passwd": 75,
        "CITATION.cff: a bomb of aliases": 3,
    }
