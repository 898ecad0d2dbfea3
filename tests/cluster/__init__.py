"""Validation on a cluster: a Spark Connect server in this process, which starts in a second."""
