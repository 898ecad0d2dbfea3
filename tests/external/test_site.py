"""The site of a catalogue in a real browser: over http and from files, light and dark, by keys alone and without scripts.

A browser is started once; each test says where it goes and what it does there, step by step (`visit.js` knows the steps). No visit may
leave an error in the console or ask anything of another host.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.external.conftest import ROOT, SECONDS, SHARED, TOOLS, Run, run, tool
from tests.external.sites import ATTACKS, deedbook, make_catalogue
from tests.fakes.web import Web
from tests.site.pages import Page

pytestmark = pytest.mark.external

NAME, VERSIONS = "alignment-events", ("0.2.2", "0.2.1", "0.2.0")
LATEST, WITHDRAWN, FIRST = VERSIONS
Step = tuple[str | int, ...]


class Browser:
    """A browser that is up, and what it found where it was sent."""

    def __init__(self) -> None:
        command = [tool("node"), str(Path(__file__).with_name("visit.js")), tool("chromium")]
        environment = {**os.environ, "NODE_PATH": tool(TOOLS / "axe" / "node_modules")}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def visit(self, url: str, *steps: Step, width: int = 1280, scheme: str = "light", script: bool = True) -> Found:
        """Goes to a page in a fresh profile and takes the steps."""
        host = "file:///" if url.startswith("file:") else "/".join(url.split("/")[:3]) + "/"
        asked = {"url": url, "steps": steps, "width": width, "scheme": scheme, "script": script, "host": host}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        assert told["failed"] == ""
        assert (told["errors"], told["strangers"]) == ([], [])
        return Found(told["values"], told["requests"])

    def close(self) -> None:
        """Ends it."""
        self.process.communicate(timeout=20)


@dataclass(frozen=True, slots=True)
class Found:
    """What the steps that ask for something found, in their order, and the addresses that were asked for."""

    values: list[Any]
    requests: list[str]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with its site."""
    tool("chromium")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # one for all workers: it takes half a minute to make
        shared = shared.parent
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "site-of-all"
        if not (folder / "catalogue" / "site").is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            deedbook(make_catalogue(folder), "site", ".")
    return folder / "catalogue"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    up = Browser()
    yield up
    up.close()


@pytest.fixture(scope="module")
def web(catalogue: Path) -> Iterator[Web]:
    """A web server for the catalogue."""
    with Web(catalogue).serving() as server:
        yield server


@pytest.fixture(params=["http", "file"])
def start(request: pytest.FixtureRequest, catalogue: Path, web: Web) -> str:
    """The address of the folder of the site."""
    return f"{web.url}site/" if request.param == "http" else f"{catalogue.as_uri()}/site/"


def the_table(start: str, table: str = "events", version: str = LATEST, lang: str = "en") -> str:
    return f"{start}{lang}/{NAME}/{version}/tables/{table}.html"


SHOWN: Step = ("wait", ".grid tbody td")
READY: Step = (
    "until",
    "document.querySelector('.grid tbody td') && !/\\u2026|%/.test(document.querySelector('.rows').textContent)",
)


# what is looked for


def test_a_search_of_the_home_leads_to_a_field_of_the_codebook(browser: Browser, start: str) -> None:
    seen = browser.visit(
        f"{start}en/index.html",
        ("fill", "[data-search] input, input[data-search]", "factuality"),
        ("wait", ".results li a"),
        ("click", ".results li:has(.kind) a[href*='codebook']"),
        ("wait", ":target"),
        (
            "ask",
            "[location.pathname.split('/').pop(), location.hash, document.querySelector(':target').textContent.includes('factuality')]",
        ),
    )
    ((page, hash_, found),) = seen.values
    assert (page, found) == ("codebook.html", True)
    assert hash_


def test_a_filter_a_facet_a_search_and_an_order_leave_what_they_should(browser: Browser, start: str) -> None:
    seen = browser.visit(
        the_table(start),
        SHOWN,
        ("text", ".rows"),
        ("fill", "#explorer-search", "kursk"),
        ("until", "/ of /.test(document.querySelector('.rows').textContent)"),
        ("text", ".rows"),
        ("texts", ".grid tbody tr td:first-child"),
        ("click", ".grid thead th:nth-child(1)"),
        ("wait", ".grid th[aria-sort=ascending]"),
        ("click", ".grid thead th:nth-child(1)"),
        ("wait", ".grid th[aria-sort=descending]"),
        ("texts", ".grid tbody tr td:first-child"),
        ("fill", "#explorer-search", ""),
        ("until", "!/ of /.test(document.querySelector('.rows').textContent)"),
        ("click", ".facet[data-field=event_type] button.plain"),
        ("click", ".facet[data-field=event_type] li:has-text('territory.capture') input"),
        ("until", "/ of /.test(document.querySelector('.rows').textContent)"),
        ("text", ".facet[data-field=event_type] li:has-text('territory.capture') .facet-count"),
        ("texts", ".grid tbody tr td:first-child"),
        ("ask", "location.hash"),
    )
    everything, some, ids, reverse, counted, captures, hash_ = seen.values
    assert everything == "Rows: 21"
    assert ids
    assert some == f"Rows: {len(ids)} of 21"
    assert reverse == sorted(ids, reverse=True)
    assert counted == str(len(captures))
    assert "E000001" in captures
    if start.startswith("http"):
        assert hash_ == "#events?event_type=%3Dterritory.capture"


def test_a_link_to_a_row_shows_it_and_leads_on(browser: Browser, start: str) -> None:
    seen = browser.visit(
        f"{the_table(start)}#events/E000001",
        ("wait", ".detail dl"),
        ("text", ".detail h2"),
        ("text", ".detail dl"),
        ("click", ".detail .permalink"),
        ("ask", "location.hash"),
        ("click", ".detail li a[href*='claims']"),
        ("until", "/ of /.test(document.querySelector('.rows')?.textContent)"),
        ("ask", "decodeURIComponent(location.hash)"),
        ("go", f"{the_table(start)}#events/E000001"),
        ("click", ".detail a[href$='events/E000001.html']"),
        ("wait", "article.story h1"),
        ("text", "h1"),
    )
    name, texts, hash_, claims, story = seen.values
    assert story == "Ukraine takes Russia's Kursk region"
    assert name == "E000001"
    assert "Ukraine takes Russia's Kursk region" in texts
    assert hash_ == "#events/E000001"
    assert claims.startswith("#claims?event_id==E000001")


def test_what_is_exported_is_what_cite_says_and_fetch_gives(
    browser: Browser, catalogue: Path, start: str, tmp_path: Path
) -> None:
    seen = browser.visit(
        f"{the_table(start)}#events?event_type=%3Dterritory.capture",
        ("until", "/ of /.test(document.querySelector('.rows')?.textContent)"),
        ("click", ".export > summary"),
        ("wait", "#subset-digest"),
        ("text", "#subset-where"),
        ("text", "#subset-digest"),
        ("click", ".quote:has(#subset-citation) .copy"),
        ("clipboard",),
        ("download", ".export a.button"),
    )
    where, digest, copied, file = seen.values
    cited = deedbook(catalogue, "cite", f"{NAME}@{LATEST}", "--from", ".", "--table", "events", "--where", where)
    assert f"sha256:{digest}" in cited
    assert f"sha256:{digest}" in copied
    assert file["name"].startswith(f"{NAME}-{LATEST}-events-{digest[:8]}")
    deedbook(
        catalogue,
        "fetch",
        f"{NAME}@{LATEST}",
        "--from",
        ".",
        "--table",
        "events",
        "--subset",
        where,
        "--digest",
        digest,
        "-o",
        tmp_path,
    )
    (fetched,) = tmp_path.rglob("events*.csv")
    assert fetched.read_text(encoding="utf-8") == file["text"]


def test_the_page_of_a_version_says_what_became_of_it_and_how_to_cite_it(browser: Browser, start: str) -> None:
    seen = browser.visit(
        f"{start}en/{NAME}/{WITHDRAWN}/index.html",
        ("text", ".note.bad"),
        ("click", ".note.bad a"),
        ("wait", "h1"),
        ("ask", "location.pathname.includes('/0.2.2/') && !document.querySelector('.note.bad')"),
        ("text", "#cite-text"),
        ("click", "button.copy, [data-copy]"),
        ("clipboard",),
        ("go", f"{start}en/{NAME}/{FIRST}/index.html"),
        ("text", ".note.warn"),
    )
    withdrawn, leads, citation, copied, older = seen.values
    assert "a title was wrong" in withdrawn
    assert leads
    assert copied.strip() == citation.strip()
    assert f"({LATEST})" in citation or LATEST in citation
    assert LATEST in older


def test_two_versions_are_compared_at_build_and_in_the_browser(browser: Browser, start: str) -> None:
    seen = browser.visit(
        f"{start}en/{NAME}/{LATEST}/changes.html",
        ("text", "#cells"),
        ("select", "#compare-from", FIRST),
        ("select", "#compare-to", LATEST),
        ("click", "#compare-show"),
        ("wait", ".compared tbody td"),
        ("texts", ".compared del, .compared tbody td"),
        ("fill", "#compare-filter", "nothing has this"),
        ("until", "[...document.querySelectorAll('.compared tbody')].pop().rows.length === 0"),
        ("fill", "input[data-filter]", "nothing has this"),
        ("until", "[...document.querySelectorAll('#cells [data-item]')].every((item) => item.hidden)"),
    )
    neighbours, cells = seen.values
    assert "Ukraine captures Russia's Kursk region" in neighbours
    assert "Ukraine takes Russia's Kursk region" in neighbours
    assert "Ukraine takes control of Russia's Kursk region" in cells
    assert "Ukraine captures Russia's Kursk region" not in cells


def test_an_event_leads_to_an_actor_and_back_and_each_value_to_its_claim(browser: Browser, start: str) -> None:
    seen = browser.visit(
        f"{start}en/{NAME}/events/E000001.html",
        ("text", "h1"),
        ("count", ".claim"),
        ("text", "main"),
        ("click", "td a[href^='#C0']"),
        ("ask", "document.querySelector(':target').className"),
        ("click", ".members a[href*='actors/A']"),
        ("wait", "h1"),
        ("ask", "/actors\\/A\\d+\\.html$/.test(location.pathname)"),
        ("click", ".timeline a"),
        ("wait", "h1"),
        ("ask", "/events\\/E\\d+\\.html$/.test(location.pathname)"),
    )
    title, claims, text, target, is_actor, is_event = seen.values
    assert title == "Ukraine takes Russia's Kursk region"
    assert claims > 0
    assert "Ukraine takes control of Russia's Kursk region" in text, "the history over versions"
    assert "claim" in target
    assert is_actor
    assert is_event


def test_the_other_language_and_the_dark_are_a_click_away_and_stay(browser: Browser, start: str) -> None:
    seen = browser.visit(
        f"{start}en/{NAME}/index.html",
        ("click", "[hreflang=de]"),
        ("wait", "html[lang=de]"),
        ("text", ".trail"),
        ("ask", "getComputedStyle(document.documentElement).backgroundColor"),
        ("click", "[data-theme-toggle]"),
        ("ask", "[document.documentElement.dataset.theme, getComputedStyle(document.documentElement).backgroundColor]"),
        ("click", ".trail a[href*='codebook']"),
        ("wait", "html[lang=de] h1"),
        ("ask", "document.documentElement.dataset.theme"),
    )
    trail, light, (theme, dark), kept = seen.values
    assert "Codebuch" in trail
    assert (theme, kept) == ("dark", "dark")
    assert light != dark


def test_all_of_it_works_by_keys_alone(browser: Browser, start: str) -> None:
    seen = browser.visit(
        the_table(start),
        READY,
        ("press", "Tab"),
        ("ask", "document.activeElement.className"),
        ("press", "Enter"),
        ("ask", "location.hash || document.activeElement.id"),
        ("ask", "document.querySelector('#explorer-search').focus()"),
        ("type", "kursk"),
        ("until", "/ of /.test(document.querySelector('.rows').textContent)"),
        ("ask", "document.querySelector('.grid [tabindex=\"0\"]').focus()"),
        ("press", "Control+Home", "ArrowUp", "Enter"),
        ("wait", ".grid th[aria-sort=ascending]"),
        ("press", "ArrowDown", "ArrowDown", "Enter"),
        ("wait", ".detail:not([hidden]) h2"),
        ("ask", "document.activeElement.tagName"),
        ("press", "Escape"),
        ("ask", "[document.querySelector('.detail').hidden, document.activeElement.tagName]"),
    )
    skip, _, heading, (closed, back) = [value for value in seen.values if value is not None]
    assert skip == "skip"
    assert heading == "H2"
    assert (closed, back) == (True, "TD")


# what every page has to be


def kinds_of_pages(catalogue: Path) -> dict[str, str]:
    """One page of each kind below the folder of the site."""
    site = catalogue / "site"
    pages = {
        "choice": "index.html",
        "home": "en/index.html",
        "dataset": f"en/{NAME}/index.html",
        "withdrawn": f"en/{NAME}/{WITHDRAWN}/index.html",
        "codebook": "de/other/0.1.0/codebook.html",
        "rules": f"en/{NAME}/{LATEST}/rules.html",
        "changes": f"en/{NAME}/{LATEST}/changes.html",
        "explorer": f"en/{NAME}/{LATEST}/tables/events.html",
        "events": f"en/{NAME}/events/index.html",
        "event": f"de/{NAME}/events/E000001.html",
        "actors": f"de/{NAME}/actors/index.html",
        "actor": f"en/{NAME}/actors/A000001.html",
        "other": "en/other/index.html",
    }
    assert [page for page in pages.values() if not (site / page).is_file()] == []
    return pages


@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing_on_any_kind_of_page(browser: Browser, catalogue: Path, web: Web, width: int) -> None:
    found: dict[str, object] = {}
    for kind, page in kinds_of_pages(catalogue).items():
        steps = [READY, ("axe",)] if kind == "explorer" else [("axe",)]
        (wrong,) = browser.visit(f"{web.url}site/{page}", *steps, width=width).values
        found |= {kind: wrong} if wrong else {}
    assert found == {}


def test_an_explorer_with_everything_open_is_as_accessible(browser: Browser, web: Web) -> None:
    opened = browser.visit(
        f"{the_table(f'{web.url}site/')}#events/E000001",
        ("wait", ".detail dl"),
        ("ask", "document.querySelectorAll('details').forEach((each) => (each.open = true))"),
        ("wait", "#subset-digest"),
        ("axe",),
        width=1440,
    )
    assert opened.values[-1] == []


def test_the_html_checker_accepts_every_kind_of_page(catalogue: Path) -> None:
    checker = tool(TOOLS / "html" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar")
    pages = [
        *kinds_of_pages(catalogue).values(),
        *(f"en/{ATTACKED}/{page}" for page in ("index.html", "1.0.0/codebook.html")),
    ]
    checked = run(tool("java"), "-jar", checker, "--errors-only", *pages, folder=catalogue / "site")
    assert checked.returncode == 0, checked.stderr


def test_the_shapes_of_science_on_schema_org_accept_what_search_engines_read(catalogue: Path, tmp_path: Path) -> None:
    pages = kinds_of_pages(catalogue)
    datasets = [*(pages[kind] for kind in ("dataset", "withdrawn", "other")), f"de/{ATTACKED}/index.html"]
    kinds = {"Dataset": datasets, "DataCatalog": [pages["home"]]}  # each by itself: both say where a dataset is read
    for kind, shown in kinds.items():
        records = [Page(catalogue / "site" / page).json["application/ld+json"] for page in shown]
        assert {record["@type"] for record in records} == {kind}
        accepted = shapes_on(records, tmp_path)
        assert accepted.returncode == 0, accepted.stdout[-3000:]
        del records[0].get("dataset", records)[0]["description"]
        refused = shapes_on(records, tmp_path)
        assert refused.returncode == 1
        assert "SO:Dataset-description" in refused.stdout


def shapes_on(records: list[dict[str, Any]], scratch: Path) -> Run:
    """What the shapes say; they know schema.org by its http address only."""
    shapes = tool(SHARED / "checkers" / "science-on-schema.org" / "soso_common_v1.3.0.ttl")
    data = scratch / "records.jsonld"
    data.write_text(json.dumps([{**record, "@context": {"@vocab": "http://schema.org/"}} for record in records]))
    checker = tool(TOOLS / "check" / "bin" / "pyshacl")
    return run(checker, "-s", shapes, "-df", "json-ld", "-f", "human", data, folder=scratch)


def test_the_first_page_is_small_and_asks_for_two_files(browser: Browser, catalogue: Path, web: Web) -> None:
    for page in (f"en/{NAME}/index.html", "en/index.html"):
        seen = browser.visit(f"{web.url}site/{page}", ("wait", "h1"))
        files = [request.removeprefix(web.url) for request in seen.requests]
        assert len(files) == 3, files
        assert sum(len(gzip.compress((catalogue / file).read_bytes())) for file in files) <= 150_000


# texts that attack


ATTACKED = "attacks.of-2024"


def test_texts_that_attack_are_text_on_every_page(browser: Browser, catalogue: Path, start: str) -> None:
    site = catalogue / "site" / "en"
    pages = [page.relative_to(site.parent).as_posix() for page in sorted((site / ATTACKED).rglob("*.html"))]
    assert len(pages) > 2 * len(ATTACKS)
    check = (
        "[window.attacked, document.querySelector('main img, main script, main iframe, [onerror], [onmouseover]') !== null,"
        " [...document.links].filter((it) => !/^(https?|file):/.test(it.protocol)).map((it) => it.href), ({}).polluted]"
    )
    stories = [page for page in pages if "/events/" in page or "/actors/" in page]
    rest = [page for page in pages if page not in stories]
    for page in [*rest, *stories[:: 4 if start.startswith("http") else 9], *["de/index.html"]]:
        steps: list[Step] = [READY] if "/tables/" in page else []
        (seen,) = browser.visit(start + page, *steps, ("ask", check)).values
        assert seen[:3] == [None, False, []], page


def test_texts_that_attack_are_filtered_shown_and_exported_as_they_are(
    browser: Browser, catalogue: Path, start: str
) -> None:
    explorer = f"{start}en/{ATTACKED}/1.0.0/tables/events.html"
    seen = browser.visit(
        explorer,
        READY,
        ("text", ".rows"),
        ("fill", "#explorer-search", "__proto__"),
        ("until", "/ of /.test(document.querySelector('.rows').textContent)"),
        ("click", ".grid tbody td:first-child"),
        ("wait", ".detail:not([hidden]) dl"),
        ("text", ".detail"),
        ("fill", "#explorer-search", ""),
        ("until", "!/ of /.test(document.querySelector('.rows').textContent)"),
        ("click", ".export > summary"),
        ("wait", ".export a.button"),
        ("download", ".export a.button"),
        ("ask", "window.attacked"),
    )
    count, detail, file, *attacked = seen.values
    assert count == f"Rows: {len(ATTACKS)}"
    assert "__proto__" in detail
    assert file["text"] == (catalogue / ATTACKED / "1.0.0" / "events.csv").read_text(encoding="utf-8")
    assert [value for value in attacked if value is not None] == []


def test_a_name_in_an_address_shows_its_row_whatever_it_is(browser: Browser, start: str) -> None:
    for key in (
        "a/b/../../c",
        "..",
        "</script><img src=x onerror=window.attacked=2>",
        "{{ 7*7 }}${7*7}#?&%2e%2e%2f",
        "__proto__",
    ):
        seen = browser.visit(
            f"{start}en/{ATTACKED}/1.0.0/tables/events.html",
            READY,
            ("ask", f"void (location.hash = '#events/' + encodeURIComponent({json.dumps(key)}))"),
            ("wait", ".detail:not([hidden]) dl"),
            ("text", ".detail h2"),
        )
        assert seen.values == [key]


# without scripts


def test_without_scripts_everything_still_reads(browser: Browser, start: str) -> None:
    reads = {
        f"en/{NAME}/index.html": (LATEST, "BibTeX", "events.csv", "Russia"),
        f"en/{NAME}/{LATEST}/codebook.html": ("factuality", "event_type", "territory.capture"),
        f"en/{NAME}/{LATEST}/changes.html": (
            "Ukraine captures Russia's Kursk region",
            "Ukraine takes Russia's Kursk region",
        ),
        f"en/{NAME}/{LATEST}/rules.html": ("episode-ends-before-start",),
        f"en/{NAME}/{LATEST}/tables/places.html": ("P000001", "Yekaterinburg"),
        f"en/{NAME}/events/E000001.html": ("Ukraine takes Russia's Kursk region",),
        f"de/{NAME}/actors/A000001.html": ("A000001",),
        "en/index.html": ("Alignment events",),
        "index.html": ("English", "Deutsch"),
    }
    for page, wanted in reads.items():
        (text,) = browser.visit(start + page, ("text", "main"), script=False).values
        assert [word for word in wanted if word not in text] == [], page
    done = browser.visit(
        f"{start}en/{NAME}/index.html", ("attribute", "#downloads ~ * a[href$='.xlsx']", "href"), script=False
    )
    assert done.values == [f"../../../{NAME}/{LATEST}/{NAME}.xlsx"]


@pytest.mark.slow
def test_lighthouse_finds_little_to_better(
    catalogue: Path, web: Web, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    program = tool(TOOLS / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js")
    flags = f"--headless=new --no-sandbox --disable-gpu --user-data-dir={tmp_path}"
    environment = {**os.environ, "CHROME_PATH": tool("chromium")}
    for kind in ("dataset", "explorer", "event", "changes"):
        page = f"{web.url}site/{kinds_of_pages(catalogue)[kind]}"
        command = [tool("node"), program, page, "--output=json", "--quiet", f"--chrome-flags={flags}"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=3 * SECONDS)
        scores = {name: one["score"] for name, one in json.loads(done.stdout)["categories"].items()}
        record_property(kind, scores)
        # performance is a time, so it is told and not demanded; what a page weighs and asks for has a test of its own
        assert {name: score for name, score in scores.items() if score < 0.95 and name != "performance"} == {}


def asked_of(dataset: str) -> list[dict[str, Any]]:
    """The questions about a dataset, each with the texts of the links that lead to its answer."""
    path = ROOT / "tests" / "site" / "questions.toml"
    questions = tomllib.loads(path.read_text(encoding="utf-8"))["question"] if path.is_file() else []
    return [one for one in questions if one["dataset"] == dataset]


@pytest.mark.parametrize(
    "question",
    asked_of(NAME),
    ids=lambda question: str(question["asks"]),
)
def test_a_question_is_answered_in_three_clicks(browser: Browser, start: str, question: dict[str, Any]) -> None:
    assert len(question["clicks"]) <= 3
    steps: list[Step] = []
    for text in question["clicks"]:
        steps += [("click", f"a:text-is({json.dumps(text)})"), ("wait", "h1")]
    (text,) = browser.visit(f"{start}en/{NAME}/index.html", *steps, ("text", "main")).values
    assert question["expect"] in text
