"""Changes to versions."""
