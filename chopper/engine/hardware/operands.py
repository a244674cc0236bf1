"""Codes of operands as significands and exponents, and as floats."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get

__all__ = ["FINITE", "INFINITE", "NAN", "Lanes", "Operand", "layout_of"]

_Array = npt.NDArray[Any]
FINITE, INFINITE, NAN = 0, 1, 2
"""Kinds of operands."""


class Lanes(NamedTuple):
    """Numbers s 2^(e - digits), and which of them are none: a NaN has s = 0, an infinity its sign."""

    s: _Array  # int32
    e: _Array  # int32
    kind: _Array  # uint8


class Operand:
    """Rows of codes of a format, decoded as far as a path needs it.

    Parameters
    ----------
    codes : array (T, R, K)
        Those of tf32 are codes of float32, whose last 13 bits do not count.
    name : str
        The format.
    scales : array (T, R, K / block), optional
        Codes of e8m0 that each scale `block` consecutive k.
    block : int
        How many k share a scale.
    """

    def __init__(self, codes: _Array, name: str, scales: _Array | None = None, block: int = 1) -> None:
        self.codes, self.name, self.scales, self.block = codes, name, scales, block
        self.format = layout_of(name)

    @property
    def digits(self) -> int:
        """Fraction bits of significands."""
        return self.format.fraction_bits

    @property
    def extent(self) -> tuple[int, int]:
        """The least and the largest exponent that there may be."""
        fmt = self.format
        top = (fmt.max_code >> fmt.fraction_bits) - fmt.bias
        more = 0 if self.scales is None else 127
        return min(fmt.first_field, 1) - fmt.bias - more, top + more

    def cut(self, k: slice) -> Operand:
        """Return a part of the last axis."""
        scales = None if self.scales is None else np.repeat(self.scales, self.block, -1)[..., k]
        return Operand(self.codes[..., k], self.name, scales)

    @cached_property
    def lanes(self) -> Lanes:
        """The integers."""
        if self.name == "tf32":
            found = _fields((self.codes >> 13).astype(np.int32), self.format)
        else:
            found = Lanes(*(part[self.codes] for part in _integers(self.name)))
        if self.scales is None:
            return found
        scales = np.repeat(self.scales.astype(np.int32), self.block, -1)[..., : self.codes.shape[-1]]
        kind = np.where(scales == 255, np.uint8(NAN), found.kind)
        return Lanes(np.where(kind == NAN, 0, found.s), found.e + (scales - 127), kind)

    @cached_property
    def rows(self) -> _Array | None:
        """Which rows hold an infinity or NaN, (T, R); None if no row does."""
        if self.name == "tf32" or self.scales is not None:
            found = (self.lanes.kind != FINITE).any(-1)
        else:
            kinds = _integers(self.name).kind
            found = kinds[self.codes].any(-1) if kinds.any() else np.zeros(1, bool)
        return found if found.any() else None

    def numbers(self, t: int, dtype: Any) -> tuple[_Array, _Array]:
        """Return the numbers of a tile, and the powers of two of their exponents, 0 for a zero.

        In the place of what is not finite there are zeros.
        """
        if self.name == "tf32" or self.scales is not None:
            return _floats(Lanes(*(part[t] for part in self.lanes)), self.digits, dtype)
        values, powers = _tables(self.name, np.dtype(dtype).char)
        return values[self.codes[t]], powers[self.codes[t]]


@lru_cache(maxsize=64)
def layout_of(name: str) -> FloatFormat:
    """Return the format of an operand, which is a binary one."""
    fmt = get(name)
    assert isinstance(fmt, FloatFormat)
    return fmt


@lru_cache(maxsize=64)
def _integers(name: str) -> Lanes:
    fmt = layout_of(name)
    return Lanes(*(_fixed(part) for part in _fields(np.arange(1 << fmt.bits, dtype=np.int32), fmt)))


@lru_cache(maxsize=64)
def _tables(name: str, kind: str) -> tuple[_Array, _Array]:
    values, powers = _floats(_integers(name), layout_of(name).fraction_bits, np.dtype(kind).type)
    return _fixed(values), _fixed(powers)


def _fixed(table: _Array) -> _Array:
    table.setflags(write=False)
    return table


def _floats(lanes: Lanes, digits: int, dtype: Any) -> tuple[_Array, _Array]:
    s = np.where(lanes.kind == FINITE, lanes.s, 0).astype(dtype)
    one = np.where(s == 0, dtype(0), dtype(1))
    with np.errstate(all="ignore"):  # a table in float32 of a format that goes beyond it is not used
        return np.ldexp(s, lanes.e - digits), np.ldexp(one, lanes.e)


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
    return Lanes(s.astype(np.int32), e.astype(np.int32), kind)
