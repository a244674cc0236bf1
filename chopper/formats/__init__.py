"""What a format is: frozen data with exact values, in the standard library alone."""
