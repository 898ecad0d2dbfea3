"""The report for people."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest
from rich.text import Text

from deedbook.findings import Finding, NotChecked, Report, TableStats, Total
from deedbook.rendering import View
from deedbook.rendering.text import render_text as render
from deedbook.rendering.text import summary_line
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY, EMPTY

WHOLE = dedent("""\
    events (events.csv): 1,204 errors, 1 warning, 1 waived
      error foreign-key in place_id: 1,204
        row 12 (line 15) E000011 "P00001": is not in `places`.place_id
          did you mean `P000001` Vientiane?
        ... and 1,203 more (--max-findings shows more)
      warning title-used-twice in title: 1
        row 14 (line 17) E000013 "Talks": another event that day has this title
          merge or reword
      warning agreement-without-title: 1 (all waived)

    places (places.csv): 1 error
      error scheme-error: 1
        the file places.csv does not exist

    Not checked:
      foreign-key of events.place_id: the table `places` could not be read

    invalid: 2 tables, 120 rows, 3,600 cells, 1 check and 1 rule in 0.61 s: 1,205 errors, 1 warning (1 waived); \
rules skipped 3 rows, because a cell that they read is bad; 1 declaration not checked
""")


def one(finding: Finding) -> Report:
    return Report(
        tables=(TableStats(finding.table, "events.csv", 1, 1, 1),),
        findings=(finding,),
        totals=(Total(finding.table, finding.rule, finding.column, finding.severity, 1),),
    )


def test_a_pipe_gets_one_line_for_each_thing_said() -> None:
    assert render(DIRTY) == WHOLE


def test_a_clean_report_is_one_line() -> None:
    assert render(CLEAN) == (
        "valid: 1 table, 120 rows, 3,600 cells, 1 check and 1 rule in 0.25 s: no errors, no warnings\n"
    )


def test_a_report_about_nothing_says_so() -> None:
    assert summary_line(EMPTY).startswith("valid: 0 tables, 0 rows, 0 cells, 0 checks and 0 rules")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width: int) -> None:
    lines = render(DIRTY, View(width=width)).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join(WHOLE.split())


def test_colours_change_nothing_but_colours() -> None:
    colored = render(DIRTY, View(color=True))
    assert "\x1b[" in colored
    assert Text.from_ansi(colored).plain.rstrip("\n") == WHOLE.rstrip("\n")


def test_what_a_terminal_would_obey_is_shown_as_an_escape() -> None:
    evil = "a\x1b[2J\x07\r\n\u202eb\u00a0c\u200bd\x9b1m"
    text = render(
        one(replace(BAD_PLACE, value=evil, key=evil, message=f"bad {evil}", hint=evil, column=evil, table=evil))
    )
    assert "\\x1b[2J\\x07\\r\\n\\u202eb\\xa0c\\u200bd\\x9b1m" in text
    assert not {"\x1b", "\x07", "\r", "\u202e", "\u00a0", "\u200b", "\x9b"} & set(text)


def test_letters_of_every_script_stay_as_they_are() -> None:
    assert '"Übung Ереван ვაშლი 東京"' in render(one(replace(BAD_PLACE, value="Übung Ереван ვაშლი 東京")))


def test_rich_markup_in_data_is_no_markup() -> None:
    assert '"[red]x[/red] :smile:"' in render(one(replace(BAD_PLACE, value="[red]x[/red] :smile:")))


def test_a_cell_of_a_megabyte_is_cut() -> None:
    text = render(one(replace(BAD_PLACE, value="x" * 1_000_000, message="y" * 1_000_000)))
    assert "(1,000,000 characters)" in text
    assert len(text) < 2000


def test_a_hint_that_all_findings_share_is_said_once() -> None:
    findings = tuple(replace(BAD_PLACE, row=row, hint="add it") for row in (2, 3, 4))
    report = replace(
        one(BAD_PLACE), findings=findings, totals=(Total("events", "foreign-key", "place_id", "error", 3),)
    )
    assert render(report).count("add it") == 1


def test_an_empty_cell_is_shown_as_empty() -> None:
    assert 'row 12 (line 15) E000011 "": is missing' in render(one(replace(BAD_PLACE, value="", message="is missing")))


def test_the_line_is_left_out_where_it_is_the_row() -> None:
    assert "row 12 E000011" in render(one(replace(BAD_PLACE, line=12)))


def test_a_table_of_several_files_names_the_file_of_a_finding() -> None:
    report = replace(one(BAD_PLACE), tables=(TableStats("events", "a.csv, events.csv", 1, 1, 1),))
    assert "row 12 (line 15) of events.csv" in render(report)


def test_many_rules_that_were_left_out_on_purpose_are_counted() -> None:
    many = [NotChecked("events", f"rule-{number}", "not among --select", "f", accepted=True) for number in range(9)]
    few = [NotChecked("events", "second-coder", "one person codes", "f", accepted=True)]
    said = render(Report(not_checked=(*many, *many, *few))).splitlines()
    assert said[:3] == ["Not checked:", "  9 rules: not among --select", "  second-coder of events.f: one person codes"]


def test_what_was_not_checked_for_one_reason_is_one_line() -> None:
    entries = tuple(NotChecked("events", "pattern", "cannot be compiled", f"f{number}") for number in range(9))
    assert "pattern of events.f0, events.f1, events.f2, events.f3, events.f4, events.f5 and 3 more: cannot" in render(
        Report(not_checked=entries)
    )
