"""Changes to a version: how far it has to rise and by which rules, the reasons that are missing, and what may not happen at all.

numbers.py         SemVer: read, compare, raise
bump.py            the table of DESIGN section 5 as data: which change asks for which version
previous.py        the release before this one, in `dist` or where it was published
corrections.py     corrections.csv: which reasons are needed, given, missing; drafts; what went to protect people
reconciliation.py  whether the previous release and the changes are this release (MODEL R-67)
guards.py          the rules that compare releases of any dataset, and how a project's own are asked
verdict.py         all of this about one version, for `build` and `plan`
plan.py            the next release without building it; version, date and previous release into a descriptor
history.py         changes.json, and CHANGELOG.md of all versions
"""
