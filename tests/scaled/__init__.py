"""Formats with shared scales, and what stands around them."""
