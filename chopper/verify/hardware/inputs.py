"""Inputs that tell one arithmetic from another: tiles of operands for matrix products, in classes, for any unit.

Random numbers alone hide most of what an adder does.  Each class here asks one question; all of them together are what
a unit must answer like its model.  Every class is a function of the key.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.errors import UnsupportedInputError
from chopper.hardware import Unit
from chopper.hardware import unit as find
from chopper.verify.hardware.draws import Draws
from chopper.verify.hardware.integers import bits, extremes, one_sign
from chopper.verify.hardware.layouts import Layout, Operands, Tile, layout

__all__ = ["classes", "tiles"]

_Array = npt.NDArray[Any]


def _fractions(draws: Draws, shape: tuple[int, ...]) -> _Array:
    """Return random fractions: half of them with all bits, the others with one or none."""
    keep = draws.one_of((-1, -1, -(1 << 63), 0), shape).astype(np.uint64)
    return draws.words(shape) & keep


def _number(draws: Draws, here: Layout, exponent: Any, shape: tuple[int, ...]) -> _Array:
    return here.assemble(draws.chance(1, 2, shape), np.broadcast_to(exponent, shape), _fractions(draws, shape))


def _zeros(draws: Draws, here: Layout, codes: _Array, parts: int, of: int) -> _Array:
    """Return the codes with zeros of both signs put in."""
    zero = here.signed(draws.chance(1, 2, codes.shape), np.zeros(codes.shape))
    return np.where(draws.chance(parts, of, codes.shape), zero, codes)


def _randn(draws: Draws, u: Operands, tiles: int) -> Tile:
    a, b, c = (here.encode(draws.bell(shape)) for here, shape in zip((u.a, u.b, u.c), u.of(tiles), strict=True))
    return a, b, c


def _positive(draws: Draws, u: Operands, tiles: int) -> Tile:
    a, b, c = _randn(draws, u, tiles)
    return tuple(x & here.dtype.type(here.sign - 1) for x, here in ((a, u.a), (b, u.b), (c, u.c)))


def _spread(draws: Draws, u: Operands, tiles: int) -> Tile:
    a, b, c = u.of(tiles)
    return (
        _number(draws, u.a, draws.between(-6, 6, a), a),
        _number(draws, u.b, draws.between(-6, 6, b), b),
        _number(draws, u.c, draws.between(-12, 12, c), c),
    )


def _gap(draws: Draws, u: Operands, tiles: int) -> _Array:
    """Return a distance of exponents for each tile, at most two away from a number of bits kept."""
    kept = (*u.kept, u.c.fraction + 1)
    return draws.one_of(kept, (tiles,)) + draws.between(-2, 2, (tiles,))


def _gaps(draws: Draws, u: Operands, tiles: int) -> Tile:
    """One product of each sum leads; the others lie as far below it as the bits that are kept reach."""
    gap = _gap(draws, u, tiles)
    lead = draws.below(u.shape[2], (tiles,))
    at = np.arange(u.shape[2]) == lead[:, None, None]
    found, top = [], np.zeros(tiles, np.int64)
    for here, shape, share in ((u.a, u.of(tiles)[0], gap // 2), (u.b, u.of(tiles)[1], gap - gap // 2)):
        first = np.minimum(np.maximum(draws.between(-8, 8, (tiles,)), here.lowest + share + 2), here.emax - 1)
        row = draws.between(-1, 1, (*shape[:2], 1)) * (share > 0)[:, None, None]
        below = first[:, None, None] - share[:, None, None] + row + draws.between(-1, 0, shape)
        found.append(_number(draws, here, np.where(at, first[:, None, None], below), shape))
        top += first
    shape = u.of(tiles)[2]
    near = np.where(draws.chance(1, 2, (tiles, 1, 1)), draws.between(-3, 3, shape), gap[:, None, None])
    c = _number(draws, u.c, top[:, None, None] - near + draws.between(-2, 2, shape), shape)
    return found[0], found[1], _zeros(draws, u.c, c, 1, 4)


def _cancel(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Half of the products are the others with the sign changed, in another order; in half of the tiles one differs."""
    a, b, c = _spread(draws, u, tiles)
    half = u.shape[2] // 2
    order = np.argsort(draws.words((tiles, 1, half)), axis=-1)
    a[..., half : 2 * half] = np.take_along_axis(a[..., :half], np.broadcast_to(order, a[..., :half].shape), -1)
    b[..., half : 2 * half] = np.take_along_axis(b[..., :half], np.broadcast_to(order, b[..., :half].shape), -1)
    a[..., half : 2 * half] ^= u.a.dtype.type(u.a.sign)
    other = draws.chance(1, 2, (tiles, 1)) & (u.a.max_code > 0)
    a[..., 0] ^= np.where(other, u.a.dtype.type(1), u.a.dtype.type(0))
    tiny = _number(draws, u.c, draws.between(-40, -4, c.shape), c.shape)
    return a, b, _zeros(draws, u.c, np.where(draws.chance(1, 2, (tiles, 1, 1)), tiny, c), 1, 4)


def _near(draws: Draws, u: Operands, tiles: int, low: int, high: int, width: int) -> tuple[_Array, _Array]:
    """Return a and b whose products have exponents from `low` to `high`, as far as the formats reach."""
    target = draws.between(low, high, (tiles,))[:, None, None]
    share = np.clip(target // 2, u.a.lowest, u.a.emax)
    other = np.clip(target - share, u.b.lowest, u.b.emax)
    share = target - other
    a, b, _ = u.of(tiles)
    return (
        _number(draws, u.a, share + draws.between(-width, width, a), a),
        _number(draws, u.b, other + draws.between(-width, width, b), b),
    )


def _tiny(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Sums about and below the smallest subnormal number of the result."""
    a, b = _near(draws, u, tiles, u.c.lowest - 12, u.c.emin + 4, 3)
    shape = u.of(tiles)[2]
    c = _number(draws, u.c, draws.between(u.c.lowest, u.c.emin + 1, shape), shape)
    none = np.broadcast_to(draws.chance(1, 2, (tiles, 1, 1)), shape)
    return a, b, np.where(none, _zeros(draws, u.c, c, 1, 1) & u.c.dtype.type(0), _zeros(draws, u.c, c, 1, 4))


def _floor(draws: Draws, u: Operands, tiles: int) -> Tile:
    """One product that is about the smallest number of the result, and few others far below it.

    Where exponents have a floor, what lies too far below it is lost; else it decides how the sum is rounded.
    """
    depth = draws.between(4, 28, (tiles, 1, 1))
    top = u.c.lowest + draws.between(-1, 1, (tiles, 1, 1))
    at = np.arange(u.shape[2]) == draws.below(u.shape[2], (tiles, 1, 1))
    first = np.clip(top // 2, u.a.lowest, u.a.emax)
    low = np.clip((top - depth) // 2, u.a.lowest, u.a.emax)
    a_shape, b_shape, shape = u.of(tiles)
    none = np.zeros((), np.uint64)
    lead = u.a.assemble(draws.chance(1, 2, a_shape), np.broadcast_to(first, a_shape), none)
    rest = _zeros(draws, u.a, _number(draws, u.a, low, a_shape), 3, 4)
    led = u.b.assemble(draws.chance(1, 2, b_shape), np.broadcast_to(top - first, b_shape), none)
    other = _number(draws, u.b, top - depth - low + draws.between(-1, 1, b_shape), b_shape)
    c = u.c.signed(draws.chance(1, 2, shape), draws.below(3, shape))
    return np.where(at, lead, rest), np.where(at, led, other), _zeros(draws, u.c, c, 1, 2)


def _normal(draws: Draws, u: Operands, tiles: int) -> Tile:
    """c within some units of the smallest normal number of the result, and products of about its last bit."""
    a, b = _near(draws, u, tiles, u.c.lowest - 4, u.c.lowest + 2, 1)
    shape = u.of(tiles)[2]
    c = u.c.signed(draws.chance(1, 2, shape), u.c.first_normal + draws.between(-4, 4, shape))
    sparse = draws.chance(1, 2, (tiles, 1, 1)) & draws.chance(31, 32, a.shape)
    return np.where(sparse, u.a.dtype.type(0), a), b, c


def _large(draws: Draws, u: Operands, tiles: int) -> Tile:
    """c near the largest number of the result, products from its last bit up to beyond it."""
    a, b = _near(draws, u, tiles, u.c.emax - u.c.fraction - 3, u.c.emax + 1, 1)
    shape = u.of(tiles)[2]
    c = u.c.signed(draws.chance(1, 2, shape), u.c.max_code - draws.below(1 << 4, shape))
    return a, b, c


def _dominating(draws: Draws, u: Operands, tiles: int) -> Tile:
    """c leads all products by as much as the bits that are kept reach."""
    gap = _gap(draws, u, tiles)[:, None, None]
    top = min(u.c.emax - 1, u.a.emax + u.b.emax)
    low = np.maximum(np.minimum(draws.between(-4, 4, (tiles, 1, 1)), top - gap), u.a.lowest + u.b.lowest + 4)
    share = np.clip(low // 2, u.a.lowest + 2, u.a.emax)
    a, b, c = u.of(tiles)
    return (
        _number(draws, u.a, share + draws.between(-1, 1, a), a),
        _number(draws, u.b, low - share + draws.between(-1, 1, b), b),
        _number(draws, u.c, low + gap + draws.between(-1, 1, c), c),
    )


def _subnormal(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Subnormal operands on one side or on both: are they normalised, or taken for zero?"""
    a, b, c = _spread(draws, u, tiles)
    for codes, here in ((a, u.a), (b, u.b)):
        which = draws.chance(3, 4, (tiles, 1, 1)) & draws.chance(3, 4, codes.shape)
        small = here.signed(draws.chance(1, 2, codes.shape), draws.below(1 << min(here.fraction, 31), codes.shape))
        codes[...] = np.where(which, small, codes)
    fine = _number(draws, u.c, draws.between(u.a.emin - 8, u.a.emin + 8, c.shape), c.shape)
    return a, b, _zeros(draws, u.c, np.where(draws.chance(1, 2, c.shape), fine, c), 1, 4)


def _signs_of_zero(draws: Draws, u: Operands, tiles: int) -> Tile:
    a, b, c = _spread(draws, u, tiles)
    return _zeros(draws, u.a, a, 31, 32), _zeros(draws, u.b, b, 1, 2), _zeros(draws, u.c, c, 15, 16)


def _special(draws: Draws, u: Operands, tiles: int) -> Tile:
    """Infinities, NaNs and zeros, few enough that not every sum is NaN."""
    a, b, c = _spread(draws, u, tiles)
    for codes, here, of in ((a, u.a, 16 * u.shape[2]), (b, u.b, 16 * u.shape[2]), (c, u.c, 20)):
        codes[...] = _zeros(draws, here, codes, 1, 8)
        for special, parts in ((here.infinity, 4), (here.nan, 1)):
            if special is not None:
                which = draws.chance(parts, of, codes.shape)
                codes[...] = np.where(which, here.signed(draws.chance(1, 2, codes.shape), special), codes)
    return a, b, c


_FLOATS: MappingProxyType[str, Callable[[Draws, Operands, int], Tile]] = MappingProxyType(
    {"randn": _randn, "positive": _positive, "spread": _spread, "gaps": _gaps, "cancel": _cancel, "tiny": _tiny,
     "floor": _floor, "normal": _normal, "large": _large, "dominating": _dominating, "subnormal": _subnormal,
     "zeros": _signs_of_zero, "special": _special, "bits": bits}
)  # fmt: skip
_INTEGERS: MappingProxyType[str, Callable[[Draws, Operands, int], Tile]] = MappingProxyType(
    {"bits": bits, "extremes": extremes, "one sign": one_sign}
)


def classes(unit: str | Unit) -> tuple[str, ...]:
    """Return the names of the classes for a unit.

    Examples
    --------
    >>> classes("h100.wgmma.int8")
    ('bits', 'extremes', 'one sign')
    """
    return tuple(_INTEGERS if layout(find(unit).c).integer else _FLOATS)


def tiles(
    unit: str | Unit,
    shape: tuple[int, int, int],
    name: str,
    count: int,
    key: int = 0,
    part: int = 0,
    *,
    adds: bool = True,
) -> Tile:
    """Return operands of one class.

    Parameters
    ----------
    unit : str or Unit
        Its formats decide what the codes are.
    shape : tuple of int
        Rows, columns and terms (m, n, k) of a tile.
    name : str
        One of `classes`.
    count : int
        Tiles.
    key, part : int
        The same key and part give the same codes for ever.
    adds : bool
        Whether there is a c; else it is +0.

    Returns
    -------
    tuple of array
        Codes a [count, m, k], b [count, n, k] and c [count, m, n].

    Raises
    ------
    UnsupportedInputError
        If there is no such class.
    RandomKeyError
        If `key` or `part` is negative.

    Examples
    --------
    >>> a, b, c = tiles("h100.wgmma.e4m3", (64, 8, 32), "gaps", 2)
    >>> a.shape, b.shape, c.shape, str(a.dtype), str(c.dtype)
    ((2, 64, 32), (2, 8, 32), (2, 64, 8), 'uint8', 'uint32')
    """
    unit = find(unit)
    if name not in classes(unit):
        raise UnsupportedInputError(f"{name!r} is no class of inputs of {unit}; legal: {', '.join(classes(unit))}")
    fraction = getattr(unit.model, "fraction", None)
    kept = (fraction, fraction, 13, 24, 25) if isinstance(fraction, int) else (13, 24, 25)
    operands = Operands(layout(unit.a), layout(unit.b), layout(unit.c), shape, kept)
    make = (_INTEGERS if operands.c.integer else _FLOATS)[name]
    with np.errstate(over="ignore"):
        a, b, c = make(Draws(key, part, name, unit.a, unit.b, unit.c, *shape), operands, count)
    return a, b, c if adds else np.zeros_like(c)
