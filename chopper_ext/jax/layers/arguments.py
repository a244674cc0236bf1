"""What functions that stand for products of JAX are given: operands of any floating dtype, keys, shardings."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from chopper.errors import UnsupportedInputError
from chopper.recipes import Recipe
from chopper_ext.jax.words import key_words, traced

__all__ = ["check_unsharded", "draws", "plain", "widened_operands", "words_of"]


def plain(recipe: Recipe) -> bool:
    """Whether a recipe says nothing of products."""
    return all(gemm.plain for _, gemm in recipe.gemms)


def draws(recipe: Recipe) -> bool:
    """Whether products of a recipe draw anything."""
    return any(gemm.draws for _, gemm in recipe.gemms)


def widened_operands(lhs: Any, rhs: Any, preferred: Any) -> tuple[Any, Any, Any]:
    """Return two operands in float32 or float64, and the dtype of the result.

    Raises
    ------
    UnsupportedInputError
        For operands that are no floating-point numbers.
    """
    lhs, rhs = jnp.asarray(lhs), jnp.asarray(rhs)
    for one in (lhs, rhs):
        if not jnp.issubdtype(one.dtype, jnp.floating):
            raise UnsupportedInputError(
                f"an operand has dtype {one.dtype}; legal: floating-point numbers: convert it with "
                "x.astype(jax.numpy.float32)"
            )
    common = jnp.promote_types(lhs.dtype, rhs.dtype)
    wide = jnp.promote_types(common, jnp.float32)
    return lhs.astype(wide), rhs.astype(wide), jnp.dtype(common if preferred is None else preferred)


def words_of(key: Any, *operands: Any) -> Any:
    """Return the key of a call as two words; a function is asked for it."""
    return jnp.asarray(key_words(key() if callable(key) else key, traced(operands)))


def check_unsharded(out_sharding: Any) -> None:
    """Raise UnsupportedInputError where a sharding is asked for."""
    if out_sharding is not None:
        raise UnsupportedInputError("out_sharding= cannot be promised for rounded products; leave it out")
