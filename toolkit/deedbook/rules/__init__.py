"""Reusable rules for tables of events and actors, and the record that carries a rule."""
