"""One standard a file: each describes the release to machines in the words of that standard."""
