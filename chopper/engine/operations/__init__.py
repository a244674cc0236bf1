"""Exact operations of numbers, and the one rounding that follows."""
