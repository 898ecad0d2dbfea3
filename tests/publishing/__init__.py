"""Publishing: into folders and buckets, killed anywhere, two at once."""
