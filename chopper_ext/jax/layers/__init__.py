"""Layers by recipes: products to hand to Flax, and modules of Equinox."""

from chopper_ext.jax.layers.calls import dot_general
from chopper_ext.jax.layers.conv_calls import conv_general_dilated
from chopper_ext.jax.layers.conversion import convert, unconvert

__all__ = ["conv_general_dilated", "convert", "dot_general", "unconvert"]
