"""The estimate: how many decimal digits a few samples of a result have in common."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.errors import UnsupportedInputError

__all__ = ["Estimate", "estimate", "is_noise", "significant_digits", "student_value"]

_Array = npt.NDArray[np.float64]


@lru_cache(maxsize=256)
def student_value(confidence: float, degrees: int) -> float:
    """Return t such that a Student variable of so many degrees of freedom lies in [-t, t] with a probability.

    The distribution is summed exactly up to float64 rounding, as finite sums of cosines that hold for integer degrees
    (Abramowitz and Stegun 26.7.3, 26.7.4), and solved by bisection.

    Raises
    ------
    UnsupportedInputError
        If the confidence does not lie between 0 and 1, or degrees are less than 1.

    Examples
    --------
    >>> round(student_value(0.95, 2), 3), round(student_value(0.95, 1), 3), round(student_value(0.95, 30), 3)
    (4.303, 12.706, 2.042)
    """
    if not 0 < confidence < 1 or degrees < 1:
        raise UnsupportedInputError(
            f"confidence={confidence!r} with {degrees} degrees of freedom is not legal; legal: a number between 0 and "
            "1, and at least 2 samples"
        )
    low, high = 0.0, 1.0
    while _within(high, degrees) < confidence:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _within(middle, degrees) < confidence else (low, middle)
    return high


def _within(t: float, degrees: int) -> float:
    """Return the probability that a Student variable lies in [-t, t]."""
    angle = math.atan2(t, math.sqrt(degrees))
    cosine, total = math.cos(angle), 0.0
    term = cosine if degrees % 2 else 1.0
    for power in range(degrees % 2, degrees - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    if degrees % 2:
        return (angle + math.sin(angle) * total) * 2 / math.pi
    return math.sin(angle) * total


class Estimate(NamedTuple):
    """Mean of samples, significant digits, and where a result is a computational zero."""

    mean: Any
    digits: Any
    noise: Any


def estimate(samples: Any, axis: int = 0, confidence: float = 0.95, limit: float = math.inf) -> Estimate:
    """Return mean, digits and noise of samples, as `significant_digits` and `is_noise` define them.

    Examples
    --------
    >>> estimate([2.0, 2.0, 2.0]).mean, estimate([1.0, -1.0, 1.0]).noise
    (np.float64(2.0), np.True_)
    """
    x = np.moveaxis(np.asarray(samples, np.float64), axis, 0)
    tau = student_value(confidence, len(x) - 1)
    with np.errstate(all="ignore"):
        powers = np.frexp(np.abs(x).max(axis=0))[1]
        y = np.ldexp(x, -powers)  # of size 1/2 to 1, so that squares neither overflow nor underflow
        apart = y - y[0]  # exact for samples that agree to within a factor of two
        shift = apart.mean(axis=0)
        mean = y[0] + shift
        spread = np.sqrt(np.sum(np.square(apart - shift), axis=0) / (len(x) - 1))
        digits = np.log10(math.sqrt(len(x)) * np.abs(mean) / (tau * spread))
    finite, same = np.isfinite(x).all(axis=0), (x == x[0]).all(axis=0)
    digits = np.where(same, np.where(x[0] == 0, -np.inf, np.inf), digits)
    noise = finite & (digits <= 0)
    digits = np.where(finite, np.clip(digits, 0.0, limit), 0.0)
    mean = np.where(finite, np.ldexp(np.where(finite, mean, 0.0), powers), x.mean(axis=0))
    return Estimate(mean[()], digits[()], noise[()])


def significant_digits(samples: Any, *, axis: int = 0, confidence: float = 0.95, limit: float = math.inf) -> Any:
    """Return how many decimal digits the samples of a result have in common.

    C = log10(sqrt(N) |mean| / (tau s)), where s is the standard deviation of the N samples (with N - 1 below) and tau
    Student's value for N - 1 degrees of freedom: with this confidence, were the samples normally distributed around
    the exact result, the mean would have C decimal digits in common with it.

    Parameters
    ----------
    samples : array of numbers
        At least two samples, along `axis`.
    axis : int
        Where the samples lie.
    confidence : float
        Between 0 and 1.
    limit : float
        Digits are cut off here: equal samples would have infinitely many.

    Returns
    -------
    float or array of float64
        At least 0; 0 also where a sample is infinite or NaN.

    Raises
    ------
    UnsupportedInputError
        If there are less than two samples, or the confidence is not legal.

    Examples
    --------
    >>> round(float(significant_digits([3.1415, 3.1416, 3.1417])), 2)
    4.1
    >>> significant_digits([1.0, 1.0]), significant_digits([1.0, 1.0], limit=7.2), significant_digits([1.0, -1.0])
    (np.float64(inf), np.float64(7.2), np.float64(0.0))
    """
    return estimate(samples, axis, confidence, limit).digits


def is_noise(samples: Any, *, axis: int = 0, confidence: float = 0.95) -> Any:
    """Return whether a result is a computational zero: all samples are zero, or they have no digit in common.

    Examples
    --------
    >>> is_noise([1.0, -1.5, 0.25]), is_noise([0.0, 0.0]), is_noise([1.0, 1.001])
    (np.True_, np.True_, np.False_)
    """
    return estimate(samples, axis, confidence).noise
