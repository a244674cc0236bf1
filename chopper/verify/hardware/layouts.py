"""Operands of matrix units as codes: what a code is made of, so that inputs can be built from their parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import encode
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get

__all__ = ["Layout", "Operands", "Tile", "is_nan", "layout"]

_Array = npt.NDArray[Any]
Tile = tuple[_Array, _Array, _Array]
"""Codes of a, b and c."""


@dataclass(frozen=True)
class Layout:
    """Sign, exponent and fraction of the codes of a float format, or the width of an integer one, in bits.

    Operands in tf32 are codes of float32, of which the hardware reads the upper 19 bits.
    """

    name: str
    bits: int
    fraction: int = 0
    emin: int = 0
    emax: int = 0
    max_code: int = 0
    infinity: int | None = None
    nan: int | None = None

    @property
    def integer(self) -> bool:
        """Whether its numbers are integers."""
        return self.fraction == 0

    @property
    def dtype(self) -> Any:
        """The unsigned dtype of its codes."""
        return np.dtype(f"u{max(self.bits, 8) // 8}")

    @property
    def lowest(self) -> int:
        """Exponent of the smallest positive number."""
        return self.emin - self.fraction

    @property
    def first_normal(self) -> int:
        """Code of the smallest normal number."""
        return 1 << self.fraction

    @property
    def sign(self) -> int:
        """The sign bit."""
        return 1 << (self.bits - 1)

    def assemble(self, negative: Any, exponent: Any, fraction: Any) -> _Array:
        """Return the codes of (-1)^negative (1 + fraction / 2^M) 2^exponent, the exponent clipped to what there is.

        `fraction` is a word of which the upper bits are taken.  Below the smallest normal number bits are cut off.
        """
        e = np.clip(exponent, self.lowest, self.emax)
        part = (np.asarray(fraction, np.uint64) >> np.uint64(64 - self.fraction)).astype(np.int64)
        drop = np.maximum(self.emin - e, 0)
        field = np.where(e < self.emin, 0, e - self.emin) << self.fraction
        magnitude = field + ((part + (1 << self.fraction)) >> drop)
        return self.signed(negative, np.minimum(magnitude, self.max_code))

    def signed(self, negative: Any, magnitude: Any) -> _Array:
        """Return codes of magnitudes with a sign."""
        sign = np.where(negative, np.uint64(self.sign), np.uint64(0))
        return (np.asarray(magnitude).astype(np.uint64) | sign).astype(self.dtype)

    def encode(self, values: Any) -> _Array:
        """Return the codes of values, to nearest even, saturating."""
        return np.asarray(encode(values, self.name, overflow="saturate"))


@dataclass(frozen=True)
class Operands:
    """What a class needs to know of a unit: formats of a, b and c, the shape (m, n, k), and the fraction bits kept."""

    a: Layout
    b: Layout
    c: Layout
    shape: tuple[int, int, int]
    kept: tuple[int, ...] = (13, 24, 25)

    def of(self, tiles: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Return the shapes of a, b and c."""
        m, n, k = self.shape
        return (tiles, m, k), (tiles, n, k), (tiles, m, n)


@cache
def layout(name: str) -> Layout:
    """Return the layout of a format by its name.

    Examples
    --------
    >>> layout("e4m3").assemble(True, 3, 1 << 63).item() == 0x80 | 10 << 3 | 4
    True
    >>> layout("int8").integer, layout("tf32").bits
    (True, 32)
    """
    fmt = get("fp32" if name == "tf32" else name)
    if not isinstance(fmt, FloatFormat):
        return Layout(str(fmt), fmt.bits)
    emin = 1 - fmt.bias
    top = (fmt.max_code >> fmt.fraction_bits) - fmt.bias
    return Layout(
        str(fmt), fmt.bits, fmt.fraction_bits, emin, top, fmt.max_code, fmt.infinity_code, fmt.nan_code
    )  # fmt: skip


def is_nan(codes: _Array, name: str) -> _Array:
    """Return which codes of a format are NaN."""
    here = layout(name)
    if here.nan is None:
        return np.zeros(codes.shape, bool)
    top = here.max_code if here.infinity is None else here.infinity
    return np.asarray((codes & codes.dtype.type(here.sign - 1)) > codes.dtype.type(top))
