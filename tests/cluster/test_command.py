"""`deedbook validate --engine spark`: the report of a cluster, and what does not fit together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deedbook.cli.main import cli
from tests.package import fields, make_package


def validate(folder: Path, *arguments: str) -> Result:
    """What the command says of a package."""
    return CliRunner().invoke(cli, ["validate", str(folder), "--quiet", "--format", "json", *arguments])


def report_in(result: Result) -> Any:
    """The report without its time."""
    report = json.loads(result.stdout)
    report["stats"].pop("seconds")
    return report


def test_the_command_gives_the_report_of_this_machine(tmp_path: Path, address: str) -> None:
    make_package(tmp_path, schemas={"t": fields("n:integer", primaryKey=["n"])}, t="n\n1\nx\n1\n")
    there, here = validate(tmp_path, "--engine", "spark", "--master", address), validate(tmp_path)
    assert there.exit_code == here.exit_code == 1
    assert report_in(there) == report_in(here)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--engine", "spark"), "--engine spark needs the address of a cluster"),
        (("--master", "sc://127.0.0.1:1"), "--master is for a cluster"),
        (("--engine", "spark", "--master", "sc://127.0.0.1:1", "--findings", "f.csv"), "on one machine only"),
        (("--engine", "spark", "--master", "sc://127.0.0.1:1"), "sc://127.0.0.1:1 cannot be reached"),
    ],
)
def test_what_does_not_fit_together_is_said(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    make_package(tmp_path, t="n\n1\n")
    result = validate(tmp_path, *arguments)
    assert result.exit_code != 0
    assert problem in str(result.exception) + result.output
