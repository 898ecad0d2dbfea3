"""The published versions of datasets: a plain static site that a folder, any web server, Pages or a bucket can hold.

    catalog.json                 every version of every dataset with its state, and the publisher's keys (records, documents)
    catalog.json.minisig         minisign signature of it, when a signing key is configured; the key is that of the releases
    catalog.json.next.minisig    the same, written ahead of catalog.json, so that no moment is without a signature that fits
    catalog.before.json          the one before, from which `catalogue rebuild` takes what no release says of itself
    latest.json                  the version that a reader gets who names none; derived from catalog.json and written last
    feed.xml  catalog.dcat.ttl   the same versions for feed readers (Atom) and data portals (DCAT)
    index.html                   the same versions for people
    NAME/index.html              those of one dataset; NAME/latest/index.html leads to its latest one
    deedbook.pub                 the publisher's present key; a key that comes with a catalogue proves nothing by itself
    NAME/VERSION/...             a release as it was built; put only where nothing stands, never rewritten, never removed
    .upload/...                  parts of large files on their way into a bucket; nobody reads it

`catalog.json` is the truth. It changes by compare-and-swap, one `sequence` at a time, and it names a version only when all
files of that stand there. Every other document is derived from it, carries its `sequence`, and never goes back to a lower
one: whoever finds them disagreeing trusts `catalog.json`, and the next publisher mends them. A version is `released` while
no higher one is, then `superseded`; `yanked` ones stay where they are and are no longer found unless named exactly. `latest`
is the highest version that is neither yanked nor a pre-release.

`catalogue.schema.json` is the published JSON Schema of `catalog.json`.
"""
