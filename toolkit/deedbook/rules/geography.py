"""Where events happen: coordinates, administrative units, precision."""

from functools import cache
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import builder_rule

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
    lat, lon, words = pl.col(latitude), pl.col(longitude), {"latitude": latitude, "longitude": longitude}
    middle_lat, middle_lon = lat.median().over(country), lon.median().over(country)
    as_given = (lat - middle_lat).abs() + (lon - middle_lon).abs()
    exchanged = (lon - middle_lat).abs() + (lat - middle_lon).abs()
    has_others = (lat.is_not_null() & lon.is_not_null()).sum().over(country) >= 3  # the middle of two says nothing
    looks_swapped = pl.col(country).is_not_null() & has_others & (as_given > _FAR) & (exchanged * 4 < as_given)
    return [
        builder_rule("coordinates-incomplete", lat.is_null() == lon.is_null(), ref, words),
        builder_rule("coordinates-at-zero", (lat != 0) | (lon != 0), ref, words),
        builder_rule("coordinates-look-swapped", ~looks_swapped, ref, words, group=(country,)),
        *(
            builder_rule("coordinate-too-precise", pl.col(field) == pl.col(field).round(6), ref, {"field": field})
            for field in (latitude, longitude)
        ),
    ]


def units(admin1: str, admin2: str, *, ref: str = "") -> pa.Check:
    """A place in a second-level unit names the first-level unit too."""
    has_first = pl.col(admin2).is_null() | pl.col(admin1).is_not_null()
    return builder_rule("admin2-without-admin1", has_first, ref, {"admin1": admin1, "admin2": admin2})
