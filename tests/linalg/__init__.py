"""Linear algebra against loops over exact fractions, and against theorems about rounding errors."""
