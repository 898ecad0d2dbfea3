"""The documents of a catalogue, each read by somebody else's reader."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from importlib import resources
from xml.etree import ElementTree as ET

import rdflib
from jsonschema import Draft202012Validator

from deedbook.catalogue.documents import (
    catalog_json,
    dcat_ttl,
    derived_documents,
    feed_xml,
    index_html,
)
from deedbook.catalogue.edits import Signers, with_release, with_signer, with_yank
from deedbook.catalogue.records import Catalogue, sequence_of
from deedbook.integrity.signatures import configured_key, is_signed_by, public_key
from tests.catalogue.catalogues import LATER, NOW, after, catalogue, release
from tests.release.releases import OWN

NASTY = '</title><script>alert(1)</script> "quoted" & \x01 \\ \n<x>'
HOME = "https://a.example/"
ATOM = "{http://www.w3.org/2005/Atom}"
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # as it is called
        self.found.append(tag)


def nasty() -> Catalogue:
    """Two versions with texts that would break out of any document, one of them yanked."""
    found = with_release(Catalogue(title=NASTY, updated=NOW, sequence=7), release("1.0.0", title=NASTY), NOW)
    found = with_release(found, release("1.1.0", title=NASTY, description=NASTY, previous=after("1.0.0")), NOW)
    return with_yank(found, "deeds", "1.1.0", reason=NASTY, replaced_by="1.0.0", now=LATER)


def test_catalog_json_fits_its_published_schema() -> None:
    schema = json.loads(resources.files("deedbook.catalogue").joinpath("catalogue.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    raw = json.loads(catalog_json(nasty()))
    Draft202012Validator(schema).validate(raw)
    raw["datasets"]["deeds"]["versions"][0]["sums_sha256"] = "?"
    assert not Draft202012Validator(schema).is_valid(raw)


def test_the_feed_has_an_entry_per_version_and_one_per_yank() -> None:
    root = ET.fromstring(feed_xml(nasty()))  # noqa: S314  # our own
    titles = [entry.findtext(f"{ATOM}title") for entry in root.iter(f"{ATOM}entry")]
    assert titles[0] == "deeds 1.1.0 was yanked"
    assert sorted(map(str, titles[1:])) == ["deeds 1.0.0", "deeds 1.1.0"]
    ids = [node.text for node in root.iter(f"{ATOM}id")]
    assert len(set(ids)) == len(ids) == 4
    summary = root.find(f"{ATOM}entry/{ATOM}summary")
    assert summary is not None
    assert "<script>alert(1)</script>" in str(summary.text)


def test_ids_in_the_feed_stay_when_more_is_published() -> None:
    before, now = (
        {node.text for node in ET.fromstring(feed_xml(one)).iter(f"{ATOM}id")}  # noqa: S314  # our own
        for one in (catalogue("1.0.0"), catalogue("1.0.0", "1.1.0"))
    )
    assert before < now


def test_the_dcat_catalogue_lists_what_is_not_yanked() -> None:
    graph = rdflib.Graph().parse(data=dcat_ttl(nasty()).decode(), format="turtle", publicID=HOME)
    assert {str(node) for node in graph.subjects(rdflib.RDF.type, DCAT.Dataset)} == {f"{HOME}deeds/1.0.0/"}
    assert len(list(graph.triples((None, DCAT.distribution, None)))) == 1
    assert {str(address) for address in graph.objects(None, DCAT.accessURL)} == {f"{HOME}deeds/1.0.0/index.html"}


def test_no_text_becomes_markup_in_the_page() -> None:
    reader = Tags()
    reader.feed(index_html(nasty()).decode())
    assert "main" in reader.found
    assert "x" not in reader.found
    assert reader.found.count("script") == 1  # ours, which tells the address of the page


def test_every_derived_document_says_of_which_catalogue_it_is() -> None:
    signers = Signers(configured_key({"DEEDBOOK_SIGNING_KEY": OWN.secret}))
    found = with_signer(nasty(), signers, NOW)
    documents = dict(derived_documents(found, signers))
    assert list(documents) == [
        "catalog.json.minisig",
        "deedbook.pub",
        "feed.xml",
        "catalog.dcat.ttl",
        "index.html",
        "deeds/index.html",
        "deeds/latest/index.html",
        "latest.json",
    ]
    said = {name: sequence_of(name, content) for name, content in documents.items()}
    assert said.pop("deedbook.pub") == 0
    assert set(said.values()) == {7}
    assert is_signed_by(OWN.public, catalog_json(found), documents["catalog.json.minisig"])
    assert public_key(documents["deedbook.pub"].decode().splitlines()[1]).text == OWN.public.text
    assert documents == dict(derived_documents(found, signers))


def test_a_catalogue_of_several_datasets_is_not_called_like_one_of_them() -> None:
    one = catalogue("1.0.0")
    two = with_release(one, release("1.0.0", name="towns", title="Towns"), LATER)
    assert (one.heading, two.heading) == ("Deeds", "Releases of 2 datasets")
    page, feed = index_html(two).decode(), feed_xml(two).decode()
    assert "<h1>Releases of 2 datasets</h1>" in page
    assert "<title>Releases of 2 datasets</title>" in feed
    assert catalogue("1.0.0", title="").heading == "Releases"


def test_commands_of_the_page_can_be_focused_and_know_its_address() -> None:
    page = index_html(catalogue("1.0.0")).decode()
    assert page.count("<pre") == page.count('<pre class="fetch" tabindex="0">') == 1
    assert 'querySelectorAll(".address")' in page


def test_a_dataset_and_its_latest_version_have_pages() -> None:
    two = with_release(catalogue("1.0.0", "1.1.0"), release("1.0.0", name="towns", title="Towns"), LATER)
    documents = {name: content.decode() for name, content in derived_documents(two, Signers())}
    page = documents["deeds/index.html"]
    assert "<h1>Deeds</h1>" in page
    assert 'href="../deeds/1.1.0/index.html"' in page
    assert 'new URL("../", location)' in page
    assert "Towns" not in page
    latest = documents["deeds/latest/index.html"]
    assert 'http-equiv="refresh" content="0; url=../1.1.0/index.html"' in latest
    gone = with_yank(catalogue("1.0.0"), "deeds", "1.0.0", reason="wrong", replaced_by=None, now=LATER)
    assert "No version stands" in dict(derived_documents(gone, Signers()))["deeds/latest/index.html"].decode()
