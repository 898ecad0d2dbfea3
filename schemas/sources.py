"""What a sources row must satisfy beyond cells and keys (sources.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules import dates
from deedbook.rules.rule import rule

url = pl.col("url")
was_seen = pl.col("known_through_source_id").is_null()
bare = (
    url.str.replace(r"#.*$", "")
    .str.replace(r"(?i)^https?://(www\.)?", "")
    .str.replace_all(r"(?i)([?&])(utm_[a-z]+|fbclid|gclid)=[^&]*", "$1")
    .str.replace_all(r"&&+", "&")
    .str.replace_all(r"\?&", "?")
    .str.strip_chars_end("?&/")
)
host = bare.str.extract(r"^([^/?]*)")  # a host may be written in any case, what follows may not (RFC 3986)
address = host.str.to_lowercase() + bare.str.strip_prefix(host)
first_with_address = pl.col("source_id").first().over(address)

schema = pa.DataFrameSchema(
    checks=[
        *plain("title", "url", "archive_url", "offline_citation"),
        *dates.well_formed("published_on", ref="R-07"),
        rule(
            "retrieved-before-published",
            dates.earliest("published_on") <= pl.col("retrieved_on"),
            at="retrieved_on",
            ref="R-16",
            message="was retrieved on {retrieved_on}, before it was published ({published_on})",
            hint="correct one of the dates",
        ),
        rule(
            "source-without-archive",
            url.is_null() | pl.col("archive_url").is_not_null(),
            at="archive_url",
            ref="R-43",
            severity="warning",
            message="the address may stop working, and no archived copy is named",
            hint="archive the page and give the address of the copy",
        ),
        rule(
            "url-in-two-sources",
            url.is_null() | (first_with_address == pl.col("source_id")),
            at="url",
            ref="R-44",
            severity="warning",
            group=("url",),
            message="is the address of {first} too",
            hint="merge the sources",
            values={"first": first_with_address},
        ),
        rule(
            "source-not-findable",
            ~was_seen | url.is_not_null() | pl.col("offline_citation").is_not_null(),
            at="url",
            ref="section 1",
            message="has neither an address nor a citation, and is not known through another source",
            hint="fill in url, offline_citation or known_through_source_id",
        ),
        rule(
            "source-without-language",
            ~was_seen | pl.col("lang").is_not_null(),
            at="lang",
            ref="section 1",
            message="the source was seen, but its language is missing",
            hint="write its BCP 47 tag, such as de",
        ),
        rule(
            "url-without-retrieval-day",
            ~was_seen | url.is_null() | pl.col("retrieved_on").is_not_null(),
            at="retrieved_on",
            ref="section 1",
            message="the day on which {url} was read is missing",
            hint="write the day on which you read it",
        ),
    ]
)
