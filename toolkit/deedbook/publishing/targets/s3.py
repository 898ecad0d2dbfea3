"""`type = "s3"`: a bucket of any S3-compatible service.

bucket    its name
prefix    below which the catalogue is; the root of the bucket by default
endpoint  of a service other than AWS
region    by default that of the environment
url       the public address, to read everything back over it before latest moves
title     what a new catalogue is called; the title of the dataset by default
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from deedbook.catalogue.s3 import S3Store
from deedbook.publishing.steps import Facts, Progress, Step
from deedbook.publishing.targets.hosted import HostedCatalogue
from deedbook.publishing.targets.settings import Settings


def s3_target(settings: Settings, environment: Mapping[str, str] = os.environ) -> HostedCatalogue:
    """The target that settings describe; the credentials are looked at when it is first used."""
    settings.only("bucket", "prefix", "endpoint", "region", "url", "title")
    endpoint = settings.address("endpoint")
    store = S3Store(
        settings.text("bucket"),
        prefix=settings.text("prefix", ""),
        endpoint=endpoint,
        region=settings.text("region", ""),
        environment=environment,
    )

    def probe(_facts: Facts, _progress: Progress) -> Facts:
        store.probe()
        return {"conditions": "honoured"}

    check = Step("probe", f"see that {store.where} never overwrites", probe)
    return HostedCatalogue(
        settings.name,
        "s3",
        f"{store.where} {endpoint}".strip(),
        store,
        settings.address("url"),
        settings.text("title", settings.title),
        before=[check],
        environment=environment,
    )
