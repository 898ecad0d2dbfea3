"""Bytes to blocks, blocks to text columns, with row and line numbers."""
