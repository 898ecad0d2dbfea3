"""Every output format shows the same report."""
