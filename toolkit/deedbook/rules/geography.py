"""Where events happen: coordinates, administrative units, precision."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import rule

_FAR = 20.0
"""Degrees from the middle of the country's other places beyond which exchanged coordinates are considered."""


@cache
def country_boxes() -> pl.DataFrame:
    """One row per ISO 3166-1 alpha-2 code with the whole degrees around the country: `south`, `north`, `west`, `east`.

    They are read off the outlines of Natural Earth, which are in the public domain; Kosovo has its usual code XK. A country on both
    sides of the 180th meridian has all longitudes.
    """
    return pl.read_csv(
        Path(__file__).with_name("country_boxes.csv"), schema_overrides={"code": pl.String}, null_values=[]
    )


def coordinates(latitude: str, longitude: str, country: str, *, ref: str = "") -> list[pa.Check]:
    """Both coordinates or neither, not the zero of an unfilled form, not exchanged."""
    lat, lon = pl.col(latitude), pl.col(longitude)
    both, zero = "one of latitude and longitude is missing", "0, 0 lies in the Gulf of Guinea"
    is_at_zero = (lat == 0) & (lon == 0)
    checks = [
        rule(
            "coordinates-incomplete",
            lat.is_null() == lon.is_null(),
            at=latitude,
            ref=ref,
            message=both,
            hint="give both or neither",
        ),
        rule(
            "coordinates-at-zero",
            ~is_at_zero,
            at=latitude,
            ref=ref,
            message=zero,
            hint="leave unknown coordinates empty",
        ),
        rule(
            "coordinates-look-swapped",
            ~_looks_swapped(lat, lon, country),
            at=latitude,
            ref=ref,
            severity="warning",
            group=(country,),
            hint="exchange latitude and longitude",
            message=f"{{{latitude}}}, {{{longitude}}} is far from the country's other places, exchanged it is not",
        ),
    ]
    for field in (latitude, longitude):
        is_round = pl.col(field) == pl.col(field).round(6)
        message = f"{{{field}}} has more than 6 decimals, which is finer than 11 cm"
        checks.append(rule("coordinate-too-precise", is_round, at=field, ref=ref, message=message, hint="round it"))
    return checks


def _looks_swapped(lat: pl.Expr, lon: pl.Expr, country: str) -> pl.Expr:
    """Needs three places of the country, since the middle of two says nothing."""
    middle_lat, middle_lon = lat.median().over(country), lon.median().over(country)
    as_given = (lat - middle_lat).abs() + (lon - middle_lon).abs()
    exchanged = (lon - middle_lat).abs() + (lat - middle_lon).abs()
    enough = (lat.is_not_null() & lon.is_not_null()).sum().over(country) >= 3
    return pl.col(country).is_not_null() & enough & (as_given > _FAR) & (exchanged * 4 < as_given)


def units(admin1: str, admin2: str, *, ref: str = "") -> pa.Check:
    """A place in a second-level unit names the first-level unit too."""
    has_first = pl.col(admin2).is_null() | pl.col(admin1).is_not_null()
    message = f"lies in {{{admin2}}}, but its first-level unit is missing"
    return rule(
        "admin2-without-admin1", has_first, at=admin1, ref=ref, message=message, hint="fill in the first-level unit"
    )
