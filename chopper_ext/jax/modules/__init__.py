"""Modules of Equinox by recipes: one class beside each module, and the conversion of models."""

from chopper_ext.jax.modules.swapping import converted, unconverted

__all__ = ["converted", "unconverted"]
