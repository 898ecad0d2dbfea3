"""Changes to a version: how far it has to rise and by which rules, the reasons that are missing, and what may not happen at all.

numbers.py      SemVer: read, compare, raise
previous.py     the release before this one, in `dist` or where it was published
corrections.py  corrections.csv: which reasons are needed, given, missing; drafts; what went to protect people
bump.py         which change asks for which version; the record of all that a version rests on, for `build` and `plan`
guards.py       the rules that compare releases of any dataset, and how a project's own are asked
plan.py         the verdict on a version; the next release without building it; version, date and previous into a descriptor
history.py      changes.json: what a release writes of its changes, and what a chain tells of versions, rows and reasons
"""
