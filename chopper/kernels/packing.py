"""Eight codes in the bytes of a 64-bit word, moved together and apart.  For 64-bit lanes only.

A word holds code i in its byte i.  Neighbours meet in three steps: bytes to pairs, pairs to fours, fours to the eight.
"""

from typing import NamedTuple

__all__ = ["Fold", "fold", "unfold"]


class Fold(NamedTuple):
    """The three steps for one width: by how much the upper half moves, and where the halves are once moved."""

    shift1: int
    low1: int
    high1: int
    shift2: int
    low2: int
    high2: int
    shift3: int
    low3: int
    high3: int


def fold(where, rule, bits, word, c, f):
    """Move eight codes together: the word becomes one number of eight times the width of a code."""
    bits = (bits & f.low1) | ((bits >> f.shift1) & f.high1)
    bits = (bits & f.low2) | ((bits >> f.shift2) & f.high2)
    return (bits & f.low3) | ((bits >> f.shift3) & f.high3)


def unfold(where, rule, bits, word, c, f):
    """Undo `fold`."""
    bits = (bits & f.low3) | ((bits & f.high3) << f.shift3)
    bits = (bits & f.low2) | ((bits & f.high2) << f.shift2)
    return (bits & f.low1) | ((bits & f.high1) << f.shift1)
