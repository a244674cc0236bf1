"""Elementary functions against their definition."""
