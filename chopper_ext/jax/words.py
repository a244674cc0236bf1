"""Keys and random words: the word of an element is a function of the key and of its index in the whole array."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chopper.errors import RandomKeyError
from chopper.kernels.threefry import random_word
from chopper.random import Chunk, as_key, strides_of

__all__ = ["key_words", "place", "random_words", "traced"]

_CURE = "pass a JAX key (jax.random.key(0), split where a new one is needed) or an int as key="


def traced(*things: Any) -> bool:
    """Whether anything in these trees is being traced."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree_util.tree_leaves(things))


def key_words(key: Any, tracing: bool) -> Any:
    """Return the two words of a key: a JAX key, typed or raw, or what `chopper.random.as_key` takes.

    Raises
    ------
    RandomKeyError
        If it is no key; under tracing also without a key and for a generator, whose draw would be the same in every
        run of what is compiled.
    """
    dtype = getattr(key, "dtype", None)
    if dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key):
        if str(jax.random.key_impl(key)) != "threefry2x32" or key.shape:
            raise RandomKeyError(f"key has dtype {dtype} and shape {key.shape}; pass one key of impl='threefry2x32'")
        return jax.random.key_data(key)
    if dtype == np.uint32 and key.shape == (2,):
        return key
    if isinstance(key, jax.core.Tracer):
        raise RandomKeyError(f"a traced {dtype}{list(key.shape)} is no key; {_CURE}")
    drawn = key is None or hasattr(key, "bit_generator")
    if drawn and (tracing or traced(jnp.zeros(()))):  # inside jit even constants are traced
        what = "no key" if key is None else "a generator"
        raise RandomKeyError(
            f"stochastic rounding under tracing got {what}, which would round alike ever after; {_CURE}"
        )
    made = as_key(key)
    return np.array([made.high, made.low], np.uint32)


def place(offset: Any, shape: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Return the index of an array's first element in the whole one, as two words, and the strides of the whole one.

    Indices may be traced, as in a `Chunk` inside ``shard_map``.
    """
    strides = strides_of(offset.shape if isinstance(offset, Chunk) else shape)
    if not traced(offset):
        first = as_key(0, offset, shape).offset
        return np.array([first >> 32, first & 0xFFFFFFFF], np.uint32), strides
    pairs = zip(offset.origin, strides, strict=True) if isinstance(offset, Chunk) else [(offset, 1)]
    with jax.enable_x64(True):
        index = sum((jnp.asarray(at).astype(jnp.uint64) * np.uint64(by) for at, by in pairs), np.uint64(0))
        return jnp.stack(_halves(index)), strides


def random_words(key: Any, base: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> jax.Array:
    """Return a random word for each element of an array; see `place` for base and strides."""
    last = sum(max(extent - 1, 0) * stride for extent, stride in zip(shape, strides, strict=True))
    if last >> 32:
        with jax.enable_x64(True):
            first = base[0].astype(jnp.uint64) << 32 | base[1].astype(jnp.uint64)
            hi, lo = _halves(_indices(shape, strides, first))
    else:
        lo = _indices(shape, strides, base[1])
        hi = base[0] + (lo < base[1]).astype(jnp.uint32)
    signed = (lax.bitcast_convert_type(word, jnp.int32) for word in (key[0], key[1], hi, lo))
    words = random_word(*signed)  # type: ignore[no-untyped-call]
    return lax.bitcast_convert_type(words, jnp.uint32)


def _indices(shape: tuple[int, ...], strides: tuple[int, ...], first: Any) -> Any:
    index = jnp.broadcast_to(first, shape)
    for axis, stride in enumerate(strides):
        index = index + lax.broadcasted_iota(first.dtype, shape, axis) * np.asarray(stride).astype(first.dtype)
    return index


def _halves(index: Any) -> tuple[Any, Any]:
    return (index >> 32).astype(jnp.uint32), index.astype(jnp.uint32)
