"""Ready models of event data, each a folder of what a project's `schemas/` holds, made-up rows, and a note on the codebook.

    NAME/datapackage.json           its tables in the layout of the original, and the codebook that they follow
    NAME/TABLE.csv                  a few made-up rows
    NAME/schemas/TABLE.schema.json  what cells and keys must satisfy, missing codes, what every field means
    NAME/schemas/TABLE.rules.toml   what rows must satisfy, in SQL or by the builders of `deedbook.rules`
    NAME/CODEBOOK.md                what a user of the original has to know
    NAME/alignment.toml             how its rows become rows of the evidence model, where `deedbook convert` can do that

`alignment`, the model of the reference dataset, is code besides: its schemas are those of that dataset. Nothing else of the
toolkit knows a column of a model.
"""

from pathlib import Path

ALIGNMENT = "alignment"
LAYOUTS = ("flat", "ucdp-ged", "ucdp-prio-acd", "acled", "gdelt", "cow-alliances", "gtd", "icews", "polecat")
"""The models that are a folder alone."""


def folder_of(name: str) -> Path:
    """The folder of a model."""
    return Path(__file__).parent / name.replace("-", "_")
