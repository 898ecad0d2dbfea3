"""From a catalogue to a researcher: what is fetched has no name before it is proven.

settings.py      where the user's configuration, cache and memory are; the catalogue that is asked when none is named
locations.py     a catalogue's address: http(s), a folder, s3; which other addresses its files may have
transport.py     one file, or a range of it, from an address: retries, redirects, refusal of web pages in place of data
buckets.py       the same from an S3-compatible bucket
folders.py       the same from a folder
partial.py       a file that is coming, written in any order and found again after a kill
download.py      one file of known size and sha256 into a partial file: in parallel parts, resumed, hashed while it comes
cache.py         the content-addressed store of verified files
trust.py         the key, the sequence and the versions of a catalogue that were seen before
catalogues.py    the catalogue itself, verified against that memory
resolving.py     NAME@RANGE to one version
releases.py      what a release consists of, verified: checksums, signature, manifest, chain
retrieving.py    `fetch`: wanted files into the cache, then into a folder
pins.py          `deedbook.lock`: which release a script uses
opening.py       `deedbook.open`: tables as typed frames
revisions.py     what changed in the rows that somebody uses
citing.py        a release, or a subset of it, as text, BibTeX, RIS and CSL-JSON
frames.py        a table for pandas
subsets.py       rows that an expression picks, with their number and content digest

A plain fetch imports neither polars nor numpy. What `DEEDBOOK_HOME` names holds everything that a user's fetches leave:

    config.toml                    catalogue = "https://..."
    state/SHA.json                 of a catalogue's address: key, sequence, releases that were seen (trust)
    cache/catalogues/SHA/          the last verified documents of a catalogue, for --offline
    cache/objects/AB/SHA256        a verified file, read-only; hashed again whenever it is used
    cache/partial/SHA256.part      a file that is coming, with .have, the list of what is there (download)
    cache/notes/KEY                a signature; proven by whoever uses it
    cache/locks/SHA256.lock        held while somebody downloads it

Without the variable these are the usual folders of the system. All but `state` may be deleted at any time.
"""
