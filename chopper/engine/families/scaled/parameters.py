"""What the fused loops are told: parameters as named tuples of integers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEFT", "Current", "Powers", "Search"]

LEFT = 0xFFFF
"""Stands for the scale of a block that is left for another way."""


class Powers(NamedTuple):
    """How the code of a power of two follows from the largest magnitude of a block, and what it does."""

    first: int  # the pattern from which on the code is at least 1; each further step is a binade higher
    shift: int  # fraction bits of the carrier
    least: int  # the least code
    most: int  # the largest code
    bias: int  # the code of scale 1
    low: int  # the least and the largest exponent for which the shifted format stays in the carrier's normal range
    high: int
    inf: int  # the carrier's infinity
    values: int  # 1 where values result, 0 where codes do


class Search(NamedTuple):
    """How the code of a scale is found from the largest magnitude of a block: a bucket, then one comparison."""

    low: int  # pattern at which the first bucket begins
    shift: int  # buckets are 2^shift patterns wide
    last: int  # the last bucket


class Current(NamedTuple):
    """How the scale of a block is found by division of its largest magnitude, and which scales the loop suits."""

    by: float  # one over the divisor
    least: int  # the pattern of the carrier below which a magnitude counts as the least statistic
    least_quotient: int  # what that is divided to: a pattern of float64, rounded to odd
    floor: int  # the least scale, a pattern of float64, and its code
    floor_code: int
    low: float  # scales below this, unless 0, may give results below the carrier's normal range
