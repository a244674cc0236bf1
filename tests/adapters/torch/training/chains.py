"""Programs written out by hand: every operation one of `chopper.ops` or `chopper.matmul` on NumPy arrays."""

from __future__ import annotations

import numpy as np

from chopper import Accumulator, matmul, ops

__all__ = ["Chain"]


class Chain:
    """Operations in one format and mode, without chance."""

    def __init__(self, fmt, mode="nearest_even"):
        self.fmt, self.mode = fmt, mode
        self.exact = Accumulator(sum="exact", result=fmt, rounding=mode)

    def __getattr__(self, name):
        operation = getattr(ops, name)
        return lambda *operands: operation(*operands, self.fmt, self.mode)

    def mm(self, a, b):
        return np.ascontiguousarray(matmul(a, b, accumulate=self.exact))

    def sum(self, x, axis=None, keepdims=False):
        axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = tuple(a % x.ndim for a in axes)
        kept = [a for a in range(x.ndim) if a not in axes]
        rows = np.ascontiguousarray(x.transpose(*kept, *axes)).reshape(*(x.shape[a] for a in kept), -1)
        found = self.mm(rows.reshape(-1, rows.shape[-1]), np.ones((rows.shape[-1], 1), x.dtype))
        shape = [1 if a in axes else n for a, n in enumerate(x.shape)] if keepdims else [x.shape[a] for a in kept]
        return found.reshape(shape)

    def mean(self, x, axis=None, keepdims=False):
        total = self.sum(x, axis, keepdims)
        return self.div(total, x.size // max(total.size, 1))

    def linear(self, x, weight, bias):
        return self.add(bias, self.mm(x, weight.T))

    def linear_backward(self, g, x, weight):
        return self.mm(g, weight), self.mm(g.T, x), self.sum(g, 0)

    def softmax(self, x):
        powers = self.exp(self.sub(x, x.max(-1, keepdims=True)))
        return self.div(powers, self.sum(powers, -1, True))

    def softmax_backward(self, g, y):
        product = self.mul(g, y)
        return self.sub(product, self.mul(y, self.sum(product, -1, True)))
