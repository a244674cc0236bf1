"""Promotion: which arithmetic an operation has, and how plain numbers enter it.

1. ChopArrays of one arithmetic (format, rounding, overflow, random bits, order) have that arithmetic.  Where they have
   streams of keys of their own, that of the first operand is drawn from.
2. A plain operand, number or array, is rounded first, as `chopper.array` rounds it: in the same mode, in random modes
   with a key of the stream.  ``0.1 * x`` is ``array(0.1, x.arithmetic) * x``.
3. Integers that are no operands but counts stay exact: the exponent in ``x ** 3`` and `numpy.ldexp`, the divisor of a
   mean.
4. ChopArrays of different arithmetics meet in no operation, unless ``out=`` names one: then operands are taken as the
   exact numbers they are, and the result is rounded once, to the arithmetic of ``out``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError

__all__ = ["Holder", "common", "enter", "entered", "holders_in", "is_plain", "plain_of"]

_Array = npt.NDArray[Any]


class Holder:
    """Values of a format and their arithmetic: what operations need to know of a `ChopArray`."""

    __slots__ = ("_arithmetic", "_values")

    _values: _Array
    _arithmetic: Arithmetic

    @classmethod
    def __chopped__(cls, values: _Array, arithmetic: Arithmetic) -> Any:
        """Return an array of values that are already of the format, in its dtype; they are not copied."""
        made = object.__new__(cls)
        made._values = values
        made._arithmetic = arithmetic
        return made


def is_plain(x: Any) -> bool:
    """Whether an operand is a plain number or array."""
    return isinstance(x, (float, int, np.ndarray, np.generic, list, tuple))


def common(operands: Iterable[Any]) -> Arithmetic:
    """Return the arithmetic that the ChopArrays among the operands have in common; there must be one.

    Raises
    ------
    UnsupportedInputError
        If two of them differ.
    """
    first: Arithmetic | None = None
    for one in operands:
        if isinstance(one, Holder):
            other = one._arithmetic
            if first is None:
                first = other
            elif first is not other and not first.agrees(other):
                raise UnsupportedInputError(
                    f"operands of {first!r} and {other!r} meet in one operation; convert one of them with "
                    f"astype, as in y.astype(x.arithmetic), or name the arithmetic of the result: out=, or "
                    "chopper.Arithmetic(...).add(x, y)"
                )
    assert first is not None
    return first


def enter(x: Any, arithmetic: Arithmetic) -> _Array:
    """Return an operand's values: those of a ChopArray as they are, a plain one rounded."""
    if isinstance(x, Holder):
        return x._values
    if type(x) is float or type(x) is int:
        return arithmetic.literal(x)
    return arithmetic.values_of(plain_of(x))


def entered(x: Any, arithmetic: Arithmetic) -> _Array:
    """Return what is stored in an array of this arithmetic: rounded, unless it is one of the same format already."""
    if isinstance(x, Holder):
        return x._values if x._arithmetic.fmt == arithmetic.fmt else arithmetic.values_of(x._values)
    return enter(x, arithmetic)


def plain_of(x: Any) -> Any:
    """Return a number or array as it is, nested sequences and arrays of objects as an array of numbers."""
    if isinstance(x, Holder):
        return x._values
    if isinstance(x, (list, tuple)):
        x = np.asarray(x)
    if isinstance(x, np.ndarray) and x.dtype == object and any(isinstance(one, Holder) for one in x.flat):
        return x.astype(np.float64)
    return x


def holders_in(x: Any) -> list[Holder]:
    """Return the ChopArrays among nested sequences of arguments."""
    if isinstance(x, Holder):
        return [x]
    if isinstance(x, (list, tuple)):
        return [one for part in x for one in holders_in(part)]
    if isinstance(x, np.ndarray) and x.dtype == object:
        return [one for one in x.flat if isinstance(one, Holder)]
    return []
