"""Apache Spark itself, a master with two workers of which one is killed in the middle: the report and the release of this machine."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import SPARK
from tests.cluster.parity import NUMBERS, numbers
from tests.cluster.standalone import PATIENCE, cluster, started, wait_for, worker
from tests.external.conftest import TOOLS, tool
from tests.package import fields, make_package
from tests.release.conftest import write_project

RULES = """
import os
import time
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import rule


def is_short(name):
    worker = os.environ.get("TESTED_WORKER")  # none on this machine
    begun = Path(os.environ["TESTED_FOLDER"], "begun") if worker else None
    if worker == "1":
        begun.touch()
        time.sleep(600)  # until it is killed
    while worker == "2" and not begun.exists():
        time.sleep(0.05)
    return len(name) < 9


schema = pa.DataFrameSchema(checks=[
    rule("name-too-long", pl.col("name").map_elements(is_short, return_dtype=pl.Boolean), at="name", message="{name} is long"),
])
"""


@pytest.mark.slow
@pytest.mark.external
def test_a_master_with_two_workers_of_which_one_is_killed(tmp_path: Path) -> None:
    tool("java")
    package = tmp_path / "package"
    rows = "".join(f"{number % 3_990},name {number}\n" for number in range(4_000))
    schema = fields("id:integer", "name", primaryKey=["id"])
    make_package(package, schemas={"people": schema}, people="id,name\n" + rows + "x,y\n")
    (package / "deedbook.toml").write_text('package = "datapackage.json"\nschemas = "rules"\n')
    (package / "rules").mkdir()
    (package / "rules" / "people.py").write_text(RULES)
    old, new = tmp_path / "old", tmp_path / "new"
    for place, table in ((old, numbers(4_000)), (new, numbers(4_000).replace('\n7,"name', '\n7,"another'))):
        write_project(place, {"numbers": (table, NUMBERS)}, formats=("parquet",))
    told = [{"TESTED_FOLDER": str(tmp_path), "TESTED_WORKER": number} for number in ("1", "2")]
    with cluster(tmp_path, told) as spark:
        compare = sys.executable, "-m", "tests.cluster.parity", spark.master, str(package), str(old), str(new)
        with started(tmp_path, "driver", *compare) as driver:
            wait_for(lambda: (tmp_path / "begun").exists() or driver.poll() is not None)
            os.killpg(spark.workers[0].pid, signal.SIGKILL)
            output, _ = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 0, (tmp_path / "driver.log").read_text()[-2000:]
    result = json.loads(output)
    assert result["differing"] == []
    assert result["there"] == result["here"]
    totals = {(it["rule"], it["count"]) for it in json.loads(result["there"])["totals"]}
    assert totals == {("name-too-long", 3_000), ("primary-key", 10), ("type-error", 1)}


@pytest.mark.slow
@pytest.mark.external
def test_an_executor_is_waited_for_and_one_without_the_package_is_named(tmp_path: Path) -> None:
    tool("java")
    other = tool(TOOLS / "crate" / "bin" / "python")  # has pyarrow, and not deedbook
    package = tmp_path / "package"
    make_package(package, schemas={"people": fields("id:integer")}, people="id\n1\n")
    own = sys.executable, "-m", "deedbook", "validate", str(package), "--engine", "spark", "--master"

    def said() -> str:
        return (tmp_path / "driver.log").read_text()

    with (
        cluster(tmp_path, []) as spark,
        started(tmp_path, "driver", *own, spark.master, PYSPARK_PYTHON=other) as driver,
    ):
        wait_for(lambda: "waiting for an executor of spark://" in said() or driver.poll() is not None)
        with worker(tmp_path, spark.master, "worker", PYTHONPATH=str(SPARK)):
            driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 3, said()[-2000:]
    assert "Traceback" not in said()
    last = said().splitlines()[-2:]
    assert last == ["deedbook: the executors do not have deedbook", "  install deedbook[spark] on every executor"]
