"""Flipping bits of codes: of arrays of values, of codes, and of elements or scales of a `ScaledArray`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import decode, encode
from chopper.engine.inputs import as_codes, as_real, code_dtype, is_number
from chopper.errors import RangeError, UnsupportedInputError
from chopper.faults.masks import Fields, field_masks
from chopper.faults.streams import choice, happens, words64
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.random import Chunk, Key, as_key
from chopper.rounding import Overflow, Rounding
from chopper.scaled import ScaledArray

__all__ = ["flip", "flip_codes"]

_Array = npt.NDArray[Any]

_PARTS = ("elements", "scales")
_PERS = ("element", "bit")
_HITS, _PLACES, _BITS = 0, 1, 64
"""Numbers of the streams: who is hit, in which bit, and from where on each bit has a stream of its own."""

_SCALES = 1 << 16
"""Numbers of the streams of scales start here, one such distance for each level."""


def flip(
    x: Any,
    fmt: str | Format,
    probability: float | Fraction,
    *,
    key: Any = None,
    fields: Fields = "any",
    per: str = "element",
    part: str = "elements",
    rounding: str | Rounding = "nearest_even",
    overflow: str | Overflow | None = None,
    axis: int | tuple[int, ...] = -1,
    offset: int | Chunk = 0,
    return_flips: bool = False,
) -> Any:
    """Round `x` to a format, flip bits of the codes by chance, and return the values of what they are then.

    The code that is hit is the format's own, not the carrier's, and every bit of it may be, also those of an exact
    zero or of a NaN.  (The soft errors of MATLAB's chop, ``flip=1``, hit trailing bits of the significand only, and
    turn exact zeros into numbers near 1.)

    Parameters
    ----------
    x : number or array
        As for `chopper.chop`; NumPy arrays and Python numbers.
    fmt : str or Format
        As for `chopper.chop`.
    probability : float or Fraction
        0 to 1: of a flip of one bit of an element (``per="element"``), or of each bit by itself (``per="bit"``).
    key : int, pair of uint32, numpy.random.Generator or None
        What is hit depends on the key and on an element's index alone; see `flip_codes`.
    fields : str, int or iterable of them
        Which bits can be hit; see `field_masks`.  A code without bits of this kind stays as it is.
    per : str
        ``"element"``: of an element that is hit, one bit flips, all that can be equally likely.  ``"bit"``: every bit
        that can be hit flips with the probability, independent of the others.
    part : str
        Of formats with shared scales, what is hit: ``"elements"``, or the codes of the ``"scales"``.
    rounding, overflow, axis
        As for `chopper.chop`; `x` is rounded first.  Random modes draw from `key` too, independent of the flips.
    offset : int or Chunk
        Index of the first element, for chunks of a larger array, as for `chopper.chop`.
    return_flips : bool
        Return ``(values, flips)``: the bits that flipped, as `flip_codes` returns them.

    Returns
    -------
    number or array
        Of the kind, shape and dtype of ``chop(x, fmt)``; the exact value of each code.

    Raises
    ------
    UnsupportedInputError
        If the probability, a field, `per` or `part` is not legal.
    RangeError
        If the dtype of `x` does not hold a value that came up.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.ones(8)
    >>> flip(x, "e4m3", 1.0, key=1, fields="exponent").tolist()
    [0.0625, 256.0, 256.0, 0.0625, 256.0, 0.5, 0.0625, 0.5]
    >>> flip(x, "e4m3", 1e-9, key=1).tolist() == x.tolist()
    True
    """
    fmt, words = get(fmt), _fixed(key)
    codes = encode(x, fmt, rounding, key=words, overflow=overflow, axis=axis, offset=offset)
    flipped, flips = flip_codes(
        codes, fmt, probability, key=words, fields=fields, per=per, part=part, offset=offset, return_flips=True
    )
    values = _values(x, flipped, fmt)
    return (values, flips) if return_flips else values


def flip_codes(
    codes: Any,
    fmt: str | Format | None,
    probability: float | Fraction,
    *,
    key: Any = None,
    fields: Fields = "any",
    per: str = "element",
    part: str = "elements",
    offset: int | Chunk = 0,
    return_flips: bool = False,
) -> Any:
    """Flip bits of codes by chance.

    Parameters
    ----------
    codes : int, array of integers or ScaledArray
        Codes of the format; they are not changed.
    fmt : str, Format or None
        Their format; a `ScaledArray` knows its own.
    probability, fields, per, part, offset
        As for `flip`.  For scales, indices count the scales of a level, and `offset` must be 0.
    key : int, pair of uint32, numpy.random.Generator or None
        Elements take 64-bit words from streams of their own, with their index in C order as the counter; see
        `chopper.faults.streams`.  An element is hit where its word is below probability * 2^64, and another word times
        the number of bits that can be hit, over 2^64, says which of them it is, counted from the lowest.  Under
        ``per="bit"`` each bit has a stream.  So results do not depend on how an array is cut into chunks.
    return_flips : bool
        Return ``(codes, flips)``.  Flips are codes exclusive-or what they became, 0 where nothing happened: an array
        of the shape and dtype of the codes; for scales a tuple of one array for each level.

    Returns
    -------
    int, array or ScaledArray
        In the smallest unsigned dtype that holds the codes.

    Raises
    ------
    UnsupportedInputError, RangeError
        As `flip`, and if `codes` are no codes of the format.

    Examples
    --------
    >>> import numpy as np
    >>> codes, flips = flip_codes(np.zeros(6, np.uint8), "posit8", 0.5, key=3, return_flips=True)
    >>> bool((codes == flips).all()), int(np.count_nonzero(flips))
    (True, 3)
    """
    chosen = _Choice(_probability(probability), fields, _one_of("per", per, _PERS) == "bit")
    base = as_key(_fixed(key), offset, np.shape(codes) if not isinstance(codes, ScaledArray) else codes.shape)
    scales = _one_of("part", part, _PARTS) == "scales"
    if isinstance(codes, ScaledArray):
        run = _flipped_scales if scales else _flipped_elements
        return _returned(run(codes, chosen, base, offset), return_flips)
    if fmt is None or scales or get(fmt).blocked:
        raise UnsupportedInputError(
            "plain codes need fmt=, a format of single numbers, and have no scales; for these pass a ScaledArray"
        )
    fmt = get(fmt)
    given = as_codes(codes, fmt)
    flips = chosen.flips(given, fmt, base)
    if is_number(codes):
        return _returned((int((given ^ flips)[()]), int(flips[()])), return_flips)
    return _returned((given ^ flips, flips), return_flips)


def _returned(found: tuple[Any, Any], both: bool) -> Any:
    return found if both else found[0]


class _Choice:
    """What can be hit, and how likely it is."""

    def __init__(self, probability: Fraction, fields: Fields, per_bit: bool) -> None:
        self.probability, self.per_bit = probability, per_bit
        self.fields: Fields = fields if isinstance(fields, (str, int)) else tuple(fields)

    def flips(self, codes: _Array, fmt: Format, key: Key, first: int = 0) -> _Array:
        """Return the bits of codes that flip."""
        field_masks(fmt, self.fields, np.zeros(0, np.uint8))  # raises where the format has no such fields
        run = self._each_bit if self.per_bit else self._one_bit
        flat = codes.reshape(-1)
        return run(flat, fmt, key, first).astype(code_dtype(fmt)).reshape(codes.shape)

    def _one_bit(self, codes: _Array, fmt: Format, key: Key, first: int) -> _Array:
        where = np.flatnonzero(happens(key, first + _HITS, codes.size, self.probability))
        masks = field_masks(fmt, self.fields, codes[where])
        where, masks = where[masks != 0], masks[masks != 0]
        counts = np.bitwise_count(masks).astype(np.uint64)
        places = choice(words64(key, first + _PLACES, where, codes.size), counts)
        flips = np.zeros(codes.size, np.uint64)
        flips[where] = _bit(masks, places)
        return flips

    def _each_bit(self, codes: _Array, fmt: Format, key: Key, first: int) -> _Array:
        flips = np.zeros(codes.size, np.uint64)
        for bit in range(fmt.bits):
            hit = happens(key, first + _BITS + bit, codes.size, self.probability)
            flips[hit] |= np.uint64(1 << bit)
        where = np.flatnonzero(flips)
        flips[where] &= field_masks(fmt, self.fields, codes[where])
        return flips


def _bit(masks: _Array, places: _Array) -> _Array:
    """Return the bit of each mask that has so many set bits below it."""
    rest, found = masks, np.zeros_like(masks)
    for width in (32, 16, 8, 4, 2, 1):
        low = rest & np.uint64((1 << width) - 1)
        below = np.bitwise_count(low).astype(np.uint64)
        higher = places >= below
        places = np.where(higher, places - below, places)
        rest = np.where(higher, rest >> np.uint64(width), low)
        found = np.where(higher, found + np.uint64(width), found)
    return np.uint64(1) << found


def _flipped_elements(x: ScaledArray, chosen: _Choice, key: Key, _: int | Chunk) -> tuple[ScaledArray, _Array]:
    codes = x.codes
    flips = chosen.flips(codes, x.fmt.element, key)
    return _rebuilt(x, codes ^ flips, x.scale_codes), flips


def _flipped_scales(
    x: ScaledArray, chosen: _Choice, key: Key, offset: int | Chunk
) -> tuple[ScaledArray, tuple[_Array, ...]]:
    if offset != 0:
        raise UnsupportedInputError(f"offset={offset!r} counts elements; flip the scales of the whole array")
    pairs = list(zip(x.scale_codes, x.fmt.levels, strict=True))
    flips = tuple(chosen.flips(codes, level.scale, key, (1 + i) * _SCALES) for i, (codes, level) in enumerate(pairs))
    scales = tuple(codes ^ change for (codes, _), change in zip(pairs, flips, strict=True))
    return _rebuilt(x, x.codes, scales), flips


def _rebuilt(x: ScaledArray, codes: _Array, scales: tuple[_Array, ...]) -> ScaledArray:
    return ScaledArray.from_codes(codes, scales, x.fmt, axis=x.axis, zero_points=x.zero_points)


def _values(x: Any, codes: Any, fmt: Format) -> Any:
    """Return the values of codes in the dtype of `x`."""
    kind = as_real(x).dtype
    kind = np.dtype(np.float64) if kind.kind in "iub" else kind
    values = np.asarray(decode(codes, None if fmt.blocked else fmt, np.float64))
    with np.errstate(all="ignore"):
        cast = values.astype(kind)
    bad = np.flatnonzero((cast.astype(np.float64) != values) & (values == values))
    if bad.size and not fmt.blocked:
        raise RangeError(f"{values.flat[bad[0]]!r} came up, which {kind} does not hold; pass x in float64")
    return float(cast[()]) if is_number(x) else cast[()] if isinstance(x, np.generic) else cast


def _fixed(key: Any) -> Any:
    """Return a key that gives the same words each time it is used."""
    if isinstance(key, Key):
        return key
    drawn = as_key(key)
    return drawn.high << 32 | drawn.low


def _probability(given: Any) -> Fraction:
    try:
        exact = Fraction(given) if not isinstance(given, float) or math.isfinite(given) else Fraction(-1)
    except (TypeError, ValueError):
        exact = Fraction(-1)
    if not 0 <= exact <= 1:
        raise UnsupportedInputError(f"probability={given!r} is not legal; legal: a number from 0 to 1")
    return exact


def _one_of(name: str, given: Any, legal: tuple[str, ...]) -> str:
    if given not in legal:
        raise UnsupportedInputError(f"{name}={given!r} is not legal; legal: {', '.join(legal)}")
    return str(given)
