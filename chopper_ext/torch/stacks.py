"""Operands of matrix products as stacks of matrices."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

__all__ = ["as_matrix", "broadcasts", "result_shape", "stacked"]


def result_shape(a: torch.Size, b: torch.Size, most_axes: int | None) -> tuple[int, ...] | None:
    """Return the shape of the result, None where the host has to say what is wrong."""
    if not a or not b or (most_axes is not None and max(len(a), len(b)) > most_axes):
        return None
    if a[-1] != (b[-2] if len(b) > 1 else b[0]):
        return None
    try:
        batch = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        return None
    return (*batch, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


def broadcasts(shape: torch.Size, to: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to another."""
    try:
        return tuple(np.broadcast_shapes(shape, to)) == tuple(to)
    except ValueError:
        return False


def as_matrix(x: Any, which: int) -> torch.Tensor:
    """Return a vector as the row of operand 0, or the column of operand 1."""
    matrix: torch.Tensor = x if x.dim() > 1 else x[None] if which == 0 else x[:, None]
    return matrix


def stacked(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a (..., M, K), b (..., K, N) and c (..., M, N) as (T, M, K), (T, K, N), (T, M, N)."""
    if b.dim() == 2:  # one matrix for all of a batch: its rows are rows of one product
        a = a.expand(*c.shape[:-2], *a.shape[-2:])
        return a.reshape(1, -1, a.shape[-1]), b[None], c.reshape(1, -1, c.shape[-1])
    batch = prod(c.shape[:-2])
    a, b = (x.expand(*c.shape[:-2], *x.shape[-2:]).reshape(batch, *x.shape[-2:]) for x in (a, b))
    return a, b, c.reshape(batch, *c.shape[-2:])
