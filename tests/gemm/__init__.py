"""Matrix products against the definition."""
