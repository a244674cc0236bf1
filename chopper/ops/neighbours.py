"""The next values of a format, and the distance between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.engine.backend import elsewhere
from chopper.engine.operations.chosen import order
from chopper.engine.operations.neighbours import Line
from chopper.engine.operations.operands import gather, wide
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["nextafter", "nextdown", "nextup", "ulp"]


def nextup(x: Any, fmt: str | Format, *, out: Any = None) -> Any:
    """Return the least value of the format above x.

    Parameters
    ----------
    x : number or array
        Values of the format, infinities and NaN of it included.
    fmt : str or Format
    out : array, optional
        Where the result goes; may be `x`.

    Returns
    -------
    number or array
        Of the dtypes of `chopper.ops.add`.  Above both zeros lies the smallest positive value; above the largest value
        infinity, or where there is none that value itself, but NaR for posits and takums, whose codes go round: above
        NaR lies the lowest value (Posit Standard 2022, 5.3).  NaN stays NaN.

    Raises
    ------
    RangeError
        If a number is no value of the format; round it first.

    Examples
    --------
    >>> nextup(1.0, "e4m3"), nextup(0.0, "fp16"), nextup(65504.0, "fp16"), nextup(448.0, "e4m3")
    (1.125, 5.960464477539063e-08, inf, 448.0)
    >>> nextup(2.0**24, "posit8")
    nan
    """
    return _moved(x, None, fmt, out)


def nextdown(x: Any, fmt: str | Format, *, out: Any = None) -> Any:
    """Return the largest value of the format below x: the mirror of `nextup`.

    Examples
    --------
    >>> nextdown(1.0, "e4m3"), nextdown(-2.0, "int8")
    (0.9375, -3.0)
    """
    return _moved(x, float("-inf"), fmt, out)


def nextafter(x: Any, y: Any, fmt: str | Format, *, out: Any = None) -> Any:
    """Return the next value of the format after x in the direction of y; y where they are equal, NaN if one is NaN.

    Parameters and errors as for `nextup`; `y` is any number.

    Examples
    --------
    >>> nextafter(1.0, -5.0, "e4m3"), nextafter(0.0, 1.0, "posit8")
    (0.9375, 5.960464477539063e-08)
    """
    other = elsewhere((x, y))
    if other is not None:
        return other.operate(nextafter, (x, y), {"fmt": fmt, "out": out})
    line = Line(get(fmt))
    operands, target = gather((x, y), line.fmt, out)
    a, b = (_full(part, operands.size) for part in wide(operands.arrays))
    codes = line.codes(a)
    above, below = order(b) > order(a), order(b) < order(a)
    moved = np.where(above, line.up(codes), np.where(below, line.down(codes), codes))
    values = np.where(a == b, b, line.values(moved))
    return target.deliver(np.where(np.isnan(a) | np.isnan(b), np.nan, values))


def ulp(x: Any, fmt: str | Format, *, out: Any = None) -> Any:
    """Return the unit in the last place of x: its distance to the next value away from zero.

    For the largest and the lowest value it is the distance to the one before.  In a binade of a float format that is
    the quantum 2^(max(e, emin) - p + 1).  That of zero is the smallest value, that of an infinity infinite.

    Parameters and errors as for `nextup`.

    Examples
    --------
    >>> ulp(1.0, "bf16"), ulp(448.0, "e4m3"), ulp(0.0, "e4m3"), ulp(1.0, "posit16")
    (0.0078125, 32.0, 0.001953125, 0.00048828125)
    """
    other = elsewhere((x,))
    if other is not None:
        return other.operate(ulp, (x,), {"fmt": fmt, "out": out})
    line = Line(get(fmt))
    operands, target = gather((x,), line.fmt, out)
    (a,) = wide(operands.arrays)
    return target.deliver(_full(line.gaps(a), operands.size))


def _moved(x: Any, down: float | None, fmt: str | Format, out: Any) -> Any:
    other = elsewhere((x,))
    if other is not None:
        return other.operate(nextup if down is None else nextdown, (x,), {"fmt": fmt, "out": out})
    line = Line(get(fmt))
    operands, target = gather((x,), line.fmt, out)
    codes = line.codes(wide(operands.arrays)[0])
    values = line.values(line.up(codes) if down is None else line.down(codes))
    return target.deliver(_full(values, operands.size))


def _full(a: Any, size: int) -> Any:
    return a if a.size == size else np.full(size, a[0])
