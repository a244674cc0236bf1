"""Layers by recipes: products to hand to Flax, and modules of Equinox."""

from chopper_ext.jax.layers.calls import dot_general

__all__ = ["dot_general"]
