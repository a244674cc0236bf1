"""Attention by a recipe: projections, both products, softmax."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chopper.errors import UnsupportedInputError
from chopper.recipes import Recipe
from chopper_ext.jax.layers.points import point
from chopper_ext.jax.layers.products import Setting, three_products
from chopper_ext.jax.modules.base import ChopModule, plain_of
from chopper_ext.jax.modules.linear import linear

__all__ = ["ChopMultiheadAttention"]


class ChopMultiheadAttention(ChopModule, eqx.nn.MultiheadAttention):
    """`equinox.nn.MultiheadAttention` by a recipe: four projections as linear layers, and in between these steps.

    1. query is divided by the root of its features, by JAX.
    2. scores = query key^T by the three products of the recipe: key is the weight of the layer.
    3. With a mask, scores are rounded by ``elementwise``, as if those masked were 0, which have no part in a shared
       scale; these are then the least number of the dtype.
    4. softmax, JAX's own, is rounded by ``elementwise``; its gradient by ``grad_elementwise``.
    5. Dropout, Equinox's own.
    6. weights value by the three products: value, transposed, is the weight of the layer.

    Inputs are (..., length, features): leading axes are a batch.
    """

    plain: ClassVar[Any] = eqx.nn.MultiheadAttention

    def __call__(
        self, query: Any, key_: Any, value: Any, mask: Any = None, *, key: Any = None, inference: bool | None = None,
        deterministic: bool | None = None, process_heads: Callable[..., Any] | None = None,
    ) -> Any:  # fmt: skip
        """Return the output; `key` is that of the dropout."""
        inputs = [jnp.asarray(x) for x in (query, key_, value)]
        if self.recipe.plain and inputs[0].ndim == 2:
            options = {"key": key, "inference": inference, "deterministic": deterministic}
            return plain_of(self)(*inputs, mask, process_heads=process_heads, **options)
        if inputs[1].shape[:-1] != inputs[2].shape[:-1]:
            raise UnsupportedInputError(
                f"keys of shape {inputs[1].shape} and values of shape {inputs[2].shape} are not of one length"
            )
        inference = inference if deterministic is None else deterministic
        call = self.calls(7 if mask is None else 8, None, *inputs, self.query_proj.weight)
        heads = [
            self._projected(x, by, call())
            for x, by in zip(inputs, (self.query_proj, self.key_proj, self.value_proj), strict=True)
        ]
        if process_heads is not None:
            heads = _processed(heads, process_heads)
        q, k, v = (one.swapaxes(-2, -3) for one in heads)
        drop = lambda weights: self._dropped(weights, key, inference)  # noqa: E731
        made = _attend(q, k, v, mask, drop, self.recipe, call).swapaxes(-2, -3)
        rows = made.reshape(*made.shape[:-2], -1)
        return linear(rows, self.output_proj.weight, self.output_proj.bias, self.recipe, call())

    def _projected(self, x: Any, by: Any, call: Any) -> Any:
        """Return (..., length, heads, features)."""
        y = linear(x, by.weight, by.bias, self.recipe, call)
        return y.reshape(*y.shape[:-1], self.num_heads, -1)

    def _dropped(self, weights: Any, key: Any, inference: bool | None) -> Any:
        """Return weights (..., heads, queries, keys) after dropout, whose key is split among the heads."""
        if key is None:
            return self.dropout(weights, inference=inference)
        run: Any = jax.vmap(lambda one, key: self.dropout(one, key=key, inference=inference), (-3, 0), -3)
        return run(weights, jax.random.split(key, self.num_heads))


def _processed(heads: list[Any], process: Callable[..., Any]) -> list[Any]:
    made = list(process(*heads))
    shapes = [[one.shape for one in several] for several in (heads, made)]
    if shapes[0] != shapes[1]:
        raise UnsupportedInputError(f"process_heads made {shapes[1]} of heads of the shapes {shapes[0]}; keep these")
    return made


def _attend(
    q: Any, k: Any, v: Any, mask: Any, drop: Callable[..., Any], recipe: Recipe, call: Callable[[], Any]
) -> Any:
    scores = _product(q / math.sqrt(q.shape[-1]), k, recipe, call())
    if mask is not None:
        scores = _masked(scores, mask, recipe, call())
    key = call()
    weights = jax.nn.softmax(point(scores, None, recipe.grad_elementwise, key))
    weights = point(weights, recipe.elementwise, None, key)
    return _product(drop(weights), v.swapaxes(-1, -2), recipe, call())


def _masked(scores: Any, mask: Any, recipe: Recipe, call: Any) -> Any:
    seen = jnp.asarray(mask)
    if seen.dtype != jnp.bool_ or seen.shape[-2:] != scores.shape[-2:]:
        raise UnsupportedInputError(
            f"a mask of dtype {seen.dtype} and shape {seen.shape} does not suit scores of shape {scores.shape}; legal: "
            "truth values (queries, keys), or (heads, queries, keys)"
        )
    if recipe.elementwise is not None:
        scores = point(jnp.where(seen, scores, 0), recipe.elementwise, None, call)
    return jnp.where(seen, scores, np.finfo(scores.dtype).min)


def _product(x: Any, weight: Any, recipe: Recipe, call: Any) -> Any:
    """Return ``x @ weight^T`` for each of the matrices along leading axes."""
    lead = tuple(range(x.ndim - 2))
    setting = Setting(recipe, (((x.ndim - 1,), (x.ndim - 1,)), (lead, lead)), lax.Precision.HIGHEST)
    return three_products(setting, x, weight, None, call)
