"""Checking: no mistake is missed, none is invented, and each is named at its row and field."""
