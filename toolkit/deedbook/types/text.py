"""Text: of any form, or a web or mail address, a UUID, base64, or a geometry as well-known text."""

from __future__ import annotations

import base64
import ipaddress
import re
import urllib.parse
from collections.abc import Callable

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser, ReasonError, is_plain
from deedbook.types.wkt import check_wkt

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LAX_UUID = re.compile(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")

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


def read_uri(text: str, lenient: bool) -> None:
    """A URI as RFC 3986 has it."""
    if lenient:  # frictionless-py splits it as appendix B of RFC 3986 does, and asks for a scheme
        if not _SCHEME.match(text):
            raise ValueError(text)
        return
    if not _SCHEME.match(text):
        raise ReasonError("it begins with a scheme, such as `https://`")
    if bad := _NOT_IN_URI.search(text):
        proposal = _NOT_IN_URI.sub(lambda bad: urllib.parse.quote(bad[0], safe=""), text)
        shown = {" ": "a space", "%": "a bare `%`"}.get(bad[0], f"`{bad[0]}`")
        raise ReasonError(f"{shown} has to be written as {urllib.parse.quote(bad[0], safe='')}", proposal)
    found = _URI.fullmatch(text)
    if not found:
        raise ReasonError("its brackets, `#` or port are not where RFC 3986 has them")
    if found["ip"]:
        try:
            ipaddress.IPv6Address(found["ip"])
        except ValueError:
            raise ReasonError(f"`{found['ip']}` is not an IPv6 address") from None


def read_email(text: str, _lenient: bool) -> None:
    """A mail address."""
    import validators

    if validators.email(text) is not True:
        raise ValueError(text)


def read_uuid(text: str, lenient: bool) -> None:
    """A UUID."""
    if _UUID.fullmatch(text):
        return
    if not _LAX_UUID.fullmatch(text):
        raise ReasonError("it has 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, with hyphens between them")
    if not lenient:
        digits = text.replace("-", "")
        groups = [digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]
        raise ReasonError("hyphens stand between its groups", "-".join(groups))


def read_binary(text: str, lenient: bool) -> None:
    """Bytes in base64."""
    try:
        base64.b64decode(text, validate=not lenient)
    except ValueError as error:
        raise ReasonError(f"base64: {str(error)[:1].lower()}{str(error)[1:]}") from None


_READERS: dict[str, Callable[[str, bool], None]] = {
    "uri": read_uri,
    "email": read_email,
    "uuid": read_uuid,
    "binary": read_binary,
    "wkt": lambda text, _lenient: check_wkt(text),
}


def _read(field: Field, lenient: bool) -> Parser:
    check = _READERS.get(field.format)
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


STRING_KIND = Kind("string", "text", _read, formats=frozenset(_READERS), accepts=_accept)
ANY_KIND = Kind("any", "a value", lambda _field, _lenient: str, accepts=lambda _field, _text, _number: [])
