"""Adapters give the bits of the core."""
