"""The tests of deedbook: one folder a part, conformance/, realdata/ and fuzz/ against what others say."""
