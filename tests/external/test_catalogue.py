"""A catalogue before the shapes of DCAT-AP."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook.catalogue.documents import dcat_ttl
from tests.catalogue.catalogues import catalogue
from tests.external.test_checkers import SHAPES, shacl

pytestmark = pytest.mark.external


@pytest.mark.parametrize("shapes", ["shapes.ttl", "range.ttl"])
@pytest.mark.parametrize(
    ("wanted", "broken"),
    [("dct:title", "dct:name"), ("a dcat:Distribution", "a dcat:Dispersion")],
    ids=["title", "class"],
)
def test_a_catalogue_conforms_and_a_broken_one_does_not(tmp_path: Path, shapes: str, wanted: str, broken: str) -> None:
    content = dcat_ttl(catalogue("1.0.0", "1.1.0", "2.0.0-rc.1")).decode()
    for name, text in (("good.ttl", content), ("bad.ttl", content.replace(wanted, broken))):
        (tmp_path / name).write_text(text)
    good = shacl(SHAPES / "dcat-ap-3.0.1" / shapes, tmp_path / "good.ttl", tmp_path)
    assert good.returncode == 0, good.stdout
    bad = shacl(SHAPES / "dcat-ap-3.0.1" / shapes, tmp_path / "bad.ttl", tmp_path)
    expected = {("shapes.ttl", "dct:name"), ("range.ttl", "a dcat:Dispersion")}
    assert (bad.returncode != 0) == ((shapes, broken) in expected), bad.stdout
