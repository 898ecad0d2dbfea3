"""Turns a validated project into a release: `build.build` is the door, every other module writes or describes one part.

A release is a flat folder, `dist/NAME/VERSION/`:

    TABLE.csv                      canonical text, the identity of the data (formats/csv)
    TABLE.parquet  TABLE.jsonl     the same rows, typed (formats/parquet, formats/jsonl)
    NAME.sqlite  NAME.xlsx         all tables with keys, code lists and codebook (formats/sqlite, formats/xlsx)
    NAME-FORMAT.zip                all TABLE.* of one format with README, codebook and licence (archives)
    datapackage.json               Data Package v2, schemas inlined (metadata/datapackage)
    croissant.json, dcat.ttl ...   the same in the words of other standards (documents)
    CITATION.cff                   how to cite (edition)
    CODEBOOK.md .html codebook.json  every table, field and code with statistics (codebook)
    README.md                      what it is, how to load, verify and cite it, its limits (documents, snippets)
    changes.json  CHANGELOG.md     what changed since the previous release and in all before, with reasons (build)
    corrections.csv  TABLE.diff.csv  the reasons; what `daff patch` makes the previous TABLE.csv this one with (build)
    LICENSE  CHANGES.md            copied from the package folder when they are there
    validation.json                the report of the validation that let it pass
    BUILD.json                     writer versions, digests of every input, epoch (integrity.provenance)
    release.json                   version, previous release, tables and files with digests (manifest)
    provenance.intoto.jsonl        SLSA provenance over all files so far, signed when a key is configured (integrity.provenance)
    SHA256SUMS                     of every file but itself; `sha256sum -c SHA256SUMS` (manifest)
    SHA256SUMS.minisig             when a key is configured; `minisign -Vm SHA256SUMS -p KEY.pub` (integrity.signatures)

The same inputs and writer versions give the same bytes: no clock, host, path, locale or thread count reaches a file.
Beside the versions stand only `.lock` and `.staging-*` while a build runs; the next build removes what a killed one left.
"""
