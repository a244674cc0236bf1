"""Reductions in a defined order: what the methods of a ufunc do, on plain arrays of values.

*Sequential*: the elements along the reduced axes, in C order of these, one after the other: ``((x0 + x1) + x2) + x3``.
*Pairwise*: neighbours first, then neighbouring results, an odd last one carried along: ``(x0 + x1) + (x2 + x3)``.
The first element begins; there is no addition to zero.  An `initial` value stands before all elements.  Elements that
`where` leaves out are skipped, as if they were not there.  Every step is one call of the operation on all that is left
of the array (with a mask: on the pairs that it keeps), so that a random mode draws one key for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.errors import RangeError

__all__ = ["Step", "accumulate", "at", "lead", "outer", "reduce", "reduceat"]

_Array = npt.NDArray[Any]
Step = Callable[[Any, Any], _Array]
"""One operation on two arrays of values."""


def lead(values: _Array, axes: tuple[int, ...]) -> _Array:
    """Return an array whose first axis runs through the elements of some axes, in C order; the other axes follow."""
    moved = np.moveaxis(values, axes, range(len(axes)))
    return moved.reshape(int(np.prod([values.shape[a] for a in axes], dtype=np.int64)), *moved.shape[len(axes) :])


def reduce(step: Step, items: _Array, order: str, mask: _Array | None = None, begin: _Array | None = None) -> _Array:
    """Reduce an array over its first axis, which has at least one item, or `begin` to start from."""
    if begin is not None:
        items = np.concatenate([np.broadcast_to(begin, (1, *items.shape[1:])), items])
        if mask is not None:
            mask = np.concatenate([np.ones((1, *mask.shape[1:]), np.bool_), mask])
    if mask is None:
        return _sequential(step, items) if order == "sequential" else _pairwise(step, items)
    return _masked(step, items, np.broadcast_to(mask, items.shape), order)


def _sequential(step: Step, items: _Array) -> _Array:
    total: _Array = items[0]
    for item in items[1:]:
        total = step(total, item)
    return total


def _pairwise(step: Step, items: _Array) -> _Array:
    while len(items) > 1:
        even = len(items) // 2 * 2
        sums = step(items[0:even:2], items[1:even:2])
        items = sums if even == len(items) else np.concatenate([sums, items[even:]])
    last: _Array = items[0]
    return last


def _masked(step: Step, items: _Array, mask: _Array, order: str) -> _Array:
    """Reduce what the mask keeps; where it keeps nothing the result is the first item."""
    items, mask = (a[..., None] for a in (items, mask))  # an axis to select along, also where no other is left

    def joined(a: _Array, in_a: _Array, b: _Array, in_b: _Array) -> tuple[_Array, _Array]:
        both = in_a & in_b
        result = np.asarray(np.where(in_b, b, a))
        result[both] = step(a[both], b[both])
        return result, in_a | in_b

    if order == "sequential":
        total: _Array = items[0]
        some: _Array = mask[0]
        for i in range(1, len(items)):
            total, some = joined(total, some, items[i], mask[i])
        return total[..., 0]
    while len(items) > 1:
        even = len(items) // 2 * 2
        sums, kept = joined(items[0:even:2], mask[0:even:2], items[1:even:2], mask[1:even:2])
        items, mask = np.concatenate([sums, items[even:]]), np.concatenate([kept, mask[even:]])
    last: _Array = items[0][..., 0]
    return last


def accumulate(step: Step, values: _Array, axis: int) -> _Array:
    """Return the sequential reductions of the first 1, 2, 3, … items along an axis."""
    items = np.moveaxis(values, axis, 0)
    out = np.empty(values.shape, values.dtype)
    results = np.moveaxis(out, axis, 0)
    for i in range(len(items)):
        results[i] = items[i] if i == 0 else step(results[i - 1], items[i])
    return out


def reduceat(step: Step, values: _Array, indices: Any, axis: int, order: str) -> _Array:
    """Reduce the runs that begin at each of the indices, each one on its own, in turn."""
    items = np.moveaxis(values, axis, 0)
    starts = [int(i) for i in np.asarray(indices)]
    if any(not 0 <= i < len(items) for i in starts):
        raise RangeError(f"indices {starts} of reduceat leave the axis of length {len(items)}")
    ends = [*starts[1:], len(items)]
    rows = [reduce(step, items[i : max(end, i + 1)], order) for i, end in zip(starts, ends, strict=True)]
    return np.moveaxis(np.stack(rows), 0, axis) if rows else np.empty((0, *items.shape[1:]), values.dtype)


def outer(step: Step, x: _Array, y: _Array) -> _Array:
    """Return the operation on all pairs, in the shape of x and then of y."""
    return step(x.reshape(x.shape + (1,) * y.ndim), y)


def at(step: Step, values: _Array, index: Any, operand: Any) -> None:
    """Replace the items at the indices by the operation on them and the operand, repeated indices one after another.

    The first occurrences of all indices are one step, the second ones another, and so on.
    """
    places = np.arange(values.size).reshape(values.shape)[index]
    shape, places = places.shape, places.reshape(-1)
    others = np.broadcast_to(operand, shape).reshape(-1)
    flat = values.reshape(-1) if values.flags.c_contiguous else values.flatten()
    turn = _occurrences(places)
    for i in range(int(turn.max(initial=-1)) + 1):
        now = turn == i
        flat[places[now]] = step(flat[places[now]], others[now])
    if not np.may_share_memory(flat, values):
        values[...] = flat.reshape(values.shape)


def _occurrences(places: _Array) -> _Array:
    """Return how many times each place has come before."""
    order = np.argsort(places, kind="stable")
    ranked = places[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if ranked.size else np.zeros(0, np.intp)
    counts = np.diff(np.append(starts, ranked.size))
    turn = np.empty(places.size, np.intp)
    turn[order] = np.arange(places.size) - np.repeat(starts, counts)
    return turn
