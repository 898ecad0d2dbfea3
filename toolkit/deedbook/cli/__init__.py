"""The command line: one module a verb, thin over the library; only this package prints or exits.

`--help` and `--version` must answer at once, and polars and pandera take most of a second to import. So the module of a verb is
imported only when that verb runs, and those of the verbs that people ask most about, such as `validate`, `fmt` and `build`, import
the engine in their bodies.
"""
