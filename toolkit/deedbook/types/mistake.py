"""Everyday mistakes: how a text looks that has one, what to call it, and what was probably meant.

They are looked at only when a text is no value of its field, so a sound file pays nothing for them. The types have lists of
their own (`number_mistakes`, `moment_mistakes`); what can happen to a value of any type is here.
"""

# ruff: noqa: RUF001  # letters that look like others are what it is about

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way in which a value goes wrong.

    Attributes:
        pattern: What the whole text looks like, in the syntax that Python and polars have in common.
        cause: What the text is, after "it" or "each of the 40 values".
        hint: What else can be done than to write what is proposed; what to do where nothing is.
        correct: What was probably meant; whoever proposes it has to see first that it is a value of the field.
    """

    pattern: str
    cause: str
    hint: str = ""
    correct: Callable[[str], str | None] = lambda _text: None

    def has(self, text: str) -> bool:
        """Whether a text looks like this mistake."""
        return re.fullmatch(self.pattern, text, re.DOTALL) is not None


ERROR_VALUE = (
    r"(?:#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)|#{3,}|Err:[0-9]{3})"
)
_STAND_INS = (
    r"n\.?/?a\.?|n\.a|nan|none|null|nil|nul|na|<na>|\(null\)|-+|\u2013|\u2014|\?+|\.+|\u2026|unknown|unk|unbekannt|inconnue?|desconocido"
    r"|missing|not available|not applicable|not known|no data|nodata|keine angabe|k\.? ?a\.?|s/d|sin dato|tbd|tba|tbc|n/k|nk|n\.k\."
    r"|\u043d/\u0434|\u043d\u0435\u0442 \u0434\u0430\u043d\u043d\u044b\u0445|\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e"
)
STAND_IN = Mistake(
    rf"\s*(?i:{_STAND_INS})\s*",
    "stands for a missing value",
    "leave the cell empty, or declare the text in `missingValues`",
)
SPREADSHEET_ERROR = Mistake(
    ERROR_VALUE,
    "is an error value of a spreadsheet",
    "correct the formula in the spreadsheet, or leave the cell empty",
)
FORMULA = Mistake(
    r"=\s*[A-Za-z0-9+(\"'-].*|[+@-][A-Z]+\(.*",
    "is the text of a formula, not the value that it gives",
    "write the calculated value (in a spreadsheet: copy, then paste values)",
)

_INVISIBLE = {
    "\u00a0": "a no-break space",
    "\u202f": "a narrow no-break space",
    "\u2007": "a figure space",
    "\u2009": "a thin space",
    "\u3000": "an ideographic space",
    "\u200b": "a zero-width space",
    "\u200c": "a zero-width non-joiner",
    "\u200d": "a zero-width joiner",
    "\u2060": "a word joiner",
    "\ufeff": "a byte-order mark",
    "\u00ad": "a soft hyphen",
    "\u200e": "a left-to-right mark",
    "\u200f": "a right-to-left mark",
    "\u202a": "a directional mark",
    "\u202c": "a directional mark",
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a carriage return",
}


def spaces_in(text: str) -> str:
    """What a text has of spaces at its ends and of characters that nobody sees, in words; empty for nothing."""
    found = next(((character, name) for character, name in _INVISIBLE.items() if character in text), None)
    if found:
        character, name = found
        place = " at its end" if text.endswith(character) else " at its start" if text.startswith(character) else ""
        return f"{name} (U+{ord(character):04X}, invisible){place}"
    if text != text.strip():
        return "a space " + ("at its end" if text.endswith(" ") else "at its start")
    return "two spaces in a row" if "  " in text else ""


def without_spaces(text: str) -> str:
    """The text without spaces at its ends and in a row, and without what nobody sees."""
    for character in _INVISIBLE:
        is_wide = unicodedata.category(character) in {"Zs", "Cc"}
        text = text.replace(character, " " if is_wide else "")
    return re.sub(" +", " ", text).strip()


QUOTED = Mistake(
    r"\s*['\u2018\u2019\u201c\u201d\u201e\"`].*|.*['\u2018\u2019\u201c\u201d\"`]\s*",
    "has a quotation mark or an apostrophe around it",
    correct=lambda text: text.strip().strip("'\u2018\u2019\u201c\u201d\u201e\"`"),
)
ENTITY = Mistake(
    r".*(?:&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z]+);|<[A-Za-z/!][^<>]*>).*",
    "holds HTML (a tag or an entity of a web page)",
    correct=lambda text: html.unescape(re.sub("<[^<>]*>", "", text)).strip(),
)


def _ascii_digits(text: str) -> str:
    """Full-width letters and the digits of other scripts as those of ASCII."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.digit(it)) if unicodedata.category(it) == "Nd" else it for it in plain)


OTHER_DIGITS = Mistake(
    ".*[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\uff01-\uff5e\u00b2\u00b3\u00b9\u0e50-\u0e59].*",
    "has digits or signs of another script",
    correct=_ascii_digits,
)
ANY_TYPE = (SPREADSHEET_ERROR, FORMULA, STAND_IN)
"""Looked at first, whatever the type."""
ANY_TYPE_LAST = (ENTITY, QUOTED, OTHER_DIGITS)
"""Looked at where no mistake of the type was found."""


# --- text that was decoded wrongly

MOJIBAKE = r"[\u00c2\u00c3\u00c4\u00c5][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|\u00e2\u20ac|[\u00d0\u00d1][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|\u00ef\u00bb\u00bf|\ufffd"
"""What UTF-8 looks like when it is read as cp1252: a lead byte of two or three as a letter, then the next byte as a sign."""


def decoded_again(text: str) -> str | None:
    """What a text was before it was read as cp1252 or Latin-1 instead of UTF-8; None when it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None


# --- letters that look alike (Unicode TR 39: texts with equal skeletons look alike)

_LOOKS = {
    **dict(zip("АВЕЅІЈКМНОРСТУХҮԌԚԜѴЗ", "ABESIJKMHOPCTYXYGQWV3", strict=True)),
    **dict(zip("асԁеһіјԛорѕԝхуѵӏг", "acdehijqopswxyvlr", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινρυγα", "ABEZHIKMNOPTYXoivpuya", strict=True)),
    "ı": "i",
    "ɑ": "a",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "’": "'",
    "‘": "'",
    "ʼ": "'",
}
_ALIKE = str.maketrans({**_LOOKS, "0": "O", "1": "l", "I": "l", "|": "l"})


def skeleton(text: str) -> str:
    """A form that is equal for texts that look alike."""
    return unicodedata.normalize("NFKC", text).translate(_ALIKE)


def foreign_letter(text: str, meant: str) -> str:
    """The first letter that only looks like the one that was meant, in words; empty when there is none."""
    for mine, other in zip(text, meant, strict=False):
        if mine != other and mine.casefold() != other.casefold() and skeleton(mine) == skeleton(other):
            script = unicodedata.name(mine, "other").split()[0].capitalize()
            return f"the {script} `{mine}` (U+{ord(mine):04X}), which looks like `{other}`"
    return ""
