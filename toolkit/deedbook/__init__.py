"""deedbook: validate CSV tables of events and actors, and build versioned open-data releases from them."""

__version__ = "0.1.0"
