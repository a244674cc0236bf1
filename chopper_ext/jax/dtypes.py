"""Dtypes of JAX arrays: which carry values, which hold codes, and which format each of them stores."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chopper.engine.backend import Request, native, portable_plan
from chopper.errors import FormatError, RangeError, UnknownFormatError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = [
    "as_dtype",
    "code_dtype",
    "codes_of",
    "format_of",
    "holds",
    "need_x64",
    "pattern_dtype",
    "result_dtype",
    "value_dtype",
]

_VALUES = ("float16", "bfloat16", "float32", "float64")


@cache
def format_of(dtype: Any) -> Format | None:
    """Return the format whose codes are the patterns of a dtype; None for what chopper does not know."""
    try:
        return get(jnp.dtype(dtype).name)
    except (TypeError, FormatError, UnknownFormatError):
        return None


def pattern_dtype(dtype: Any) -> str:
    """Return the name of the dtype whose patterns an array holds; truth values are uint8."""
    return "uint8" if dtype == jnp.bool_ else str(dtype.name)


def result_dtype(dtype: Any) -> str:
    """Return the dtype of rounded values: the same, float32 for float8 and the like, float64 for integers.

    Raises
    ------
    UnsupportedInputError
        If arrays of the dtype cannot be rounded, or only where x64 is enabled.
    """
    if dtype == jnp.bool_ or jnp.issubdtype(dtype, jnp.integer):
        need_x64("integers are rounded as float64; convert them with x.astype(jax.numpy.float32)")
        return "float64"
    if not jnp.issubdtype(dtype, jnp.floating):
        raise UnsupportedInputError(f"cannot round dtype {dtype}; legal: {', '.join(_VALUES)} and integers")
    name: str = dtype.name
    return name if name in _VALUES else "float32"


def value_dtype(dtype: Any) -> str:
    """Return float32 or float64 for decoded values.

    Raises
    ------
    UnsupportedInputError
        If it is another one, or float64 where x64 is not enabled.
    """
    try:
        name: str = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise UnsupportedInputError(f"dtype={dtype!r} cannot hold decoded values here; legal: float32, float64")
    if name == "float64":
        need_x64("dtype is float64; pass float32")
    return name


def code_dtype(fmt: Format) -> str:
    """Return the smallest unsigned dtype that holds the codes of a format.

    Raises
    ------
    UnsupportedInputError
        If it is uint64 where x64 is not enabled.
    """
    bits = max(8, 1 << (fmt.bits - 1).bit_length())
    if bits == 64:
        need_x64(f"codes of {fmt} are uint64")
    return f"uint{bits}"


def codes_of(codes: Any, fmt: Format) -> Any:
    """Return codes as unsigned integers; an array of the dtype that stores the format holds its codes.

    Raises
    ------
    UnsupportedInputError
        If they are no integers.
    RangeError
        If one of them is no code of the format, unless they are traced.
    """
    own = format_of(codes.dtype)
    if own == fmt:
        return lax.bitcast_convert_type(codes, f"uint{fmt.bits}")
    top = (1 << fmt.bits) - 1
    if not jnp.issubdtype(codes.dtype, jnp.integer):
        raise UnsupportedInputError(f"cannot decode dtype {codes.dtype} as {fmt}; legal: integers from 0 to {top}")
    width = 8 * codes.dtype.itemsize
    if isinstance(codes, jax.core.Tracer):
        bits = lax.bitcast_convert_type(codes, f"uint{width}")
        return bits if width <= fmt.bits else bits & top
    if codes.size and codes.dtype != f"uint{fmt.bits}":
        for code in (int(codes.min()), int(codes.max())):
            if not 0 <= code <= top:
                raise RangeError(f"{code} is not a code of {fmt}; legal: 0 to {top}")
    return codes


def as_dtype(codes: Any, fmt: str | Format) -> jax.Array:
    """Return codes as an array of the JAX dtype that stores the format, without changing a bit.

    `chopper.decode` takes either.

    Raises
    ------
    UnsupportedInputError
        If JAX has no such dtype, or the codes are not of the format's size.

    Examples
    --------
    >>> import chopper, jax.numpy as jnp
    >>> as_dtype(chopper.encode(jnp.array([0.3, 1000.0]), "e4m3"), "e4m3")
    Array([0.3125, 448], dtype=float8_e4m3fn)
    """
    wanted = get(fmt)
    if (dtype := _dtype_of(wanted)) is None:
        raise UnsupportedInputError(f"JAX has no dtype that stores {wanted}; keep the codes as integers")
    if codes.dtype.name != f"uint{max(wanted.bits, 8)}":
        raise UnsupportedInputError(f"codes have dtype {codes.dtype}; pass those that chopper.encode gives")
    return lax.bitcast_convert_type(codes.astype(f"uint{wanted.bits}"), dtype)


@cache
def _dtype_of(fmt: Format) -> Any:
    kinds = [kind for kind in vars(jnp).values() if isinstance(kind, type(jnp.float32))]
    return next((jnp.dtype(kind) for kind in kinds if format_of(kind) == fmt), None)


@cache
def holds(dtype: str, fmt: Format) -> bool:
    """Whether a float dtype is known to hold every value of a format."""
    wide = get(dtype).bits
    try:
        portable_plan("decode", Request(fmt), max(wide, 32))
    except RangeError:
        return False
    if wide >= 32:
        return True
    if fmt.bits > 16:
        return False
    values = native().decode(np.arange(1 << fmt.bits), fmt, np.float32, None, 1)
    with np.errstate(all="ignore"):
        same = values.astype(jnp.dtype(dtype)).astype(np.float32) == values
    return bool((same | np.isnan(values)).all())


def need_x64(why: str) -> None:
    """Raise UnsupportedInputError, for a reason that says what else to do, unless JAX has 64 bits."""
    if jax.dtypes.canonicalize_dtype(np.float64).itemsize < 8:
        advice = "or let JAX have 64 bits: jax.config.update('jax_enable_x64', True)"
        raise UnsupportedInputError(f"{why}, {advice}")
