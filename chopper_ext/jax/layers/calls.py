"""`dot_general`: what layers of Flax take in place of `jax.lax.dot_general`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax import lax

from chopper.recipes import Recipe
from chopper_ext.jax.exactness import as_type
from chopper_ext.jax.layers.arguments import check_unsharded, draws, plain, widened_operands, words_of
from chopper_ext.jax.layers.products import Setting, three_products

__all__ = ["dot_general"]


def dot_general(recipe: Recipe | str | None, *, key: Any = None) -> Callable[..., Any]:
    """Return a function like `jax.lax.dot_general`, of an input and a weight, whose products are those of a recipe.

    Layers take it: ``flax.linen.Dense(64, dot_general=dot_general("mxfp8"))``, ``flax.nnx.Linear(...,
    dot_general=...)``.  Its value is ``forward`` of the recipe, its gradients are ``dgrad`` and ``wgrad``: each product
    rounds its operands from the unrounded arrays, along its own contraction axis, with the bits that
    `chopper.recipes.quantize` gives for NumPy arrays: an input as (M, K), a weight as (N, K), a gradient as (M, N),
    with batch axes in front.  What layers do besides, such as adding a bias, is not rounded: the recipe's ``bias``,
    ``elementwise``, ``grad_elementwise`` and ``optimizer_state`` are not looked at.

    Parameters
    ----------
    recipe : Recipe, str or None
        What `Recipe.of` takes: a recipe, the name of a preset, text.
    key : JAX key, int or function
        For recipes that draw: the key of a call, from which roles have theirs as `chopper.recipes.key_of` says; or a
        function of no arguments, such as ``lambda: self.make_rng("rounding")`` in a module of Flax, which is asked
        once for each call that draws.  A key gives the same words in every call: give each layer and each step its own.

    Returns
    -------
    function
        ``f(lhs, rhs, dimension_numbers, precision=None, preferred_element_type=None, out_sharding=None)``.  It
        computes in float32, or in float64 if one operand has it; narrower ones are widened, and the result is rounded
        to `preferred_element_type` or their common dtype at the end.  A recipe that says nothing of products is
        `jax.lax.dot_general` itself.

    Notes
    -----
    Where a product names an accumulator or a unit of hardware, `chopper.matmul` computes it on the host, and jit
    changes no bit of it.  Otherwise it is JAX's own in float32, with ``precision="highest"`` unless `precision` is
    given, in an order that XLA chooses.

    Under vmap each example has a product of its own, with the words that it has alone: the sum over examples is then
    not in the product of the gradient of the weight.  Batches belong into the leading axes of the input.

    Forward-mode derivatives are refused by JAX.  A format with numbers that float32 does not hold needs float64.

    Raises
    ------
    PolicyError
        If there is no such recipe.
    RandomKeyError
        In a call under tracing, if the recipe draws and there is no key.
    UnsupportedInputError
        In a call, for operands that are no floating-point numbers, and for `out_sharding` where something is rounded.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> f = dot_general("forward: e4m3 @ e4m3 by bf16")
    >>> f(jnp.full((1, 3), 0.3), jnp.ones((3, 1)), (((1,), (0,)), ((), ()))).item()  # 0.3125 + 0.3125 + 0.3125
    0.9375
    """
    recipe = Recipe.of(recipe)

    def contracted(
        lhs: Any, rhs: Any, dimension_numbers: Any, precision: Any = None, preferred_element_type: Any = None, *,
        out_sharding: Any = None,
    ) -> Any:  # fmt: skip
        if plain(recipe):
            return lax.dot_general(
                lhs, rhs, dimension_numbers, precision, preferred_element_type, out_sharding=out_sharding
            )
        check_unsharded(out_sharding)
        x, w, result = widened_operands(lhs, rhs, preferred_element_type)
        precision = lax.Precision.HIGHEST if precision is None else precision
        setting = Setting(recipe, _static(dimension_numbers), _hashable(precision))
        words = words_of(key, x, w) if draws(recipe) else None
        return as_type(three_products(setting, x, w, None, words), result)

    return contracted


def _static(dimensions: Any) -> Any:
    return tuple(tuple(tuple(int(axis) for axis in axes) for axes in pair) for pair in dimensions)


def _hashable(precision: Any) -> Any:
    return tuple(precision) if isinstance(precision, list) else precision
