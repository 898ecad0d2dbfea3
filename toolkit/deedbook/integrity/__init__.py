"""What proves that files are whole and who made them: digests, signatures, locks, archives, and the proof of a release."""
