"""What describes the release to machines: its Data Package (datapackage) and every other standard (standards)."""
