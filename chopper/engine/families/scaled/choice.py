"""How blocks come to their scales, level by level from the outside in; and the choice between several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled.layout import Axis, Layout, lengths, reduced, repeated, sampled
from chopper.engine.families.scaled.passes import Scales, carrier_of_bits, largest
from chopper.engine.families.scaled.scales import Ask, Rounded, by_numbers, by_patterns, nan_code
from chopper.engine.families.scaled.statistics import Measured, measure
from chopper.errors import PolicyError, UnsupportedInputError
from chopper.formats.finfo import describe
from chopper.formats.level import Level
from chopper.formats.scale_rule import Specials, Statistic
from chopper.formats.scaled import ScaledFormat
from chopper.kernels.carrier import BINARY64, Carrier

__all__ = ["Scaling", "View", "scalings"]

_Array = npt.NDArray[Any]


class View(NamedTuple):
    """An array as the blocks of a format: patterns in the order of rows, where they lie, and what scales are given."""

    bits: _Array
    layout: Layout
    fmt: ScaledFormat
    axis: Axis
    given: Any
    threads: int | None

    @property
    def carrier(self) -> Carrier:
        """The carrier of the patterns."""
        return carrier_of_bits(self.bits)


class Scaling(NamedTuple):
    """The scales of an array."""

    codes: tuple[_Array, ...]  # of every level, the innermost first, in the shapes of their grids
    scales: Scales  # all levels together, for each innermost block
    minima: list[Fraction] | None = None  # the least element of each block or zero, where zero points are wanted
    plain: bool = True  # whether NaN and infinities lie only in blocks that are NaN


def scalings(view: View) -> Iterator[Scaling]:
    """Yield the scaling of a format, and one for each further target that it chooses between."""
    fmt, c = view.fmt, view.carrier
    finite, whole = largest(view.bits, view.layout, view.threads)
    limit = {Specials.BLOCK: c.inf, Specials.SATURATE: c.inf + 1}.get(fmt.specials)
    poison = np.zeros(whole.shape, bool) if limit is None else whole >= limit
    at = next((i for i, level in enumerate(fmt.levels) if nan_code(level.scale) is not None), None)
    if at is None or not poison.any():
        at, poison = None, np.zeros(whole.shape, bool)
    else:
        sizes = lengths(fmt.levels[at].block, view.layout.shape, view.axis)
        poison = repeated(reduced(poison, view.layout, sizes), view.layout, sizes).reshape(-1)
    plain = bool(((whole < c.inf) | poison).all())
    found = _Search(view, np.where(poison, 0, finite), poison, at, plain)
    yield from found.run()


class _Search:
    """The search for scales, with what every level needs."""

    def __init__(self, view: View, mags: _Array, poison: _Array, poisoned: int | None, plain: bool) -> None:
        self.view, self.mags, self.poison, self.poisoned = view, mags, poison, poisoned
        self.plain = plain
        self.precision = _precision(view.fmt) if view.fmt.rule.before else 0
        self.measured: Measured | None = None
        statistic = view.fmt.rule.statistic
        if isinstance(statistic, Statistic) and statistic not in (Statistic.AMAX, Statistic.GIVEN):
            self.measured = measure(view.bits, view.layout, statistic, view.carrier)
        elif view.fmt.zero_point:
            self.measured = measure(view.bits, view.layout, Statistic.MINMAX, view.carrier)

    def run(self) -> Iterator[Scaling]:
        fmt = self.view.fmt
        above: Scales | None = None
        codes: list[_Array] = []
        for i in reversed(range(1, len(fmt.levels))):
            found = self._level(i, fmt.targets[i], above)
            codes.insert(0, found.codes)
            above = found.scales if above is None else above.times(found.scales)
        own = fmt.targets[0]
        for target in (own, *fmt.rule.choose):
            found = self._level(0, target, above)
            whole = found.scales if above is None else above.times(found.scales)
            number = np.where(self.poison, -1, whole.number)
            minima = self.measured.minima if self.measured else None
            yield Scaling((found.codes, *codes), whole._replace(number=number), minima, self.plain)

    def _level(self, i: int, target: Fraction, above: Scales | None) -> Rounded:
        """Return the codes of a level in its grid, and its scales for each innermost block."""
        layout, level = self.view.layout, self.view.fmt.levels[i]
        sizes = lengths(level.block, layout.shape, self.view.axis)
        mags = reduced(self.mags, layout, sizes)
        grid = mags.shape
        here = None if above is None else Scales(*(sampled(a, layout, sizes) for a in above))
        found = self._scales(i, level, target, mags.reshape(-1), here)
        codes = found.codes.reshape(grid)
        if i == self.poisoned:
            codes = np.where(sampled(self.poison, layout, sizes).reshape(grid), nan_code(level.scale) or 0, codes)
        wide = (repeated(a.reshape(grid), layout, sizes).reshape(-1) for a in found.scales)
        return Rounded(codes.astype(found.codes.dtype), Scales(*wide))

    def _scales(self, i: int, level: Level, target: Fraction, mags: _Array, above: Scales | None) -> Rounded:
        view, statistic = self.view, level.rule.statistic
        if view.given is not None and i == len(view.fmt.levels) - 1:
            plain = replace(level, rule=replace(level.rule, statistic=Statistic.GIVEN, before=None, least=Fraction(0)))
            shape = reduced(self.mags, view.layout, lengths(level.block, view.layout.shape, view.axis)).shape
            return by_patterns(_given(view.given, shape), BINARY64, Ask(plain, Fraction(1), 0), None)
        if statistic is Statistic.GIVEN:
            raise PolicyError(f"{view.fmt} measures no scale; pass scale=")
        ask = Ask(level, target, self.precision)
        if isinstance(statistic, Fraction):
            return by_numbers([statistic] * mags.size, False, ask, above)
        if i == 0 and self.measured is not None:
            numbers = [Fraction(0) if bad else n for n, bad in zip(self.measured.numbers, self.poison, strict=True)]
            return by_numbers(numbers, self.measured.root, ask, above)
        return by_patterns(mags, view.carrier, ask, above)


def _precision(fmt: ScaledFormat) -> int:
    return describe(fmt.element).precision


def _given(scale: Any, shape: tuple[int, ...]) -> _Array:
    """Return given scales as patterns of float64, one for each block of the outermost level."""
    try:
        wide = np.asarray(scale, np.float64)
        full = np.broadcast_to(wide, shape)
    except (TypeError, ValueError):
        raise UnsupportedInputError(
            f"scale={scale!r} is not usable; pass a number or an array of shape {shape}"
        ) from None
    if not (np.isfinite(full) & (full > 0)).all():
        raise UnsupportedInputError("scale= must hold positive finite numbers")
    return np.ascontiguousarray(full).view(np.int64).reshape(-1)
