"""The statistical battery of the random bits."""
