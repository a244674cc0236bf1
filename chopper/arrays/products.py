"""Sums of products in a defined order: every product is rounded, and every sum, on plain arrays of values.

Sequential: ``s = +0``, then ``s = s + xk yk`` for k = 0, 1, 2, …  Pairwise: the products, each added to +0; then
neighbours, then neighbouring sums, an odd last one carried along.  These are the orders "sequential" and "tree" of
`chopper.accumulate`, whose loops do the work where they are there.  In a random mode a product of arrays draws one key.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.arrays.reductions import reduce
from chopper.errors import UnsupportedInputError

__all__ = ["contract", "dot", "einsum", "matmul", "tensordot", "total", "zeros"]

_Array = npt.NDArray[Any]

_LONG = 32
"""Sums of fewer items are not worth a call of the loops for whole products."""


def zeros(arithmetic: Arithmetic, shape: tuple[int, ...], number: float = 0.0) -> _Array:
    """Return an array of one number of the format."""
    return np.broadcast_to(arithmetic.constant(number), shape).copy()


def contract(arithmetic: Arithmetic, x: _Array, y: _Array) -> _Array:
    """Return the sum over the first axis of the products of two arrays that broadcast behind it."""
    shape = np.broadcast_shapes(x.shape[1:], y.shape[1:])
    total = zeros(arithmetic, shape)
    if arithmetic.order == "pairwise" and len(x):
        rank = max(x.ndim, y.ndim)  # the first axes must meet, so that missing ones go behind them
        x, y = (a.reshape(len(a), *(1,) * (rank - a.ndim), *a.shape[1:]) for a in (x, y))
        return _added(arithmetic, arithmetic.settle(arithmetic.mul(x, y)))
    for one, two in zip(x, y, strict=True):
        total = arithmetic.settle(arithmetic.add(total, arithmetic.mul(one, two)))
    return total


def _added(arithmetic: Arithmetic, items: _Array) -> _Array:
    """Return the sum of products over the first axis, which has at least one."""

    def add(a: _Array, b: _Array) -> _Array:
        return arithmetic.settle(arithmetic.add(a, b))

    begin = zeros(arithmetic, items.shape[1:])
    if arithmetic.order == "pairwise":
        return reduce(add, add(begin, items), "pairwise")
    return reduce(add, items, "sequential", begin=begin)


@cache
def _engine() -> Any:
    """Return the function for whole products and the class of its sums, None where they are not there."""
    try:
        return import_module("chopper.gemm").matmul, import_module("chopper.accumulate").Accumulator
    except ModuleNotFoundError:
        return None


def _whole(arithmetic: Arithmetic, x: _Array, y: _Array, key: Any, begin: Any = None) -> Any:
    """Return ``x @ y`` by the loops for whole products, None where these do not serve."""
    engine = _engine()
    if engine is None or arithmetic.flags is not None or not x.size or not y.size:
        return None
    multiply, accumulator = engine
    order = "tree" if arithmetic.order == "pairwise" else "sequential"
    sums = accumulator(sum=arithmetic.fmt, rounding=arithmetic.rounding, order=order, **arithmetic.options)
    return multiply(x, y, begin, accumulate=sums, key=key)


def total(arithmetic: Arithmetic, items: _Array) -> Any:
    """Return the sequential sum over the first axis by the loops for whole products, None where these do not serve.

    It begins with the first item, and the others are multiplied by one: no bit differs from the sum step by step.
    """
    if arithmetic.keys is not None or arithmetic.order != "sequential" or len(items) < _LONG:
        return None
    rows = items.reshape(len(items), -1)
    found = _whole(arithmetic, np.ones((1, len(items) - 1), items.dtype), rows[1:], None, rows[:1])
    return None if found is None else arithmetic.settle(found).reshape(items.shape[1:])


def matmul(arithmetic: Arithmetic, x: _Array, y: _Array) -> _Array:
    """Return ``x @ y`` with NumPy's rules for shapes.

    Raises
    ------
    UnsupportedInputError
        If the shapes do not suit.
    """
    if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise UnsupportedInputError(
            f"matmul of shapes {x.shape} and {y.shape}: the last axis of x meets the last but "
            "one of y (the only one of a vector), and numbers have none"
        )
    if arithmetic.keys is not None:
        arithmetic = arithmetic.fork()  # one key of the stream, however long the sums are
    found = _whole(arithmetic, x, y, arithmetic.keys and arithmetic.keys.base)
    if found is not None:
        return arithmetic.settle(found)
    rows = x[None] if x.ndim == 1 else x
    columns = y[:, None] if y.ndim == 1 else y
    left = np.moveaxis(rows, -1, 0)[..., None]  # k, …, n, 1
    right = np.moveaxis(columns, -2, 0)[..., None, :]  # k, …, 1, m
    product = contract(arithmetic, left, right)
    if x.ndim == 1:
        product = product[..., 0, :]
    return product[..., 0] if y.ndim == 1 else product


def dot(arithmetic: Arithmetic, x: _Array, y: _Array) -> _Array:
    """Return ``numpy.dot``: the last axis of x against the last but one of y; of a number, a product."""
    if x.ndim == 0 or y.ndim == 0:
        return arithmetic.settle(arithmetic.mul(x, y))
    return tensordot(arithmetic, x, y, ([x.ndim - 1], [max(y.ndim - 2, 0)]))


def tensordot(arithmetic: Arithmetic, x: _Array, y: _Array, axes: Any) -> _Array:
    """Return ``numpy.tensordot``: summed over the axes of x in the order given, the last one fastest."""
    if isinstance(axes, int):
        axes = (range(x.ndim - axes, x.ndim), range(axes))
    one, two = (
        [int(a) % n.ndim for a in np.atleast_1d(list(part) if isinstance(part, range) else part)]
        for part, n in zip(axes, (x, y), strict=True)
    )
    if [x.shape[a] for a in one] != [y.shape[a] for a in two]:
        raise UnsupportedInputError(f"the axes {one} of shape {x.shape} and {two} of shape {y.shape} do not match")
    left = [a for a in range(x.ndim) if a not in one]
    right = [a for a in range(y.ndim) if a not in two]
    length = int(np.prod([x.shape[a] for a in one], dtype=np.int64))
    rows = x.transpose([*left, *one]).reshape(-1 if x.size else int(np.prod([x.shape[a] for a in left])), length)
    columns = y.transpose([*two, *right]).reshape(length, int(np.prod([y.shape[a] for a in right], dtype=np.int64)))
    shape = [x.shape[a] for a in left] + [y.shape[a] for a in right]
    return matmul(arithmetic, rows, columns).reshape(shape)


def einsum(arithmetic: Arithmetic, subscripts: str, *operands: _Array) -> _Array:
    """Return ``numpy.einsum``: products from left to right, each rounded, then the sum over labels not in the result.

    These labels run in the order in which they first occur, the last one fastest.  No ellipsis.

    Raises
    ------
    UnsupportedInputError
        If the subscripts do not suit the operands.
    """
    text = subscripts.replace(" ", "")
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    labels = list(dict.fromkeys(inputs.replace(",", "")))
    if not arrow:
        result = "".join(sorted(label for label in labels if inputs.count(label) == 1))
    fits = len(terms) == len(operands) and all(len(t) == o.ndim for t, o in zip(terms, operands, strict=False))
    if not fits or not set(result) <= set(labels) or len(set(result)) < len(result) or not "".join(labels).isalpha():
        raise UnsupportedInputError(
            f"einsum of {subscripts!r} with shapes {[o.shape for o in operands]}: give one "
            "letter for each axis of each operand, no ellipsis"
        )
    summed = [label for label in labels if label not in result]
    spread = [_spread(term, operand, [*summed, *result]) for term, operand in zip(terms, operands, strict=True)]
    shape = np.broadcast_shapes(*(one.shape for one in spread))
    product = spread[0]
    for one in spread[1:]:
        product = arithmetic.settle(arithmetic.mul(product, one))
    if not summed:
        return np.broadcast_to(product, shape).copy()
    length = int(np.prod(shape[: len(summed)], dtype=np.int64))
    items = np.broadcast_to(product, shape).reshape(length, *shape[len(summed) :])
    return _added(arithmetic, items) if length else zeros(arithmetic, shape[len(summed) :])


def _spread(term: str, operand: _Array, labels: list[str]) -> _Array:
    """Return an operand with one axis for each label, of length 1 where it has none; repeated labels are diagonals."""
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            first, second = term.index(label), term.rindex(label)
            operand = np.diagonal(operand, axis1=first, axis2=second)
            term = "".join(c for i, c in enumerate(term) if i not in (first, second)) + label
    kept = [label for label in labels if label in term]
    operand = operand.transpose([term.index(label) for label in kept])
    return operand.reshape([operand.shape[kept.index(label)] if label in kept else 1 for label in labels])
