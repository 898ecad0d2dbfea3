"""Likely duplicates among generated events: recall and precision on planted ones, time and memory beside the validation alone.

A project of the model `flat` with eight types of event, 2,000 actors of whom few act often, ten years, and summaries from 3,000
words. In every tenth event the same actor acts on nobody, so that some blocks are crowded. One event in a hundred is planted a
second time, up to two days off: with typing errors, words left out, put in, exchanged or replaced, the sides exchanged, or told
anew with a third of the words replaced (kind `retold`). Names of actors are planted as other scripts and spellings have them.

Usage: python -m benchmarks.duplicates [--rows N] [--runs N]
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from benchmarks import WORK
from benchmarks.processes import Measurement, read_into_cache
from benchmarks.validate import run_ours
from deedbook.scaffold import create

ACTORS = 2_000
SHARE = 0.01
DAYS = 3_652
SEED = 20261127
TYPES = ("agreement", "aid", "attack", "protest", "sanction", "statement", "talks", "other")
SPELLINGS = {
    "Vladimir Petrovich Orlov": ["Владимир Петрович Орлов", "Wladimir Petrowitsch Orlow", "Orlov, Vladimir Petrovich"],
    "Muhammad Abdallah al-Masri": ["Mohammed Abdullah El-Masri", "محمد عبد الله المصري"],
    "Ministry of Defence of Laos": ["Ministry of Defense of Laos", "Laos: Ministry of Defence"],
    "Aleksandr Lukashenko": ["Alexander Lukashenko", "Александр Лукашенко"],
    "Yevgeny Prigozhin": ["Evgeny Prigozhin", "Евгений Пригожин", "Jevgenij Prigozjin"],
    "Movement for Democratic Change": ["Movement for a Democratic Change", "Democratic Change Movement"],
    "Kurdistan Workers' Party": ["Kurdistan Workers Party", "The Kurdistan Workers' Party"],
    "Nguyễn Văn Minh": ["Nguyen Van Minh"],
}
"""Names and how others write them."""

Edit = Callable[[list[str], random.Random, list[str]], None]


def _typing(words: list[str], chance: random.Random, _: list[str]) -> None:
    for at in chance.sample(range(len(words)), 2):
        word = words[at]
        place = chance.randrange(len(word))
        words[at] = word[:place] + chance.choice("aeinrst") + word[place + 1 :]


def _shorter(words: list[str], chance: random.Random, _: list[str]) -> None:
    for _at in range(2):
        del words[chance.randrange(len(words))]


def _longer(words: list[str], chance: random.Random, every: list[str]) -> None:
    for word in chance.sample(every, 2):
        words.insert(chance.randrange(len(words)), word)


def _exchanged(words: list[str], chance: random.Random, _: list[str]) -> None:
    one, other = chance.sample(range(len(words)), 2)
    words[one], words[other] = words[other], words[one]


def _replaced(words: list[str], chance: random.Random, every: list[str]) -> None:
    words[chance.randrange(len(words))] = chance.choice(every)


def _retold(words: list[str], chance: random.Random, every: list[str]) -> None:
    for at in chance.sample(range(len(words)), len(words) // 3):
        words[at] = chance.choice(every)


EDITS: dict[str, Edit] = {
    "typing": _typing,
    "shorter": _shorter,
    "longer": _longer,
    "exchanged": _exchanged,
    "replaced": _replaced,
    "retold": _retold,
}


def generate(rows: int) -> Path:
    """The project, made once; `planted.csv` says which id is which event once more, and how it was changed."""
    folder = WORK / f"duplicates-{rows}"
    if (folder / "planted.csv").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    WORK.mkdir(exist_ok=True)
    data = create(folder, model="flat").folder / "datapackage"
    chance, draw = random.Random(SEED), np.random.default_rng(SEED)  # noqa: S311  # the same rows every time
    every = sorted({"".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(3, 10))) for _ in range(3_000)})
    actors = [*(f"{chance.choice(every)} {chance.choice(every)} {n}".title() for n in range(ACTORS))]
    names = [*SPELLINGS, *(name for names in SPELLINGS.values() for name in names), *actors][:ACTORS]
    ids = [f"A{number:06}" for number in range(ACTORS)]
    pl.DataFrame({"actor_id": ids, "name": names, "actor_type": "state"}).pipe(_filled, data / "actors.csv")

    own = rows - round(rows * SHARE)
    rank = 1 / np.arange(1, ACTORS + 1)
    source, target = (draw.choice(ACTORS, own, p=rank / rank.sum()) for _ in range(2))
    target = np.where(target == source, (target + 1) % ACTORS, target)
    is_crowd = draw.random(own) < 0.1
    many = np.array(every)
    words = {f"w{n}": pl.Series(many[(draw.random(own) ** 2 * len(many)).astype(int)]) for n in range(11)}
    first = pl.Series(np.datetime64("2014-01-01") + draw.integers(0, DAYS, own))
    events = pl.DataFrame(words).select(
        event_id=pl.format("E{}", pl.int_range(own).cast(pl.String).str.zfill(8)),
        date_start=first,
        event_type=pl.Series(np.where(is_crowd, "protest", np.array(TYPES)[draw.integers(0, len(TYPES), own)])),
        source_actor_id=pl.Series(np.where(is_crowd, ids[0], np.array(ids)[source])),
        target_actor_id=pl.Series(np.where(is_crowd, np.array(None), np.array(ids, dtype=object)[target])),
        summary=pl.concat_str(pl.lit("On that day"), *words, separator=" "),
    )
    copies, manifest = [], []
    for number, row in enumerate(events.sample(rows - own, seed=SEED).iter_rows(named=True)):
        kind = chance.choice(list(EDITS))
        told = row["summary"].split()
        EDITS[kind](told, chance, every)
        id_ = f"E{own + number:08}"
        manifest.append((id_, row["event_id"], kind))
        sides = [row["source_actor_id"], row["target_actor_id"]]
        if None not in sides and chance.random() < 0.2:
            sides.reverse()
        day = row["date_start"] + dt.timedelta(chance.randint(-2, 2))
        said = {"source_actor_id": sides[0], "target_actor_id": sides[1], "summary": " ".join(told)}
        copies.append({**row, **said, "event_id": id_, "date_start": day})
    both = pl.concat([events, pl.DataFrame(copies, schema=events.schema)]).with_columns(source_title=pl.lit("Example"))
    both.sample(fraction=1, shuffle=True, seed=SEED).pipe(_filled, data / "events.csv")
    with (folder / "planted.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "of", "kind"), *manifest])
    return folder


def _filled(frame: pl.DataFrame, path: Path) -> None:
    """Writes the table with the columns of the one that is there."""
    columns = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    frame.select(pl.col(name) if name in frame.columns else pl.lit(None).alias(name) for name in columns).write_csv(
        path
    )


def exactness(folder: Path) -> str:
    """How many of the planted ones are found, by what was done to them, and how many others."""
    with (folder / "planted.csv").open(encoding="utf-8", newline="") as file:
        planted = {frozenset((row["id"], row["of"])): row["kind"] for row in csv.DictReader(file)}
    groups = list(SPELLINGS) + [name for name, others in SPELLINGS.items() for _ in others]
    group_of = {f"A{number:06}": name for number, name in enumerate(groups)}
    with tempfile.TemporaryDirectory() as scratch:
        findings = Path(scratch) / "findings.csv"
        run_ours(folder, "--select", "likely-duplicate-*", "--findings", str(findings))
        with findings.open(encoding="utf-8", newline="") as file:
            pairs = [
                (row["key"], re.search(r"(?:may be|of) ([AE][0-9]{6,})", row["message"]))
                for row in csv.DictReader(file)
            ]
    found = {key: match[1] for key, match in pairs if match}
    names = {key: "name" for number, key in enumerate(group_of) if number >= len(SPELLINGS)}
    events = {key: planted.get(frozenset((key, of)), "") for key, of in found.items() if key[0] == "E"}
    actors = {key: "name" * (group_of.get(key, "?") == group_of.get(of)) for key, of in found.items() if key[0] == "A"}
    lines = []
    for what, expected, own in (("events", planted, events), ("names", names, actors)):
        kinds, hit = Counter(expected.values()), Counter(own.values())
        by_kind = ", ".join(f"{kind} {hit[kind] / count:.3f}" for kind, count in sorted(kinds.items()))
        right = len(own) - hit[""]
        recall, precision = right / len(expected), right / max(len(own), 1)
        lines.append(f"{what}: {len(expected):,} planted, recall {recall:.3f}, precision {precision:.3f} ({by_kind})")
    return "\n".join(lines)


def main() -> None:
    """Prints how exact the search is, and what it takes beside the validation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duplicates", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    folder = generate(options.rows)
    print(exactness(folder))
    read_into_cache(*folder.glob("datapackage/*.csv"))
    ways = {
        "validate": (),
        "with likely duplicates": ("--select", "*"),
        "these alone": ("--select", "likely-duplicate-*"),
    }
    runs: dict[str, list[Measurement]] = {way: [] for way in ways}
    for _ in range(options.runs):
        for way, arguments in ways.items():
            runs[way].append(run := run_ours(folder, *arguments))
            if run.code:
                sys.exit(f"exit {run.code}: {run.output}{run.complaint}")
    for way, found in runs.items():
        wall, cpu = (median(getattr(run, name) for run in found) for name in ("wall", "cpu"))
        peak, ratio = max(run.peak for run in found), cpu / median(run.cpu for run in runs["validate"])
        print(f"{way}: {wall:.1f} s, {cpu:.1f} CPU s ({ratio:.2f}), {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
