"""Formats of every family against the list of their exact values, in fractions: any that float64 holds."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from chopper.anatomy import Turn, kind_of, turn_between
from chopper.conversion import chop, decode, encode
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.reals import Between, nearest
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["values_check"]

_GAPS = 100
"""The gaps between values that are tried, the first and the last among them."""


class _Gap(NamedTuple):
    """Two neighbouring values, the codes that they have, and where rounding to nearest turns between them."""

    low: Fraction
    high: Fraction
    codes: tuple[int, int]
    turn: Turn


def values_check(name: str, seed: int = 0) -> tuple[int, int]:
    """Compare a format with the list of its exact values: every code, and rounding in every mode without chance.

    Inputs are values, the points where rounding to nearest turns, their neighbours in float64, and random numbers
    between the lowest and the largest value.  Stochastic rounding has to give one of the two neighbours.  Returns how
    many results were compared, and how many are wrong.

    Raises
    ------
    UnsupportedInputError
        If the format shares scales, or has more than 16 bits: its values are too many to be listed.

    Examples
    --------
    >>> [values_check(name)[1] for name in ("posit<6,1>", "lns<6,2>", "int4", "nf4", "e2m1")]
    [0, 0, 0, 0, 0]
    """
    fmt, rng = get(name), np.random.default_rng(seed)
    if fmt.blocked or fmt.bits > 16:
        raise UnsupportedInputError(f"{fmt} is not listed here; legal: formats of single numbers of at most 16 bits")
    found = _values(fmt)
    cases, wrong = _codes(fmt, found)
    values = sorted(found)
    places = {*range(3), *range(len(values) - 4, len(values) - 1), *rng.integers(0, len(values) - 1, _GAPS).tolist()}
    xs: list[float] = []
    wants: dict[Rounding, list[Fraction]] = {mode: [] for mode in Rounding if not mode.random}
    both: list[tuple[Fraction, Fraction]] = []
    for at in sorted(place for place in places if 0 <= place < len(values) - 1):
        low, high = values[at], values[at + 1]
        gap = _Gap(low, high, (found[low], found[high]), turn_between(fmt, found[low], found[high]))
        for x in _inputs(gap, rng.random(2).tolist()):
            xs.append(x)
            both.append((low, high) if Fraction(x) not in (low, high) else (Fraction(x),) * 2)
            for mode, want in wants.items():
                want.append(_expected(Fraction(x), math.copysign(1, x) < 0, gap, mode))
    given = np.array(xs)
    for mode, want in wants.items():
        got, codes = chop(given, fmt, mode), encode(given, fmt, mode).tolist()
        wrong += sum(Fraction(a) != b for a, b in zip(got, want, strict=True))
        other = [(b, c) for b, c in zip(want, codes, strict=True) if c != found[b]]
        wrong += sum(b != 0 or fmt.value(c) != 0 for b, c in other)  # the code of -0 is another one
    got = chop(given, fmt, Rounding.STOCHASTIC, key=seed)
    wrong += sum(Fraction(a) not in sides for a, sides in zip(got, both, strict=True))
    return cases + given.size * (2 * len(wants) + 1), int(wrong)


def _values(fmt: Format) -> dict[Fraction, int]:
    """Return the code of every value; of equal ones the first."""
    found: dict[Fraction, int] = {}
    for code in fmt.codes:
        value = fmt.value(code)
        if isinstance(value, Fraction) and kind_of(fmt, code) != "spare":
            found.setdefault(value, code)
    return found


def _codes(fmt: Format, found: dict[Fraction, int]) -> tuple[int, int]:
    """Decode all codes, and encode all values."""
    codes = np.array(fmt.codes)
    exact = np.array([float(fmt.value(code)) for code in fmt.codes])
    got = decode(codes, fmt, np.float64)
    wrong = np.count_nonzero((got != exact) & ~(np.isnan(got) & np.isnan(exact)))
    values = np.array([float(value) for value in found])
    wrong += np.count_nonzero(encode(values, fmt) != list(found.values()))
    return codes.size + values.size, int(wrong)


def _inputs(gap: _Gap, parts: list[float]) -> list[float]:
    """Return numbers in a gap, among them those where mistakes show."""
    low, high = float(gap.low), float(gap.high)
    middle = float((gap.low + gap.high) / 2)
    point = middle if gap.turn.point is None else float(nearest(gap.turn.point, 53))
    found = [low, high, middle, point, *(low + part * (high - low) for part in parts)]
    near = [float(np.nextafter(x, side)) for x in found[:4] for side in (-math.inf, math.inf)]
    return [x for x in (*found, *near) if low <= x <= high]


def _expected(x: Fraction, negative: bool, gap: _Gap, mode: Rounding) -> Fraction:
    """Return what the definition of a mode picks."""
    if x in (gap.low, gap.high):
        return x
    up = {
        Rounding.UP: True,
        Rounding.DOWN: False,
        Rounding.TOWARD_ZERO: negative,
        Rounding.AWAY_FROM_ZERO: not negative,
    }.get(mode)
    odd = gap.codes[negative] % 2 == 1
    if gap.turn.point is None:  # zero is no result of other numbers
        up = not negative
    elif mode is Rounding.TO_ODD:
        up = odd == negative
    elif up is None and x == gap.turn.point:
        tie = {Rounding.NEAREST_AWAY: True, Rounding.NEAREST_ZERO: False}.get(mode, odd) != negative
        up = tie if gap.turn.up is None or mode is not Rounding.NEAREST_EVEN else gap.turn.up
    elif up is None:
        up = _beyond(x, gap.turn)
    return gap.high if up else gap.low


def _beyond(x: Fraction, turn: Turn) -> bool:
    assert turn.point is not None
    if isinstance(turn.point, Between) and turn.point.low < x < turn.point.high:
        raise ArithmeticError(f"the enclosure of the turning point does not decide {float(x)!r}")
    return x > (turn.point.low if isinstance(turn.point, Between) else turn.point)
