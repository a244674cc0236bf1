"""Products on codes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.inputs import as_array, as_codes
from chopper.engine.threads import as_threads
from chopper.errors import UnsupportedInputError
from chopper.formats.registry import get
from chopper.hardware.base import Unit
from chopper.hardware.registry import unit as find

__all__ = ["products", "run"]

_Array = npt.NDArray[Any]


def products(
    unit: str | Unit, a: Any, b: Any, c: Any = None, *, scales: Any = None, threads: int | None = None
) -> _Array:
    """Return what a unit returns for codes: ``d[m, n] = c[m, n] + sum over k of a[m, k] b[n, k]``, as it adds.

    Parameters
    ----------
    unit : Unit or str
    a, b : arrays of unsigned integers
        Codes of the operands' formats, of shapes (..., M, K) and (..., N, K): row n of `b` is column n of the matrix.
        The leading axes are broadcast.  int8 and int32 are in two's complement, as signed or unsigned integers of that
        width; operands in tf32 are codes of float32, of which the hardware ignores the low 13 bits.
    c : array of unsigned integers, optional
        Codes of what is added to, (..., M, N); zeros by default.
    scales : pair of arrays of unsigned integers
        Of a unit with scales: their codes for `a` and `b`, (..., M, K / block) and (..., N, K / block), rounded up.
    threads : int, optional
        How many threads may be used; results do not depend on it.  Units of integers multiply by NumPy, which has its
        own.

    Returns
    -------
    array of unsigned integers
        Codes of results, (..., M, N), in the format `Unit.c`.  Bit-exact to the extent that `Unit.evidence` says.
        K longer than `Unit.k` chains instructions in the order of k, each adding to the result of the one before.

    Raises
    ------
    UnsupportedInputError, RangeError
        If shapes do not go together, a number is not a code, or `threads` is no positive integer.
    UnknownUnitError
        If there is no such unit.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.full((1, 32), 0x38, np.uint8)
    >>> hex(products("h100.wgmma.e4m3", ones, ones).item())
    '0x42000000'
    """
    unit = find(unit)
    threads = as_threads(threads)
    x, y = _checked(a, unit.a), _checked(b, unit.b)
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise UnsupportedInputError(
            f"shapes {x.shape} and {y.shape} do not go together; legal: a (..., M, K) and b (..., N, K)"
        )
    try:
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise UnsupportedInputError(f"shapes {x.shape} and {y.shape}: the leading axes do not broadcast") from None
    shape = (*batch, x.shape[-2], y.shape[-2])
    z = np.zeros(shape, _dtype(unit.c)) if c is None else _checked(c, unit.c)
    try:
        z = np.broadcast_to(z, shape)
    except ValueError:
        raise UnsupportedInputError(f"c has the shape {z.shape}, which does not broadcast to {shape}") from None
    return run(unit, x, y, z, threads, _scales(unit, scales, x, y))


def _scales(unit: Unit, scales: Any, a: _Array, b: _Array) -> tuple[_Array, _Array] | None:
    """Return checked scales."""
    if not unit.scale:
        if scales is not None:
            raise UnsupportedInputError(f"{unit.name} has no scales; leave scales= out")
        return None
    if not isinstance(scales, (tuple, list)) or len(scales) != 2:
        raise UnsupportedInputError(f"{unit.name} needs scales=(codes of {unit.scale} for a, for b)")
    found = []
    for given, x in zip(scales, (a, b), strict=True):
        codes = as_codes(given, get("e8m0"))  # any byte: the sign bit of another format does not count
        shape = (*x.shape[:-1], -(-x.shape[-1] // unit.block))
        if codes.shape != shape:
            raise UnsupportedInputError(f"scales have the shape {codes.shape}; legal: {shape}, one for {unit.block} k")
        found.append(codes)
    return found[0], found[1]


def run(
    unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None, scales: tuple[_Array, _Array] | None = None
) -> _Array:
    """Return the products of checked codes; c has the shape of the result."""
    batch, terms = c.shape[:-2], a.shape[-1]
    if not c.size or not terms:
        return c.copy()
    stacks = [_stack(x, batch) for x in (a, b, c)]
    more = () if scales is None else (tuple(_stack(x, batch) for x in scales),)
    engine = import_module(f"chopper.engine.hardware.{unit.model.engine}")
    found: _Array = engine.products(unit, *stacks, threads, *more)
    return found.reshape(c.shape)


def _stack(x: _Array, batch: tuple[int, ...]) -> _Array:
    """Return a contiguous stack of matrices."""
    return np.ascontiguousarray(np.broadcast_to(x, (*batch, *x.shape[-2:])).reshape(-1, *x.shape[-2:]))


def _dtype(name: str) -> np.dtype[Any]:
    """Return the dtype of the codes of a format; those of tf32 are codes of float32."""
    bits = 32 if name == "tf32" else get(name).bits
    return np.dtype(f"u{max(1, 1 << (bits - 1).bit_length() >> 3)}")


def _checked(x: Any, name: str) -> _Array:
    """Return checked codes."""
    dtype = _dtype(name)
    given = as_array(x)
    if given.dtype.kind == "i" and given.dtype.itemsize == dtype.itemsize and name.startswith("int"):
        return given.astype(f"i{dtype.itemsize}", copy=False).view(dtype)
    return as_codes(given, get("fp32" if name == "tf32" else name))
