"""Softmax and its logarithm's denominator, as sequences of rounded operations in a fixed order."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.backend import elsewhere
from chopper.engine.operations.flags import Flags
from chopper.formats.base import Format
from chopper.ops.basic import add, div, sub
from chopper.ops.functions import exp, log
from chopper.rounding import Overflow, Rounding

__all__ = ["logsumexp", "softmax"]

_Array = npt.NDArray[Any]


class _Steps(NamedTuple):
    """Operations with everything but the operands in place; modes with chance draw a new key for each of them."""

    add: Any
    sub: Any
    div: Any
    exp: Any
    log: Any


def softmax(
    x: Any,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    axis: int = -1,
    key: Any = None,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
    flags: Flags | None = None,
) -> Any:
    """Return e^x / sum(e^x) along an axis, every operation rounded.

    The order is: m = max(x), exactly; d = x - m; e = exp(d); s = ((e_0 + e_1) + e_2) + ... from the first to the last;
    e / s.  Each of these differences, exponentials, sums and quotients is correctly rounded to `fmt`.

    Parameters
    ----------
    x : array
        Taken as the exact numbers they are; no scalar.
    fmt, rounding, overflow, random_bits, flags
        See `chopper.ops.add`.
    axis : int
        Along which results add up to about 1.
    key : int, numpy.random.Generator or None
        For stochastic modes: the seed of ``numpy.random.default_rng``, or a generator; each of the operations, in the
        order above, takes its next key.

    Returns
    -------
    array
        Of the shape of `x`; the dtype is that of `chopper.ops.sub`.  NaN where the maximum is infinite or NaN.

    Raises
    ------
    UnknownFormatError, FormatError, RoundingError, PolicyError, RandomKeyError, RangeError, UnsupportedInputError
        As operations do.

    Examples
    --------
    >>> softmax([1.0, 2.0, 3.0], "e4m3").tolist()
    [0.09375, 0.25, 0.6875]
    """
    other = elsewhere((x,))
    if other is not None:
        given = {"key": key, "overflow": overflow, "random_bits": random_bits, "flags": flags}
        return other.operate(softmax, (x,), {"fmt": fmt, "rounding": rounding, "axis": axis, **given})
    steps = _steps(fmt, rounding, key, overflow, random_bits, flags)
    powers, _ = _powers(x, axis, steps)
    return np.moveaxis(steps.div(powers, _total(powers, steps)), 0, axis)


def logsumexp(
    x: Any,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    axis: int = -1,
    key: Any = None,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
    flags: Flags | None = None,
) -> Any:
    """Return ln(sum(e^x)) along an axis, every operation rounded.

    The order is: m, d, e and s as in `softmax`; log(s); m + log(s).  Parameters and errors are those of `softmax`.

    Returns
    -------
    array or number
        Without that axis; the dtype is that of `chopper.ops.sub`.

    Examples
    --------
    >>> float(logsumexp([1.0, 2.0, 3.0], "e4m3"))
    3.5
    """
    other = elsewhere((x,))
    if other is not None:
        given = {"key": key, "overflow": overflow, "random_bits": random_bits, "flags": flags}
        return other.operate(logsumexp, (x,), {"fmt": fmt, "rounding": rounding, "axis": axis, **given})
    steps = _steps(fmt, rounding, key, overflow, random_bits, flags)
    powers, largest = _powers(x, axis, steps)
    return steps.add(largest, steps.log(_total(powers, steps)))


def _steps(fmt: Any, rounding: Any, key: Any, overflow: Any, random_bits: int, flags: Flags | None) -> _Steps:
    options = {"fmt": fmt, "rounding": rounding, "overflow": overflow, "random_bits": random_bits, "flags": flags}
    if Rounding.parse(rounding).random:
        options["key"] = np.random.default_rng(key)
    return _Steps(*(partial(operation, **options) for operation in (add, sub, div, exp, log)))


def _powers(x: Any, axis: int, steps: _Steps) -> tuple[_Array, _Array]:
    """Return exp(x - max) with the axis in front, and the maximum."""
    numbers = np.moveaxis(np.asarray(x), axis, 0)
    largest = numbers.max(axis=0)
    return steps.exp(steps.sub(numbers, largest)), largest


def _total(powers: _Array, steps: _Steps) -> _Array:
    total: _Array = powers[0]
    for power in powers[1:]:
        total = steps.add(total, power)
    return total
