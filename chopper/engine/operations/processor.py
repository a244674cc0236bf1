"""Where the processor itself is the emulator: float32 and float64 to nearest, on operands of middling size."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.plan import Request
from chopper.engine.run import loop_for
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["in_hardware", "kind_of"]

_Array = npt.NDArray[Any]

_UFUNCS = MappingProxyType({"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "sqrt": np.sqrt})
_FIELDS = MappingProxyType({"f": (963, 1083), "d": (623, 1423)})
"""Exponent fields of operands, as float64, whose results are normal numbers even after cancelling."""


def kind_of(name: str, asked: Request) -> np.dtype[Any] | None:
    """Return the dtype in which an operation to a format in a mode is what the processor does, or None."""
    if asked.rounding is not Rounding.NEAREST_EVEN or asked.overflow not in (None, Overflow.INFINITY):
        return None
    for kind, fmt in (("f4", "fp32"), ("f8", "fp64")):
        if asked.fmt == get(fmt) and (name in _UFUNCS or (name, fmt) == ("fma", "fp64")):
            return np.dtype(kind)
    return None


def in_hardware(name: str, arrays: tuple[_Array, ...], out: _Array) -> bool:
    """Run an operation on the processor; False, and nothing done, where its result might not be the exact one rounded.

    Subnormal numbers are left out, which the processor may be told to flush, and so are zeros of quotients, negative
    numbers under roots, infinities and NaN.
    """
    low, high = _FIELDS[out.dtype.char]
    for a in arrays:
        entry = loop_for("operations.fast_loops.plain", a, a, a, low, high)
        if a.dtype != out.dtype or entry is None or not entry(a, low, high):
            return False
    if (name == "div" and not arrays[1].all()) or (name == "sqrt" and (arrays[0] < 0).any()):
        return False
    if name in _UFUNCS:
        _UFUNCS[name](*arrays, out=out)
        return True
    entry = loop_for("operations.fast_loops.fused", arrays[0], out, *arrays, out)
    if entry is None:
        return False
    entry(*arrays, out)
    return True
