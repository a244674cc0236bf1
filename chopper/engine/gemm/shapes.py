"""Shapes of matrix products, as `numpy.matmul` has them."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from chopper.errors import UnsupportedInputError

__all__ = ["Shapes", "shapes_of"]

_Shape = tuple[int, ...]


class Shapes(NamedTuple):
    """How operands are seen as stacks of matrices, and what shape their product has."""

    a: _Shape  # (..., M, K)
    b: _Shape  # (..., K, N)
    c: _Shape | None  # with as many axes as the stack of results
    full: _Shape  # of the stack of results (..., M, N)
    result: _Shape  # the same without the axes that vectors lack

    @property
    def size(self) -> int:
        """Number of elements of the result."""
        return prod(self.result)


def shapes_of(a: _Shape, b: _Shape, c: _Shape | None, most_axes: int | None) -> Shapes:
    """Return the shapes of a product.

    Raises
    ------
    UnsupportedInputError
        If they do not go together.
    """
    legal = "legal: (..., M, K) and (..., K, N), either of which may be a vector (K,)"
    if not a or not b:
        raise UnsupportedInputError(f"shapes {a} and {b}: an operand has no axes; {legal}")
    if most_axes is not None and max(len(a), len(b)) > most_axes:
        raise UnsupportedInputError(f"shapes {a} and {b} have more than {most_axes} axes; use matmul")
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b
    if left[-1] != right[-2]:
        raise UnsupportedInputError(f"shapes {a} and {b} do not go together: {left[-1]} is not {right[-2]}; {legal}")
    try:
        batch = np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        raise UnsupportedInputError(f"shapes {a} and {b}: the leading axes do not broadcast; {legal}") from None
    full = (*batch, left[-2], right[-1])
    result = (*batch, *left[-2:-1] * (len(a) > 1), *right[-1:] * (len(b) > 1))
    return Shapes(left, right, None if c is None else _addend(c, result, full, len(a), len(b)), full, result)


def _addend(c: _Shape, result: _Shape, full: _Shape, a_axes: int, b_axes: int) -> _Shape:
    try:
        fits = np.broadcast_shapes(c, result) == result
    except ValueError:
        fits = False
    if not fits:
        raise UnsupportedInputError(f"c has the shape {c}, which does not broadcast to that of the result, {result}")
    whole = (*(1,) * (len(result) - len(c)), *c)
    if b_axes == 1:
        whole = (*whole, 1)
    if a_axes == 1:
        whole = (*whole[:-1], 1, whole[-1])
    return whole
