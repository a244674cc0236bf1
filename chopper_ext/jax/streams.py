"""Streams of keys inside compiled code: the keys of `chopper.random.Keys`, with positions that may be traced."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from chopper.kernels.threefry import threefry

__all__ = ["nth"]


def nth(key: Any, n: Any) -> Any:
    """Return the n-th key of the stream whose base is a key, as two words; None of None.

    It is ``chopper.random.Keys(key).at(n)``, for n below 2^31.

    Examples
    --------
    >>> from chopper.random import Keys
    >>> high, low = nth(jnp.array([0, 42], jnp.uint32), 3)
    >>> Keys(42).at(3) == int(high) << 32 | int(low)
    True
    """
    return None if key is None else _nth(jnp.asarray(key), jnp.asarray(n, jnp.int32))


@jax.jit
def _nth(key: Any, n: Any) -> Any:
    base = lax.bitcast_convert_type(key, jnp.int32)
    pair = threefry(base[0], base[1], jnp.int32(-(1 << 31)), n)  # type: ignore[no-untyped-call]
    return lax.bitcast_convert_type(jnp.stack(pair), jnp.uint32)
