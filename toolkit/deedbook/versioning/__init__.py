"""Changes to a version: the floor and the rules that fired, the reasons that are missing, and what may not happen at all.

numbers.py       SemVer: read, compare, raise
floors.py        the table of DESIGN section 5 as data: which change asks for which version
previous.py      the release before this one, in `dist`
corrections.py   corrections.csv: which reasons are needed, given, missing; drafts them
guardrules.py    the same rules by id, for codebook and reference
balancing.py     whether the previous release and the changes are this release (MODEL R-67)
guards.py        the rules that compare releases (MODEL R-60 to R-69) and the coverage (R-70), as findings
statuses.py      what the evidence of events was and is worth (MODEL R-64)
judging.py       all of this about one planned version; `build` and `plan` ask here
planning.py      the next release without building it
writing.py       version, date and previous release into a descriptor, its formatting kept
privacy.py       what a release may not repeat, since it went to protect people
history.py       changes.json, and CHANGELOG.md of all versions
"""
