"""Every float32 there is, against a table of exact values."""
