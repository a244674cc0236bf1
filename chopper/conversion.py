"""chop, encode, decode: values to values, values to codes, codes to values."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.engine.backend import Draw, backend_of
from chopper.engine.plan import request
from chopper.engine.threads import as_threads
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.formats.scale_rule import ScaleRule
from chopper.random import Chunk
from chopper.rounding import Overflow, Rounding
from chopper.scaled import ScaledArray, wrapped

__all__ = ["chop", "decode", "encode"]


def chop(
    x: Any,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    axis: int | tuple[int, ...] = -1,
    scaling: str | ScaleRule | None = None,
    scale: Any = None,
    out: Any = None,
    random_bits: int = 32,
    random_words: Any = None,
    offset: int | Chunk = 0,
    compat: str | None = None,
    threads: int | None = None,
) -> Any:
    """Round every element of `x` to a value of a format.

    Parameters
    ----------
    x : number or array
        Python number, NumPy scalar or array of any layout, or an array of an installed adapter; float16, bfloat16,
        float32, float64 or integers.
    fmt : str or Format
        A name (``"e4m3"``), a grammar string (``"e5m10"``, ``"binary8p3se"``) or a `Format`.
    rounding : str or Rounding
        See `Rounding`.
    key : int, pair of uint32, numpy.random.Generator or None
        For stochastic modes: the random word of an element depends on the key and on its index alone, in C order.
        None draws fresh entropy.
    overflow : str, Overflow or None
        See `Overflow`; by default ``infinity`` where the format has infinities, ``propagate`` for posits and takums,
        else ``saturate``.
    axis : int or tuple of int
        The axis along which formats with shared scales form their blocks; of blocks over several axes the last one,
        or all of them.  Formats of single numbers have none and ignore it.
    scaling : str or ScaleRule, optional
        How a format with shared scales finds them, in place of its own rule: "floor", "ceil", "rceil", "even".
    scale : number or array, optional
        The scales themselves, one for all or one for each block of the outermost level, in place of what would be
        measured; they are rounded to the scale format.
    out : array, optional
        Where the result goes, of the shape and dtype of the result; may be `x` itself.
    random_bits : int
        How many random bits a stochastic mode uses, 1 to 32.
    random_words : array of uint32, optional
        The random words themselves, in place of those that `key` gives; the top `random_bits` of each are used.
    offset : int or Chunk
        Index of the first element, for chunks of a larger array; a `chopper.random.Chunk` where the elements of the
        chunk do not follow each other there.
    compat : str, optional
        Round as another tool does: "ml_dtypes", "torch", "torch<2.12", "cuda", "onnx", "p3109", "matlab_chop".
    threads : int, optional
        How many threads large arrays may use; all processors by default.  Results do not depend on it.

    Returns
    -------
    number or array
        Of the kind, shape and dtype of `x`; integers give float64, Python numbers give float.  Bit-exact: the
        correctly rounded value by the definition of the mode.  NaNs are quiet.

    Raises
    ------
    UnknownFormatError, FormatError, RoundingError, PolicyError, RandomKeyError
        If an argument names nothing or does not suit the format.
    RangeError
        If a result does not fit the dtype of `x`, or overflows under ``overflow="raise"``.
    UnsupportedInputError, OutputError
        If `x` or `out` cannot be used; `out` is then untouched.

    Examples
    --------
    >>> chop(0.1, "e4m3")
    0.1015625
    >>> chop(500.0, "e5m2", "up")
    512.0
    >>> import numpy as np
    >>> chop(np.array([0.3, 1000.0], np.float32), "e4m3").tolist()
    [0.3125, 448.0]
    """
    asked = request(get(fmt), rounding, overflow, random_bits, compat, axis=axis, scaling=scaling, scale=scale)
    return backend_of(x).round(x, asked, Draw(key, offset, random_words), out, as_threads(threads))


def encode(
    x: Any,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    axis: int | tuple[int, ...] = -1,
    scaling: str | ScaleRule | None = None,
    scale: Any = None,
    out: Any = None,
    random_bits: int = 32,
    random_words: Any = None,
    offset: int | Chunk = 0,
    compat: str | None = None,
    threads: int | None = None,
) -> Any:
    """Round every element of `x` to a format and return the codes.

    Parameters are those of `chop`.

    Returns
    -------
    int, array or ScaledArray
        Codes, in the smallest of uint8, uint16, uint32, uint64 that holds them; a Python int for a Python number; for a
        format with shared scales a `ScaledArray`, which holds the codes of the scales too.
        ``decode(encode(x, fmt), fmt)`` equals ``chop(x, fmt)`` bit for bit, up to the payload of NaNs.

    Examples
    --------
    >>> encode(1.0, "e4m3")
    56
    >>> import numpy as np
    >>> encode(np.array([1.0, -448.0]), "e4m3")
    array([ 56, 254], dtype=uint8)
    >>> encode(np.array([1.0, -448.0, 3.0]), "mxfp8").scales[0].tolist()
    [1.0]
    """
    asked = request(get(fmt), rounding, overflow, random_bits, compat, axis=axis, scaling=scaling, scale=scale)
    codes = backend_of(x).encode(x, asked, Draw(key, offset, random_words), out, as_threads(threads))
    return wrapped(codes, asked.fmt, axis)


def decode(
    codes: Any, fmt: str | Format | None = None, dtype: Any = np.float32, *, out: Any = None, threads: int | None = None
) -> Any:
    """Return the value of every code.

    Parameters
    ----------
    codes : int, array of integers or ScaledArray
        Codes of the format.
    fmt : str or Format
        As for `chop`; a `ScaledArray` knows its own.
    dtype : dtype
        float32 or float64; it must hold every value of the format, unless its elements share scales.
    out, threads
        As for `chop`.

    Returns
    -------
    float or array
        The exact values; for a format with shared scales rounded once to `dtype`, see `ScaledArray.decode`.

    Raises
    ------
    RangeError
        If an element is no code of the format, or `dtype` does not hold the format.
    UnsupportedInputError
        If the codes are no integers, `dtype` is another one, or `fmt` is missing or another one than the array's.

    Examples
    --------
    >>> decode(56, "e4m3")
    1.0
    >>> import numpy as np
    >>> decode(np.array([0x7e, 0x7f], np.uint8), "e4m3")
    array([448.,  nan], dtype=float32)
    """
    if isinstance(codes, ScaledArray):
        return codes.decode_as(fmt, dtype, out, as_threads(threads))
    if fmt is None:
        raise UnsupportedInputError("plain codes do not know their format; pass fmt=")
    return backend_of(codes).decode(codes, get(fmt), dtype, out, as_threads(threads))
