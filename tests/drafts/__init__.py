"""Drafts of descriptors and schemas."""
