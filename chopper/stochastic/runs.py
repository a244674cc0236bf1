"""A whole computation, a few times over, and the digits of its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.faults.streams import stream
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.random import as_key
from chopper.rounding import Rounding
from chopper.stochastic.arithmetic import StochasticArithmetic, digits_of, random_mode
from chopper.stochastic.estimate import estimate, student_value
from chopper.stochastic.sampled import Sampled

__all__ = ["Significance", "significance"]


@dataclass(frozen=True, eq=False)
class Significance:
    """What `significance` found.

    Attributes
    ----------
    format : str
        The format.
    samples : float64 array
        The results, along the first axis.
    mean, digits, noise : number or array
        Their mean; the significant decimal digits, 0 to those of the format; whether it is a computational zero.
    confidence : float
        Of the digits.
    instabilities : dict of str to int
        What `StochasticArithmetic` counted; empty for runs one after the other.
    """

    format: str
    samples: Any
    mean: Any
    digits: Any
    noise: Any
    confidence: float
    instabilities: dict[str, int]


def significance(
    fn: Callable[[Any], Any],
    fmt: str | Format,
    samples: int = 3,
    *,
    key: Any = 0,
    confidence: float = 0.95,
    synchronous: bool = False,
    rounding: str | Rounding = "stochastic_equal",
    overflow: Any = None,
) -> Significance:
    """Do a computation several times with random rounding, and return how many digits of its result are significant.

    Parameters
    ----------
    fn : callable
        Gets an `Arithmetic` in the random mode and returns a number or an array; or, if `synchronous`, a
        `StochasticArithmetic`, and returns a `Sampled`.
    fmt : str or Format
        As for `chopper.chop`.
    samples : int
        How many times, at least 2.
    key
        As for `chopper.chop`; run i has a key of its own, derived from it.
    confidence : float
        Between 0 and 1.
    synchronous : bool
        Do all samples at once, operation by operation, as CADNA does: comparisons know computational zeros, all
        samples take the same branches, and instabilities are counted.  Otherwise each run takes its own.
    rounding : str or Rounding
        A random mode.  "stochastic_equal", up or down with even chances, is that of CESTAC: the mean of many samples
        goes to a number that may itself be off by the error of one of them, so that more than three or four samples
        promise too much.  "stochastic" is unbiased in each operation, and takes as many samples as one likes.
    overflow : str or Overflow, optional
        As for `chopper.chop`.

    Raises
    ------
    UnsupportedInputError
        If there are less than 2 samples, the confidence or the mode is not legal, or runs give different shapes.

    Notes
    -----
    What differs from CADNA: samples are independent of each other, and there may be more than three; the direction is
    drawn as away from or toward zero instead of up or down, which is the same distribution; numbers that come in are
    rounded by chance too, so their error counts; digits are not rounded to an integer; any format is possible.

    Examples
    --------
    Two numbers of 7 digits that agree in 5 of them, and what is left; an exact result keeps all:

    >>> found = significance(lambda a: a.sub(a.sqrt(a.round(2.0)), a.round(1.4142)), "fp32", samples=10)
    >>> bool(1.5 < found.digits < 3), bool(found.noise)
    (True, False)
    >>> round(float(significance(lambda a: a.add(1.0, 2.0), "fp32").digits), 2)
    7.22
    >>> str(significance(lambda a: a.array([1.0, 2.0]) + 1, "fp16", synchronous=True).mean)
    '[2. 3.]'
    """
    fmt = get(fmt)
    student_value(confidence, samples - 1)
    mode, first, counts = random_mode(rounding), as_key(key), {}
    if synchronous:
        seed = stream(first, 0)
        options = {"confidence": confidence, "rounding": mode, "overflow": overflow}
        arithmetic = StochasticArithmetic(fmt, samples=samples, key=seed.high << 32 | seed.low, **options)
        result = fn(arithmetic)
        if not isinstance(result, Sampled):
            raise UnsupportedInputError(f"fn returned a {type(result).__name__}; it must return a Sampled")
        results, counts = result.samples, arithmetic.instabilities
    else:
        seeds = [stream(first, i) for i in range(samples)]
        runs = [Arithmetic(fmt, mode, key=s.high << 32 | s.low, overflow=overflow) for s in seeds]
        results = _stacked([np.asarray(fn(run), np.float64) for run in runs])
    found = estimate(results, 0, confidence, digits_of(fmt))
    return Significance(str(fmt), results, found.mean, found.digits, found.noise, confidence, counts)


def _stacked(results: list[Any]) -> Any:
    shapes = {one.shape for one in results}
    if len(shapes) > 1:
        raise UnsupportedInputError(f"runs gave arrays of shapes {sorted(shapes)}; return what has one shape")
    return np.stack(results)
