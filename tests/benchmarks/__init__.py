"""The benchmarks measure what they say, on what they say."""
