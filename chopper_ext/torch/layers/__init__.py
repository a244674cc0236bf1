"""Layers of torch by a recipe."""
