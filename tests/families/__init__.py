"""Formats that are no binary floats: their values, and rounding to them by definition."""
