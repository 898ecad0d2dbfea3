"""Writes the reference pages that code already says: the commands from click, the rules from `schemas/*.py`, the models from their
folders, the conformance from the decisions of `tests/conformance` and `tests/fuzz`.

Usage: python docs/generate.py [--check]    --check changes nothing and fails when a page is stale
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

import deedbook
from deedbook import models
from deedbook.changes.declarations import KINDS, UNPUBLISHED, kinds_of
from deedbook.checking.rules import RuleBook, load_rules
from deedbook.cli.main import cli
from deedbook.descriptor import load_package
from deedbook.entries import FINDINGS, rules_of
from deedbook.project import load_project
from deedbook.properties import PROPERTIES
from deedbook.rules.rule import Rule
from deedbook.versioning.bump import BUMP_RULES, Thresholds
from deedbook.versioning.guards import all_guards

DOCS = Path(__file__).resolve().parent
REFERENCE = DOCS / "reference"
NOTE = "<!-- written by docs/generate.py: edit its source, then run `make docs` -->\n\n"

_INTRODUCTION = """\
{count} rules, on top of what the schemas declare for cells and keys. An error blocks a release; a warning passes, unless `--strict` is
given and no row of `waivers.csv` accepts it. The id is stable: it is what waivers and reports name. Rules with one `ref` belong
together. Where `{{field}}` stands in a message, the value of the row is shown.
"""
_FLOOR = """\
# The floor of a version

The highest level that a rule asks for is the lowest version that may follow: 1.2.3 is followed by 2.0.0, 1.3.0 or 1.2.4. Before 1.0.0, major counts as
minor and everything else as patch. The thresholds are {revised} of the published rows of a table for revised and {withdrawn} for withdrawn ones, unless
`[thresholds]` in `deedbook.toml` says otherwise. Which rules fired is in `release.json`, `changes.json` and `CHANGELOG.md` of the release.
How to use it: [plan a release](../how-to/plan-a-release.md); why: [versions and trust](../explanation/versions-and-trust.md).

"""
_EVERY = """\
## Every property

What a change of each property of a descriptor is; a property of your own that is not listed is `metadata-changed`, since it is published. Those that
mean nothing name or date the release, or say how the edited text is written, which a release has in one canonical form; a `dialect` is all of that
kind. A table without licences of its own has those of the package. Licences are compared by what they demand, where that is known; any other change of
licence is restrictive. What `derive` in `schemas/dataset.py` computes otherwise is `derived-changed`; `plan` and `build` compare it, as on the day of
the release before."""
_BETWEEN = """\
These compare a release with the one before it, in any dataset; `plan` and `build` run them. The rules about ids need a table
`id_redirects`, those about events and their evidence the tables of the reference dataset. What R-70 tells stops nothing.
"""
_MODELS = """\
# Models of events

A model is a folder of `toolkit/deedbook/models/`: Table Schemas, rules in SQL or by the [builders](builders.md), a few made-up rows in the layout of
the original, and what its users have to know. `deedbook init DIR --model NAME` makes a project of one; `deedbook validate FILE --model NAME` checks
a file that somebody else made, without a project. Where a model has several tables, `--table` says which of them the file is. `alignment`, the model of
the reference dataset, has [pages of its own](rules.md). What every field means stands in the schema, and codes for missing values are declared
there, never guessed.
"""
_PYTHON = """\
What can be done on the command line can be done in Python and in notebooks. The names on this page are all that is promised; everything is loaded when it is
first used. A record shows itself in a notebook, and `to_dict()` is the JSON of the command line. [A notebook](../tutorial/from-a-frame.ipynb) goes from a frame
to a release, [read a release](../how-to/read-a-release.md) is about `deedbook.open`.
"""
MOST_FIELDS = 4
"""Of a rule that stands in several tables, before they are only counted."""


@dataclass(frozen=True, slots=True)
class Place:
    """A rule of one table."""

    table: str
    rule: Rule


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    sys.path.insert(0, str(DOCS.parent))  # tests/ is no part of the installed package
    from tests.conformance.page import conformance_page

    return {
        REFERENCE / "commands.md": NOTE + commands_page(),
        REFERENCE / "conformance.md": NOTE + conformance_page(),
        REFERENCE / "findings.md": NOTE + FINDINGS.read_text(encoding="utf-8"),
        REFERENCE / "floor.md": NOTE + floor_page(),
        REFERENCE / "models.md": NOTE + models_page(),
        REFERENCE / "properties.md": NOTE + properties_page(),
        REFERENCE / "python.md": NOTE + python_page(),
        REFERENCE / "rules.md": NOTE + rules_page(),
    }


def python_page() -> str:
    """What `deedbook` offers in Python, from its signatures and docstrings."""
    parts = ["# Python\n", _PYTHON]
    for name in sorted(deedbook.__all__, key=lambda one: (one[0].isupper(), one)):
        item = getattr(deedbook, name)
        if name.startswith("_"):
            continue
        parts.append(f"## deedbook.{name}\n")
        if inspect.isfunction(item):
            signature = re.sub(r"((?:: |-> ))'([^']*)'", r"\1\2", str(inspect.signature(item)))
            parts.append(f"```python\n{name}{signature}\n```\n")
        parts.append(_docstring(item))
        if inspect.isclass(item):
            own = [(key, value) for key, value in vars(item).items() if not key.startswith("_")]
            lines = [
                f"* `{key}{'()' if inspect.isfunction(value) else ''}`: {(inspect.getdoc(value) or '').splitlines()[0]}"
                for key, value in own
                if inspect.isfunction(value) or isinstance(value, property)
            ]
            parts.append("\n".join(lines) + "\n" if lines else "")
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _docstring(item: object) -> str:
    """A docstring in Google form as Markdown: its sections as lists."""
    lines: list[str] = []
    for line in (inspect.getdoc(item) or "").splitlines():
        name, _, rest = line.strip().partition(": ")
        if line in {"Args:", "Attributes:", "Returns:", "Raises:"}:
            lines.append(f"**{line}**\n")
        elif line.startswith("     "):
            lines[-1] += f" {line.strip()}"
        else:
            is_named = line.startswith("    ") and rest and name.isidentifier()
            lines.append(f"* `{name}`: {rest}" if is_named else line.strip())
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """All verbs with their options, from click."""
    context = click.Context(cli, info_name="deedbook", **cli.context_settings)
    parts = ["# Commands\n", _prose(cli.help)]
    for inner in _verbs(context):
        command = inner.command
        parts += [f"## {inner.command_path}\n", f"```text\n{command.get_usage(inner).removeprefix('Usage: ')}\n```\n"]
        parts += [_prose(command.help), "| option | meaning |\n|---|---|"]
        rows = [row for parameter in command.get_params(inner) if (row := parameter.get_help_record(inner))]
        parts.append("".join(f"| `{_cell(option)}` | {_cell(meaning)} |\n" for option, meaning in rows if meaning))
    return "\n".join(parts).rstrip() + "\n"


def _verbs(context: click.Context) -> Iterator[click.Context]:
    """Every verb, and those below it."""
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is None:
                raise LookupError(name)
            inner = click.Context(command, info_name=name, parent=context)
            yield inner
            yield from _verbs(inner)


def floor_page() -> str:
    """Which change asks for which version."""
    lines = ["| rule | asks for | holds when |", "|---|---|---|"]
    lines += [f"| `{item.rule}` | {item.level} | {_cell(item.says)} |" for item in BUMP_RULES]
    limits = Thresholds()
    parts = [
        _FLOOR.format(revised=f"{limits.revised:.0%}", withdrawn=f"{limits.withdrawn:.0%}") + "\n".join(lines),
        _EVERY,
    ]
    rules = {item.kind: item for item in BUMP_RULES if item.kind}
    for level in ("package", "resource", "schema", "field", "constraints"):
        parts.append(f"### {level.capitalize()}\n\n| property | a change is | asks for |\n|---|---|---|")
        names = dict.fromkeys((*PROPERTIES[level], *UNPUBLISHED.get(level, ()), *KINDS[level]))
        for name in sorted(names, key=str.casefold):
            found = [rules[kind] for kind in kinds_of(level, name)]
            said = ", ".join(f"`{item.rule}`" for item in found) or "nothing"
            parts[-1] += (
                f"\n| `{name}` | {said} | {', '.join(dict.fromkeys(item.level for item in found)) or 'no version'} |"
            )
    return "\n\n".join(parts) + "\n"


def properties_page() -> str:
    """What becomes of every property that the standard or frictionless-py knows."""
    parts = [
        "# Properties of a descriptor\n\nA name that is nearly one of these, or stands where it has no effect, is refused.\n"
    ]
    for level, known in PROPERTIES.items():
        rows = "\n".join(f"| `{name}` | {item.effect} | {item.note} |" for name, item in known.items())
        parts.append(f"\n## {level}\n\n| property | is | note |\n| --- | --- | --- |\n{rows}\n")
    return "".join(parts)


def models_page() -> str:
    """Every model with its source, what its users have to know, its tables, missing codes and rules."""
    parts = [_MODELS]
    for name in models.LAYOUTS:
        folder = models.folder_of(name)
        package = load_package(folder / "datapackage.json", schemas=folder / "schemas")
        note = (folder / "CODEBOOK.md").read_text(encoding="utf-8").split("\n", 1)[1].strip()
        sources = [f"[{it['title']}]({it['path']})" if "path" in it else it["title"] for it in package.raw["sources"]]
        parts += [f"## {name}\n", f"Source: {'; '.join(sources)}.\n", note + "\n"]
        for resource in package.resources:
            if (schema := resource.schema) is None:
                raise LookupError(resource.name)
            codes = {
                it.name: [f"`{label.value}`" for label in it.missing_values or () if label.value]
                for it in schema.fields
            }
            missing = "; ".join(f"{field}: {', '.join(found)}" for field, found in codes.items() if found)
            parts.append(
                f"### {name}: {resource.name}\n\n{schema.raw['description']} {len(schema.fields)} fields, key: "
            )
            parts[-1] += f"{', '.join(schema.primary_key) or 'none'}.{f' Missing: {missing}.' if missing else ''}\n"
            file = folder / "schemas" / f"{resource.name}.rules.toml"
            if file.is_file():
                rules = {it.id: it for it in load_rules({resource.name: file}).tables[resource.name].rules}
                parts.append(
                    _rule_table(list(rules.values()), {it: {"": [rules[it].at]} for it in rules}, in_tables=False)
                )
    return "\n".join(parts).rstrip() + "\n"


def rules_page() -> str:
    """All rules of the reference dataset; one that several tables share stands once."""
    project = load_project(DOCS.parent)
    book = load_rules(project.rule_files)
    places = [Place(*place) for place in rules_of(project, book)]
    tables: dict[str, dict[str, list[str]]] = {}
    rules: dict[str, Rule] = {}
    for place in places:
        rules.setdefault(place.rule.id, place.rule)
        where = tables.setdefault(place.rule.id, {}).setdefault(place.table, [])
        if place.rule.at and place.rule.at not in where:
            where.append(place.rule.at)
    shared = [name for name, where in tables.items() if len(where) > 1]
    parts = [
        "# Rules of the reference dataset\n",
        _INTRODUCTION.format(count=len(rules)),
        "## Several tables\n",
        _rule_table([rules[name] for name in shared], tables, in_tables=True),
    ]
    for table in dict.fromkeys(place.table for place in places):
        own = [rules[name] for name, where in tables.items() if list(where) == [table]]
        if own:
            parts += [f"## {table}\n", _rule_table(own, tables, in_tables=False)]
    parts += ["## Between releases\n", _BETWEEN, _guard_table(book)]
    return "\n".join(parts).rstrip() + "\n"


def _rule_table(rules: list[Rule], tables: Mapping[str, Mapping[str, list[str]]], *, in_tables: bool) -> str:
    lines = ["| rule | severity | ref | at | says | hint |", "|---|---|---|---|---|---|"]
    for carried in sorted(rules, key=lambda one: (one.ref, one.id)):
        where = tables[carried.id]
        at = _many(where) if in_tables else ", ".join(next(iter(where.values())))
        severity = f"{carried.severity}, on request" if carried.on_request else carried.severity
        cells = (f"`{carried.id}`", severity, carried.ref, at, carried.message, carried.hint)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def _guard_table(book: RuleBook) -> str:
    lines = ["| rule | severity | ref | says | hint |", "|---|---|---|---|---|"]
    for item in all_guards(book.guards):
        cells = (f"`{item.id}`", item.severity, item.ref, item.says, item.hint)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def _many(where: Mapping[str, list[str]]) -> str:
    """The tables and fields of a rule, counted where a list would be too long to read."""
    if sum(map(len, where.values())) > MOST_FIELDS:
        return f"{sum(map(len, where.values()))} fields of {len(where)} tables"
    return ", ".join(f"{table}.{name}" for table, names in where.items() for name in names)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _prose(text: str | None) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n")).strip() + "\n"


def main() -> None:
    """Writes the pages, or says which are stale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a page is stale")
    arguments = parser.parse_args()
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if arguments.check and stale:
        names = ", ".join(str(path.relative_to(DOCS.parent)) for path in stale)
        sys.exit(f"stale: {names}; run `make docs` and commit the result")
    for path in stale:
        path.write_text(pages()[path], encoding="utf-8", newline="\n")
        print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
