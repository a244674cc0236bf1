"""The quick way for elements of 4 bits under scales of one byte: thresholds of magnitudes, listed for every scale code.

Every threshold is an exact product: a short number of the format times the outer scale.  It is found in float64, where
it has room, and turned into the first pattern of the carrier that lies beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled.choice import View
from chopper.engine.families.scaled.exact import SINGLE
from chopper.engine.families.scaled.fused import Fused
from chopper.engine.families.scaled.outermost import has_one, outermost
from chopper.engine.families.scaled.parameters import Search
from chopper.engine.families.scaled.passes import Scales, exact_scales, product_of, span_of
from chopper.engine.kernel import Kernel
from chopper.engine.plan import Request
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.formats.finfo import significant_bits
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Subnormals
from chopper.formats.scale_rule import Direction, Specials, Statistic
from chopper.formats.scaled import ScaledFormat
from chopper.kernels.carrier import BINARY32
from chopper.rounding import Rounding

__all__ = ["by_ladders"]

_Array = npt.NDArray[Any]

_NEVER = 0x7FFFFFFF
_MODES: dict[Rounding, Callable[[int, Fraction, Fraction], tuple[Fraction, bool]]] = {
    Rounding.NEAREST_EVEN: lambda j, low, high: ((low + high) / 2, j % 2 == 1),
    Rounding.NEAREST_AWAY: lambda j, low, high: ((low + high) / 2, False),
    Rounding.NEAREST_ZERO: lambda j, low, high: ((low + high) / 2, True),
    Rounding.TOWARD_ZERO: lambda j, low, high: (high, False),
    Rounding.AWAY_FROM_ZERO: lambda j, low, high: (low, True),
    Rounding.TO_ODD: lambda j, low, high: (low, True) if j % 2 == 1 else (high, False),
}
"""Where the upper of two neighbours begins, j being its code, and whether only right after that."""

_DIRECTIONS = {
    Direction.NEAREST: Rounding.NEAREST_EVEN,
    Direction.UP: Rounding.AWAY_FROM_ZERO,
    Direction.DOWN: Rounding.TOWARD_ZERO,
}


class _Steps(NamedTuple):
    """A ladder: what its steps are multiples of one another in float64, and which begin only right after."""

    bounds: _Array
    beyond: _Array
    values: _Array


def by_ladders(view: View, request: Request, target: _Array) -> Fused | None:
    """Round the blocks of an array under one outermost scale, or return None where the loop does not suit.

    Values go into an array of their own where the target is not of the dtype of the numbers.
    """
    steps = _suits(view, request)
    if steps is None:
        return None
    fmt, layout = view.fmt, view.layout
    numbers = view.bits.view(np.float32)
    kernel = Kernel("carrier", "split", "toward_zero", 32)
    codes = target.dtype.kind == "u"
    out = target if codes or target.dtype == np.float32 else np.empty_like(numbers)
    scales = np.empty(layout.blocks, np.uint8)
    table, span = np.zeros(1, np.int32), span_of(layout)
    shape = (kernel, numbers, out, scales, Search(0, 0, 0), np.zeros(1, np.int64), table, table)
    entry = loop_for("ladder_loops.ladder", numbers, out, *shape, 0, span, layout.cut, 0, 0, by=len(span))
    if entry is None:
        return None
    outer = outermost(view)
    if outer is None:
        return None
    tables = _tables(fmt, steps, outer.scales, codes)
    if tables is None:
        return None
    args = (kernel, numbers, out, scales, *tables, span, layout.cut)
    share(lambda start, stop: entry(*args, start, stop), layout.blocks, view.threads, layout.length)
    return Fused(out, scales, np.empty(0, np.int64), outer.codes)


def _suits(view: View, request: Request) -> tuple[_Steps, _Steps] | None:
    fmt = view.fmt
    if view.bits.itemsize != 4 or view.given is not None or fmt.specials is not Specials.BLOCK or not has_one(fmt):
        return None
    return _ladders(fmt, request.rounding)


@lru_cache(maxsize=256)
def _ladders(fmt: ScaledFormat, mode: Rounding) -> tuple[_Steps, _Steps] | None:
    """Return the ladders of the scale and of the element, in units of the outer scale and of the scale."""
    element, scale, rule = fmt.element, fmt.scale, fmt.rule
    if not isinstance(element, FloatFormat) or not isinstance(scale, FloatFormat) or scale.signed or scale.bits > 8:
        return None
    short = element.bits == 4 and element.max_code == 7 and element.subnormals is Subnormals.GRADUAL
    plain = rule.statistic is Statistic.AMAX and not (rule.before or rule.choose or rule.floor or rule.least)
    if not (short and element.negative_zero and plain and scale.zero) or mode not in _MODES or fmt.zero_point:
        return None
    values = [Fraction(scale.value(code)) for code in range(scale.max_code + 1)]
    first = _steps(values, _DIRECTIONS[rule.direction], fmt.targets[0])
    second = _steps([Fraction(element.value(code)) for code in range(8)], mode, Fraction(1))
    return None if first is None or second is None else (first, second)


def _steps(values: list[Fraction], mode: Rounding, target: Fraction) -> _Steps | None:
    found = [_MODES[mode](j, low, high) for j, (low, high) in enumerate(pairwise(values), 1)]
    bounds = [bound * target for bound, _ in found]
    if any(bound and not 1 <= significant_bits(bound) <= 20 for bound in bounds):
        return None
    wide = [np.array([float(value) for value in some]) for some in (bounds, values)]
    return _Steps(wide[0], np.array([beyond for _, beyond in found]), wide[1])


def _tables(fmt: ScaledFormat, ladders: tuple[_Steps, _Steps], outer: Scales | None, codes: bool) -> Any:
    """Return the tables of the loop, or None where a threshold leaves the carrier's normal range."""
    first, second = ladders
    unit = 1.0 if outer is None else float(np.ldexp(float(outer.number[0]), int(outer.exponent[0])))
    if not 2.0**-90 < unit < 2.0**90:
        return None
    begins = np.concatenate([[0], _patterns(first.bounds * unit, first.beyond)])
    scales = first.values * unit
    steps = _patterns(second.bounds[None] * scales[:, None], second.beyond[None])
    steps = np.where(scales[:, None] == 0, _NEVER, steps)
    rows = np.concatenate([np.zeros((scales.size, 1), np.int64), steps], axis=1)
    if codes:
        results = np.broadcast_to(np.arange(8), rows.shape)
    else:
        results = product_of(np.repeat(second.values[None], scales.size, axis=0), exact_scales(scales), SINGLE)
        results = np.where(scales[:, None] == 0, 0, results)
    search = _search(begins)
    if search is None:
        return None
    tables = (np.ascontiguousarray(table).reshape(-1) for table in (rows, results))
    sign = 8 if codes else BINARY32.sign
    return (*search, *(table.astype(np.int32) for table in tables), sign)


def _patterns(bounds: _Array, beyond: _Array) -> _Array:
    """Return the first pattern of float32 at or beyond positive numbers of float64, in the range of both."""
    bits = bounds.view(np.int64)
    floor = (bits >> 29) - ((1023 - 127) << 23)
    found = floor + np.where(beyond | (bits & ((1 << 29) - 1) != 0), 1, 0)
    return np.where(bounds == 0, np.where(beyond, 1, 0), np.minimum(found, _NEVER))


def _search(begins: _Array) -> tuple[Search, _Array] | None:
    """Return the buckets for finding a code: each holds one, with one beginning at most inside and the next of all."""
    ends = np.append(begins, _NEVER)
    for shift in (19, 18, 17):
        low = int(begins[1] - 1) >> shift << shift
        count = (int(begins[-1]) - low >> shift) + 1
        if count > 1 << 12:
            continue
        bottoms = low + (np.arange(count + 1, dtype=np.int64) << shift)
        first = np.searchsorted(begins, bottoms, side="right") - 1
        last = np.searchsorted(begins, bottoms[1:] - 1, side="right") - 1
        if (last - first[:-1] <= 1).all():
            return Search(low, shift, count - 1), ends[first[:-1] + 1] << 8 | first[:-1]
    return None
