"""Operands of products, rounded by `chopper.recipes.quantize`, with keys that may be traced."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from chopper import chop
from chopper.formats.base import Format
from chopper.recipes import ROLES, Gemm, Quant, quantize, scaled_by, signs_of
from chopper_ext.jax.exactness import settled
from chopper_ext.jax.streams import nth
from chopper_ext.jax.words import random_words

__all__ = ["masked", "operand", "role_key", "undone"]

_APART = np.array([1 << 31, 0], np.uint32)  # index 2^63, from which random signs count


def role_key(key: Any, role: str) -> Any:
    """Return the key of a role, as `chopper.recipes.key_of` does, as two words; None of None."""
    return nth(key, ROLES.index(role))


def operand(x: Any, quant: Quant | None, axis: int, key: Any, role: str, other: int | None = None) -> Any:
    """Return an array rounded for a product whose contraction runs along an axis; see `chopper.recipes.quantize`."""
    if quant is None:
        return x
    if quant.gain != 1:
        x, quant = settled(scaled_by(x, quant.gain)), replace(quant, gain=Fraction(1))
    drawn = role_key(key, role) if quant.random else None
    return quantize(x, quant, axis=axis, other=other, key=drawn, signs=_signs(quant, key, role), constant=jnp.asarray)


def undone(y: Any, gemm: Gemm) -> Any:
    """Return a product with the gains of its operands undone."""
    return y if gemm.gain == 1 else settled(scaled_by(y, gemm.gain))


def masked(g: Any, x: Any, quant: Quant | None) -> Any:
    """Return what of a gradient passes the rounding of an operand."""
    if quant is None or quant.ste == "identity":
        return g
    if quant.ste == "none":
        return jnp.zeros_like(g)
    low, high = _range(quant.format)
    return jnp.where((x >= low) & (x <= high), g, jnp.zeros_like(g))


@cache
def _range(fmt: Format) -> tuple[float, float]:
    """Return the least and the largest number of a format, or of float32 where that holds less."""
    low, high = (float(chop(float(end), "fp32", "toward_zero", overflow="saturate")) for end in (fmt.min, fmt.max))
    return low, high


def _signs(quant: Quant, key: Any, role: str) -> Any:
    if quant.signs != "random" or quant.hadamard is None:
        return signs_of(quant)
    words = random_words(role_key(key, f"{role.partition('.')[0]}.signs"), _APART, (quant.hadamard,), (1,))
    return jnp.where(words >> 31, -1, 1).astype(jnp.int8)
