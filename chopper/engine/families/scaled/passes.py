"""The passes over all elements: the largest of each block, division by its scale, multiplication by it.

Each runs as a compiled loop, or on NumPy while no loop is compiled; both do the same integer arithmetic.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled.exact import Ieee, product, quotient
from chopper.engine.families.scaled.layout import Layout
from chopper.engine.kernel import Kernel
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.errors import RangeError
from chopper.kernels.carrier import BINARY32, BINARY64, Carrier

__all__ = [
    "Scales",
    "carrier_of_bits",
    "divide",
    "exact_scales",
    "largest",
    "multiply",
    "product_of",
    "span_of",
    "steps_of",
]

_Array = npt.NDArray[Any]

_INF = BINARY64.inf


class Scales(NamedTuple):
    """Positive scales, exactly: number * 2^exponent, an odd number of `width` bits; 0 is zero, -1 NaN."""

    number: _Array
    width: _Array
    exponent: _Array

    def times(self, other: Scales) -> Scales:
        """Return the products.

        Raises
        ------
        RangeError
            If one has more than 53 significant bits.
        """
        bits = int(self.width.max(initial=0)) + int(other.width.max(initial=0))
        if bits > 62:
            _refuse(bits)
        bad = (self.number < 0) | (other.number < 0)
        number = np.where(bad, -1, self.number * other.number)
        return _sized(number, self.exponent + other.exponent)


def _refuse(bits: int) -> None:
    raise RangeError(f"scales with {bits} significant bits together are too long; legal: 53; use shorter scale formats")


def _sized(number: _Array, exponent: _Array) -> Scales:
    width = np.frexp(np.abs(number).astype(np.float64))[1].astype(np.int64)
    if int(width.max(initial=0)) > 53:
        _refuse(int(width.max()))
    return Scales(number, np.where(number < 1, 0, width), np.where(number < 1, 0, exponent))


def exact_scales(values: _Array) -> Scales:
    """Return float64 numbers, none negative, as scales."""
    bits = values.view(np.int64)
    field = bits >> 52
    m = np.where(field == 0, bits, (bits & ((1 << 52) - 1)) | 1 << 52)
    low = np.frexp((m & -m).astype(np.float64))[1].astype(np.int64) - 1  # how many zeros end it
    low = np.where(m == 0, 0, low)
    number = np.where(bits >= _INF, -1, m >> low)
    return _sized(number, np.maximum(field, 1) - 1075 + low)


def steps_of(width: int) -> int:
    """Return how many steps a division takes after the first, by a scale of so many bits.

    Examples
    --------
    >>> steps_of(1), steps_of(24), steps_of(53)
    (1, 1, 6)
    """
    need, steps = width + 1, 0
    while need > 0:
        need -= min(need, 62 - width)
        steps += 1
    return steps


def carrier_of_bits(bits: _Array) -> Carrier:
    """Return the carrier whose patterns an array of int32 or int64 holds."""
    return BINARY32 if bits.itemsize == 4 else BINARY64


def _named(bits: _Array) -> Kernel:
    return Kernel("carrier", "split", "toward_zero", 8 * bits.itemsize)


def span_of(layout: Layout) -> tuple[int, ...]:
    """Return a tuple whose length tells a loop the length of a block when it is compiled, for the usual lengths."""
    return (0,) * (layout.length if layout.length in (16, 32) else 1)


def largest(bits: _Array, layout: Layout, threads: int | None) -> tuple[_Array, _Array]:
    """Return the largest magnitude of each block, as patterns: among finite numbers, and among all."""
    finite, whole = np.empty(layout.blocks, bits.dtype), np.empty(layout.blocks, bits.dtype)
    c = carrier_of_bits(bits)
    span = span_of(layout)
    args = (_named(bits), bits, finite, whole, span, layout.cut, c.inf)
    entry = loop_for("block_loops.largest", bits, finite, *args, 0, 0, by=len(span))
    if entry is not None:
        share(lambda start, stop: entry(*args, start, stop), layout.blocks, threads, layout.length)
        return finite, whole
    mag = (bits & ~c.sign).reshape(-1, layout.columns)
    starts = np.arange(0, layout.columns, layout.length)
    some = np.maximum.reduceat(np.where(mag < c.inf, mag, 0), starts, axis=1)
    return some.reshape(-1), np.maximum.reduceat(mag, starts, axis=1).reshape(-1)


def divide(bits: _Array, scales: Scales, layout: Layout, threads: int | None) -> _Array:
    """Return the elements over the scale of their block as float64, rounded to odd: exact but for the last bit.

    Zero where the scale is zero; NaN and infinities stay.
    """
    out = np.empty(bits.shape, np.int64)
    c, steps = carrier_of_bits(bits), steps_of(int(scales.width.max(initial=1)))
    args = (_named(bits), bits, out, np.maximum(scales.number, 0), scales.width, scales.exponent, layout.cut, steps, c)
    entry = loop_for("block_loops.divide", bits, out, *args, 0, 0)
    if entry is not None:
        share(lambda start, stop: entry(*args, start, stop), layout.blocks, threads, layout.length)
        return out.view(np.float64)
    wide = bits.astype(np.int64)
    mag = wide & ~c.sign
    number, width, exponent = (layout.spread(a) for a in scales)
    q = quotient(np.where, np.where(mag < c.inf, mag, 0), np.maximum(number, 1), width, exponent, steps, c)
    q = np.where(mag >= c.inf, np.where(mag > c.inf, _INF + 1, _INF), np.where(number < 1, 0, q))
    out[...] = q | (wide & BINARY64.sign)
    return out.view(np.float64)


def product_of(values: _Array, scales: Scales, to: Ieee) -> _Array:
    """Return products of numbers of float64, none negative, with scales, one row for each scale, as patterns."""
    up = 53 - scales.width
    number = np.maximum(scales.number << up, 1 << 52)
    found: _Array = product(np.where, values.view(np.int64), number[:, None], (scales.exponent - up)[:, None], to)
    return found


def multiply(values: _Array, scales: Scales, layout: Layout, to: Ieee, threads: int | None) -> _Array:
    """Return the elements times the scale of their block, rounded once, as patterns of an IEEE format."""
    bits = values.view(np.int64)
    out = np.empty(bits.shape, f"i{1 << (to.fraction_bits > 10) + 1 + (to.fraction_bits > 23)}")
    up = 53 - scales.width
    number = np.where(scales.number < 1, scales.number, scales.number << up)
    exponent = scales.exponent - up
    args = (_named(bits), bits, out, number, exponent, layout.cut, to)
    entry = loop_for("block_loops.multiply", bits, out, *args, 0, 0)
    if entry is not None:
        share(lambda start, stop: entry(*args, start, stop), layout.blocks, threads, layout.length)
        return out
    number, exponent = layout.spread(number), layout.spread(exponent)
    mag = bits & ~BINARY64.sign
    inf = (2 * to.bias + 1) << to.fraction_bits
    found = product(np.where, np.where(mag < _INF, mag, 0), np.maximum(number, 1 << 52), exponent, to)
    found = np.where(mag == _INF, inf, np.where(number == 0, 0, found))
    sign = np.where(bits < 0, np.int64(-1) << (8 * out.itemsize - 1), 0)
    nan = inf | 1 << (to.fraction_bits - 1)
    out[...] = np.where((number < 0) | (mag > _INF), nan, found | sign).astype(out.dtype)
    return out
