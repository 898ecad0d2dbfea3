"""Everyday mistakes in numbers."""

from __future__ import annotations

import re
from decimal import Decimal

from deedbook.types.mistake import Mistake

_NUM = r"[0-9]+(?:[.,][0-9]+)*"
_CURRENCY = r"[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u0e3f\u20ab\u20b4\u20ba\u20a6\u20b1\u20aa]"
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|m\u00e4r|okt|dez)[a-z]*"
DATE_LIKE = (
    rf"[0-9]{{1,2}}[-. ]?{_MONTH}(?:[-. ]*[0-9]{{2,4}})?|{_MONTH}[-. ][0-9]{{1,4}}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}.*"
    r"|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}"
)
"""What a spreadsheet makes of `4-Apr`, `E4`, `2-3`."""
TURNED_INTO_DATE = Mistake(
    DATE_LIKE,
    "looks like a date: a spreadsheet may have turned it into one",
    "look the value up in its source, and format the column as text in the spreadsheet",
)
_WORDS = {
    word: str(value)
    for value, words in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
        ]
    )
    for word in [words]
} | {"twenty": "20", "thirty": "30", "fifty": "50", "hundred": "100", "thousand": "1000"}
_TIMES = {"k": 3, "tsd": 3, "thousand": 3, "m": 6, "mio": 6, "mln": 6, "million": 6, "bn": 9, "billion": 9}


def _only_digits(text: str) -> str:
    """The sign and the digits of a text, a decimal comma as a point."""
    number = re.sub(r"[^0-9.,+-]", "", text)
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", number):
        return number.replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+", number):
        return number.replace(".", "").replace(",", ".")
    return number.replace(",", ".")


def _multiplied(text: str) -> str | None:
    found = re.fullmatch(rf"\s*([+-]?{_NUM})\s*([A-Za-z]+)\.?\s*", text)
    times = _TIMES.get(found[2].lower()) if found else None
    return format(Decimal(_only_digits(found[1])).scaleb(times), "f") if found and times else None


def _without_exponent(text: str) -> str | None:
    value = Decimal(text.replace(",", "."))
    return format(value, "f") if value == value.to_integral_value() else None


NUMBER_MISTAKES = (
    Mistake(
        r"[+-]?[0-9]+[.,]0*",
        "ends in `.0`, and whole numbers have no decimals",
        correct=lambda text: re.split("[.,]", text)[0],
    ),
    Mistake(
        r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}",
        "is written with an exponent (scientific notation), as spreadsheets write long numbers",
        "digits that a spreadsheet left out are lost: compare with the source",
        correct=_without_exponent,
    ),
    Mistake(
        "[\u2010-\u2015\u2212\ufe63\uff0d].*",
        "has a typographic minus sign (such as U+2212) in place of the hyphen `-`",
        correct=lambda text: "-" + text[1:].strip(),
    ),
    TURNED_INTO_DATE,
    Mistake(
        rf"{_NUM}\s*(?:[;|&]|[,/]\s+|\s/)\s*{_NUM}(?:\s*[,;|&/]\s*{_NUM})*|{_NUM}\s+(?:and|or|und)\s+{_NUM}|{_NUM}/{_NUM}",
        "holds several values",
        "give each value a cell of its own, or declare the type `list`",
    ),
    Mistake(
        rf"[+-]?{_NUM}\s*(?:-|\u2013|\u2014|\.\.+|\u2026|(?i:to|bis|until))\s*[+-]?{_NUM}",
        "is a range of two numbers",
        "write a single number, or put the lowest and the highest into two columns",
    ),
    Mistake(
        rf"(?:~|\u2248|[<>]=?|\u2264|\u2265|\+/-|\u00b1|(?i:ca?\.?|circa|about|approx\.?|around|over|under|at least|up to|etwa|rund))\s*{_NUM}.*"
        rf"|{_NUM}\s*(?:\+|\?|\(\?\))",
        "is an estimate or a limit, not one number",
        "write one number, and the doubt in a column of its own",
    ),
    Mistake(
        rf"\(\s*{_CURRENCY}?\s*{_NUM}\s*\)|{_NUM}\s*[-\u2212]",
        "is a negative number as accountants write it",
        correct=lambda text: "-" + _only_digits(text).rstrip("-"),
    ),
    Mistake(
        r"[+-]?[0-9]{1,3}(?:,[0-9]{3}){2,}|[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[+-]?[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}",
        "has commas between its thousands (group characters)",
        "or declare `groupChar`: `,`",
        correct=lambda text: text.replace(",", ""),
    ),
    Mistake(
        r"[+-]?[1-9][0-9]{0,2},[0-9]{3}",
        "has a comma: a decimal comma, or one between thousands",
        "write a decimal point and no group characters, or declare `decimalChar` or `groupChar`",
    ),
    Mistake(
        r"[+-]?[0-9]*,[0-9]+",
        "has a decimal comma",
        "or declare `decimalChar`: `,`",
        correct=lambda text: text.replace(",", "."),
    ),
    Mistake(
        r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*|[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}",
        "has points between its thousands and a decimal comma",
        "or declare `groupChar`: `.` and `decimalChar`: `,`",
        correct=lambda text: text.replace(".", "").replace(",", "."),
    ),
    Mistake(
        "[+-]?[0-9]{1,3}(?:[ '\u2019_\u00a0\u202f\u2009][0-9]{3})+(?:[.,][0-9]+)?",
        "has spaces or apostrophes between its thousands (group characters)",
        "or declare `groupChar`",
        correct=_only_digits,
    ),
    Mistake(
        rf"[+-]?{_NUM}\s*(?i:k|tsd|thousand|mio|mln|million|m|bn|billion)\.?", "is abbreviated", correct=_multiplied
    ),
    Mistake(
        rf"[+-]?(?:{_CURRENCY}|[A-Za-z]{{1,4}}\$?)\s*[+-]?{_NUM}|[+-]?{_NUM}\s*(?:{_CURRENCY}|[%\u00b0\u2030\u00b5A-Za-z][A-Za-z0-9\u00b2\u00b3/. ]{{0,12}})",
        "has a currency sign, a unit or another text at the number",
        "or declare `bareNumber`: false",
        correct=lambda text: _only_digits(text).rstrip("."),
    ),
    Mistake(rf"(?i:{'|'.join(_WORDS)})", "is a number in words", correct=lambda text: _WORDS.get(text.lower())),
    Mistake(
        r"(?i:true|false|yes|no|y|n)", "is true or false, not a number", "write 1 or 0, or declare the type `boolean`"
    ),
    Mistake(r"[+-]?[0-9]*\.[0-9]+", "has a fraction", "round it, or declare the type `number`"),
    Mistake(
        r"[+-]?[0-9]*(?:\.[0-9]*){2,}|[+-]?[0-9]*\.[0-9]+,[0-9]+",
        "has more than one decimal separator",
        "write one decimal point and no group characters",
    ),
)
