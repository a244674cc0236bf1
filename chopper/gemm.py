"""Matrix products and dot products over any accumulator."""

from __future__ import annotations

from typing import Any

from chopper.accumulate import Accumulator
from chopper.engine.backend import elsewhere
from chopper.engine.gemm.paths import multiply
from chopper.engine.hardware.values import multiply_on
from chopper.engine.threads import as_threads
from chopper.errors import ChopperError, UnknownUnitError, UnsupportedInputError
from chopper.formats.registry import get
from chopper.hardware.base import Unit
from chopper.hardware.registry import unit

__all__ = ["dot", "matmul"]

_PLAIN = Accumulator()


def matmul(
    a: Any,
    b: Any,
    c: Any = None,
    *,
    accumulate: Accumulator | Unit | str | None = None,
    mode: str = "dequantized",
    out: Any = None,
    key: Any = None,
    threads: int | None = None,
) -> Any:
    """Return ``a @ b``, or ``c + a @ b``, with every rounding that an accumulator makes.

    Parameters
    ----------
    a, b : array or ScaledArray
        Shapes as for `numpy.matmul`: (..., M, K) and (..., K, N), the leading axes broadcast; of one axis: a row, a
        column.  float16, bfloat16, float32, float64 or integers; each element is the exact number that it is.  NumPy
        arrays, or arrays of an installed adapter.
    c : array, optional
        What the products are added to, broadcast to the shape of the result.
    accumulate : Accumulator, Unit or str
        Formats, mode and order; by default products and sums are rounded to float32, to nearest even, in sequence.
        A `chopper.hardware.Unit`, or the name of one, gives what that matrix unit gives: every number of `a`, `b` and
        `c` must then be one of the unit's formats, and `b` a `ScaledArray` with ``axis=-2`` where the unit has scales.
    mode : str
        What is done with a `ScaledArray`: "dequantized" takes its elements as the numbers that they stand for, exactly;
        "block" rounds ``acc = R_S(acc + the exact dot product of a block)`` once for each block, in turn, as
        ``Accumulator(fused=True, block=n)`` does; "exact" rounds once at the end, as ``sum="exact"`` does.
    out : array, optional
        Where the result goes, of its shape and dtype; it must not overlap the operands.
    key : int, pair of uint32, numpy.random.Generator or None
        For random modes, as for `chopper.chop`; which word an element uses when is told in `Accumulator`.
    threads : int, optional
        How many threads may be used; results do not depend on it.

    Returns
    -------
    array or NumPy scalar
        float32 where operands are float32 or narrower and float32 holds the format of the result, else float64.
        Bit-exact: every rounding is of the exact number that the formulas of `Accumulator` give.

    Raises
    ------
    UnsupportedInputError
        If shapes, dtypes or formats do not go together, or a number is not one of a unit's format.
    UnknownUnitError
        If there is no unit of that name.
    RangeError
        If a rounding overflows under ``overflow="raise"``.
    OutputError
        If `out` cannot be used; it is then untouched.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.full((1, 4096), 0.25, np.float32)
    >>> ones = np.ones((4096, 1), np.float32)
    >>> matmul(a, ones, accumulate=Accumulator(sum="bf16")).item()
    64.0
    >>> matmul(a, ones, accumulate=Accumulator(sum="bf16", order="blocked", block=64)).item()
    1024.0
    >>> matmul(a, ones, accumulate="h100.wgmma.e4m3").item()
    1024.0
    """
    return _product(matmul, a, b, c, accumulate, mode, out, key, threads)


def dot(
    a: Any,
    b: Any,
    c: Any = None,
    *,
    accumulate: Accumulator | Unit | str | None = None,
    mode: str = "dequantized",
    out: Any = None,
    key: Any = None,
    threads: int | None = None,
) -> Any:
    """Return the dot product of vectors, or of a matrix and a vector, as `numpy.dot` shapes it.

    Parameters are those of `matmul`; of at most two axes.

    Raises
    ------
    UnsupportedInputError
        As `matmul`; also for more axes.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.array([4096.0, 1, -4096]), np.array([1, 0.5, 1.0])
    >>> float(dot(x, y, accumulate=Accumulator(sum="posit16", fused=True)))
    0.0
    >>> float(dot(x, y, accumulate=Accumulator(sum="exact", result="posit16")))
    0.5
    """
    return _product(dot, a, b, c, accumulate, mode, out, key, threads)


def _product(
    function: Any, a: Any, b: Any, c: Any, accumulate: Any, mode: str, out: Any, key: Any, threads: Any
) -> Any:
    accumulate = _unit(accumulate) if isinstance(accumulate, str) else accumulate or _PLAIN
    other = elsewhere((a, b, c))
    most_axes = 2 if function is dot else None
    if other is not None:
        keywords = {"accumulate": accumulate, "mode": mode, "out": out, "key": key, "threads": threads}
        return other.operate(function, (a, b, c), keywords)
    if isinstance(accumulate, Unit):
        return multiply_on(accumulate, a, b, c, mode, out, as_threads(threads), most_axes)
    return multiply(a, b, c, accumulate, mode, out, key, as_threads(threads), most_axes)


def _unit(name: str) -> Unit:
    """Return the unit of a name; that of a format is a mistake with a cure of its own."""
    try:
        return unit(name)
    except UnknownUnitError as error:
        try:
            get(name)
        except ChopperError:
            raise error from None
        raise UnsupportedInputError(
            f"accumulate={name!r} is the name of a format; pass Accumulator(sum={name!r}), or the name of a unit of "
            "hardware, as 'h100.wgmma.e4m3'"
        ) from None
