"""Layers of torch by a recipe, against references made of chop and matmul."""
