"""What a code_values row must satisfy beyond cells and keys (code_values.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules.references import distinct_beyond_case
from deedbook.rules.rule import rule

is_event_type = pl.col("list") == "event_type"
is_kind = pl.col("list") == "alignment_kind"

schema = pa.DataFrameSchema(
    checks=[
        distinct_beyond_case("list", "code", ref="R-05"),
        *plain("label_en", "label_de", "definition", "list_label_en", "plover", "acled", "ucdp"),
        rule(
            "event-type-without-class",
            ~is_event_type | (pl.col("evidence_class").is_not_null() & pl.col("recipient_rule").is_not_null()),
            at="evidence_class",
            ref="R-50",
            message="the event type {code} does not say how much evidence it needs, or whether it has a recipient",
            hint="fill in evidence_class and recipient_rule",
        ),
        rule(
            "kind-without-direction",
            ~is_kind | pl.col("is_directed").is_not_null(),
            at="is_directed",
            ref="R-54",
            message="the kind of alignment {code} does not say whether it has a direction",
            hint="write true where A does something to B, false where both do the same",
        ),
    ]
)
