"""Two states of a dataset to typed changes."""
