"""Results that follow from the kinds of the operands alone: zeros, infinities and NaN among them, as in IEEE 754."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.rounding import Rounding

__all__ = ["Specials", "specials"]

_Array = npt.NDArray[Any]


class Specials(NamedTuple):
    """Where results are zeros, infinities or NaN by the kinds of the operands, and which."""

    where: _Array
    values: _Array


def specials(name: str, x: list[_Array], mode: Rounding) -> Specials | None:
    """Return the results that are no finite number but zero, short of sums that cancel; None if there are none."""
    numbers = x[:1] if name == "power" else x
    finite = [np.isfinite(one) for one in numbers]
    zero = [one == 0 for one in numbers]
    if all(f.all() for f in finite) and not any(z.any() for z in zero) and (name != "sqrt" or (x[0] > 0).all()):
        return None
    kinds = [np.where(f & ~z, np.copysign(1.0, one), one) for f, z, one in zip(finite, zero, numbers, strict=True)]
    unbounded = ~np.logical_and.reduce(finite)
    with np.errstate(all="ignore"):
        if name == "power":
            return _power(kinds[0], x[1], unbounded | zero[0])
        where, values = _settled(name, kinds, zero)
    where |= unbounded
    if mode is Rounding.DOWN and name in ("add", "sub", "fma"):
        values = np.where((values == 0) & _opposite(name, kinds), -0.0, values)
    return Specials(where, values)


def _settled(name: str, x: list[_Array], zero: list[_Array]) -> tuple[_Array, _Array]:
    """Return where zeros (and negative numbers, under a root) settle the result, and the results for kinds."""
    if name == "add":
        return zero[0] & zero[1], x[0] + x[1]
    if name == "sub":
        return zero[0] & zero[1], x[0] - x[1]
    if name == "mul":
        return zero[0] | zero[1], x[0] * x[1]
    if name == "div":
        return zero[0] | zero[1], x[0] / x[1]
    if name == "sqrt":
        return zero[0] | (x[0] < 0), np.sqrt(x[0])
    return (zero[0] | zero[1]) & zero[2], x[0] * x[1] + x[2]


def _power(kind: _Array, n: _Array, settled: _Array) -> Specials:
    return Specials(settled & (n != 0), np.power(kind, np.where(n % 2 == 0, np.sign(n) * 2, np.sign(n))))


def _opposite(name: str, x: list[_Array]) -> Any:
    """Whether the two terms of a sum have different signs."""
    first = x[0] * x[1] if name == "fma" else x[0]
    second = -x[1] if name == "sub" else x[-1]
    return np.signbit(first) != np.signbit(second)
