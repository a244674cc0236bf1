"""What may come in and go out: the checks on NumPy inputs, codes, random words and ``out``."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from chopper.errors import (
    FormatError,
    OutputError,
    RandomKeyError,
    RangeError,
    UnknownFormatError,
    UnsupportedInputError,
)
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["as_array", "as_codes", "as_real", "as_words", "check_out", "code_dtype", "exact_float", "is_number"]

_Array = npt.NDArray[Any]

_SMALL_FLOATS = ("bfloat16", "float8_", "float6_", "float4_")
_LEGAL = "float16, bfloat16, float32, float64 and integers"


def is_number(x: Any) -> TypeGuard[float]:
    """Whether `x` is a plain Python number, not a NumPy scalar."""
    return type(x) in (float, int, bool)


def as_real(x: Any) -> _Array:
    """Return `x` as an array of a real dtype, without copying arrays.

    Raises
    ------
    UnsupportedInputError
        For complex, object, string, datetime, structured, extended-precision and masked input.
    RangeError
        For a Python integer without an exact float64.
    """
    a = as_array(exact_float(x) if type(x) is int else x)
    dtype = a.dtype
    if dtype.char in "efdl":
        return a
    named = dtype.name.startswith(_SMALL_FLOATS)
    if dtype.kind in "iub" or named or dtype in (np.float16, np.float32, np.float64):
        return a.astype(np.float32) if named and not dtype.name.startswith("bfloat16") else a
    if dtype.name in ("int4", "uint4", "int2", "uint2"):
        return a.astype(np.int8)
    cures = {
        "c": "round real and imaginary parts apart",
        "O": "convert it with astype(numpy.float64)",
        "f": "extended precision has no exact carrier; convert it with astype(numpy.float64)",
    }
    cure = cures.get(dtype.kind, "pass numbers")
    raise UnsupportedInputError(f"cannot round dtype {dtype}: {cure}; legal: {_LEGAL}")


def exact_float(x: float) -> float:
    """Return a Python number as a float.

    Raises
    ------
    RangeError
        If it is an integer that float64 does not hold.
    """
    try:
        number = float(x)
    except OverflowError:
        number = math.inf
    if isinstance(x, int) and (math.isinf(number) or int(number) != x):
        text = str(x) if x.bit_length() < 256 else f"of {x.bit_length()} bits"
        raise RangeError(f"the integer {text} has no exact float64; convert it to float first")
    return number


def as_array(x: Any) -> _Array:
    """Return `x` as an array, without copying arrays.

    Raises
    ------
    UnsupportedInputError
        For masked input, and for sequences of unequal lengths.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise UnsupportedInputError("cannot round a masked array; round x.data and keep x.mask, or fill it first")
    try:
        return np.asarray(x)
    except ValueError as error:
        raise UnsupportedInputError(f"cannot make an array of this input ({error}); legal: {_LEGAL}") from None


def code_dtype(fmt: Format) -> np.dtype[Any]:
    """Return the smallest unsigned dtype that holds the codes of a format."""
    return np.dtype(f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")


@lru_cache(maxsize=1024)
def _stores(dtype: str, fmt: Format) -> bool:
    """Whether the patterns of a dtype, of NumPy or of ml_dtypes, are the codes of a format: it bears that name then."""
    try:
        return get(dtype) == fmt
    except (UnknownFormatError, FormatError):
        return False


def as_codes(codes: Any, fmt: Format) -> _Array:
    """Return codes in the dtype of the format's codes; an array of the dtype that stores the format holds its codes.

    Raises
    ------
    UnsupportedInputError
        If they are no integers.
    RangeError
        If one of them is not a code of the format.
    """
    a = as_array(codes)
    if _stores(a.dtype.name, fmt):
        a = a.astype(a.dtype.newbyteorder("="), copy=False).view(f"u{a.itemsize}")
    if a.dtype.kind not in "iu":
        raise UnsupportedInputError(f"cannot decode dtype {a.dtype}; legal: integers from 0 to {(1 << fmt.bits) - 1}")
    wanted = code_dtype(fmt)
    full = fmt.bits == 8 * wanted.itemsize
    if not (full and a.dtype == wanted) and a.size:
        for code in (int(a.min()), int(a.max())):
            if not 0 <= code < 1 << fmt.bits:
                raise RangeError(f"{code} is not a code of {fmt}; legal: 0 to {(1 << fmt.bits) - 1}")
    return a.astype(wanted, copy=False)


def as_words(words: Any, shape: tuple[int, ...]) -> npt.NDArray[np.uint32]:
    """Return given random words, flat.

    Raises
    ------
    RandomKeyError
        If they are no uint32 of the shape of the input.
    """
    a = np.asarray(words)
    if a.dtype != np.uint32 or a.shape != shape:
        raise RandomKeyError(
            f"random_words has dtype {a.dtype} and shape {a.shape}; pass uint32 of the input's shape {shape}"
        )
    return np.ascontiguousarray(a).reshape(-1)


def check_out(out: Any, x: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Array | None:
    """Return `out` after checking that a result of this shape and dtype can be written to it.

    Raises
    ------
    OutputError
        If it is no array, of another shape or dtype, read-only, or overlaps `x` without being `x`.
    """
    if out is None:
        return None
    if not isinstance(out, np.ndarray):
        raise OutputError(f"out is a {type(out).__name__}; pass a numpy.ndarray of dtype {dtype} and shape {shape}")
    if out.shape != shape or out.dtype != dtype:
        raise OutputError(f"out has dtype {out.dtype} and shape {out.shape}; pass dtype {dtype} and shape {shape}")
    if not out.flags.writeable:
        raise OutputError("out is read-only; pass a writeable array")
    if out is not x and isinstance(x, np.ndarray) and np.may_share_memory(x, out) and not _same(x, out):
        raise OutputError("out overlaps the input without being the input; pass out=x or separate memory")
    return out


def _same(x: _Array, out: _Array) -> bool:
    """Whether the two are one array, or lie interleaved without sharing an element."""
    one = x.ctypes.data == out.ctypes.data and x.dtype == out.dtype and x.strides == out.strides
    return one or not np.shares_memory(x, out)
