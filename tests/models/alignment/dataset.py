"""A small dataset in which no rule fires, changes to it, and the findings of all rules on the result."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.checking.rules import RuleBook, TableRules, evaluate, load_rules
from deedbook.checking.verdicts import RuleOutcome
from deedbook.rules.rule import Rule

ROOT = Path(__file__).parents[3]
CREATED = dt.date(2026, 11, 22)

BASE = {
    "actors": """
        actor_id,name,actor_type,sector,parent_actor_id,country_actor_id
        A000001,Northland,state,,,
        A000002,Government of Northland,government,GOV,A000001,A000001
        A000003,Southland,state,,,
        A000004,Government of Southland,government,GOV,A000003,A000003
        A000005,Daily Herald,media,JRN,,
        A000006,League of Lands,intergovernmental_org,,,
        """,
    "actor_names": """
        name_id,actor_id,name,lang,name_type,is_preferred
        N000001,A000001,Northland,en,common,true
        """,
    "actor_codes": """
        code_id,actor_id,scheme,code,assignment
        K000001,A000001,iso3166_1_a2,NO,official
        """,
    "places": """
        place_id,name,place_type,country_actor_id,is_disputed,admin1,iso3166_2,latitude,longitude,geo_precision
        P000001,Northport,settlement,A000001,false,Coast,NO-CO,60.5,10.25,near
        """,
    "sources": """
        source_id,publisher_actor_id,source_type,title,offline_citation,known_through_source_id,published_on,lang
        S000001,A000005,newspaper,Report on the talks,page 1,,2025-03-10,en
        S000002,A000004,official_social_media,[post],,S000001,2025-03-09,
        """,
    "events": """
        event_id,title,summary,event_type,date_edtf,date_basis,factuality,place_id,inclusion_basis,coder,coded_on
        E000001,Both governments talk,Representatives of both met in Northport.,talks.hold,2025-03-01,act,occurred,P000001,act_between_states,coder-1,2026-11-20
        E000002,Northland imposes sanctions,It froze the assets of several companies.,sanction.impose,2025-03-05,act,occurred,,act_between_states,coder-1,2026-11-20
        """,
    "event_participants": """
        event_id,actor_id,role,as_claimed
        E000001,A000002,initiator,false
        E000001,A000004,initiator,false
        E000002,A000002,initiator,false
        E000002,A000004,recipient,false
        """,
    "claims": """
        claim_id,event_id,alignment_id,aspect,claimant_actor_id,stance,modality,coded_position,claim_text,claimed_on
        C000001,E000001,,occurrence,A000005,affirms,asserted,uninvolved,They have met.,2025-03-10
        C000002,E000002,,occurrence,A000004,affirms,asserted,,Sanctions are in force.,2025-03-09
        C000003,,R000001,occurrence,A000005,affirms,asserted,uninvolved,The two are close.,2025-03-10
        """,
    "claim_sources": """
        claim_id,source_id,hop,via_source_id,carriage
        C000001,S000001,0,,original
        C000002,S000001,1,S000002,relays
        C000002,S000002,0,,original
        C000003,S000001,0,,original
        """,
    "alignments": """
        alignment_id,actor_a,actor_b,kind,start_edtf,left_censored,right_censored
        R000001,A000001,A000003,close_ties,2020,false,true
        """,
    "id_redirects": "old_id,new_id,table,reason,release,note",
}
"""Table to CSV; columns that a table does not show here are empty. `code_values` is that of the reference dataset."""

_TYPES = {"integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean, "date": pl.Date}
Row = dict[str, str]
Found = tuple[str, str, str, str]
Rows = dict[str, dict[tuple[str, ...], Row]]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is added, changed, or (without cells) removed; the key's parts are joined by `|`."""

    table: str
    key: str
    cells: Mapping[str, str] | None


def put(table: str, key: str, /, **cells: str) -> Change:
    """The row with that key has these cells; a new row is empty otherwise."""
    return Change(table, key, cells)


def drop(table: str, key: str) -> Change:
    """There is no row with that key."""
    return Change(table, key, None)


@cache
def schema(table: str) -> Mapping[str, Any]:
    """The Table Schema of a table of the reference dataset."""
    loaded: Mapping[str, Any] = json.loads((ROOT / f"schemas/{table}.schema.json").read_text(encoding="utf-8"))
    return loaded


@cache
def table_names() -> tuple[str, ...]:
    """The twelve tables in the order of the descriptor."""
    descriptor = json.loads((ROOT / "datapackage/datapackage.json").read_text(encoding="utf-8"))
    return tuple(resource["name"] for resource in descriptor["resources"])


def rows_of(changes: Iterable[Change]) -> Rows:
    """The rows of every table after the changes, by primary key and sorted by it."""
    rows = {name: dict(_read(name)) for name in table_names()}
    for change in changes:
        names, parts = schema(change.table)["primaryKey"], tuple(change.key.split("|"))
        if change.cells is None:
            del rows[change.table][parts]
        else:
            old = rows[change.table].get(parts, dict(zip(names, parts, strict=True)))
            rows[change.table][parts] = {**old, **change.cells}
    return {name: dict(sorted(table.items())) for name, table in rows.items()}


@cache
def _read(table: str) -> tuple[tuple[tuple[str, ...], Row], ...]:
    text = BASE.get(table) or (ROOT / f"datapackage/{table}.csv").read_text(encoding="utf-8")
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    key = schema(table)["primaryKey"]
    return tuple((tuple(row[name] for name in key), row) for row in csv.DictReader(io.StringIO(lines)))


def typed_tables(*changes: Change) -> dict[str, pl.DataFrame]:
    """The tables after the changes, typed as the engine types them."""
    return typed({name: [*rows.values()] for name, rows in rows_of(changes).items()})


def typed(tables: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, pl.DataFrame]:
    """Rows of text as the engine types them."""
    frames = {}
    for name, rows in tables.items():
        fields = schema(name)["fields"]
        text = pl.DataFrame(
            {field["name"]: [row.get(field["name"]) or None for row in rows] for field in fields},
            schema={field["name"]: pl.String for field in fields},
        )
        frames[name] = text.select(_typed(field) for field in fields)
    return frames


def _typed(field: Mapping[str, Any]) -> pl.Expr:
    cell = pl.col(field["name"])
    match field["type"]:
        case "boolean":
            return cell == "true"
        case "date":
            return cell.str.to_date("%Y-%m-%d")
        case kind:
            return cell.cast(_TYPES.get(kind, pl.String))


@cache
def rule_book() -> RuleBook:
    """The rules of the reference dataset."""
    return load_rules({file.stem: file for file in sorted((ROOT / "schemas").glob("*.py"))})


def rules_of(
    tables: Mapping[str, pl.DataFrame], created: dt.date | None = CREATED
) -> dict[str, tuple[TableRules, ...]]:
    """The rules of every table: its own, and those that read other tables."""
    book = rule_book()
    assert book.dataset is not None
    across = book.dataset(tables, created)
    return {name: (book.tables[name], across[name]) for name in tables}


def write_project(folder: Path) -> None:
    """A project of these rules; its tables are written by `write_tables`."""
    (folder / "datapackage").mkdir()
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "deedbook.toml", folder)
    shutil.copy(ROOT / "datapackage/datapackage.json", folder / "datapackage")


def write_tables(folder: Path, *changes: Change) -> None:
    """The tables of a project after the changes."""
    for name, rows in rows_of(changes).items():
        with (folder / f"datapackage/{name}.csv").open("w", encoding="utf-8", newline="") as file:
            fields = [field["name"] for field in schema(name)["fields"]]
            writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.values())


def all_rules() -> list[tuple[str, Rule]]:
    """Every rule with the table that it stands at."""
    return [(name, rule) for name, parts in rules_of(typed_tables()).items() for part in parts for rule in part.rules]


def evaluations(*changes: Change, created: dt.date | None = CREATED) -> dict[str, list[RuleOutcome]]:
    """Everything that the rules say after the changes, by table."""
    tables = typed_tables(*changes)
    found = rules_of(tables, created).items()
    return {name: [said for part in parts for said in evaluate(part, tables[name])] for name, parts in found}


def findings(*changes: Change, created: dt.date | None = CREATED) -> set[Found]:
    """Every finding as rule, table, key and field."""
    keys = {name: ["|".join(key) for key in rows] for name, rows in rows_of(changes).items()}
    return {
        (outcome.rule.id, name, keys[name][row], outcome.rule.at)
        for name, outcomes in evaluations(*changes, created=created).items()
        for outcome in outcomes
        for row in outcome.failing.to_list()
    }
