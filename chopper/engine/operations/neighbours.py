"""The codes of a format in the order of their values."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import decode, encode
from chopper.errors import RangeError
from chopper.formats.base import Format

__all__ = ["Line"]

_Array = npt.NDArray[Any]


class Line:
    """A format as a line of codes: by sign and magnitude, by two's complement, or by a list."""

    def __init__(self, fmt: Format) -> None:
        self.fmt: Any = fmt

    def codes(self, x: _Array) -> _Array:
        """Return the codes of values, as int64.

        Raises
        ------
        RangeError
            If a number is no value of the format.
        """
        codes = encode(x, self.fmt)
        back = decode(codes, self.fmt, np.float64)
        bad = np.flatnonzero((back != x) & ~(np.isnan(back) & np.isnan(x)))
        if bad.size:
            raise RangeError(f"{x[bad[0]]!s} is no value of {self.fmt}; round it first: chop(x, {str(self.fmt)!r})")
        signed: _Array = codes.astype(np.uint64).view(np.int64)
        return signed

    def values(self, codes: _Array) -> _Array:
        """Return the values of codes."""
        unsigned = codes.view(np.uint64).astype(encode(np.zeros(1), self.fmt).dtype)
        found: _Array = decode(unsigned, self.fmt, np.float64)
        return found

    def up(self, codes: _Array) -> _Array:
        """Return the codes of the next values up."""
        return self._step(codes, 1)

    def down(self, codes: _Array) -> _Array:
        """Return the codes of the next values down."""
        return self._step(codes, -1)

    def gaps(self, x: _Array) -> _Array:
        """Return the distance of values to the next ones away from zero, or at the ends to the ones before."""
        codes = self.codes(x)
        outward = np.where(np.signbit(x), self.down(codes), self.up(codes))
        inward = np.where(np.signbit(x), self.up(codes), self.down(codes))
        with np.errstate(invalid="ignore"):
            out, back = (np.abs(self.values(c) - x) for c in (outward, inward))
        gap = np.where(np.isfinite(out) & (out > 0), out, back)
        return np.where(np.isinf(x), np.inf, np.where(np.isnan(x), np.nan, gap))

    def _step(self, codes: _Array, by: int) -> _Array:
        if hasattr(self.fmt, "sign_code") and hasattr(self.fmt, "max_code"):
            return self._by_magnitude(codes, by)
        if hasattr(self.fmt, "nar") or self._round:
            return (codes + by) & self._mask
        if hasattr(self.fmt, "max_integer"):
            return self._by_integer(codes, by)
        return self._by_list(codes, by)

    @cached_property
    def _mask(self) -> int:
        return -1 if self.fmt.bits == 64 else (1 << self.fmt.bits) - 1

    @cached_property
    def _round(self) -> bool:
        """Whether codes go round by way of a NaR: where the code after the largest value is NaN."""
        ends = getattr(self.fmt, "extremes", None)
        nan = getattr(self.fmt, "nan_code", None)
        return ends is not None and nan == ends[1] + 1 == (1 << self.fmt.bits) >> 1

    def _by_integer(self, codes: _Array, by: int) -> _Array:
        """Step through the integers of a fixed-point format and stay at its ends."""
        fmt, spare = self.fmt, 64 - self.fmt.bits
        whole = (codes << spare) >> spare if fmt.signed else codes
        stepped: _Array = np.clip(whole + by, fmt.min_integer, fmt.max_integer) & self._mask
        return stepped

    def _by_magnitude(self, codes: _Array, by: int) -> _Array:
        """Step by sign and magnitude."""
        fmt = self.fmt
        half = fmt.half - 1
        nan = np.isnan(self.values(codes))
        mag = codes & half
        negative = (codes != mag) & (mag >= fmt.first_code) if fmt.signed else codes < 0
        outward = negative == (by < 0)
        top = fmt.max_code if fmt.infinity_code is None else fmt.infinity_code
        away = np.where(mag < fmt.first_code, fmt.first_code, np.minimum(mag + 1, top))
        toward = np.where(mag == fmt.first_code, 0, mag - 1)
        sign = -(1 << 63) if fmt.sign_code == 1 << 63 else fmt.sign_code
        ends = mag < fmt.first_code  # zeros, of either sign
        if not fmt.zero:
            toward = np.where(mag <= fmt.first_code, fmt.first_code, toward)
        stepped = np.where(outward, away, toward)
        under = sign if fmt.negative_zero else 0
        signs = np.where(negative, np.where(stepped == 0, under, sign), 0)
        if by < 0:
            below = fmt.first_code | sign if fmt.signed else 0
            found = np.where(ends, below, stepped | signs)
        else:
            found = np.where(ends, fmt.first_code, stepped | signs)
        return np.where(nan, codes, found)

    def _by_list(self, codes: _Array, by: int) -> _Array:
        """Step through a list of values, into infinities where there are any."""
        line = list(self.fmt.ascending)
        if self.fmt.infinity_codes is not None:
            line = [self.fmt.infinity_codes[1], *line, self.fmt.infinity_codes[0]]
        place = np.full(1 << self.fmt.bits, -1)
        place[line] = np.arange(len(line))
        ordered = np.array(line, np.int64)
        at = place[codes]
        return np.where(at < 0, codes, ordered[np.clip(at + by, 0, len(line) - 1)])
