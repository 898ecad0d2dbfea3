"""Tests of tables in canonical form."""
