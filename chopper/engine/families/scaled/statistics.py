"""What is measured on blocks besides the largest magnitude: exact rational numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled.layout import Layout
from chopper.engine.patterns import number_of
from chopper.formats.scale_rule import Statistic
from chopper.kernels.carrier import Carrier, split

__all__ = ["Measured", "measure"]

_Array = npt.NDArray[Any]


class Measured(NamedTuple):
    """A statistic of each block: the number itself or, if `root`, its square; for ``minmax`` the minimum besides."""

    numbers: list[Fraction]
    root: bool = False
    minima: list[Fraction] | None = None


def measure(bits: _Array, layout: Layout, statistic: Statistic, c: Carrier) -> Measured:
    """Measure the finite elements of every block; a block without any has the statistic 0."""
    rows = bits.reshape(-1, layout.columns).astype(np.int64)
    starts = range(0, layout.columns, layout.length)
    blocks = [row[start : start + layout.length] for row in rows for start in starts]
    if layout.direct:
        counts = [block.size for block in blocks]
    else:
        counts = layout.counts().tolist()
    if statistic is Statistic.MINMAX:
        ends = [_ends(block, c) for block in blocks]
        return Measured([high - low for low, high in ends], False, [low for low, _ in ends])
    cut = [_finite(block, count, c) for block, count in zip(blocks, counts, strict=True)]
    judge = {Statistic.ABSMEAN: _absmean, Statistic.RMS: _square_mean, Statistic.STD: _variance}[statistic]
    return Measured([judge(part) if part.number else Fraction(0) for part in cut], statistic is not Statistic.ABSMEAN)


class _Part(NamedTuple):
    """The finite numbers of a block, m * 2^e, and how many there are; zeros may be left out of the arrays."""

    m: _Array
    e: _Array
    number: int


def _finite(bits: _Array, count: int, c: Carrier) -> _Part:
    mag = bits & ~c.sign
    keep = mag < c.inf
    e, m = split(np.where, mag[keep], c)
    lost = int(bits.size - np.count_nonzero(keep))
    return _Part(np.where(bits[keep] < 0, -m, m), e - (c.bias + c.precision - 1), count - lost)


def _ends(bits: _Array, c: Carrier) -> tuple[Fraction, Fraction]:
    """Return the smallest and the largest finite number, zero counted in; patterns order magnitudes."""
    mag = bits & ~c.sign
    order = np.where(mag < c.inf, np.where(bits < 0, -mag, mag), 0)
    low, high = (min(int(order.min()), 0), max(int(order.max()), 0))
    return -number_of(-low, c), number_of(high, c)


def _exact(m: int, e: int) -> Fraction:
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def _absmean(part: _Part) -> Fraction:
    return _sum(np.abs(part.m), part.e) / part.number


def _square_mean(part: _Part) -> Fraction:
    return _squares(part) / part.number


def _variance(part: _Part) -> Fraction:
    return _squares(part) / part.number - (_sum(part.m, part.e) / part.number) ** 2


def _squares(part: _Part) -> Fraction:
    m = np.abs(part.m)
    high, low = m >> 27, m & ((1 << 27) - 1)
    return _sum(high * high, 2 * part.e + 54) + _sum(high * low, 2 * part.e + 28) + _sum(low * low, 2 * part.e)


def _sum(m: _Array, e: _Array) -> Fraction:
    """Return the sum of m * 2^e exactly, for up to 2^31 numbers: one pile for each exponent."""
    if not m.size:
        return Fraction(0)
    least = int(e.min())
    piles = np.zeros((2, int(e.max()) - least + 1), np.int64)
    np.add.at(piles[0], e - least, m & ((1 << 31) - 1))
    np.add.at(piles[1], e - least, m >> 31)
    total = sum(((int(high) << 31) + int(low)) << i for i, (low, high) in enumerate(zip(*piles, strict=True)))
    return _exact(total, least)
