"""The short form of an event: who takes part, who says so and through whom, with actors, places and sources by any of their names.

    title: Poland expels three diplomats of Russia
    summary: The Polish government declared three members of the Russian embassy unwanted, because of sabotage.
    type: diplomats.expel
    date: 2024-03-01
    who: {initiator: Poland, recipient: Russia}
    sources:
      PAP: {publisher: PAP, type: wire, title: "[dispatch]", published: 2024-03-01, lang: en, offline: "dispatch of that day"}
    actors:
      PAP: {type: media, sector: JRN}
    claims: [Poland > PAP > S000003]

`actors`, `places` and `sources` describe those that are new. A claim is a chain `who > via > via`: the claimant, then the source at
hop 0 and those that relay it; a source alone speaks for itself. It may also be a mapping with `chain` and any field of `claims`.
Every field of a table goes by its name or by its word in forms.toml.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.errors import UsageError
from deedbook.findings import nearest
from deedbook.models.alignment.actors import Tables, roots
from deedbook.rules.form import Form, Names, Row

_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_LISTS = ("who", "claims", "sources", "actors", "places")
_VOICELESS = ("silent", "declined_comment", "unaware")
"""Stances of those who say nothing, and so say it on no footing."""


def event_rows(form: Mapping[str, Any], tables: Tables, new: Callable[[str], str], today: str) -> dict[str, list[Row]]:
    """The rows of an event, its participants, claims and chains, and of the actors, places and sources that are new."""
    rows: dict[str, list[Row]] = {name: [] for name in ("actors", "places", "sources", "events")}
    actors = Names("actor", tables["actors"].select("actor_id", "name").iter_rows())
    for id_, name in tables["actor_names"].select("actor_id", "name").iter_rows():
        actors.add(id_, name)
    places = Names("place", tables["places"].select("place_id", "name").iter_rows())
    sources = _sources(tables)
    described = _listed(form, "actors")
    for name in described:  # one may belong to another
        actors.add(new("actors"), name)
    known: dict[str, dict[str, Names]] = {"actors": {"parent_actor_id": actors, "country_actor_id": actors}}
    for name, spec in described.items():
        rows["actors"].append({"actor_id": actors.find(name), "name": name, **_fields("actors", spec, tables, known)})
    known["places"] = {"country_actor_id": actors}
    for name, spec in _listed(form, "places").items():
        id_ = new("places")
        places.add(id_, name)
        rows["places"].append({"place_id": id_, "name": name, **_fields("places", spec, tables, known)})
    known["sources"] = {"publisher_actor_id": actors}
    known["sources"] |= dict.fromkeys(("known_through_source_id", "syndicated_from", "is_translation_of"), sources)
    for name, spec in _listed(form, "sources").items():
        row = {"source_id": new("sources"), "title": name, **_fields("sources", spec, tables, known)}
        sources.add(str(row["source_id"]), name, str(row["title"]))
        rows["sources"].append(row)
    event = new("events")
    known["events"] = {"place_id": places}
    said = {name: value for name, value in form.items() if name not in _LISTS}
    row = {"event_id": event, **_fields("events", said, tables, known)}
    row.setdefault("coder", tables["events"]["coder"].drop_nulls().last())
    row.setdefault("coded_on", today)
    row.setdefault(
        "inclusion_basis", _WORDS["basis"].get(str(row.get("event_type")).split(".")[0], "act_between_states")
    )
    rows["events"].append(row)
    rows["event_participants"] = _participants(event, form.get("who"), actors)
    return {**rows, **_claims(row, form.get("claims"), rows, tables, actors, sources, new)}


def _sources(tables: Tables) -> Names:
    """Sources by title, address, and the names of a publisher that has one alone."""
    own = tables["sources"].select("source_id", "title", "url", "archive_url", actor_id="publisher_actor_id")
    names = Names("source", own.select("source_id", "title").iter_rows())
    for id_, *addresses in own.select("source_id", "url", "archive_url").iter_rows():
        names.add(id_, *filter(None, addresses))
    called = [tables[table].select("actor_id", "name") for table in ("actors", "actor_names")]
    for id_, name in own.join(pl.concat(called), on="actor_id").select("source_id", "name").unique().iter_rows():
        names.add(id_, name)
    return names


def _listed(form: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    """What a form describes of new actors, places or sources, by name."""
    found = form.get(name) or {}
    if not isinstance(found, Mapping) or not all(isinstance(spec, Mapping) for spec in found.values()):
        raise UsageError(f"`{name}` has to be names, each with what is to be said of it", "see the how-to page")
    return {str(one): spec for one, spec in found.items()}


def _fields(table: str, spec: Mapping[str, Any], tables: Tables, known: Mapping[str, Mapping[str, Names]]) -> Row:
    """What a form says of one row, by field; names of others as their ids."""
    words, fields = _WORDS[table]["words"], tables[table].columns
    row: Row = dict(_WORDS[table]["usual"])
    for word, value in spec.items():
        field = words.get(word, word)
        if field not in fields:
            hint = nearest(word, [*words, *fields], f"the fields are {', '.join(fields)}")
            raise UsageError(f"`{word}` is no field of `{table}`", hint)
        names = known.get(table, {}).get(field)
        row[field] = names.find(value) if names and value is not None else value
    return row


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _participants(event: str, who: Any, actors: Names) -> list[Row]:
    """The participants: by role one name or several; `NAME?` is one that is only claimed."""
    if not isinstance(who, Mapping):
        raise UsageError(
            "`who` has to be roles, each with who has it", "such as who: {initiator: Russia, recipient: Laos}"
        )
    rows: list[Row] = []
    for role, names in who.items():
        for given in _many(names):
            spec = dict(given) if isinstance(given, Mapping) else {"name": given}
            name = str(spec.pop("name", ""))
            row: Row = {"event_id": event, "actor_id": actors.find(name.removesuffix("?")), "role": role}
            rows.append(row | {"as_claimed": name.endswith("?"), **spec})
    return rows


def _claims(
    event: Row,
    claims: Any,
    rows: Mapping[str, Sequence[Row]],
    tables: Tables,
    actors: Names,
    sources: Names,
    new: Callable[[str], str],
) -> dict[str, list[Row]]:
    """The claims about an event, and the sources that each is known through."""
    root = _roots(rows["actors"], tables["actors"])
    parties = {root[str(row["actor_id"])] for row in rows["event_participants"] if row["role"] in _PARTIES}
    published = dict(tables["sources"].select("source_id", "published_on").iter_rows())
    publisher = dict(tables["sources"].select("source_id", "publisher_actor_id").iter_rows())
    for row in rows["sources"]:
        published[row["source_id"]], publisher[row["source_id"]] = row.get("published_on"), row["publisher_actor_id"]
    found: dict[str, list[Row]] = {"claims": [], "claim_sources": []}
    for given in _many(claims):
        spec = dict(given) if isinstance(given, Mapping) else {"chain": given}
        extra = {name: spec.pop(name) for name in ("carriage", "locator") if name in spec}
        claimant, vias = _known_through(_many(spec.pop("chain", None)), publisher, actors, sources)
        claim: Row = {"claim_id": new("claims"), "event_id": event["event_id"], "claimant_actor_id": claimant}
        claim |= {"claim_text": event.get("title"), "claimed_on": published.get(vias[0][0]) or event.get("date_edtf")}
        claim |= _fields("claims", spec, tables, {"claims": {"value_actor_id": actors}})
        if claim["stance"] not in _VOICELESS:
            claim.setdefault("modality", "asserted")
            if root[claimant] not in parties:
                claim.setdefault("coded_position", "uninvolved")
        found["claims"].append(claim)
        found["claim_sources"] += [link | extra for link in _links(claim, vias, publisher)]
    return found


def _roots(added: Sequence[Row], there: pl.DataFrame) -> dict[str, str]:
    """By actor, the one at the head of those that it belongs to; actors of the form among them."""
    same = {"actor_id": "", "actor_type": "", "parent_actor_id": None, "valid_from": None, "valid_to": None}
    more = [{name: row.get(name) for name in same} for row in added]
    every = pl.concat([there.select(*same), pl.DataFrame(more, schema=dict.fromkeys(same, pl.String))])
    return dict(roots(every).iter_rows())


def _known_through(
    chains: Sequence[Any], publisher: Mapping[str, str], actors: Names, sources: Names
) -> tuple[str, list[list[str]]]:
    """Who makes a claim, and for each of its chains the sources from the first to the last.

    Raises:
        UsageError: when no chain is given, or they begin with different claimants.
    """
    if not chains:
        raise UsageError("a claim has no `chain`", "write who says it and through whom: `who > via > via`")
    claimants, vias = set(), []
    for chain in chains:
        first, *others = (part.strip() for part in str(chain).split(">"))
        vias.append([sources.find(name) for name in others or [first]])
        claimants.add(actors.find(first) if others else publisher[vias[-1][0]])
    if len(claimants) > 1:
        raise UsageError(f"one claim has {len(claimants)} claimants", "write a claim for each of them")
    return claimants.pop(), vias


def _links(claim: Row, vias: Sequence[Sequence[str]], publisher: Mapping[str, str]) -> Iterable[Row]:
    """The rows that link a claim to its sources; a source of two chains stands where the first has it."""
    linked: dict[str, Row] = {}
    for via in vias:
        for hop, source in enumerate(via):
            is_own = hop == 0 and publisher[source] == claim["claimant_actor_id"]
            link: Row = {"claim_id": claim["claim_id"], "source_id": source, "hop": hop}
            link |= {"via_source_id": via[hop - 1] if hop else None, "carriage": "original" if is_own else "relays"}
            linked.setdefault(source, link)
    return linked.values()


_PARTIES = ("initiator", "co_initiator", "recipient")
"""Roles from which the position of a claimant follows."""


def event_form(event_id: str, tables: Tables) -> dict[str, Any]:
    """The short form of an event that is there, by ids."""
    own = tables["events"].filter(pl.col("event_id") == event_id)
    if own.is_empty():
        raise UsageError(f"there is no event {event_id}", "`deedbook find` looks for one")
    words = {field: word for word, field in _WORDS["events"]["words"].items()}
    row = own.row(0, named=True)
    left_out = {"event_id", "coder", "second_coder", "coded_on", "reviewed_on"}
    form: dict[str, Any] = {
        words.get(name, name): value for name, value in row.items() if value is not None and name not in left_out
    }
    form["who"] = {}
    for part in tables["event_participants"].filter(pl.col("event_id") == event_id).iter_rows(named=True):
        name = part["actor_id"] + "?" * bool(part["as_claimed"])
        form["who"].setdefault(part["role"], []).append(name)
    form["claims"] = [
        _chain(claim, tables) for claim in tables["claims"].filter(pl.col("event_id") == event_id).iter_rows(named=True)
    ]
    return form


def _chain(claim: Mapping[str, Any], tables: Tables) -> dict[str, Any]:
    links = tables["claim_sources"].filter(pl.col("claim_id") == claim["claim_id"]).sort("hop", descending=True)
    via = dict(links.select("source_id", "via_source_id").iter_rows())
    chains = []
    for source in via.keys() - set(via.values()):
        steps = [source]
        while via.get(steps[-1]):
            steps.append(via[steps[-1]])
        chains.append(" > ".join([claim["claimant_actor_id"], *reversed(steps)]))
    words = {field: word for word, field in _WORDS["claims"]["words"].items()}
    named = {"claim_id", "event_id", "claimant_actor_id", "superseded_by_claim_id", "responds_to_claim_id"}
    said = {words.get(name, name): value for name, value in claim.items() if value is not None and name not in named}
    return {"chain": sorted(chains), **said}


EVENT = Form(event_rows, event_form)
