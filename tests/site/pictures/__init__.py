"""The pictures of a release."""
