"""Warnings about free text that is valid and yet not what anybody meant: garbled letters, HTML, formulas, error values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.checking.findings import Group, Words
from deedbook.checking.plan import FilePlan
from deedbook.checking.spellings import MOJIBAKE, decoded_again
from deedbook.findings import shorten
from deedbook.types.mistakes import ENTITY, FORMULA, SPREADSHEET_ERROR


@dataclass(frozen=True, slots=True)
class Sign:
    """What a text looks like that is not what was meant, and what to say of it; `pattern` is found anywhere in it."""

    rule: str
    pattern: str
    message: str
    hint: str


SIGNS = (
    Sign(
        "garbled-text",
        MOJIBAKE,
        "is garbled (mojibake): UTF-8 that was decoded with another encoding, such as cp1252",
        "read the source again as UTF-8",
    ),
    Sign(
        "html-in-text",
        r"</?(?i:a|b|i|u|p|s|br|em|strong|span|div|sup|sub|font|li|ul|ol|td|tr|table|h[1-6]|img|script|style)(?:[\s/][^<>]*)?>"
        r"|&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z]{2,8});",
        "holds HTML (a tag or an entity of a web page)",
        "write what the page shows",
    ),
    Sign(
        "formula-in-text",
        rf"\A(?:{FORMULA.pattern})\z",
        "begins as a formula does, and a spreadsheet would run it",
        "write the value, or another first character than `=`",
    ),
    Sign(
        "error-value-in-text",
        rf"\A(?:{SPREADSHEET_ERROR.pattern})\z",
        "is an error value of a spreadsheet",
        SPREADSHEET_ERROR.hint,
    ),
)


def free_text_groups(plan: FilePlan, frame: pl.DataFrame, bad: Mapping[str, npt.NDArray[np.int64]]) -> list[Group]:
    """The cells of free text that have a sign, each with the first of them only; `bad` rows of a field have a finding already."""
    names = plan.free_text
    if not names or not frame.height:
        return []
    any_sign = "|".join(f"(?:{sign.pattern})" for sign in SIGNS)
    found = frame.lazy().select(pl.col(names).str.contains(f"(?s){any_sign}").any()).collect(engine="in-memory")
    groups = []
    for item in plan.fields:
        if item.name not in names or not found[item.name][0]:
            continue
        texts = frame[item.name]
        left = pl.repeat(True, len(texts), eager=True).scatter(bad.get(item.name, []), False)
        for sign in SIGNS:
            mask = (texts.str.contains(f"(?s){sign.pattern}") & left).fill_null(False)
            left = left & ~mask
            if mask.any():
                rows = mask.arg_true().cast(pl.Int64).to_numpy()
                words = partial(_words, sign, texts.filter(mask))
                groups.append(Group(sign.rule, rows, words, "warning", item.name, item.column.number))
    return groups


def _words(sign: Sign, texts: pl.Series, at: int) -> Words:
    text = texts[at]
    proposal = {"garbled-text": decoded_again, "html-in-text": ENTITY.correct}.get(sign.rule, str)(text)
    if not proposal or proposal == text:
        return Words(f"`{shorten(text)}` {sign.message}", sign.hint, text)
    return Words(f"`{shorten(text)}` {sign.message}", f"write `{shorten(proposal)}`, or {sign.hint}", text, proposal)
