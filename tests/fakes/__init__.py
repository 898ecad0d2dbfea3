"""Strict stand-ins for services, written from their public documentation, with faults on demand."""
