"""Work on a Spark cluster: the same blocks, keys and rules of single rows, and the same report, release and differences.

    session.py      a session on a cluster, and what stops it in plain words
    spans.py        files cut into spans of whole records, of which each is read alone
    tasks.py        what executors make of spans, and the hashes that stay with them
    portions.py     a span checked on an executor: its findings, counts and hashes
    keys.py         repeated keys and missing parents by the engine's window and anti-join on hashes
    engine.py       the tables of a package through all of this
    rules.py        the rules that an executor can judge
    texts.py        a span read as text, for releases and comparisons
    releases.py     the rows of a table as a release has them, sorted by ranges of the key
    copies.py       the same as CSV and as values
    comparisons.py  the rows of two tables without an equal on the other side

Executors read the files at the paths that this process has, so these lie on storage that all of them share. They need deedbook and
polars in the versions that are installed here, since hashes of keys are compared across machines.
"""

from deedbook.cluster.engine import Spark, open_engine

__all__ = ["Spark", "open_engine"]
