"""General contractions as products of matrices: the axes that two arrays share, free and summed."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import jax.numpy as jnp

__all__ = ["Contraction", "Dimensions"]

Dimensions = tuple[tuple[Any, Any], tuple[Any, Any]]
"""As `jax.lax.dot_general` takes them: (contracting axes of both), (batch axes of both)."""


class Contraction(NamedTuple):
    """A contraction as a product of matrices [..., M, K] and [..., K, N]; axes in the order in which they are given."""

    left: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # batch, free and contracting axes
    right: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

    @classmethod
    def of(cls, dimensions: Dimensions, left_rank: int, right_rank: int) -> Contraction:
        """Read dimension numbers for arrays of these ranks."""
        contracting, batch = dimensions
        axes = []
        for summed, shared, rank in zip(contracting, batch, (left_rank, right_rank), strict=True):
            found = tuple(int(axis) % rank for axis in summed), tuple(int(axis) % rank for axis in shared)
            free = tuple(axis for axis in range(rank) if axis not in found[0] and axis not in found[1])
            axes.append((found[1], free, found[0]))
        return cls(*axes)

    def rows(self, a: Any) -> Any:
        """Return the left array as [..., M, K]; the batch axes stay apart."""
        batch, free, summed = self.left
        return _matrix(a, batch, free, summed)

    def columns(self, b: Any) -> Any:
        """Return the right array as [..., K, N]."""
        batch, free, summed = self.right
        return _matrix(b, batch, summed, free)

    def transposed_columns(self, b: Any) -> Any:
        """Return the right array as [..., N, K], as weights lie."""
        batch, free, summed = self.right
        return _matrix(b, batch, free, summed)

    def left_again(self, rows: Any, like: Any) -> Any:
        """Return what `rows` made, or its gradient, in the shape of the left array."""
        return _shaped(rows, self.left, like)

    def right_again(self, columns: Any, like: Any) -> Any:
        """Return what `transposed_columns` made, or its gradient, in the shape of the right array."""
        return _shaped(columns, self.right, like)

    def product(self, y: Any) -> Any:
        """Return a result of `jax.lax.dot_general`, or its gradient, as [..., M, N]."""
        shared, free = len(self.left[0]), len(self.left[1])
        sizes = y.shape[shared : shared + free], y.shape[shared + free :]
        return y.reshape(*y.shape[:shared], prod(sizes[0]), prod(sizes[1]))

    def result(self, product: Any, a: Any, b: Any) -> Any:
        """Return a product [..., M, N] in the shape of `jax.lax.dot_general`: batch, free of the left, of the right."""
        free = [a.shape[axis] for axis in self.left[1]] + [b.shape[axis] for axis in self.right[1]]
        return product.reshape(*product.shape[:-2], *free)


def _shaped(matrix: Any, axes: tuple[tuple[int, ...], ...], like: Any) -> Any:
    order = [axis for group in axes for axis in group]
    back = sorted(range(len(order)), key=order.__getitem__)
    return jnp.transpose(matrix.reshape([like.shape[axis] for axis in order]), back)


def _matrix(x: Any, batch: tuple[int, ...], rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
    turned = jnp.transpose(x, (*batch, *rows, *columns))
    sizes = [x.shape[axis] for axis in batch]
    return turned.reshape(*sizes, prod(x.shape[a] for a in rows), prod(x.shape[a] for a in columns))
