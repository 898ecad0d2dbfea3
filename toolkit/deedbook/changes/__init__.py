"""Two states of a dataset to the typed changes between them.

sources.py           what a command line names as OLD or NEW to a `Side`: project, release, zip, version, git ref, CSV
compare.py           two sides to `Changes`; the door
declarations.py      schemas, code lists, licence and metadata that say something else; which field is which, and what matches rows
row_hashes.py        which rows differ: by the bytes of the records where that tells, else by their cells
records.py           `Changes` and what it holds; `changes_record` is its JSON
changes.schema.json  the JSON Schema of that, for `diff --format json` and for the `changes.json` of a release
highlighter.py       the same as a `daff` highlighter diff, which the daff tool can patch with
"""
