"""What an events row must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules import dates, text
from deedbook.rules.rule import parameter, rule

AMOUNTS = ("quantity", "quantity_low", "quantity_high")
COUNTED_UNITS = ("persons", "killed", "vehicles", "votes")

low, best, high = pl.col("quantity_low"), pl.col("quantity"), pl.col("quantity_high")
is_measured = pl.any_horizontal(pl.col(name).is_not_null() for name in AMOUNTS)
unit = pl.col("quantity_unit")
is_titled_agreement = pl.col("event_type").str.starts_with("agreement.") & (
    pl.col("event_type") != "agreement.announce"
)

schema = pa.DataFrameSchema(
    checks=[
        *plain("title", "summary", "status_override_reason", "instrument_title", "instrument_ref"),
        *text.neutral(
            "title",
            "summary",
            words=parameter("loaded-word", "words", text.LOADED_WORDS),
            terms=(*text.NEUTRAL_TERMS, *parameter("loaded-word", "exceptions", ())),
            ref="R-59",
        ),
        *dates.well_formed("date_edtf", ref="R-07"),
        rule(
            "event-before-1900",
            (dates.earliest("date_edtf").dt.year() >= 1900).fill_null(True)
            & (dates.latest("date_edtf").dt.year() >= 1900).fill_null(True),
            at="date_edtf",
            ref="R-08",
            message="{date_edtf} lies before 1900",
            hint="correct the year",
        ),
        rule(
            "quantity-out-of-order",
            (low <= best).fill_null(True) & (best <= high).fill_null(True) & (low <= high).fill_null(True),
            at="quantity",
            ref="R-11",
            message="low, best and high are not in order ({quantity_low}, {quantity}, {quantity_high})",
            hint="exchange or correct them",
        ),
        rule(
            "reviewed-before-coded",
            pl.col("coded_on") <= pl.col("reviewed_on"),
            at="reviewed_on",
            ref="R-11",
            message="was reviewed on {reviewed_on}, before it was coded on {coded_on}",
            hint="correct one of the days",
        ),
        rule(
            "occurred-after-coding",
            (pl.col("factuality") != "occurred") | (dates.earliest("date_edtf") <= pl.col("coded_on")),
            at="date_edtf",
            ref="R-12",
            message="is coded as occurred on {coded_on}, but its date {date_edtf} lies after that day",
            hint="correct the date, or code it as announced_future or planned",
        ),
        rule(
            "quantity-without-unit",
            is_measured == unit.is_not_null(),
            at="quantity_unit",
            ref="R-27",
            message="a quantity and its unit go together",
            hint="fill in the missing one, or empty both",
        ),
        rule(
            "fractional-count",
            ~unit.is_in(COUNTED_UNITS) | pl.all_horizontal((pl.col(name) % 1 == 0).fill_null(True) for name in AMOUNTS),
            at="quantity",
            ref="R-28",
            severity="warning",
            message="{quantity_unit} are counted in whole numbers",
            hint="round, or give low and high",
        ),
        rule(
            "override-without-reason",
            pl.col("status_override").is_null() == pl.col("status_override_reason").is_null(),
            at="status_override",
            ref="R-40",
            message="an overridden status and its reason go together",
            hint="fill in the missing one, or empty both",
        ),
        rule(
            "agreement-without-instrument-title",
            ~is_titled_agreement | pl.col("instrument_title").is_not_null(),
            at="instrument_title",
            ref="R-22",
            severity="warning",
            message="the agreement has no title",
            hint="give the title of the instrument, or waive this where it is not known",
        ),
        rule(
            "relation-incomplete",
            pl.col("related_event_id").is_null() == pl.col("relation").is_null(),
            at="relation",
            ref="R-26",
            message="a related event and the relation to it go together",
            hint="fill in the missing one, or empty both",
        ),
        rule(
            "second-coder-is-coder",
            pl.col("second_coder") != pl.col("coder"),
            at="second_coder",
            ref="R-57",
            message="{coder} cannot check the own row",
            hint="name whoever coded it a second time, or leave it empty",
        ),
    ]
)
