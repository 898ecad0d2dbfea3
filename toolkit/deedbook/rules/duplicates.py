"""Rows that may be one thing twice: events that lie close and read alike, names that look and sound alike in any script.

To compare every row with every other would take days, so a row is compared only with its neighbours: the rows of its block
(those with equal codes) of about the same day. Where these are many, and for names, which have no day, rows stand in the order of
their words instead, forwards, backwards and by sound, and each is compared with a few that follow it: the sorted-neighbourhood
method of Hernández and Stolfo (1995). rapidfuzz compares, anyascii spells every script in Latin letters; both are the extra
`deedbook[duplicates]`. The rules run only when they are asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pandera.polars as pa
import polars as pl

from deedbook.rules import dates
from deedbook.rules.rule import builder_rule, parameter

Rows = npt.NDArray[np.int64]
Pairs = tuple[Rows, Rows]

FOUND = pl.Struct({"other": pl.String, "score": pl.Int64})
"""What is said of a row: the key of the earlier row that is most like it, and how like it is, in percent; null where none is."""
_ALIKE = {"at": pl.UInt32, "before": pl.UInt32, "score": pl.Int64}
_FEW = 4_000_000
"""Pairs that are compared without a thought, in some five seconds; beyond, crowded blocks are thinned out."""
_NEAR = 8
"""Rows behind it with which a row of a crowded block is compared, in each order; fewer where a million are crowded."""
_CHUNK = 500_000
"""Pairs that are compared at a time; their texts take about 100 MB."""
_SOUNDS = {
    "tsch|tch|ch|cz|t[sz]": "s",
    "c([eiy])": "s$1",
    "x": "ks",
    "ph": "f",
    "[aeiouyhj']": "",
    "[cq]": "k",
    "z": "s",
    "[vw]": "b",
    "d": "t",
}
"""Letters by which one name is spelled in several ways, and what stands for them, in this order; vowels are left out."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Which rows are compared, and how.

    Attributes:
        key: The field that says which row the other one is.
        texts: Fields whose words are compared, as one text.
        same: Codes that rows have in common; those in a list may stand in any order, such as two sides.
        day: The field of the day, or three of year, month and day; empty where any two rows may be compared.
        until: The field of the last day; `day` again when empty.
        days: How many days may lie between.
        at_least: The least likeness in percent.
        apart: A field whose equal values make two rows none that are looked for, such as the actor of two of its names.
        by_sound: Whether texts are names, which are also compared as they sound.
        facts: Further fields by `key`, which `same` may name.
    """

    key: str
    texts: Sequence[str]
    same: Sequence[str | Sequence[str]] = ()
    day: str | Sequence[str] = ""
    until: str = ""
    days: int = 0
    at_least: int = 85
    apart: str = ""
    by_sound: bool = False
    facts: pl.LazyFrame | None = None

    @property
    def codes(self) -> list[Sequence[str]]:
        """The codes that rows have in common, each as the fields whose values may stand in any order."""
        return [[item] if isinstance(item, str) else item for item in self.same]

    @property
    def fields(self) -> list[str]:
        """The fields of the table that are read."""
        codes = [name for names in self.codes for name in names]
        known = () if self.facts is None else self.facts.collect_schema().names()
        days = [self.day] if isinstance(self.day, str) else self.day
        own = [self.key, *self.texts, *(name for name in codes if name not in known), *days, self.until, self.apart]
        return [*dict.fromkeys(filter(None, own))]


def near_texts(
    name: str,
    key: str,
    texts: Sequence[str],
    *,
    day: str | Sequence[str],
    until: str = "",
    same: Sequence[str | Sequence[str]] = (),
    days: int = 2,
    at_least: int = 75,
    facts: pl.LazyFrame | None = None,
    reads: Sequence[str] = (),
    ref: str = "",
) -> pa.Check:
    """No two rows with the same codes lie within a few days of each other and say nearly the same; runs on request.

    Args:
        name: The rule's id.
        key: The field that says which row the other one is.
        texts: Fields whose words are compared, as one text; a row that has none is not compared.
        day: The field of the day or EDTF date, or three fields of year, month and day; a row without a date is not compared.
        until: The field of the last day, where rows last longer.
        same: Codes that rows have in common; those in a list may stand in any order.
        days: How many days may lie between; `[rules.NAME]` may say otherwise.
        at_least: How like they are at least, in percent of their words; `[rules.NAME]` may say otherwise.
        facts: Further fields by `key`, which `same` may name; it is read when the rule runs.
        reads: The tables of which `facts` is made.
        ref: Where the rule comes from.
    """
    days, at_least = parameter(name, "days", days), parameter(name, "at_least", at_least)
    like = Likeness(key, tuple(texts), tuple(same), day, until, days, at_least, facts=facts)
    return _unlike(name, like, "texts-alike", "rapidfuzz", reads=tuple(reads), ref=ref)


def near_names(
    name: str,
    key: str,
    field: str,
    *,
    same: Sequence[str | Sequence[str]] = (),
    apart: str = "",
    at_least: int = 85,
    ref: str = "",
) -> pa.Check:
    """No two names are nearly the same, in whatever script they are written; runs on request.

    Args:
        name: The rule's id.
        key: The field that says which row the other one is.
        field: The field of the name.
        same: Codes that rows have in common.
        apart: A field whose equal values allow it, such as the actor whose names they are.
        at_least: How like they are at least, in percent: the mean of how they look and how they sound.
        ref: Where the rule comes from.
    """
    limit = parameter(name, "at_least", at_least)
    like = Likeness(key, (field,), tuple(same), at_least=limit, apart=apart, by_sound=True)
    return _unlike(name, like, "names-alike", "rapidfuzz", "anyascii", ref=ref)


def _unlike(name: str, like: Likeness, words: str, *modules: str, ref: str, **said: Any) -> pa.Check:
    is_there = all(find_spec(module) for module in modules)
    search = _remembering(lambda rows: _find(rows, like))
    found = pl.struct(like.fields).map_batches(search, return_dtype=FOUND) if is_there else pl.lit(None, FOUND)
    said["unmet"] = "" if is_there else "needs `pip install 'deedbook[duplicates]'`"
    values = {part: found.struct.field(part) for part in ("other", "score")}
    passes = pl.when(pl.lit(is_there)).then(values["other"].is_null())
    fields = {"key": like.key, "field": like.texts[0]}
    return builder_rule(name, passes, ref, fields, words=words, values=values, on_request=True, **said)


def _remembering(search: Callable[[pl.Series], pl.Series]) -> Callable[[pl.Series], pl.Series]:
    """The search, which gives what it found last when it is asked for the same rows: verdict and message are evaluated in turn."""
    last: dict[str, pl.Series] = {}

    def run(rows: pl.Series) -> pl.Series:
        if not last or not last["rows"].equals(rows, null_equal=True):
            last.update(rows=rows, found=search(rows))
        return last["found"]

    return run


def _find(rows: pl.Series, like: Likeness) -> pl.Series:
    """For every row the earlier one that is most like it, as `FOUND`."""
    frame = _prepared(rows.struct.unnest(), like)
    found = _scored(frame, *_pairs(frame, like), like)
    best = found.sort("at", "score", "before", descending=[False, True, False]).unique("at", keep="first")
    keys = frame.select(before="at", other=pl.col(like.key).cast(pl.String))
    known = best.join(keys, on="before", how="left").select("at", said=pl.struct("other", "score"))
    every = pl.DataFrame({"at": pl.int_range(len(rows), dtype=pl.UInt32, eager=True)})
    return every.join(known, on="at", how="left", maintain_order="left")["said"].alias(rows.name)


def _prepared(frame: pl.DataFrame, like: Likeness) -> pl.DataFrame:
    """The rows that can be compared, by block and first day: `at`, `block`, `first`, `last`, `text`."""
    if like.facts is not None:
        facts = like.facts.unique(like.key, keep="first").collect()
        frame = frame.join(facts, on=like.key, how="left", maintain_order="left")
    codes = []
    for at, names in enumerate(like.codes):
        hashes = (pl.col(name).hash() // len(names) for name in names)  # whose sum stays below 2^64
        codes.append(pl.sum_horizontal(hashes).alias(str(at)))
    first, last = _span(like)
    return (
        frame.lazy()
        .with_row_index("at")
        .with_columns(
            block=pl.struct(codes).hash() if codes else pl.lit(0),
            first=first.cast(pl.Int32).cast(pl.Int64),
            last=last.cast(pl.Int32).cast(pl.Int64),
            text=pl.concat_str([pl.col(it).cast(pl.String) for it in like.texts], separator=" ", ignore_nulls=True),
        )
        .filter(pl.col("text").str.len_bytes() > 0, pl.col("first").is_not_null())
        .with_columns(block=pl.col("block").rank("dense").cast(pl.Int64))
        .select("at", "block", "first", "last", "text", *dict.fromkeys(filter(None, (like.key, like.apart))))
        .sort("block", "first", "at")
        .collect()
    )


def _span(like: Likeness) -> tuple[pl.Expr, pl.Expr]:
    """The first and the last day of a row; where only one of them is known, it is both."""
    if not like.day:
        return pl.lit(0), pl.lit(0)
    if isinstance(like.day, str):
        first, last = dates.earliest(like.day), dates.latest(like.until or like.day)
    else:
        first, last = dates.of_parts(*like.day)
    first, last = pl.coalesce(first, last), pl.coalesce(last, first)
    return first, pl.max_horizontal(first, last)


def _pairs(frame: pl.DataFrame, like: Likeness) -> Pairs:
    """The rows of the prepared frame that are compared with each other, every pair once and the one that begins first before."""
    if frame.is_empty():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rows, (block, first, last) = np.arange(frame.height), frame.select("block", "first", "last").to_numpy().T
    length = last.max() - first.min() + like.days + 1
    ends = np.searchsorted(block * length + first, block * length + last + like.days, side="right")
    counts = ends - rows - 1
    is_crowded = counts > (_NEAR if counts.sum() > _FEW else len(rows))
    near = np.where(is_crowded, _NEAR if like.day else 0, counts)
    before = np.repeat(rows, near)
    after = before + 1 + np.arange(len(before)) - np.repeat(np.cumsum(near) - near, near)

    opened, closed = (np.bincount(ends_of[is_crowded], minlength=len(rows) + 1) for ends_of in (rows, ends))
    in_crowd = np.cumsum(opened - closed)[:-1] > 0
    crowd = frame.with_columns(row=pl.Series(rows)).filter(pl.Series(in_crowd))
    if crowd.is_empty():
        return before, after
    met: list[Rows] = []
    words, *sounds = _readings(crowd["text"], like)
    for order in (words, words.str.reverse(), *sounds):  # like texts sort beside each other in one of these
        places = crowd.select("block", "row", order=order).sort("block", "order", "row")["row"].to_numpy()
        for step in range(1, max(2, min(_NEAR, _FEW // len(places))) + 1):
            one, other = np.sort([places[:-step], places[step:]], axis=0)
            is_met = (other < ends[one]) & (other - one > near[one])
            met.append(one[is_met] * len(rows) + other[is_met])
    one, other = np.divmod(np.unique(np.concatenate(met)), len(rows))
    return np.concatenate([before, one]), np.concatenate([after, other])


def _readings(texts: pl.Series, like: Likeness) -> list[pl.Series]:
    """Texts in small letters without punctuation, their words in order; names in Latin letters and in the order of their sound, and that."""
    if like.by_sound:
        from anyascii import anyascii

        foreign = texts.filter(texts.str.contains(r"[^\x00-\x7F]")).unique()
        texts = texts.replace(foreign, pl.Series([anyascii(text) for text in foreign], dtype=pl.String))
    words = texts.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars().str.split(" ")
    if not like.by_sound:
        return [words.list.sort().list.join(" ")]
    sound = word = pl.element()
    for letters, heard in _SOUNDS.items():
        sound = sound.str.replace_all(letters, heard)
    both = words.list.eval(pl.format("{}|{}", sound, word).sort())
    return [both.list.eval(pl.element().str.extract(part)).list.join(" ") for part in (r"\|(.*)", r"(.*)\|")]


def _scored(frame: pl.DataFrame, before: Rows, after: Rows, like: Likeness) -> pl.DataFrame:
    """Of these pairs those that are alike: the later row of the table, the one before it, and the likeness in percent."""
    from rapidfuzz import fuzz, process

    if like.apart:
        owner = frame[like.apart]
        is_apart = (owner.gather(before) != owner.gather(after)).fill_null(True).to_numpy()
        before, after = before[is_apart], after[is_apart]
    used, places = np.unique(np.concatenate([before, after]), return_inverse=True)
    pairs = places.reshape(2, -1)
    readings = _readings(frame["text"].gather(used), like)
    least = 100 - len(readings) * (100 - like.at_least)  # of the first reading, where the others are equal
    sizes = readings[0].str.len_chars().to_numpy().astype(np.int64)[pairs]
    pairs = pairs[:, 200 * sizes.min(axis=0) >= least * sizes.sum(axis=0)]
    rows, found = frame["at"].gather(used).to_numpy(), [pl.DataFrame(schema=_ALIKE)]
    for start in range(0, pairs.shape[1], _CHUNK):
        both = pairs[:, start : start + _CHUNK]
        texts = ([reading.gather(side).to_list() for side in both] for reading in readings)
        score = np.mean([process.cpdist(*sides, scorer=fuzz.ratio, workers=-1) for sides in texts], axis=0)
        is_alike = score >= like.at_least
        earlier, later = np.sort(rows[both[:, is_alike]], axis=0)
        found.append(pl.DataFrame([later, earlier, score[is_alike].astype(np.int64)], schema=_ALIKE))
    return pl.concat(found)
