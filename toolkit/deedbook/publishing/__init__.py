"""Publishing: a verified release goes to a target by idempotent steps that a journal remembers.

steps.py      what a step is, the release that is published, and the journal of what was done; the truth is the remote side
publish.py    prepare, run the steps, plan them without running; yank and unyank
api.py        the JSON API of a deposit service, over the one HTTP client
targets/      one module a kind of target; `targets.read_target` makes one of deedbook.toml
"""
