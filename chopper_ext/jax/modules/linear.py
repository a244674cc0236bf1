"""Linear modules, by three products of a recipe."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import lax

from chopper.recipes import Recipe
from chopper_ext.jax.layers.products import Setting, three_products
from chopper_ext.jax.modules.base import ChopModule, widened

__all__ = ["ChopLinear", "linear"]


def linear(x: Any, weight: Any, bias: Any, recipe: Recipe, call: Any) -> Any:
    """Return ``x @ weight.T + bias`` by a recipe; leading axes of `x` (..., K) are rows of one product."""
    x = widened(x, weight, bias)
    setting = Setting(recipe, (((x.ndim - 1,), (1,)), ((), ())), lax.Precision.HIGHEST)
    return three_products(setting, x, weight, bias, call)


class ChopLinear(ChopModule, eqx.nn.Linear):
    """`equinox.nn.Linear` by a recipe; `chopper_ext.jax.convert` makes it.

    It takes inputs (..., in_features): all leading axes are rows of one product.  Under vmap each example has a product
    of its own instead, with the words that it has alone, and the gradients of the weight are added by JAX.
    """

    plain: ClassVar[Any] = eqx.nn.Linear

    def __call__(self, x: Any, *, key: Any = None) -> Any:
        """Return the output; `key`, if given, stands for that of the conversion in this call."""
        rows = jnp.asarray(x)[..., None] if self.in_features == "scalar" else jnp.asarray(x)
        if self.plain_products:
            y = self._plain(rows)
        else:
            y = linear(rows, self.weight, self.bias, self.recipe, self.calls(1, key, rows, self.weight)())
        return y[..., 0] if self.out_features == "scalar" else y

    def _plain(self, rows: Any) -> Any:
        y = self.weight @ rows if rows.ndim == 1 else rows @ self.weight.T
        return y if self.bias is None else y + self.bias
