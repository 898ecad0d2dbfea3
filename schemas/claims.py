"""What a claims row must satisfy beyond cells and keys (claims.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.evidence import SILENT, VALUELESS
from deedbook.models.alignment.rules import plain
from deedbook.rules import dates, text
from deedbook.rules.rule import rule

VALUES = ("value_text", "value_number", "value_edtf", "value_actor_id")

values = pl.sum_horizontal(pl.col(name).is_not_null() for name in VALUES)
is_silence = pl.col("stance").is_in(SILENT)
is_valueless = pl.col("stance").is_in(VALUELESS)
is_occurrence = pl.col("aspect") == "occurrence"

schema = pa.DataFrameSchema(
    checks=[
        *plain("claim_text", "quote", "value_text"),
        text.no_negative_stand_in("value_number", ref="R-03"),
        *dates.well_formed("value_edtf", "claimed_on", "as_of", ref="R-07"),
        rule(
            "claim-subject-not-single",
            pl.col("event_id").is_null() != pl.col("alignment_id").is_null(),
            at="event_id",
            ref="section 1",
            message="a claim is about one event or one alignment",
            hint="fill in exactly one of event_id and alignment_id",
        ),
        rule(
            "claim-value-not-single",
            is_valueless | (values == pl.when(is_occurrence).then(0).otherwise(1)),
            at="aspect",
            ref="section 1",
            message="a claim about {aspect} has {n} values",
            hint="an occurrence has no value, every other aspect exactly one",
            values={"n": values},
        ),
        rule(
            "silence-without-as-of",
            ~is_silence | pl.col("as_of").is_not_null(),
            at="as_of",
            ref="R-37",
            message="how long the silence has lasted is missing",
            hint="write the date of the source that notes it",
        ),
        rule(
            "silence-with-value",
            ~is_valueless | (values == 0),
            at="stance",
            ref="R-37",
            message="{stance} and a claimed value contradict each other",
            hint="remove the value or correct the stance",
        ),
        rule(
            "quotation-without-language",
            pl.col("quote").is_null()
            | (pl.col("quote_lang").is_not_null() & pl.col("quote_is_translation").is_not_null()),
            at="quote_lang",
            ref="R-72",
            message="a quotation needs its language, and whether it is a translation",
            hint="fill in quote_lang and quote_is_translation",
        ),
    ]
)
