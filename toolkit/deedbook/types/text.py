"""Text: of any form, or a web or mail address, a UUID, base64, or a geometry as well-known text; and the words for true and false."""

import base64
import ipaddress
import re
import urllib.parse
from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser, ReasonError, demand, is_plain

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LAX_UUID = re.compile("-?".join(f"([0-9a-fA-F]{{{digits}}})" for digits in (8, 4, 4, 4, 12)))

# RFC 3986, appendix A
_CHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST_CHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_AUTHORITY = (
    rf"(?:(?:{_HOST_CHAR}|:)*@)?"
    rf"(?:\[(?:(?P<ip>[0-9A-Fa-f:.]+)|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]|{_HOST_CHAR}*)"
    r"(?::[0-9]*)?"
)
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://{_AUTHORITY}(?:/{_CHAR}*)*|/(?:{_CHAR}+(?:/{_CHAR}*)*)?|{_CHAR}+(?:/{_CHAR}*)*|)"
    rf"(?:\?(?:{_CHAR}|[/?])*)?(?:#(?:{_CHAR}|[/?])*)?"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NOT_IN_URI = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]|%(?![0-9A-Fa-f]{2})")

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(rf"\s*({_NUMBER}|[A-Za-z]+|[(),])")
_WKT_DEPTH = {
    **dict.fromkeys(("POINT", "LINESTRING", "CIRCULARSTRING"), 1),
    **dict.fromkeys(("MULTIPOINT", "POLYGON", "TRIANGLE", "MULTILINESTRING"), 2),
    **dict.fromkeys(("MULTIPOLYGON", "POLYHEDRALSURFACE", "TIN"), 3),
    **dict.fromkeys(("GEOMETRYCOLLECTION", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE"), 0),
}
"""How deeply the positions of a geometry are nested in brackets; 0 for what is made of other geometries."""

_URI_TEXT = "[A-Za-z0-9._~!$&'()*+,;=:@/?-]*"
_ACCEPTED = {
    "uri": (
        r"\Ahttps?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
        rf"(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?(?:\?{_URI_TEXT})?(?:#{_URI_TEXT})?\z"
    ),
    "email": r"\A[a-z0-9]+(?:[._][a-z0-9]+)*@[a-z0-9]{1,30}(?:\.[a-z0-9]{1,30}){0,3}\.[a-z]{2,6}\z",
    "uuid": rf"\A{_UUID.pattern}\z",
}
"""What polars can tell to be of a format; the parsers accept a little more."""


def check_uri(text: str, lenient: bool) -> None:
    """Returns when the text is a URI as RFC 3986 has it."""
    has_scheme = _SCHEME.match(text)
    if lenient:  # frictionless-py splits it as appendix B of RFC 3986 does, and asks for a scheme
        if not has_scheme:
            raise ValueError(text)
        return
    demand(has_scheme, "it begins with a scheme, such as `https://`")
    if bad := _NOT_IN_URI.search(text):
        proposal = _NOT_IN_URI.sub(lambda bad: urllib.parse.quote(bad[0], safe=""), text)
        shown = {" ": "a space", "%": "a bare `%`"}.get(bad[0], f"`{bad[0]}`")
        raise ReasonError(f"{shown} has to be written as {urllib.parse.quote(bad[0], safe='')}", proposal, is_safe=True)
    found = _URI.fullmatch(text)
    if not found:
        raise ReasonError("its brackets, `#` or port are not where RFC 3986 has them")
    if found["ip"]:
        try:
            ipaddress.IPv6Address(found["ip"])
        except ValueError:
            raise ReasonError(f"`{found['ip']}` is not an IPv6 address") from None


def check_email(text: str, _lenient: bool) -> None:
    """Returns when the text is a mail address."""
    import validators

    if validators.email(text) is not True:
        raise ValueError(text)


def check_uuid(text: str, lenient: bool) -> None:
    """Returns when the text is a UUID."""
    if _UUID.fullmatch(text):
        return
    found = _LAX_UUID.fullmatch(text)
    if not found:
        raise ReasonError("it has 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, with hyphens between them")
    if not lenient:
        raise ReasonError("hyphens stand between its groups", "-".join(found.groups()), is_safe=True)


def check_binary(text: str, lenient: bool) -> None:
    """Returns when the text is bytes in base64."""
    try:
        base64.b64decode(text, validate=not lenient)
    except ValueError as error:
        raise ReasonError(f"base64: {str(error)[:1].lower()}{str(error)[1:]}") from None


def check_wkt(text: str, _lenient: bool) -> None:
    """Returns when the text is one geometry as well-known text (OGC 06-103r4)."""
    text = text.rstrip()
    if known := re.match(rf"(?:{_TOKEN.pattern})*", text):
        demand(known.end() == len(text), f"unexpected text at {known.end()}")
    found = _TOKEN.findall(text.upper())
    tokens = ["", "", "", *reversed(found)]  # to be taken from the end; empty texts stand for what is not there
    _take_geometry(tokens)
    demand(not tokens[-1], f"unexpected {tokens[-1]!r}")


def _take_geometry(tokens: list[str], *, inside: bool = False) -> None:
    if tokens[-1] == "(" and inside:
        _take_positions(tokens, 1)
        return
    kind = tokens.pop()
    depth = _WKT_DEPTH.get(kind)
    demand(depth is not None, f"{kind!r} is not a geometry")
    if tokens[-1] in {"Z", "M", "ZM"}:
        tokens.pop()
    if tokens[-1] == "EMPTY":
        tokens.pop()
    elif depth:
        is_flat = kind == "MULTIPOINT" and tokens[-2] != "("
        _take_positions(tokens, 1 if is_flat else depth)
    else:
        _take_sequence(tokens, partial(_take_geometry, tokens, inside=kind != "GEOMETRYCOLLECTION"))


def _take_positions(tokens: list[str], depth: int) -> None:
    """Takes lists of positions that are nested so deeply; without depth one position."""
    if depth:
        _take_sequence(tokens, partial(_take_positions, tokens, depth - 1))
        return
    size = 0
    while re.fullmatch(_NUMBER, tokens[-1]):
        tokens.pop()
        size += 1
    demand(2 <= size <= 4, "a position is two to four numbers")


def _take_sequence(tokens: list[str], take_item: Callable[[], None]) -> None:
    demand(tokens[-1] == "(", f"expected ( instead of {tokens[-1]!r}")
    while tokens.pop() != ")":
        take_item()
        demand(tokens[-1] in {",", ")"}, f"expected , instead of {tokens[-1]!r}")


_CHECKS: dict[str, Callable[[str, bool], None]] = {
    "uri": check_uri,
    "email": check_email,
    "uuid": check_uuid,
    "binary": check_binary,
    "wkt": check_wkt,
}


def _read(field: Field, lenient: bool) -> Parser:
    check = _CHECKS.get(field.format)
    if check is None:
        return str

    def parse(text: str) -> str:
        check(text, lenient)
        return text

    return parse


def _accept(field: Field, text: pl.Expr, _number: pl.Expr) -> list[pl.Expr] | None:
    if is_plain(field):
        return []
    return [text.str.contains(_ACCEPTED[field.format])] if field.format in _ACCEPTED else None


_TRUTHS = {"trueValues": ("true", "True", "TRUE", "1"), "falseValues": ("false", "False", "FALSE", "0")}


def truths_of(field: Field) -> Mapping[str, bool]:
    """The texts of a field and what each of them means."""
    texts = {name: field.options.get(name, default) for name, default in _TRUTHS.items()}
    return {**{str(it): True for it in texts["trueValues"]}, **{str(it): False for it in texts["falseValues"]}}


def truth_of(values: Mapping[str, bool], text: str) -> bool:
    """What a text means that a field declares for true or false."""
    if text not in values:
        raise ValueError(text)
    return values[text]


KINDS = (
    Kind("string", "text", _read, formats=frozenset(_CHECKS), accepts=_accept),
    Kind("any", "a value", lambda _field, _lenient: str, accepts=lambda _field, _text, _number: []),
    Kind(
        "boolean",
        "true or false",
        lambda field, _lenient: partial(truth_of, truths_of(field)),
        dtype=pl.Boolean(),
        write=lambda value: "true" if value else "false",
        accepts=lambda field, text, _number: [text.is_in(list(truths_of(field)))],
        cast=lambda field, text: text.is_in([written for written, value in truths_of(field).items() if value]),
        native=lambda value, field: next((it for it, meant in truths_of(field).items() if meant is value), None),
    ),
)
