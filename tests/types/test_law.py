"""One text, one value: by validation, in a release, in a key and in a diff, for all types, formats and options.

A canonical text reads back, under the released field, to the value that the source text has under the source's field.
DEEDBOOK_LAW_EXAMPLES sets the number of examples, drawn anew each time; without it the same run: few in `make test`, 7,000 in `make proofs`,
each of some nine texts of one field, all of which are held against each other.
"""

from __future__ import annotations

import os
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from deedbook.checking.cells import plan_field
from deedbook.schema import Field, read_schema
from deedbook.types import TYPES, canonical_field, canonical_text, key_text, kind_of, parser, typed
from tests.examples import examples

ASKED = os.environ.get("DEEDBOOK_LAW_EXAMPLES", "")
Spec = dict[str, Any]

LOCALES = [(".", ""), (",", ""), (".", ","), (",", "."), (",", "\u00a0"), (".", "'"), (",", " ")]
SPECS: list[Spec] = [
    *({"type": kind.name} for kind in TYPES),
    *({"type": kind.name, "format": name} for kind in TYPES for name in sorted(kind.formats or ())),
    *({"type": kind, "format": "any"} for kind in ("date", "datetime", "time")),
    *(
        {"type": "date", "format": pattern}
        for pattern in ("%d/%m/%Y", "%Y-%d-%m", "%d.%m.%y", "%Y%m%d", "%j %Y", "fmt:%Y")
    ),
    *(
        {"type": "datetime", "format": it}
        for it in ("%Y-%d-%mT%H:%M:%SZ", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z", "%c")
    ),
    *({"type": "time", "format": pattern} for pattern in ("%H:%M", "%I:%M %p", "%H:%M:%S%z")),
    *(
        {"type": "number", "decimalChar": point, "bareNumber": bare, **({"groupChar": group} if group else {})}
        for point, group in LOCALES
        for bare in (True, False)
    ),
    *({"type": "integer", "groupChar": group, "bareNumber": bare} for group in ",. '" for bare in (True, False)),
    {"type": "boolean", "trueValues": ["yes", "1"], "falseValues": ["no", "0"]},
    {"type": "boolean", "trueValues": ["false"], "falseValues": ["true"]},
    *(
        {"type": "list", "itemType": kind, "delimiter": ";"}
        for kind in ("integer", "number", "date", "datetime", "boolean")
    ),
]


def _grouped(digits: str, group: str) -> str:
    head, rest = digits[: len(digits) % 3 or 3], digits[len(digits) % 3 or 3 :]
    return group.join([head, *(rest[at : at + 3] for at in range(0, len(rest), 3))])


@st.composite
def _numbers(draw: st.DrawFn, spec: Spec) -> str:
    whole = draw(st.integers(0, 10**12))
    text = _grouped(str(whole), spec.get("groupChar", "")) if draw(st.booleans()) else str(whole)
    if spec["type"] == "number" and draw(st.booleans()):
        text += spec.get("decimalChar", ".") + draw(st.text("0123456789", max_size=6))
        text += draw(st.sampled_from(["", "", "e3", "E-4"]))
    around = draw(st.sampled_from(["{}", "{}", "\u20ac {}", "{} %"])) if not spec.get("bareNumber", True) else "{}"
    return around.format(draw(st.sampled_from(["", "-", "+"])) + draw(st.sampled_from(["", "0"])) + text)


_ZONES = st.sampled_from(["", "Z", "+02:00", "-11:30", "+00:00"])
_NOISE = st.text("0123456789-:/.,;TZPYMDS+ eE'\u00a0[]{}\"", max_size=14)
_CLOCKS = st.builds(lambda time, zone: time.isoformat() + zone, st.times(), _ZONES)
_MOMENTS = st.builds(lambda moment, zone: moment.isoformat() + zone, st.datetimes(), _ZONES)
_TEXTS: dict[str, st.SearchStrategy[str]] = {
    "date": st.dates().map(str),
    "datetime": _MOMENTS | st.just("2024-02-28T24:00:00") | st.just("0001-01-01T00:00:00+14:00"),
    "time": _CLOCKS,
    "year": st.integers(0, 9999).map("{:04d}".format),
    "yearmonth": st.dates().map(lambda day: f"{day:%Y-%m}"),
    "boolean": st.sampled_from(["true", "True", "FALSE", "1", "0", "yes", "no"]),
    "duration": st.from_regex(
        r"-?P([0-9]{1,2}Y)?([0-9]{1,2}M)?([0-9]{1,2}D)?(T[0-9]{1,3}H([0-9]{1,2}(\.[0-9]{1,3})?S)?)?", fullmatch=True
    ),
    "geopoint": st.builds("{}, {}".format, st.integers(-180, 180), st.decimals(-90, 90, places=3)),
    "array": st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False)).map(str),
    "object": st.dictionaries(st.sampled_from("abc"), st.integers()).map(lambda value: str(value).replace("'", '"')),
    "string": st.text(max_size=8) | st.uuids().map(str) | st.just("https://example.org/a?b=c#d"),
}


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Spec, list[str]]:
    spec = draw(st.sampled_from(SPECS))
    kind, form = spec["type"], spec.get("format", "default").removeprefix("fmt:")
    own = _TEXTS.get(kind, _NOISE)
    if kind in {"number", "integer"}:
        own = _numbers(spec)
    elif "%" in form:
        own = st.datetimes(timezones=st.timezones() if "%z" in form else st.none()).map(
            lambda moment: moment.strftime(form)
        )
    elif kind == "list":
        own = st.lists(
            _TEXTS.get(spec.get("itemType", ""), st.integers(-9, 9999).map(str)), min_size=1, max_size=3
        ).map(";".join)
    return spec, draw(st.lists(own | _NOISE, min_size=6, max_size=12))


def _column(expression: pl.Expr, texts: list[str]) -> list[Any]:
    return pl.DataFrame({"x": texts}, schema={"x": pl.String}).select(expression).to_series().to_list()


def _field(spec: Spec) -> Field:
    return read_schema({"fields": [{"name": "x", **spec}]}, "schema").fields[0]


@pytest.mark.filterwarnings("ignore")  # dateutil's, of zones that it does not know
@examples(
    int(ASKED or 7_000),
    int(ASKED or 100),
    derandomize=not ASKED,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(_cases())
@example(({"type": "number", "groupChar": ".", "decimalChar": ","}, ["1.234", "1.234,0", "1234", "1,234"]))
@example(({"type": "datetime", "format": "%Y-%d-%mT%H:%M:%SZ"}, ["2023-02-07T08:00:00Z", "2023-21-07T08:00:00Z"]))
@example(({"type": "datetime"}, ["2024-03-31T02:30:00", "2024-03-31T02:30:00Z", "2024-03-31T04:30:00+02:00"]))
def test_a_text_has_one_value_wherever_it_is_read(case: tuple[Spec, list[str]]) -> None:
    spec, texts = case
    field = _field(spec)
    plan = plan_field(field, ("",), "schema")
    texts = [text for text in texts if text and plan.problems(text) == ()]
    values = [parser(field)(text) for text in texts]

    released = canonical_field(field)
    canonical = _column(canonical_text(field), texts)  # what a release holds and a diff compares
    assert None not in canonical
    assert [parser(released)(text) for text in canonical] == values
    assert _column(canonical_text(released), canonical) == canonical
    assert [plan_field(released, ("",), "schema").problems(text) for text in canonical] == [()] * len(texts)

    keys = _column(key_text(field), texts)
    assert _column(key_text(released), canonical) == keys
    kind = kind_of(field)
    for at, text in enumerate(texts):
        for other in range(at):
            is_equal = values[at] == values[other]
            assert (keys[at] == keys[other]) == is_equal, (text, texts[other])
            if kind.write is not None and kind.key is None:
                assert (canonical[at] == canonical[other]) == is_equal
    if kind.dtype != pl.String():
        assert _column(typed(released), canonical) == _column(typed(field), texts)


@pytest.mark.parametrize("name", ["minimum", "maximum"])
@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"type": "number", "groupChar": ".", "decimalChar": ","}, "1.234,5"),
        ({"type": "date", "format": "%d/%m/%Y"}, "03/02/2024"),
        ({"type": "datetime", "format": "%d/%m/%Y %H:%M"}, "03/02/2024 10:00"),
        ({"type": "integer", "groupChar": ","}, "1,234"),
    ],
    ids=str,
)
def test_a_bound_means_the_same_in_a_release(spec: Spec, text: str, name: str) -> None:
    field = _field({**spec, "constraints": {name: text, "enum": [text]}})
    canonical = _column(canonical_text(field), [text])
    assert plan_field(field, ("",), "schema").problems(text) == ()
    assert plan_field(canonical_field(field), ("",), "schema").problems(canonical[0]) == ()
