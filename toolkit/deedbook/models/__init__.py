"""Ready models of event data, each a folder of rules and derivations for its own tables.

A project's `schemas/*.py` use them; nothing else of the toolkit knows a column of theirs.
"""
