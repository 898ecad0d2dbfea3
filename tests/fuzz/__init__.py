"""Differential fuzzing: generated schemas and CSV text, the engine against the installed frictionless-py.

    generating.py   hypothesis strategies for a Table Schema and a nasty CSV text
    oracle.py       the verdict of frictionless-py
    deviations.py   the agreed differences as predicates, each with an id and a reason

`make fuzz` sets DEEDBOOK_FUZZ_EXAMPLES; without it the gate runs the same 2,000 examples every time.
"""
