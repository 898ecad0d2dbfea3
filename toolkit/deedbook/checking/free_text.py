"""Warnings about free text that is valid and yet not what anybody meant: garbled letters, HTML, formulas, error values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.checking.findings import Group, Words
from deedbook.checking.plan import FilePlan
from deedbook.checking.spellings import MOJIBAKE, decoded_again
from deedbook.findings import shorten
from deedbook.types.mistakes import FORMULA, SPREADSHEET_ERROR, Mistake, mistakes_of

SIGNS = {
    "garbled-text": Mistake(
        MOJIBAKE,
        "is garbled (mojibake): UTF-8 that was decoded with another encoding, such as cp1252",
        "read the source again as UTF-8",
    ),
    "html-in-text": Mistake(
        r"</?(?i:a|b|i|u|p|s|br|em|strong|span|div|sup|sub|font|li|ul|ol|td|tr|table|h[1-6]|img|script|style)(?:[\s/][^<>]*)?>"
        r"|&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z]{2,8});",
        "holds HTML (a tag or an entity of a web page)",
        "write what the page shows",
    ),
    "formula-in-text": Mistake(
        rf"\A(?:{FORMULA.pattern})\z",
        "begins as a formula does, and a spreadsheet would run it",
        "write the value, or another first character than `=`",
    ),
    "error-value-in-text": replace(SPREADSHEET_ERROR, pattern=rf"\A(?:{SPREADSHEET_ERROR.pattern})\z"),
}
"""What a text looks like that is not what was meant, by rule; the pattern is found anywhere in it."""


def free_text_groups(plan: FilePlan, frame: pl.DataFrame, bad: Mapping[str, npt.NDArray[np.int64]]) -> list[Group]:
    """The cells of free text that have a sign, each with the first of them only; `bad` rows of a field have a finding already."""
    names = plan.free_text
    if not names or not frame.height:
        return []
    any_sign = "|".join(f"(?:{sign.pattern})" for sign in SIGNS.values())
    found = frame.lazy().select(pl.col(names).str.contains(f"(?s){any_sign}").any()).collect(engine="in-memory")
    groups = []
    for item in plan.fields:
        if item.name not in names or not found[item.name][0]:
            continue
        texts = frame[item.name]
        left = pl.repeat(True, len(texts), eager=True).scatter(bad.get(item.name, []), False)
        for rule, sign in SIGNS.items():
            mask = (texts.str.contains(f"(?s){sign.pattern}") & left).fill_null(False)
            left = left & ~mask
            if mask.any():
                rows = mask.arg_true().cast(pl.Int64).to_numpy()
                words = partial(_words, rule, texts.filter(mask))
                groups.append(Group(rule, rows, words, "warning", item.name, item.number))
    return groups


def _words(rule: str, texts: pl.Series, at: int) -> Words:
    text, sign = texts[at], SIGNS[rule]
    meant = {"garbled-text": decoded_again, "html-in-text": mistakes_of("string")["entity"].correct}.get(rule, str)(
        text
    ) or text
    hint = sign.hint if meant == text else f"write `{shorten(meant)}`, or {sign.hint}"
    return Words(f"`{shorten(text)}` {sign.cause}", hint, text, None if meant == text else meant)
