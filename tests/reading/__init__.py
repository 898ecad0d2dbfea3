"""Reading: the same records as the csv module, however the file is cut and whoever works on it."""
