"""The static site: pages for people, made from releases alone."""
