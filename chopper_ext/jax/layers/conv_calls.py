"""`conv_general_dilated`: what convolutions of Flax take in place of `jax.lax.conv_general_dilated`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from chopper.errors import UnsupportedInputError
from chopper.recipes import Recipe
from chopper_ext.jax.exactness import as_type
from chopper_ext.jax.layers.arguments import check_unsharded, draws, plain, widened_operands, words_of
from chopper_ext.jax.layers.convolution import Steps, around, convolution

__all__ = ["conv_general_dilated"]


def conv_general_dilated(recipe: Recipe | str | None, *, key: Any = None) -> Callable[..., Any]:
    """Return a function like `jax.lax.conv_general_dilated`, of an image and a kernel, by the products of a recipe.

    Layers take it: ``flax.linen.Conv(8, (3, 3), conv_general_dilated=conv_general_dilated("mxfp8"))``, and
    ``flax.nnx.Conv`` too.  Its three products are those of `convert` for convolutions: operands are rounded along the
    channels, in the gradient of the kernel along the images of the batch, as arrays (N, C, *spatial) and
    (O, C / groups, *kernel), whatever the layout of what is given.  What layers do besides, such as adding a bias, is
    not rounded.

    Parameters
    ----------
    recipe : Recipe, str or None
        What `Recipe.of` takes.
    key : JAX key, int or function
        As for `dot_general`.

    Returns
    -------
    function
        Of the arguments of `jax.lax.conv_general_dilated`.  It computes in float32, or in float64 if one operand has
        it; the result is rounded to `preferred_element_type` or their common dtype at the end.  A recipe that says
        nothing of products is JAX's own function.

    Raises
    ------
    PolicyError, RandomKeyError, UnsupportedInputError
        As `dot_general`; the last one in a call also where something is rounded for `lhs_dilation` and
        `batch_group_count`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> f = conv_general_dilated("forward: e4m3 @ e4m3 by bf16")
    >>> f(jnp.full((1, 1, 4), 0.3), jnp.ones((1, 1, 3)), (1,), "VALID").tolist()  # 0.3125 + 0.3125 + 0.3125
    [[[0.9375, 0.9375]]]
    """
    recipe = Recipe.of(recipe)

    def convolved(
        lhs: Any, rhs: Any, window_strides: Any, padding: Any, lhs_dilation: Any = None, rhs_dilation: Any = None,
        dimension_numbers: Any = None, feature_group_count: int = 1, batch_group_count: int = 1, precision: Any = None,
        preferred_element_type: Any = None, out_sharding: Any = None,
    ) -> Any:  # fmt: skip
        if plain(recipe):
            return lax.conv_general_dilated(
                lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, dimension_numbers, feature_group_count,
                batch_group_count, precision, preferred_element_type, out_sharding,
            )  # fmt: skip
        check_unsharded(out_sharding)
        if batch_group_count != 1 or any(d != 1 for d in lhs_dilation or ()):
            raise UnsupportedInputError(
                f"lhs_dilation={lhs_dilation}, batch_group_count={batch_group_count} have no rounded products; legal: "
                "1 for both, since transposed convolutions are not covered"
            )
        x, w, result = widened_operands(lhs, rhs, preferred_element_type)
        layout = lax.conv_dimension_numbers(x.shape, w.shape, dimension_numbers)
        x, w = jnp.transpose(x, layout.lhs_spec), jnp.transpose(w, layout.rhs_spec)
        stride = tuple(int(n) for n in window_strides)
        dilation = tuple(int(n) for n in rhs_dilation or (1,) * len(stride))
        x, zeros = around(x, padding, w.shape[2:], stride, dilation)
        precision = lax.Precision.HIGHEST if precision is None else precision
        steps = Steps(stride, zeros, dilation, int(feature_group_count), precision)
        words = words_of(key, x, w) if draws(recipe) else None
        y = convolution(recipe, steps, x, w, None, words)
        return as_type(jnp.transpose(y, np.argsort(layout.out_spec).tolist()), result)

    return convolved
