"""Recipes as data: text, JSON, presets, rounding of an operand."""
