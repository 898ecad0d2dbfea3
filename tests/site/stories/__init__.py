"""The pages of events and actors (deedbook/site/stories)."""
