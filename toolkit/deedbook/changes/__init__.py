"""Two states of a dataset to the typed changes between them.

sources.py       what a command line names as OLD or NEW to a `Side`: project, release, zip, version, git ref, CSV
compare.py       two sides to `Changes`; the door
describing.py    schemas, code lists, licence and metadata
aligning.py      which column of the old table is which of the new one, and by which key rows are matched
finding.py       which rows differ: by the bytes of the records where that tells, else by their cells
screening.py     a hash of the cells of each row, and the hashes that stand on one side only
rows.py          the differing rows to added, removed, re-keyed and changed ones, cell by cell
records.py       `Changes` and what it holds; `changes_record` is its JSON
highlighter.py   the same as a `daff` highlighter diff, which the daff tool can patch with
"""
