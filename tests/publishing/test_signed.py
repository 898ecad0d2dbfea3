"""A signed catalogue: its key, who may write to it, and a new key that takes over."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.catalogue.edits import present_key
from deedbook.catalogue.records import Catalogue, read_catalogue_json
from deedbook.integrity.provenance import envelope_json, read_envelope
from deedbook.integrity.signatures import configured_key, is_signed_by
from deedbook.release.verification import verify
from tests.cli.project import Outcome
from tests.publishing.projects import TARGETS, everything
from tests.release.releases import OTHER, OWN, Pair
from tests.versioning.dataset import Dataset, make_dataset

Run = Callable[..., Outcome]
PUBLISH = ("publish", "--to", "public")


@pytest.fixture
def dataset(tmp_path: Path, deedbook: Run) -> Dataset:  # it cleans the environment first
    found = make_dataset(tmp_path / "project", rows=20)
    with (found.root / "deedbook.toml").open("a") as file:
        file.write(TARGETS)
    return found


@pytest.fixture
def sign(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts keys into the environment, or takes them out."""

    def put(present: Pair | None, previous: Pair | None = None) -> None:
        for name, pair in (("DEEDBOOK_SIGNING_KEY", present), ("DEEDBOOK_PREVIOUS_SIGNING_KEY", previous)):
            monkeypatch.setenv(name, pair.secret) if pair else monkeypatch.delenv(name, raising=False)

    return put


def next_release(dataset: Dataset) -> None:
    dataset.rows.append([f"J{len(dataset.rows):04d}", "more", "1"])
    assert dataset.release()


def catalogue(site: Path) -> Catalogue:
    return read_catalogue_json((site / "catalog.json").read_bytes(), "here")


def demand_signed(site: Path, pair: Pair) -> None:
    content, signature = (site / "catalog.json").read_bytes(), (site / "catalog.json.minisig").read_bytes()
    assert is_signed_by(pair.public, content, signature)
    assert (site / "deedbook.pub").read_text().splitlines()[1] == pair.public.text
    assert f"sequence:{json.loads(content)['sequence']}\n".encode() in signature


def test_a_catalogue_is_signed_with_the_key_of_its_releases(
    tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]
) -> None:
    sign(OWN)
    dataset.release()
    assert deedbook(*PUBLISH).code == 0
    demand_signed(tmp_path / "site", OWN)
    assert deedbook("yank", "1.0.0", "--reason", "why", "--to", "public").code == 0
    demand_signed(tmp_path / "site", OWN)


@pytest.mark.parametrize(
    ("build", "publish", "said"),
    [
        (None, OWN, "SHA256SUMS.minisig: is missing"),
        (OTHER, OWN, "is of key"),
        (OWN, None, "no signing key is configured"),
        (OWN, OTHER, "not with the configured"),
        (OTHER, OTHER, "not with the configured"),
    ],
)
def test_the_wrong_key_changes_nothing(
    tmp_path: Path,
    dataset: Dataset,
    deedbook: Run,
    sign: Callable[..., None],
    build: Pair | None,
    publish: Pair | None,
    said: str,
) -> None:
    sign(OWN)
    dataset.release()
    assert deedbook(*PUBLISH).code == 0
    before = everything(tmp_path / "site")
    sign(build)
    next_release(dataset)
    sign(publish)
    outcome = deedbook(*PUBLISH)
    assert (outcome.code, outcome.out) == (4, "")
    assert said in outcome.err
    assert "DEEDBOOK_" in outcome.err or "deedbook verify" in outcome.err
    assert everything(tmp_path / "site") == before


def test_a_release_that_was_built_without_a_key_is_signed_when_it_is_published(
    tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]
) -> None:
    sign(None)
    dataset.release()
    folder = next((dataset.root / "dist").glob("*/1.0.0"))
    unsigned = tmp_path / "unsigned"
    shutil.copytree(folder, unsigned)
    missing = deedbook(*PUBLISH, "--sign")
    assert (missing.code, "no signing key is configured" in missing.err) == (2, True)
    sign(OWN)
    assert deedbook(*PUBLISH, "--sign", "--dry-run").code == 0
    assert everything(folder) == everything(unsigned)
    (folder / "provenance.intoto.jsonl").write_bytes(
        envelope_of(unsigned, OWN)
    )  # as somebody leaves it who is killed then
    assert deedbook(*PUBLISH, "--sign").code == 0
    demand_signed(tmp_path / "site", OWN)
    signed = everything(folder)
    assert verify(folder, key=OWN.public).is_intact
    shutil.rmtree(folder)
    assert deedbook("build").code == 0
    assert everything(folder) == signed


def envelope_of(folder: Path, pair: Pair) -> bytes:
    secret = configured_key({"DEEDBOOK_SIGNING_KEY": pair.secret})
    found = read_envelope((folder / "provenance.intoto.jsonl").read_bytes())
    return envelope_json(found.payload, found.payload_type, secret)


def test_a_changed_release_is_not_signed(
    tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]
) -> None:
    sign(None)
    dataset.release()
    folder = next((dataset.root / "dist").glob("*/1.0.0"))
    (folder / "CHANGELOG.md").write_text("other")
    sign(OWN)
    outcome = deedbook(*PUBLISH, "--sign")
    assert (outcome.code, "CHANGELOG.md: was changed" in outcome.err) == (4, True)
    assert not (folder / "SHA256SUMS.minisig").exists()


def test_a_yank_needs_the_key_too(tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]) -> None:
    sign(OWN)
    dataset.release()
    assert deedbook(*PUBLISH).code == 0
    before = everything(tmp_path / "site")
    sign(None)
    assert deedbook("yank", "1.0.0", "--reason", "why", "--to", "public").code == 4
    assert everything(tmp_path / "site") == before


def test_a_new_key_takes_over_when_the_old_one_signs_that(
    tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]
) -> None:
    sign(OWN)
    dataset.release()
    assert deedbook(*PUBLISH).code == 0
    sign(OTHER, OWN)
    next_release(dataset)
    assert deedbook(*PUBLISH).code == 0
    found = catalogue(tmp_path / "site")
    assert [key.text for key in found.keys] == [OWN.public.text, OTHER.public.text]
    demand_signed(tmp_path / "site", OTHER)
    present = present_key(found, OWN.public.text)
    assert present is not None
    assert present.text == OTHER.public.text
    sign(OTHER)
    next_release(dataset)
    assert deedbook(*PUBLISH).code == 0
    sign(OWN)
    next_release(dataset)
    assert deedbook(*PUBLISH).code == 4


def test_a_catalogue_that_began_unsigned_can_be_signed_later(
    tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]
) -> None:
    sign(None)
    dataset.release()
    assert deedbook(*PUBLISH).code == 0
    sign(OWN)
    next_release(dataset)
    assert deedbook(*PUBLISH).code == 0
    demand_signed(tmp_path / "site", OWN)
    assert len(catalogue(tmp_path / "site").datasets["items"].versions) == 2


@pytest.mark.external
@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_minisign_proves_a_catalogue_and_refuses_a_changed_one(
    tmp_path: Path, dataset: Dataset, deedbook: Run, sign: Callable[..., None]
) -> None:
    sign(OWN)
    dataset.release()
    assert deedbook(*PUBLISH).code == 0
    command = ["minisign", "-Vm", "catalog.json", "-p", "deedbook.pub"]
    assert subprocess.run(command, cwd=tmp_path / "site", capture_output=True, check=False).returncode == 0
    with (tmp_path / "site" / "catalog.json").open("a") as file:
        file.write(" ")
    assert subprocess.run(command, cwd=tmp_path / "site", capture_output=True, check=False).returncode == 1
