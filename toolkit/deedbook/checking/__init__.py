"""Blocks of text to findings: structure, cells, keys and rules."""
