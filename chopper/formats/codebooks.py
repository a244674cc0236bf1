"""Lists of values that are known by a name or follow from a formula."""

from __future__ import annotations

import math
from fractions import Fraction

from chopper.errors import FormatError
from chopper.formats.checks import check_integer
from chopper.formats.reals import nearest

__all__ = ["BITSANDBYTES_FP4", "NF4", "dynamic_map", "power_map", "tangent_map"]

NF4: tuple[float, ...] = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
"""The sixteen values of NormalFloat4, in the order of their codes: float32 numbers."""


def _single(value: Fraction) -> Fraction:
    """Return the nearest float32 of a number in its normal range."""
    return nearest(value, 24)


_TWELFTHS = (Fraction(0), Fraction(1, 16), *map(Fraction, (8, 12, 4, 6, 2, 3)))

BITSANDBYTES_FP4: tuple[Fraction, ...] = tuple(sign * _single(value / 12) for sign in (1, -1) for value in _TWELFTHS)
"""The values of bitsandbytes' FP4, in the order of their codes; code 8 is a second zero."""


def dynamic_map(bits: int = 8, exponents: int = 7) -> tuple[Fraction, ...]:
    """Return the signed dynamic map: decades from 10^-6 to 1, each cut more finely than the one below, 0 and 1.

    Examples
    --------
    >>> values = dynamic_map()
    >>> len(values), float(values[0]), float(values[-1])
    (256, -0.992968738079071, 1.0)
    """
    check_integer("bits", bits, 3, 16)
    check_integer("exponents", exponents, 1, bits - 1)
    found = [Fraction(0), Fraction(1)]
    for i in range(exponents):
        count = 1 << (i + bits - 1 - exponents)
        step = Fraction(9, 10) / count
        means = [Fraction(1, 10) + step * (j + Fraction(1, 2)) for j in range(count)]
        scale = Fraction(10) ** (i + 1 - exponents)
        found += [sign * _single(scale * mean) for mean in means for sign in (-1, 1)]
    return tuple(sorted(found))


def power_map(bits: int, power: float) -> tuple[float, ...]:
    """Return 2^bits - 1 values sign(k) |k / K|^power, K = 2^(bits - 1) - 1, as float64 arithmetic gives them.

    Examples
    --------
    >>> power_map(3, 2.0)
    (-1.0, -0.4444444444444444, -0.1111111111111111, 0.0, 0.1111111111111111, 0.4444444444444444, 1.0)
    """
    return _mirrored(bits, lambda part: part**power if power > 0 else _refuse("power", power))


def tangent_map(bits: int, angle: float) -> tuple[float, ...]:
    """Return 2^bits - 1 values tan(angle k / K) / tan(angle), as float64 arithmetic gives them.

    Examples
    --------
    >>> [round(value, 3) for value in tangent_map(3, 1.2)]
    [-1.0, -0.4, -0.164, 0.0, 0.164, 0.4, 1.0]
    """
    legal = 0 < angle < math.pi / 2
    return _mirrored(bits, lambda part: math.tan(angle * part) / math.tan(angle) if legal else _refuse("angle", angle))


def _mirrored(bits: int, curve: object) -> tuple[float, ...]:
    check_integer("bits", bits, 2, 16)
    assert callable(curve)
    top = (1 << (bits - 1)) - 1
    upper = [float(curve(k / top)) for k in range(1, top + 1)]
    return (*(-value for value in reversed(upper)), 0.0, *upper)


def _refuse(name: str, value: float) -> float:
    raise FormatError(f"{name}={value!r} is not legal; legal: a positive number, an angle below pi / 2")
