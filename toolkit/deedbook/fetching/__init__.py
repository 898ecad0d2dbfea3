"""From a catalogue to a researcher: what is fetched has no name before it is proven.

locations.py     a catalogue's address and those of its files; one file, or a range of it, from the web, a folder or a bucket
download.py      the content-addressed store of verified files, and how one of known size and sha256 gets into it
catalogues.py    the catalogue itself, held against the key, the sequence and the versions that were seen before
releases.py      which release is meant and what it consists of, proven
copies.py        its files, proven in that store, and then in a folder
pins.py          `deedbook.lock`: which release a script needs
tables.py        `deedbook.open`: tables as typed frames; what changed in the rows that somebody uses
subsets.py       the rows of a table that an expression picks
citations.py     a release, or a subset of it, as text, BibTeX, RIS and CSL-JSON

What `DEEDBOOK_HOME` names holds everything that a user's fetches leave:

    config.toml                    catalogue = "https://..."
    state/SHA.json                 of a catalogue's address: key, sequence, releases that were seen (catalogues)
    cache/catalogues/SHA/          the last verified documents of a catalogue, for --offline
    cache/objects, partial, notes, locks        files (download)

Without the variable these are the usual folders of the system. All but `state` may be deleted at any time.
"""
