"""Rounding at one point of a model: what passes forward, and the gradient that passes backward."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from chopper.recipes import Quant
from chopper_ext.jax.exactness import settled
from chopper_ext.jax.layers.operands import operand

__all__ = ["apart", "point"]


def point(x: Any, forward: Quant | None, backward: Quant | None, key: Any) -> Any:
    """Return an array rounded one way; its gradient is rounded another way.  Blocks lie along the last axis.

    `key` is that of a call, as two words; the roles are ``elementwise`` and ``grad_elementwise``.
    """
    return x if forward is None and backward is None else apart(x, forward, backward, key)


def apart(x: Any, forward: Quant | None, backward: Quant | None, key: Any) -> Any:
    """Return what `point` does, both ways as numbers that XLA does not contract with what comes before or after."""
    return _point((forward, backward), x, key)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _point(quants: tuple[Quant | None, Quant | None], x: Any, key: Any) -> Any:
    return settled(x) if quants[0] is None else operand(x, quants[0], -1, key, "elementwise")


def _forward(quants: tuple[Quant | None, Quant | None], x: Any, key: Any) -> tuple[Any, Any]:
    return _point(quants, x, key), key


def _backward(quants: tuple[Quant | None, Quant | None], key: Any, g: Any) -> tuple[Any, Any]:
    none = None if key is None else np.zeros(np.shape(key), jax.dtypes.float0)
    return settled(g) if quants[1] is None else operand(g, quants[1], -1, key, "grad_elementwise"), none


_point.defvjp(_forward, _backward)
