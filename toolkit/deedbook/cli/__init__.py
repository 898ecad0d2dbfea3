"""The command line: one module a verb, thin over the library; only this package prints or exits.

A verb imports the engine in its body, not at the top: `--help` and `--version` must answer at once, and polars and pandera
take most of a second to import.
"""
