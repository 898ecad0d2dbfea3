"""One writer a file: each writes typed tables (or canonical text) in one format and names what that format cannot hold."""
