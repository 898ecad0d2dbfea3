"""Rule builders for anybody's tables: every field name is an argument, and dates are EDTF texts or dates of the ISO calendar.

    rule.py        `rule`: a pandera check that carries what a finding needs
    views.py       `View`, `beside`, `judge`: rules on a row with facts of other tables beside it
    dates.py       EDTF and ISO dates: what a date allows, dates in order, times that must not overlap
    declared.py    rules in TOML, with conditions in SQL or by these builders, and what releases add
    values.py      numbers in order and that add up, codes that go together
    text.py        clean characters, stand-ins for a missing value, loaded words
    chains.py      rows that point at rows of their own table
    duplicates.py  texts and names that may be one thing twice
    references.py  keys, and values that another table has retired
    geography.py   coordinates and administrative units

Each builder stands with an example in docs/reference/builders.md, which a test runs.
"""
