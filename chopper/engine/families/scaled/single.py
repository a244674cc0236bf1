"""Scales and quotients in the float32 arithmetic of another tool; see `presets`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled.choice import Scaling, View
from chopper.engine.families.scaled.passes import exact_scales, largest
from chopper.engine.families.scaled.presets import Arithmetic, Row
from chopper.engine.families.scaled.scales import Ask, by_patterns, nan_code, values_of
from chopper.formats.level import Level
from chopper.formats.scale_rule import ScaleRule
from chopper.kernels.carrier import BINARY32

__all__ = ["prepared", "single_scaling"]

_Array = npt.NDArray[Any]


def prepared(numbers: _Array, row: Row) -> _Array:
    """Return the input as a tool sees it: in float32 where it computes so, without -0 where it loses that."""
    with np.errstate(all="ignore"):
        seen = numbers if row.arithmetic is None else numbers.astype(np.float32, copy=False)
        return np.where(seen == 0, seen.dtype.type(0), seen) if row.no_negative_zero else seen


def single_scaling(view: View, arithmetic: Arithmetic) -> tuple[Scaling, _Array]:
    """Return the scales, and the elements over their scales as float64."""
    fmt, layout = view.fmt, view.layout
    finite, whole = largest(view.bits, layout, view.threads)
    poison = whole >= BINARY32.inf
    tops = np.where(poison, 0, finite).astype(np.int32).view(np.float32)
    with np.errstate(all="ignore"):
        single = arithmetic(tops, tops.max(), fmt)
        level = Level(scale=fmt.scale, block=fmt.block, rule=ScaleRule(direction=fmt.rule.direction))
        rounded = by_patterns(single.scales.view(np.int32), BINARY32, Ask(level, Fraction(1), 0), None)
        stored = values_of(rounded.codes, fmt.scale).astype(np.float32)
        quotients = view.bits.view(np.float32) * layout.spread(single.factors(stored))
    scales = rounded.scales
    codes = [np.where(poison, nan_code(fmt.scale) or 0, rounded.codes).astype(rounded.codes.dtype).reshape(layout.grid)]
    if single.outer is not None:
        outer = np.asarray([single.outer], np.float32)
        codes.append(outer.view(np.uint32).reshape((1,) * len(layout.shape)))
        wide = exact_scales(outer.astype(np.float64))
        scales = scales.times(type(scales)(*(np.broadcast_to(a, poison.shape) for a in wide)))
    scales = scales._replace(number=np.where(poison, -1, scales.number))
    return Scaling(tuple(codes), scales), quotients.astype(np.float64)
