"""What each contestant other than ours runs: `python -m benchmarks.peers NAME FOLDER`, one process a run.

The parses read events.csv only and touch every cell: the floor under any validator. The validators do what they can of the
descriptor: `COVERS` says what that is. A peer that is not installed exits with 3 and says so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

NOT_INSTALLED = 3

COVERS = {
    "deedbook": "structure, cells, keys",
    "deedbook with rules": "everything",
    "polars parse": "no check: every cell read as text and touched",
    "duckdb parse": "no check: every cell read as text and touched",
    "frictionless": "everything but the date order",
    "pandera": "types, constraints and keys on a typed frame; no structure; stops at the first cell that is not of its type",
    "pointblank": "as pandera",
    "dataframely": "as pandera",
}


def parse_with_polars(folder: Path) -> None:
    """Every cell as text, streamed, its bytes counted."""
    import polars as pl

    scan = pl.scan_csv(folder / "events.csv", infer_schema=False)
    lengths = scan.select(pl.all().str.len_bytes().sum()).collect(engine="streaming")
    print(lengths.sum_horizontal().item())


def parse_with_duckdb(folder: Path) -> None:
    """Every cell as text, its bytes counted."""
    import duckdb

    columns = [field["name"] for field in _events(folder)["fields"]]
    touched = " + ".join(f'coalesce(sum(strlen("{name}")), 0)' for name in columns)
    query = f"select {touched} from read_csv(?, all_varchar = true, header = true, quote = '\"', escape = '\"')"  # noqa: S608
    print(duckdb.execute(query, [str(folder / "events.csv")]).fetchone())


def validate_with_frictionless(folder: Path) -> None:
    """The library's own validation of the package, every error reported."""
    from frictionless import Package, system

    with system.use_context(trusted=True):
        report = Package(str(folder / "datapackage.json")).validate(limit_errors=10_000_000)
    print(json.dumps({"valid": report.valid, "errors": len(report.flatten(["rowNumber"]))}))


def validate_with_pandera(folder: Path) -> None:
    """pandera on an eager polars frame, all errors."""
    import pandera.errors
    import pandera.polars as pa

    parents = _parents(folder)
    schema = pa.DataFrameSchema(
        {
            field["name"]: pa.Column(
                nullable=not field.get("constraints", {}).get("required", False),
                checks=[*_pandera_checks(pa, field), *_pandera_lookups(pa, folder, field, parents)],
                unique=[field["name"]] == _events(folder)["primaryKey"],
            )
            for field in _events(folder)["fields"]
        }
    )
    try:
        schema.validate(_typed(folder), lazy=True)
        print("valid")
    except pandera.errors.SchemaErrors as errors:
        print(errors.failure_cases.height)


def validate_with_pointblank(folder: Path) -> None:
    """pointblank's steps on a polars frame."""
    import pointblank as pb

    parents = _parents(folder)
    plan = pb.Validate(data=_typed(folder))
    for field in _events(folder)["fields"]:
        name, constraints = field["name"], field.get("constraints", {})
        if constraints.get("required"):
            plan = plan.col_vals_not_null(columns=name)
        if "enum" in constraints:
            plan = plan.col_vals_in_set(columns=name, set=constraints["enum"])
        if "pattern" in constraints:
            plan = plan.col_vals_regex(columns=name, pattern=f"^(?:{constraints['pattern']})$", na_pass=True)
        if "minimum" in constraints and field["type"] != "date":
            plan = plan.col_vals_ge(columns=name, value=constraints["minimum"], na_pass=True)
        if "maximum" in constraints:
            plan = plan.col_vals_le(columns=name, value=constraints["maximum"], na_pass=True)
        for key in _keys(folder, name):
            plan = plan.col_vals_in_set(columns=name, set=[*parents[key], None])  # a missing value is not looked up
    print(plan.rows_distinct(columns_subset=["event_id"]).interrogate().all_passed())


def validate_with_dataframely(folder: Path) -> None:
    """A dataframely schema with the same columns; its lookups are rules by column."""
    import dataframely as dy
    import polars as pl

    kinds = {"date": dy.Date, "datetime": dy.Datetime, "number": dy.Float64, "integer": dy.Int64, "boolean": dy.Bool}
    parents = _parents(folder)
    columns: dict[str, Any] = {}
    for field in _events(folder)["fields"]:
        name, constraints = field["name"], field.get("constraints", {})
        known: dict[str, Any] = {"nullable": not constraints.get("required", False)}
        if [name] == _events(folder)["primaryKey"]:
            known["primary_key"] = True
        if field["type"] in {"number", "integer"}:
            known |= {
                ours: constraints[theirs]
                for theirs, ours in (("minimum", "min"), ("maximum", "max"))
                if theirs in constraints
            }
        if field["type"] == "string":
            known |= {"regex": f"^(?:{constraints['pattern']})$"} if "pattern" in constraints else {}
            known |= {"max_length": constraints["maxLength"]} if "maxLength" in constraints else {}
        allowed = [constraints["enum"]] if "enum" in constraints else []
        allowed += [parents[key] for key in _keys(folder, name)]
        if allowed:
            known["check"] = {"known": partial(_is_in, pl.Series(allowed[0]).implode())}
        columns[name] = kinds.get(field["type"], dy.String)(**known)
    schema: Any = type("Events", (dy.Schema,), columns)
    _, failures = schema.filter(_typed(folder), cast=True)
    print(failures.counts())


def _is_in(allowed: Any, column: Any) -> Any:
    return column.is_in(allowed)


def _events(folder: Path) -> dict[str, Any]:
    descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    schema: dict[str, Any] = descriptor["resources"][0]["schema"]
    return schema


def _keys(folder: Path, name: str) -> list[tuple[str, str]]:
    """The parents that a column refers to: (resource, field)."""
    keys = _events(folder)["foreignKeys"]
    return [(key["reference"]["resource"], key["reference"]["fields"][0]) for key in keys if key["fields"] == [name]]


def _parents(folder: Path) -> dict[tuple[str, str], list[str]]:
    import polars as pl

    wanted = {key for field in _events(folder)["fields"] for key in _keys(folder, field["name"])}
    return {
        (resource, name): pl.read_csv(folder / f"{resource}.csv", columns=[name], infer_schema=False)[name].to_list()
        for resource, name in wanted
    }


def _typed(folder: Path) -> Any:
    """events.csv as a typed polars frame; raises where a cell is not of its type."""
    import polars as pl

    kinds = {"number": pl.Float64, "integer": pl.Int64, "boolean": pl.Boolean}
    fields = _events(folder)["fields"]
    schema = {field["name"]: kinds.get(field["type"], pl.String) for field in fields}
    frame = pl.read_csv(folder / "events.csv", schema=schema)
    return frame.with_columns(
        *(pl.col(field["name"]).str.to_date("%Y-%m-%d") for field in fields if field["type"] == "date"),
        *(
            pl.col(field["name"]).str.to_datetime("%Y-%m-%dT%H:%M:%SZ").cast(pl.Datetime("us"))
            for field in fields
            if field["type"] == "datetime"
        ),
    )


def _pandera_checks(pa: Any, field: dict[str, Any]) -> list[Any]:
    import datetime as dt

    constraints = field.get("constraints", {})
    cast = dt.date.fromisoformat if field["type"] == "date" else lambda value: value
    made = {
        "minimum": lambda value: pa.Check.ge(cast(value)),
        "maximum": lambda value: pa.Check.le(cast(value)),
        "enum": pa.Check.isin,
        "pattern": lambda value: pa.Check.str_matches(f"^(?:{value})$"),
        "minLength": lambda value: pa.Check.str_length(min_value=value),
        "maxLength": lambda value: pa.Check.str_length(max_value=value),
    }
    return [made[name](value) for name, value in constraints.items() if name in made]


def _pandera_lookups(
    pa: Any, folder: Path, field: dict[str, Any], parents: dict[tuple[str, str], list[str]]
) -> list[Any]:
    return [pa.Check.isin(parents[key]) for key in _keys(folder, field["name"])]


PEERS: dict[str, Callable[[Path], None]] = {
    "polars parse": parse_with_polars,
    "duckdb parse": parse_with_duckdb,
    "frictionless": validate_with_frictionless,
    "pandera": validate_with_pandera,
    "pointblank": validate_with_pointblank,
    "dataframely": validate_with_dataframely,
}


def main() -> int:
    """Runs one contestant."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    try:
        PEERS[name](folder)
    except ModuleNotFoundError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return NOT_INSTALLED
    return 0


if __name__ == "__main__":
    sys.exit(main())
