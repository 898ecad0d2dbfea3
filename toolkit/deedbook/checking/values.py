"""What one text is worth: the exact parser of every Table Schema type, after the Data Package v2 text.

These parsers are the truth; the polars expressions in `accepting` are a fast path that never accepts what a parser
rejects. A parser returns the value or raises `ValueError`. Deviations from frictionless-py are listed, case by case, in
docs/reference/conformance.md.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from deedbook.checking.durations import parse_duration
from deedbook.schema import Field

Parser = Callable[[str], Any]

TRUE_VALUES = ("true", "True", "TRUE", "1")
FALSE_VALUES = ("false", "False", "FALSE", "0")

_LONGEST_INT = 4000
"""Characters of a number that becomes an `int`, whose conversion takes quadratic time."""
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_YEAR = re.compile(r"[0-9]{4}")
_YEARMONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parser(field: Field, *, lenient: bool = False) -> Parser:
    """The exact parser of a field's type and format.

    Args:
        field: Its type, format and options.
        lenient: Also accept what frictionless-py accepts: surrounding space, `1_000`, `2024-2-3`.
    """
    parse = _PARSERS[field.type](field, lenient)
    if lenient and field.type in {"integer", "number"}:
        return lambda text: parse(text.strip())
    return parse


def is_custom_format(field: Field) -> bool:
    """Whether a date, time or datetime is written in a strptime pattern."""
    return field.format not in {"default", "any", ""}


def _any(_field: Field, _lenient: bool) -> Parser:
    return str


def _string(field: Field, _lenient: bool) -> Parser:
    return _STRING_FORMATS.get(field.format, str)


def _uri(text: str) -> str:
    import rfc3986
    from rfc3986.exceptions import RFC3986Exception
    from rfc3986.validators import Validator

    try:
        Validator().require_presence_of("scheme").validate(rfc3986.uri_reference(text))
    except (RFC3986Exception, ValueError) as error:
        raise ValueError(str(error)) from None
    return text


def _email(text: str) -> str:
    import validators

    if validators.email(text) is not True:
        raise ValueError(text)
    return text


def _uuid(text: str) -> str:
    if not _UUID.fullmatch(text):
        raise ValueError(text)
    return text


def _binary(text: str) -> str:
    base64.b64decode(text, validate=True)
    return text


def _wkt(text: str) -> str:
    from deedbook.checking.geometry import check_wkt

    check_wkt(text)
    return text


_STRING_FORMATS: dict[str, Parser] = {"uri": _uri, "email": _email, "uuid": _uuid, "binary": _binary, "wkt": _wkt}


def _integer(field: Field, lenient: bool) -> Parser:
    clean = _number_cleaner(field)

    def parse(text: str) -> int | Decimal:
        text = clean(text)
        if not _INTEGER.fullmatch(text):
            if lenient:
                return int(text)
            raise ValueError(text)
        return int(text) if len(text) <= _LONGEST_INT else Decimal(text)

    return parse


def _number(field: Field, lenient: bool) -> Parser:
    clean = _number_cleaner(field)
    decimal_char = str(field.options.get("decimalChar", "."))

    def parse(text: str) -> Decimal:
        text = clean(text)
        if decimal_char != ".":
            if "." in text:
                raise ValueError(text)
            text = text.replace(decimal_char, ".")
        if not _NUMBER.fullmatch(text) and not lenient:
            raise ValueError(text)
        try:
            return Decimal(text)
        except InvalidOperation:
            raise ValueError(text) from None

    return parse


def _number_cleaner(field: Field) -> Callable[[str], str]:
    """Removes group characters and, without `bareNumber`, what surrounds the digits."""
    group = str(field.options.get("groupChar", ""))
    bare = bool(field.options.get("bareNumber", True))
    if bare and not group:
        return lambda text: text
    decimal_char = re.escape(str(field.options.get("decimalChar", ".")))
    around = rf"[^-+0-9{decimal_char}]*+"
    digits = re.compile(rf"{around}(?P<sign>[-+]?+){around}(?P<number>.*[0-9])", re.DOTALL)

    def clean(text: str) -> str:
        if not bare and (found := digits.match(text)):
            text = found["sign"] + found["number"]
        return text.replace(group, "") if group else text

    return clean


def _boolean(field: Field, _lenient: bool) -> Parser:
    table = {str(text): True for text in field.options.get("trueValues", TRUE_VALUES)}
    table.update({str(text): False for text in field.options.get("falseValues", FALSE_VALUES)})

    def parse(text: str) -> bool:
        try:
            return table[text]
        except KeyError:
            raise ValueError(text) from None

    return parse


def _date(field: Field, lenient: bool) -> Parser:
    if is_custom_format(field):
        pattern = _strptime(field)
        return lambda text: dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007  # a calendar day has no zone
    if field.format == "any":
        return lambda text: _any_moment(text).date()

    def parse(text: str) -> dt.date:
        if not _DATE.fullmatch(text):
            if lenient:
                return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
            raise ValueError(text)
        return dt.date.fromisoformat(text)

    return parse


def _datetime(field: Field, _lenient: bool) -> Parser:
    if is_custom_format(field):
        pattern = _strptime(field)
        return lambda text: _zoned(dt.datetime.strptime(text, pattern))  # noqa: DTZ007  # _zoned adds it
    if field.format == "any":
        return _any_moment

    def parse(text: str) -> dt.datetime:
        if not (_DATE.fullmatch(text[:10]) and text[10:11] == "T" and _TIME.fullmatch(text[11:])):
            raise ValueError(text)
        return _zoned(dt.datetime.fromisoformat(text))

    return parse


def _time(field: Field, _lenient: bool) -> Parser:
    if is_custom_format(field):
        pattern = _strptime(field)
        return lambda text: _zoned_time(dt.datetime.strptime(text, pattern).timetz())  # noqa: DTZ007
    if field.format == "any":
        return lambda text: _zoned_time(_any_moment(text).timetz())

    def parse(text: str) -> dt.time:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        return _zoned_time(dt.time.fromisoformat(text))

    return parse


def _strptime(field: Field) -> str:
    return field.format.removeprefix("fmt:")


def _any_moment(text: str) -> dt.datetime:
    import dateutil.parser

    try:
        return _zoned(dateutil.parser.parse(text))
    except OverflowError:
        raise ValueError(text) from None


def _zoned(moment: dt.datetime) -> dt.datetime:
    """The moment with a zone, UTC when none is written, so that moments can be compared."""
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _zoned_time(moment: dt.time) -> dt.time:
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _duration(_field: Field, _lenient: bool) -> Parser:
    return parse_duration


def _year(_field: Field, _lenient: bool) -> Parser:
    def parse(text: str) -> int:
        if not _YEAR.fullmatch(text):
            raise ValueError(text)
        return int(text)

    return parse


def _yearmonth(_field: Field, lenient: bool) -> Parser:
    def parse(text: str) -> tuple[int, int]:
        if not _YEARMONTH.fullmatch(text) and not lenient:
            raise ValueError(text)
        year, month = text.split("-")
        if not 1 <= int(month) <= 12:
            raise ValueError(text)
        return int(year), int(month)

    return parse


def load_json_text(text: str) -> Any:
    """The JSON value of a cell; nesting too deep to parse is not JSON for us."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(_field: Field, _lenient: bool) -> Parser:
    return lambda text: _expect(load_json_text(text), dict)


def _array(_field: Field, _lenient: bool) -> Parser:
    return lambda text: _expect(load_json_text(text), list)


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"JSON, but no {kind.__name__}")
    return value


def _list(field: Field, lenient: bool) -> Parser:
    delimiter = str(field.options.get("delimiter", ","))
    item_type: Any = field.options.get("itemType", "string")
    parse_item = parser(Field(name=field.name, type=item_type), lenient=lenient)
    return lambda text: [parse_item(item) for item in text.split(delimiter)]


def _geopoint(field: Field, _lenient: bool) -> Parser:
    def parse(text: str) -> tuple[Decimal, Decimal]:
        longitude: object
        latitude: object
        if field.format == "array":
            longitude, latitude = _expect(load_json_text(text), list)
        elif field.format == "object":
            pair: Mapping[str, Any] = _expect(load_json_text(text), dict)
            if set(pair) != {"lon", "lat"}:
                raise ValueError(text)
            longitude, latitude = pair["lon"], pair["lat"]
        else:
            longitude, latitude = text.split(",")
            latitude = latitude.removeprefix(" ")
        return _coordinate(longitude, 180), _coordinate(latitude, 90)

    return parse


def _coordinate(value: object, limit: int) -> Decimal:
    text = str(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(text) or abs(Decimal(text)) > limit:
        raise ValueError(f"{value} is no coordinate")
    return Decimal(text)


def _geojson(field: Field, _lenient: bool) -> Parser:
    def parse(text: str) -> Any:
        from deedbook.checking.geometry import check_geojson, check_topojson

        value = _expect(load_json_text(text), dict)
        (check_topojson if field.format == "topojson" else check_geojson)(value)
        return value

    return parse


_PARSERS: dict[str, Callable[[Field, bool], Parser]] = {
    "any": _any,
    "array": _array,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "geojson": _geojson,
    "geopoint": _geopoint,
    "integer": _integer,
    "list": _list,
    "number": _number,
    "object": _object,
    "string": _string,
    "time": _time,
    "year": _year,
    "yearmonth": _yearmonth,
}
