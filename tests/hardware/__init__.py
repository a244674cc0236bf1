"""Models of matrix units."""
