"""Codes of operands as significands and exponents."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get

__all__ = ["INFINITE", "NAN", "Lanes", "decoded", "layout_of"]

_Array = npt.NDArray[Any]
FINITE, INFINITE, NAN = 0, 1, 2
"""Kinds of operands."""


class Lanes(NamedTuple):
    """Numbers s 2^(e - digits), and which of them are none; those have s = 0, but an infinity its sign."""

    s: npt.NDArray[np.int32]
    e: npt.NDArray[np.int32]
    kind: npt.NDArray[np.uint8]
    digits: int

    def cut(self, k: slice) -> Lanes:
        """Return a part of the last axis."""
        return Lanes(self.s[..., k], self.e[..., k], self.kind[..., k], self.digits)

    @property
    def special(self) -> bool:
        """Whether an infinity or NaN is among them."""
        return bool(self.kind.any())


@lru_cache(maxsize=64)
def layout_of(name: str) -> FloatFormat:
    """Return the format of an operand, which is a binary one."""
    fmt = get(name)
    assert isinstance(fmt, FloatFormat)
    return fmt


def decoded(codes: _Array, name: str) -> Lanes:
    """Decode an array of codes; those of tf32 are codes of float32, whose last 13 bits do not count."""
    if name == "tf32":
        return _fields((codes >> 13).astype(np.int32), layout_of(name))
    table = _table(name)
    return Lanes(*(np.take(part, codes) for part in table[:3]), table.digits)


@lru_cache(maxsize=64)
def _table(name: str) -> Lanes:
    fmt = layout_of(name)
    lanes = _fields(np.arange(1 << fmt.bits, dtype=np.int32), fmt)
    for part in lanes[:3]:
        part.setflags(write=False)
    return lanes


def _fields(codes: npt.NDArray[np.int32], fmt: FloatFormat) -> Lanes:
    digits = fmt.fraction_bits
    mag = codes & (fmt.half - 1)
    field, fraction = mag >> digits, mag & ((1 << digits) - 1)
    normal = field >= fmt.first_field
    s = np.where(normal, fraction + (1 << digits), fraction)
    e = np.where(normal, field, 1) - fmt.bias
    negative = codes & fmt.sign_code != 0
    kind = np.zeros(codes.shape, np.uint8)
    kind[mag > fmt.half - 1 - fmt.top_nans] = NAN
    if fmt.infinity_code is not None:
        infinite = mag == fmt.infinity_code
        kind[infinite] = INFINITE
        s = np.where(infinite, 1, s)
    if fmt.nan_at_negative_zero:
        kind[negative & (mag == 0)] = NAN
    s = np.where(kind == NAN, 0, np.where(negative, -s, s))
    return Lanes(s.astype(np.int32), e.astype(np.int32), kind, digits)
