"""Codebooks that follow from a formula or from data, as formats: pass one where a format is wanted.

Levels are float64 numbers, and the codebook holds them exactly; what is rounded to them is rounded without any error of
its own.  float32 data want levels that are float32 numbers: ``dtype=numpy.float32`` rounds them once more.  In the
middle of two levels ``nearest_even`` takes the lower one, as the named codebooks do.

>>> import chopper
>>> from chopper import codebooks
>>> chopper.chop([0.1, 0.3, -2.0], codebooks.power(3, 2.0)).round(4).tolist()
[0.1111, 0.4444, -1.0]
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from chopper.errors import FormatError, UnsupportedInputError
from chopper.formats.checks import check_integer
from chopper.formats.codebook import CodebookFormat
from chopper.formats.codebooks import dynamic_map, power_map, tangent_map
from chopper.formats.policies import Ties

__all__ = ["dynamic", "lloyd_max", "power", "tangent"]


def power(bits: int, power: float, dtype: npt.DTypeLike = np.float64) -> CodebookFormat:
    """Return the levels sign(k) |k / K|^power with K = 2^(bits - 1) - 1, from -1 to 1: power exponent quantization.

    Parameters
    ----------
    bits : int
        2 to 16.
    power : float
        Positive; 1 gives even levels, more gives finer ones near zero.
    dtype : dtype
        float64, or float32, to which the levels are then rounded.

    Raises
    ------
    FormatError
        If an argument is out of range.

    Notes
    -----
    Levels are what Python's ``**`` gives; they may differ in the last bit between C libraries.  After Yvinec et al.,
    NUPES, arXiv:2308.05600; unverified: whether the power there is this one or its inverse.

    Examples
    --------
    >>> [round(float(value), 4) for value in power(3, 2.0).values]
    [-1.0, -0.4444, -0.1111, 0.0, 0.1111, 0.4444, 1.0]
    """
    return _book(power_map(bits, power), dtype)


def tangent(bits: int, angle: float, dtype: npt.DTypeLike = np.float64) -> CodebookFormat:
    """Return the levels tan(angle k / K) / tan(angle) with K = 2^(bits - 1) - 1, from -1 to 1.

    Parameters
    ----------
    bits : int
        2 to 16.
    angle : float
        Above 0, below pi / 2; the larger, the finer the levels near zero.
    dtype : dtype
        As for `power`.

    Raises
    ------
    FormatError
        If an argument is out of range.

    Notes
    -----
    Levels are what Python's ``math.tan`` and float64 division give.

    Examples
    --------
    >>> [round(float(value), 4) for value in tangent(3, 1.2).values]
    [-1.0, -0.4003, -0.1644, 0.0, 0.1644, 0.4003, 1.0]
    """
    return _book(tangent_map(bits, angle), dtype)


def dynamic(bits: int = 8, exponents: int = 7) -> CodebookFormat:
    """Return a signed dynamic map: `exponents` decades below 1, each with twice the levels of the one below.

    With 8 bits and 7 decades it is ``dynamic8``, of Dettmers et al., arXiv:2110.02861.

    Parameters
    ----------
    bits : int
        3 to 16.
    exponents : int
        1 to bits - 1.

    Raises
    ------
    FormatError
        If an argument is out of range.

    Examples
    --------
    >>> import chopper
    >>> dynamic() == chopper.get("dynamic8"), len(dynamic(4, 3).values)
    (True, 16)
    """
    return _book(map(float, dynamic_map(bits, exponents)), np.float32)


def lloyd_max(
    x: npt.ArrayLike, levels: int = 16, *, rounds: int = 100, dtype: npt.DTypeLike = np.float64
) -> CodebookFormat:
    """Return levels fitted to data by the iteration of Lloyd and Max, which lowers the mean squared error.

    Parameters
    ----------
    x : array of numbers
        The data, finite, of any shape and order; read as float64.
    levels : int
        2 to 65536.  Data with no more distinct numbers than that are their own levels.
    rounds : int
        How often to move the levels, at most; 0 gives the levels of the start.
    dtype : dtype
        As for `power`; the iteration itself is in float64.

    Raises
    ------
    FormatError
        If `levels` or `rounds` is out of range.
    UnsupportedInputError
        If the data are no finite numbers, fewer than two distinct ones, or so large that their sum overflows.

    Notes
    -----
    The distinct numbers are put in order, n of them; at the start, level i is number (2 i + 1) n // (2 levels),
    counted from 0.  A round cuts the data at the float64 means of neighbouring levels, a number on a cut belonging to
    the lower level, and moves each level to the mean of its part: the correctly rounded sum, divided by the count in
    float64, and brought back between the least and the largest number of the part, if it left them.  A level without
    data stays.  It ends when a round makes the cuts of the round before.  The result is the same on every machine.

    The levels are a local optimum.  After Lloyd, Least squares quantization in PCM, 1957 (IEEE Trans. Inf. Theory 28,
    1982), and Max, Quantizing for minimum distortion, 1960.

    Examples
    --------
    >>> [float(value) for value in lloyd_max([-3, -1, 0, 1, 5, 7], 3).values]
    [-2.0, 0.5, 6.0]
    """
    check_integer("levels", levels, 2, 1 << 16)
    check_integer("rounds", rounds, 0, 1 << 30)
    data = _sorted(x)
    found = _start(data, levels)
    numbers, before = data.tolist(), np.empty(0, np.intp)
    for _ in range(rounds):
        cuts = np.searchsorted(data, found[:-1] / 2 + found[1:] / 2, side="right")
        if np.array_equal(cuts, before):
            break
        found, before = _moved(found, numbers, cuts), cuts
    return _book(found.tolist(), dtype)


def _book(values: Iterable[float], dtype: npt.DTypeLike) -> CodebookFormat:
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise FormatError(f"dtype={np.dtype(dtype).name!r} is not legal; legal: float32, float64")
    with np.errstate(all="ignore"):
        levels = np.unique(np.array([*values], np.float64).astype(dtype))
    return CodebookFormat(values=tuple(map(Fraction, levels.tolist())), ties=Ties.LOWER)


def _sorted(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        data = np.sort(np.asarray(x).astype(np.float64, casting="same_kind"), axis=None)
    except (TypeError, ValueError):
        raise UnsupportedInputError(f"{type(x).__name__} holds no real numbers; pass an array of floats") from None
    largest = float(np.abs(data).max(initial=0))
    if not math.isfinite(largest * data.size):
        raise UnsupportedInputError("the data are not finite, or their sum overflows; leave such numbers out or scale")
    if data.size == 0 or data[0] == data[-1]:
        raise UnsupportedInputError("levels want two different numbers at least; pass more data")
    return data + 0.0  # no minus zero


def _start(data: npt.NDArray[np.float64], levels: int) -> npt.NDArray[np.float64]:
    distinct = np.unique(data)
    if distinct.size <= levels:
        return distinct
    places = (2 * np.arange(levels) + 1) * distinct.size // (2 * levels)
    return distinct[places]


def _moved(
    levels: npt.NDArray[np.float64], numbers: list[float], cuts: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Return each level at the mean of its part of the sorted numbers."""
    ends = [0, *cuts.tolist(), len(numbers)]
    moved = levels.copy()
    for i, (start, stop) in enumerate(pairwise(ends)):
        if start < stop:
            mean = math.fsum(numbers[start:stop]) / (stop - start)
            moved[i] = min(max(mean, numbers[start]), numbers[stop - 1])
    return moved
