"""Modules that are no products: their result is rounded by ``elementwise``, their gradient by ``grad_elementwise``."""

from __future__ import annotations

from types import MappingProxyType, new_class
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from chopper_ext.jax.layers.points import point
from chopper_ext.jax.modules.base import ChopModule, over, plain_of

__all__ = ["ELEMENTWISE", "ElementwiseModule"]


class ElementwiseModule(ChopModule):
    """A module that computes as Equinox does and rounds once.

    The result y is rounded by ``elementwise`` of the recipe; of the gradients, that of the input by
    ``grad_elementwise``.  Gradients of parameters are JAX's own, of the rounded result's gradient.  Where Equinox wants
    the shape of one example, leading axes are a batch; blocks of shared scales lie along the last axis.
    """

    def __call__(self, x: Any, *rest: Any, key: Any = None, **named: Any) -> Any:
        """Return the output; `key` stands for that of the conversion in this call, but in Dropout for its own."""
        module, x, call = plain_of(self), jnp.asarray(x), None
        forward, backward = self.recipe.elementwise, self.recipe.grad_elementwise
        if isinstance(self, eqx.nn.Dropout):
            named, key = {**named, "key": key}, None
        if forward is not None or backward is not None:
            call = self.calls(1, key, x)()
            x = point(x, None, backward, call) if jnp.issubdtype(x.dtype, jnp.floating) else x
        y = over(lambda one: module(one, *rest, **named), x, _rank(module, x))
        if isinstance(y, tuple):  # with a state, which is passed on
            return point(y[0], forward, None, call), *y[1:]
        return point(y, forward, None, call)


def _rank(module: Any, x: Any) -> int:
    """Return how many axes an example has; where the module does not tell, all of them."""
    if isinstance(module, eqx.nn.Embedding):
        return 0
    if isinstance(module, (eqx.nn.LayerNorm, eqx.nn.RMSNorm)):
        return len(module.shape)
    axes = getattr(module, "num_spatial_dims", None)
    return int(x.ndim) if axes is None else int(axes) + 1


_MODULES = (
    eqx.nn.LayerNorm, eqx.nn.RMSNorm, eqx.nn.GroupNorm, eqx.nn.Embedding, eqx.nn.PReLU, eqx.nn.Dropout,
    eqx.nn.AvgPool1d, eqx.nn.AvgPool2d, eqx.nn.AvgPool3d, eqx.nn.AdaptiveAvgPool1d, eqx.nn.AdaptiveAvgPool2d,
    eqx.nn.AdaptiveAvgPool3d,
)  # fmt: skip


def _module(plain: Any) -> Any:
    text = f"`equinox.nn.{plain.__name__}` by a recipe; see `ElementwiseModule`."
    fields = {"plain": plain, "__module__": __name__, "__doc__": text}
    return new_class(f"Chop{plain.__name__}", (ElementwiseModule, plain), exec_body=lambda body: body.update(fields))


ELEMENTWISE = tuple(_module(plain) for plain in _MODULES)
"""The modules, one for each of Equinox."""

_BY_NAME = MappingProxyType({module.__name__: module for module in ELEMENTWISE})


def __getattr__(name: str) -> Any:
    """Return a module by its name, where pickles look for it."""
    if name not in _BY_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _BY_NAME[name]
