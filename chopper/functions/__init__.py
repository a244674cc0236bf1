"""The mathematics of elementary functions: open enclosures in integers, to any number of bits."""
