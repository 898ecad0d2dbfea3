"""Publishing: a verified release goes to a target by idempotent steps that a journal remembers.

steps.py      a target's settings, the release that is published, what a step is, the journal; the truth is the remote side
publish.py    prepare, run the steps, plan them without running; yank and unyank
deposit.py    a deposit service: its JSON API, over the one HTTP client, and the steps that every deposit consists of
targets/      one module a kind of target; `targets.read_target` makes one of deedbook.toml
"""
