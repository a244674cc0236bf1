"""JAX: ``chopper.chop`` on JAX arrays, inside jit, vmap, grad, scan and shard_map, with the bits of NumPy.

Importing chopper is enough: the arrays bring this adapter in.  Here are `chop` with a derivative to choose, the dtypes
that store codes, `emulate`, which rounds every operation of a function, products by recipes for Flax, models of Equinox
by recipes, and rounded updates and states for optax.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from chopper.engine.backend import Draw, request
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from chopper_ext.jax.dispatch import JaxBackend
from chopper_ext.jax.dtypes import as_dtype
from chopper_ext.jax.emulation import emulate
from chopper_ext.jax.layers import conv_general_dilated, convert, dot_general, unconvert
from chopper_ext.jax.updates import chop_state, chop_updates

__all__ = [
    "JaxBackend",
    "as_dtype",
    "backend",
    "chop",
    "chop_state",
    "chop_updates",
    "conv_general_dilated",
    "convert",
    "dot_general",
    "emulate",
    "unconvert",
]

backend = JaxBackend()
"""What the core calls with JAX arrays."""


def chop(
    x: Any,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    axis: int | tuple[int, ...] = -1,
    scaling: Any = None,
    scale: Any = None,
    random_bits: int = 32,
    random_words: Any = None,
    offset: Any = 0,
    compat: str | None = None,
    ste: Any = "identity",
) -> Any:
    """Round every element of `x` to a value of a format, as `chopper.chop` does, with a derivative of choice.

    Parameters
    ----------
    x : array
        float16, bfloat16, float32, float64 or, where x64 is enabled, integers.
    key : JAX key, int or numpy.random.Generator
        For stochastic modes; a JAX key may be typed or raw.  The words are those of ``jax.random.bits(key, x.shape)``.
        Under tracing there must be a key, and no generator.
    offset : int or chopper.random.Chunk
        Index of the first element, or where `x` lies in a larger array; indices may be traced.
    ste : "identity", "clipped", callable or None
        The derivative: "identity" is that of the identity, everywhere; "clipped" is 1 from the least to the largest
        number of the format and 0 outside and for NaN; None is 0; ``ste(x, q, t)`` is a function of input, result and
        tangent, linear in the tangent.
    fmt, rounding, overflow, axis, scaling, scale, random_bits, random_words, compat
        As for `chopper.chop`.

    Returns
    -------
    array
        Bit for bit what `chopper.chop` gives for a NumPy array.

    Raises
    ------
    ChopperError
        As `chopper.chop`; under tracing also where only the values can tell whether there is an error.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> x = jnp.array([0.3, 1000.0])
    >>> jax.jit(lambda x: chop(x, "e4m3"))(x).tolist()
    [0.3125, 448.0]
    >>> jax.grad(lambda x: chop(x, "e4m3", ste="clipped").sum())(x).tolist()
    [1.0, 0.0]
    """
    asked = request(get(fmt), rounding, overflow, random_bits, compat, axis=axis, scaling=scaling, scale=scale)
    return backend.round(jnp.asarray(x), asked, Draw(key, offset, random_words), None, None, ste=ste)
