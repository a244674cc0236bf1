"""Inputs that tell one arithmetic of integers from another; random codes serve floats too."""

from __future__ import annotations

import numpy as np

from chopper.verify.hardware.draws import Draws
from chopper.verify.hardware.layouts import Operands, Tile

__all__ = ["bits", "extremes", "one_sign"]


def bits(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Random codes."""
    every = zip((u.a, u.b, u.c), u.of(tiles), strict=True)
    a, b, c = (draws.words(shape).astype(here.dtype) & here.dtype.type(2 * here.sign - 1) for here, shape in every)
    return a, b, c


def extremes(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Integers at the ends of their range and about zero, and c at the ends of its range."""
    found = []
    for here, shape, ends in ((u.a, u.of(tiles)[0], 0), (u.b, u.of(tiles)[1], 0), (u.c, u.of(tiles)[2], 1 << 12)):
        base = draws.one_of((0, here.sign - 1, here.sign, 2 * here.sign - 1), shape)
        found.append((base + draws.between(-1 - ends, 1 + ends, shape)).astype(here.dtype))
    return found[0], found[1], found[2]


def one_sign(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Products of one sign, and c where they leave its range."""
    a, b, _ = bits(draws, u, tiles)
    largest = u.a.dtype.type(u.a.sign - 1), u.b.dtype.type(u.b.sign - 1)
    negative = draws.chance(1, 2, (tiles, 1, 1))
    a = np.where(negative, a | u.a.dtype.type(u.a.sign), a & largest[0])
    c = u.c.sign + draws.between(-(1 << 18), 1 << 18, u.of(tiles)[2])
    return a, b & largest[1], c.astype(u.c.dtype)
