"""Elements: divided by their scale, rounded by the element format's own kernel, and multiplied again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.backend import Draw
from chopper.engine.families.scaled.choice import Scaling, View
from chopper.engine.families.scaled.exact import DOUBLE
from chopper.engine.families.scaled.layout import Layout
from chopper.engine.families.scaled.passes import Scales, divide, multiply
from chopper.engine.inputs import as_words, code_dtype
from chopper.engine.plan import Request
from chopper.engine.run import all_words, run
from chopper.errors import FormatError, PolicyError, RoundingError
from chopper.formats.base import Format
from chopper.formats.finfo import describe
from chopper.formats.fixed import FixedFormat
from chopper.formats.scale_rule import Loss, Specials
from chopper.random import as_key
from chopper.rounding import Overflow

__all__ = ["Elements", "best", "check", "drawn"]

_Array = npt.NDArray[Any]


class Elements:
    """Rounds the elements of a view in a request's mode, with random words in the order of rows."""

    def __init__(self, view: View, request: Request, words: _Array | None) -> None:
        self.view, self.request = view, request
        self.element = view.fmt.element
        self.words = words

    def values(self, scales: Scales) -> _Array:
        """Return elements as float64 values, in units of the scale."""
        return self.values_of(self._divided(scales))

    def codes(self, scales: Scales) -> _Array:
        """Return the codes of elements; 0 in blocks that are NaN."""
        return self.codes_of(self._divided(scales), scales)

    def values_of(self, quotients: _Array) -> _Array:
        """Return what quotients, in float64, are rounded to; in their place."""
        return self._run(planning.plan_round(self._asked(self.element), 64), quotients, quotients)

    def codes_of(self, quotients: _Array, scales: Scales) -> _Array:
        """Return the codes of what quotients, in float64, are rounded to; 0 in blocks that are NaN."""
        codes = np.empty(quotients.shape, code_dtype(self.element))
        self._run(planning.plan_encode(self._asked(self.element), 64), quotients, codes)
        codes[self.view.layout.spread(scales.number < 0)] = 0
        return codes

    def shifted(self, scaling: Scaling) -> tuple[_Array, _Array]:
        """Return codes of elements with a zero point, and the zero point of each block."""
        scales, top = scaling.scales, int(self.element.max)
        wide = FixedFormat(integer_bits=self.element.bits + 2, fraction_bits=0)
        quotients = self._divided(scales)
        rounded = self._run(planning.plan_round(self._asked(wide), 64), quotients, quotients).astype(np.int64)
        points = _zero_points(scaling, top)
        spread = self.view.layout.spread
        codes = np.where(spread(scales.number < 0), 0, np.clip(rounded + spread(points), 0, top))
        return codes.astype(code_dtype(self.element)), points.astype(np.int32)

    def _asked(self, fmt: Format) -> Request:
        policy = Overflow.PROPAGATE if self.view.fmt.specials is Specials.ELEMENT else Overflow.SATURATE
        return Request(fmt, self.request.rounding, policy, self.request.random_bits)

    def _divided(self, scales: Scales) -> _Array:
        return divide(self.view.bits, scales, self.view.layout, self.view.threads)

    def _run(self, plan: planning.Plan, quotients: _Array, out: _Array) -> _Array:
        run(plan, quotients, out, None, self.words, self.view.threads)
        return out


def drawn(layout: Layout, request: Request, draw: Draw, threads: int | None) -> _Array | None:
    """Return the random words of the elements, flat, in the order of the array."""
    if not request.rounding.random:
        return None
    if draw.words is not None:
        return np.ascontiguousarray(as_words(draw.words, np.shape(draw.words))).reshape(-1)
    return all_words(as_key(draw.key, draw.offset, tuple(layout.shape)), math.prod(layout.shape), threads)


def check(request: Request, element: Format) -> None:
    """Raise a `PolicyError`, `FormatError` or `RoundingError` where a request does not suit its elements."""
    if request.overflow not in (None, Overflow.SATURATE):
        raise PolicyError(
            f"overflow={request.overflow.value!r} does not suit {request.fmt}: elements beyond the largest saturate; "
            "leave it out, or choose specials='element' in the format"
        )
    planning_family = planning.family_of(element)
    if not planning_family.fits(element, 64):
        raise FormatError(f"element={element} is not legal: {planning_family.why_not(element, 64)}")
    precision = 0 if element.bits <= 16 else describe(element).precision
    if precision > (18 if request.rounding.random else 48):
        raise RoundingError(
            f"elements of {precision} bits are too long for rounding={request.rounding.value!r} under shared scales; "
            "legal: 48 bits, 18 for stochastic modes"
        )


def _zero_points(scaling: Scaling, top: int) -> _Array:
    """Return round(-min / scale), ties to even, from 0 to the largest code; 0 where the scale is zero or NaN."""
    scales = scaling.scales
    found = []
    for low, m, e in zip(scaling.minima or [], scales.number.tolist(), scales.exponent.tolist(), strict=True):
        found.append(min(max(round(-low / m / (1 << e) if e >= 0 else -low / m * (1 << -e)), 0), top) if m > 0 else 0)
    return np.array(found, np.int64)


def best(elements: Elements, found: Iterable[Scaling], loss: Loss) -> Scaling:
    """Return for each block the scaling of the least loss, the first of equals; see `Loss` for the arithmetic."""
    chosen, least = None, np.empty(0)
    for scaling in found:
        if chosen is None:
            chosen = scaling
            continue
        if not least.size:
            least = _losses(elements, chosen.scales, loss)
        new = _losses(elements, scaling.scales, loss)
        better = new < least
        least = np.where(better, new, least)
        scales = Scales(*(np.where(better, a, b) for a, b in zip(scaling.scales, chosen.scales, strict=True)))
        codes = np.where(better.reshape(chosen.codes[0].shape), scaling.codes[0], chosen.codes[0])
        chosen = chosen._replace(codes=(codes, *chosen.codes[1:]), scales=scales)
    assert chosen is not None
    return chosen


def _losses(elements: Elements, scales: Scales, loss: Loss) -> _Array:
    view = elements.view
    layout = view.layout
    got = multiply(elements.values(scales), scales, layout, DOUBLE, view.threads).view(np.float64)
    x = view.bits.view(f"f{view.bits.itemsize}").astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs(x - got).reshape(-1, layout.columns)
        if loss is Loss.SQUARES:
            error = error * error
        columns, length, count = layout.cut
        full = np.pad(error, ((0, 0), (0, count * length - columns))).reshape(-1, length)
        return full.max(axis=1) if loss is Loss.LARGEST else np.add.accumulate(full, axis=1)[:, -1]
