"""The one scale above all blocks of an array, as the quick ways find it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from chopper.engine.families.scaled.choice import View
from chopper.engine.families.scaled.layout import Layout
from chopper.engine.families.scaled.passes import Scales, largest
from chopper.engine.families.scaled.scales import Ask, by_patterns
from chopper.formats.scale_rule import Statistic
from chopper.formats.scaled import ScaledFormat

__all__ = ["Outermost", "has_one", "outermost"]


class Outermost(NamedTuple):
    """The codes of the scale in the shape of its grid, none if the format has no such level, and the scale."""

    codes: tuple[npt.NDArray[Any], ...]
    scales: Scales | None


def has_one(fmt: ScaledFormat) -> bool:
    """Whether the blocks of a format lie under one scale for the whole array at most, which its magnitude gives."""
    outer = fmt.outer
    return outer is None or (outer.outer is None and outer.block == () and outer.rule.statistic is Statistic.AMAX)


def outermost(view: View) -> Outermost | None:
    """Return the scale of an array, or None if a NaN or an infinity is in it."""
    size = view.bits.size
    length = -(-size // 64)
    parts = Layout((1, size), (1, length), size, length, True)
    top = largest(view.bits, parts, view.threads)[1].max(keepdims=True)
    if int(top[0]) >= view.carrier.inf:
        return None
    if view.fmt.outer is None:
        return Outermost((), None)
    found = by_patterns(top, view.carrier, Ask(view.fmt.levels[1], view.fmt.targets[1], 0), None)
    return Outermost((found.codes.reshape((1,) * len(view.layout.shape)),), found.scales)
