"""Changes to a version: how far it has to rise and by which rules, the reasons that are missing, and what may not happen at all.

numbers.py      SemVer: read, compare, raise
bump.py         the table of DESIGN section 5 as data: which change asks for which version
previous.py     the release before this one, in `dist` or where it was published
corrections.py  corrections.csv: which reasons are needed, given, missing; drafts; what went to protect people
verdict.py      the record of all of this about one version, for `build` and `plan`
guards.py       the rules that compare releases of any dataset, and how a project's own are asked
plan.py         the verdict on a version; the next release without building it; version, date and previous into a descriptor
history.py      changes.json, with the changes of all versions that CHANGELOG.md tells
chain.py        what a chain of releases tells: its versions, the way of one row, the reasons between two of them
"""
