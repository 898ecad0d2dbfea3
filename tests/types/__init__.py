"""The types of Table Schema."""
