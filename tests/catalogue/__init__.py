"""Catalogues: what they say, where they are kept, how they change."""
