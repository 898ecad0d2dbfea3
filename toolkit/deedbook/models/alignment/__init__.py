"""The evidence model of the reference dataset: who did what towards whom, who says so, and what that is worth.

    actors.py    who belongs to whom: roots, and the sides of an event
    evidence.py  origins, positions, and the status that follows from the claims
    rules.py     plain texts, retired ids, who takes part, how a claim reached a source, what follows or contradicts what
    wide.py      the views `events_flat` and `event_dyads`
    guards.py    what may not happen to events and their evidence between two releases

The rules of one table stand in the project's `schemas/TABLE.py`, those of several in `schemas/dataset.py`, which call these.
The R numbers in `ref` are those of the model's list of rules.
"""
