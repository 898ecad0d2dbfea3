"""Publishing: a verified release goes to a target by idempotent steps that a journal remembers.

steps.py      what a step is, and the release that is published
journal.py    what has been done, so that a second run need not look; the truth is the remote side
publish.py    prepare, run the steps, plan them without running; yank and unyank
api.py        the JSON API of a deposit service, over the one HTTP client
targets/      one module a kind of target; `targets.read_target` makes one of deedbook.toml
"""
