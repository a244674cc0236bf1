"""Compensated sums, and updates of parameters that are kept as pairs of values of a narrow format."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.expansions import fast_two_sum, two_product

__all__ = ["CollageState", "collage_step", "grow_pair", "kahan_sum", "multiply_pairs", "neumaier_sum"]

_Pair = tuple[Any, Any]


def kahan_sum(x: Any, arithmetic: Arithmetic, axis: int = -1) -> Any:
    """Return the sum along an axis, one element after the other, with what each addition lost added to the next one.

    Exactly these roundings, from s = c = 0: ``y = x[i] - c; t = s + y; c = (t - s) - y; s = t``; the result is s.

    Parameters
    ----------
    x : array
        Values of the format; of one axis or more.
    arithmetic : Arithmetic
        In which every operation is rounded.
    axis : int

    Returns
    -------
    number or array
        Without that axis.  The sum of no elements is 0.

    Notes
    -----
    Kahan, doi:10.1145/363707.363723.

    Examples
    --------
    >>> float(kahan_sum(np.array([256.0, 1.0, 1.0]), Arithmetic("bf16")))
    258.0
    """
    rows = _rows(x, axis)
    total = lost = np.zeros(rows.shape[1:], rows.dtype)
    for row in rows:
        y = arithmetic.sub(row, lost)
        grown = arithmetic.add(total, y)
        lost = arithmetic.sub(arithmetic.sub(grown, total), y)
        total = grown
    return total


def neumaier_sum(x: Any, arithmetic: Arithmetic, axis: int = -1) -> Any:
    """Return the sum along an axis with the rests of all additions, summed apart, added at the end.

    Exactly these roundings, from s = c = 0: ``t = s + x[i]; c = c + e; s = t`` with e the rest that `fast_two_sum`
    gives, the larger of s and x[i] first; the result is s + c.  The sum of rests is rounded as any other: it
    stands still when it has grown far beyond the next rest.  Parameters and result as for `kahan_sum`.

    Notes
    -----
    Neumaier, doi:10.1002/zamm.19740540106.

    Examples
    --------
    >>> x = np.array([1.0, 2.0**20, 1.0, -(2.0**20)])
    >>> float(neumaier_sum(x, Arithmetic("bf16"))), float(kahan_sum(x, Arithmetic("bf16")))
    (2.0, 0.0)
    """
    rows = _rows(x, axis)
    total = lost = np.zeros(rows.shape[1:], rows.dtype)
    for row in rows:
        larger = np.abs(total) >= np.abs(row)
        total, rest = fast_two_sum(np.where(larger, total, row), np.where(larger, row, total), arithmetic)
        lost = arithmetic.add(lost, rest)
    return arithmetic.add(total, lost)


def _rows(x: Any, axis: int) -> np.ndarray[Any, np.dtype[Any]]:
    a = np.asarray(x)
    if a.dtype.kind != "f" or not -a.ndim <= axis < a.ndim:
        raise UnsupportedInputError(
            f"cannot sum dtype {a.dtype} of shape {a.shape} along axis {axis}; legal: floats, and one of their axes"
        )
    return np.moveaxis(a, axis, 0)


def grow_pair(pair: _Pair, b: Any, arithmetic: Arithmetic) -> _Pair:
    """Return a pair plus a number: the sum of the first and the number, its rest added to the second, made normal.

    Exactly these roundings: ``r, t = fast_two_sum(m, b); fast_two_sum(r, e + t)``, so that |m| >= |b| is expected, and
    the second sum is the only place where something may be lost.

    Parameters
    ----------
    pair : pair of number or array
        Values m and e of the format; the pair stands for m + e.
    b : number or array
        A value of the format.
    arithmetic : Arithmetic

    Examples
    --------
    >>> grow_pair((256.0, 0.5), 0.25, Arithmetic("bf16"))
    (256.0, 0.75)
    """
    total, rest = fast_two_sum(pair[0], b, arithmetic)
    return fast_two_sum(total, arithmetic.add(pair[1], rest), arithmetic)


def multiply_pairs(x: _Pair, y: _Pair, arithmetic: Arithmetic) -> _Pair:
    """Return the product of two pairs as a pair, all but the product of their second numbers.

    Exactly these roundings: ``p, t = two_product(x0, y0); fast_two_sum(p, fma(x0, y1, fma(x1, y0, t)))``; parameters as
    for `grow_pair`.

    Examples
    --------
    >>> multiply_pairs((1.0, 0.0), (1.0, -0.00099945068359375), Arithmetic("bf16"))
    (1.0, -0.00099945068359375)
    """
    product, rest = two_product(x[0], y[0], arithmetic)
    return fast_two_sum(product, arithmetic.fma(x[0], y[1], arithmetic.fma(x[1], y[0], rest)), arithmetic)


class CollageState(NamedTuple):
    """What `collage_step` carries from step to step: pairs of arrays of values of the format, and the step's number."""

    parameter: _Pair
    moment: Any
    second: _Pair
    step: int = 0

    @classmethod
    def of(cls, parameter: Any) -> CollageState:
        """Return the state before the first step."""
        zero = np.zeros_like(np.asarray(parameter))
        return cls((parameter, zero), zero, (zero, zero))


def collage_step(
    state: CollageState,
    gradient: Any,
    arithmetic: Arithmetic,
    *,
    rate: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    decay: float = 0.0,
    plus: bool = False,
) -> CollageState:
    """Return the state after a step of AdamW in a narrow format, parameters kept as pairs, as Collage does.

    Exactly these roundings, every constant first rounded to nearest, and t the new number of the step::

        m = b1 m + (1 - b1) g                           two products, a sum
        v = b2 v + (1 - b2) (g g)                       the same, the square rounded
        d = -rate ((m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon) + decay p)
        p = grow_pair(p, d)

    With `plus`, v is a pair too, and so is b2, whose rest is rounded from the exact one:
    ``v = grow_pair(multiply_pairs(v, b2), (1 - b2) (g g))``; the root is that of its first number.  Otherwise b2 is a
    single value, which for 0.999 in bf16 is 1.

    Parameters
    ----------
    state : CollageState
    gradient : number or array
        Values of the format.
    arithmetic : Arithmetic
        In which every operation is rounded; to nearest, for pairs to be what they are for.
    rate, betas, epsilon, decay : float
        As for AdamW; the decay is no part of the gradient.
    plus : bool
        Whether the second moment is a pair, too.

    Notes
    -----
    Yu and others, Collage: light-weight low-precision strategy for LLM training, arXiv:2405.03637.

    Examples
    --------
    >>> state = CollageState.of(np.array([256.0]))
    >>> for _ in range(3):
    ...     state = collage_step(state, np.array([1.0]), Arithmetic("bf16"), rate=0.25, plus=True)
    >>> [part.tolist() for part in state.parameter]
    [[255.0], [0.25]]
    """
    fixed, t = arithmetic.constant, state.step + 1
    mul, add, div = arithmetic.mul, arithmetic.add, arithmetic.div
    first, last = betas
    moment = add(mul(fixed(first), state.moment), mul(fixed(1 - first), gradient))
    square = mul(fixed(1 - last), mul(gradient, gradient))
    if plus:
        near = float(fixed(last))
        second = multiply_pairs(state.second, (fixed(last), fixed(last - near)), arithmetic)
        second = grow_pair(second, square, arithmetic)
    else:
        second = add(mul(fixed(last), state.second[0]), square), state.second[1]
    root = arithmetic.sqrt(div(second[0], fixed(1 - last**t)))
    update = div(div(moment, fixed(1 - first**t)), add(root, fixed(epsilon)))
    if decay:
        update = add(update, mul(fixed(decay), state.parameter[0]))
    parameter = grow_pair(state.parameter, mul(fixed(-rate), update), arithmetic)
    return CollageState(parameter, moment, second, t)
