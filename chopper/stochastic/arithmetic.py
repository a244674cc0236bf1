"""Arithmetic on samples, all of them in step, that watches for numerical instabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.registry import get
from chopper.rounding import Rounding
from chopper.stochastic.estimate import Estimate, estimate, student_value
from chopper.stochastic.sampled import Sampled

__all__ = ["StochasticArithmetic", "digits_of", "random_mode"]

_Array = npt.NDArray[Any]

_SUDDEN = 4
"""An addition that loses so many digits at once is a cancellation."""


def digits_of(fmt: Format) -> float:
    """Return the decimal digits that numbers of a format have at most: its precision times log10 2.

    Values of logarithmic formats and of codebooks are no short binary fractions: there it is -log10 of the unit
    roundoff, or the bits of a code times log10 2 where 1 is no value.

    Examples
    --------
    >>> from chopper import get
    >>> [round(digits_of(get(name)), 2) for name in ("fp32", "int8", "lns8", "nf4")]
    [7.22, 2.11, 1.34, 1.2]
    """
    info = finfo(fmt)
    if info.precision <= fmt.bits:
        return info.precision * math.log10(2)
    return fmt.bits * math.log10(2) if fmt.eps is None else -math.log10(fmt.eps / 2)


def random_mode(rounding: str | Rounding) -> Rounding:
    """Return a mode that draws random bits.

    Raises
    ------
    UnsupportedInputError
        If it is another one.

    Examples
    --------
    >>> random_mode("SR").value
    'stochastic'
    """
    mode = Rounding.parse(rounding)
    if not mode.random:
        legal = ", ".join(one.value for one in Rounding if one.random)
        raise UnsupportedInputError(f"rounding={mode.value!r} does not round by chance; legal: {legal}")
    return mode


class StochasticArithmetic:
    """Arithmetic on samples, each of whose operations rounds up or down by chance, all of them in step.

    Parameters
    ----------
    fmt : str or Format
        As for `chopper.chop`.
    samples : int
        How many samples; 3 as in CADNA.
    key
        As for `chopper.Arithmetic`: where its random words start.
    confidence : float
        Of the estimates.
    rounding : str or Rounding
        A random mode: "stochastic_equal", up or down with even chances, or one of the unbiased ones, "stochastic".
    overflow : str or Overflow, optional
        As for `chopper.chop`.

    Raises
    ------
    UnsupportedInputError
        If there are less than 2 samples, or the confidence or the mode is not legal.

    Attributes
    ----------
    instabilities : dict of str to int
        How many elements of operations were numerically unstable so far: ``"division"``: by a computational zero;
        ``"multiplication"``: of two of them; ``"cancellation"``: sums that lost four digits or more of the less
        accurate operand; ``"branching"``: comparisons of numbers whose difference is one; ``"root"``: of a number with
        samples of both signs.

    Examples
    --------
    >>> a = StochasticArithmetic("fp32")
    >>> a.array(1.0) + 1, a.array([0.5, 3.0]) * 2
    (Sampled('fp32', 2.000000), Sampled('fp32', [1.000000 6.000000]))
    >>> noisy = Sampled([1e-8, -2e-8, 1e-8], a)
    >>> noisy, bool(noisy == 0), bool(noisy > -1), (1 / noisy).shape, a.instabilities["division"]
    (Sampled('fp32', @.0), True, True, (), 1)
    """

    def __init__(
        self,
        fmt: str | Format,
        *,
        samples: int = 3,
        key: Any = None,
        confidence: float = 0.95,
        rounding: str | Rounding = "stochastic_equal",
        overflow: Any = None,
    ) -> None:
        student_value(confidence, samples - 1)  # raises where one of them is not legal
        self._arithmetic = Arithmetic(get(fmt), random_mode(rounding), key=key, overflow=overflow)
        self.fmt: Format = self._arithmetic.fmt
        self.samples, self.confidence = samples, confidence
        self.limit = digits_of(self.fmt)
        self.instabilities = dict.fromkeys(("division", "multiplication", "cancellation", "branching", "root"), 0)

    def array(self, x: Any) -> Sampled:
        """Return samples of a number or an array: each rounded to the format, up or down by chance where it must be."""
        if isinstance(x, Sampled):
            return x
        given = np.asarray(x, np.float64)
        return Sampled(self._arithmetic.round(np.broadcast_to(given, (self.samples, *given.shape)).copy()), self)

    def estimate(self, samples: _Array) -> Estimate:
        """Return mean, digits and noise of samples along the first axis."""
        return estimate(samples, 0, self.confidence, self.limit)

    def _two(self, x: Any, y: Any) -> tuple[_Array, _Array]:
        """Return the samples of two operands, with as many axes."""
        a, b = (self.array(one).samples for one in (x, y))
        rank = max(a.ndim, b.ndim)
        return tuple(p.reshape(len(p), *(1,) * (rank - p.ndim), *p.shape[1:]) for p in (a, b))  # type: ignore[return-value]

    def _count(self, kind: str, where: Any) -> None:
        self.instabilities[kind] += int(np.count_nonzero(where))

    def _sum(self, name: str, x: Any, y: Any) -> Sampled:
        a, b = self._two(x, y)
        result = getattr(self._arithmetic, name)(a, b)
        before = np.minimum(self.estimate(a).digits, self.estimate(b).digits)
        self._count("cancellation", before - self.estimate(result).digits >= _SUDDEN)
        return Sampled(result, self)

    def add(self, x: Any, y: Any) -> Sampled:
        """Return x + y."""
        return self._sum("add", x, y)

    def sub(self, x: Any, y: Any) -> Sampled:
        """Return x - y."""
        return self._sum("sub", x, y)

    def mul(self, x: Any, y: Any) -> Sampled:
        """Return x * y."""
        a, b = self._two(x, y)
        self._count("multiplication", self._uncertain(a) & self._uncertain(b))
        return Sampled(self._arithmetic.mul(a, b), self)

    def div(self, x: Any, y: Any) -> Sampled:
        """Return x / y."""
        a, b = self._two(x, y)
        self._count("division", np.broadcast_to(self.estimate(b).noise, np.broadcast_shapes(a.shape, b.shape)[1:]))
        return Sampled(self._arithmetic.div(a, b), self)

    def sqrt(self, x: Any) -> Sampled:
        """Return the square root of x."""
        a = self.array(x).samples
        self._count("root", (a < 0).any(axis=0) & (a >= 0).any(axis=0))
        return Sampled(self._arithmetic.sqrt(a), self)

    def fma(self, x: Any, y: Any, z: Any) -> Sampled:
        """Return x * y + z, rounded once."""
        a, b = self._two(x, y)
        b, c = self._two(Sampled(b, self), z)
        a, c = self._two(Sampled(a, self), Sampled(c, self))
        return Sampled(self._arithmetic.fma(a, b, c), self)

    def _uncertain(self, a: _Array) -> Any:
        """Where samples have no digit in common, though they are not all zero."""
        return self.estimate(a).noise & (a != 0).any(axis=0)

    def differ(self, x: Any, y: Any, branching: bool = True) -> tuple[Any, Any]:
        """Return the mean of x - y, and whether the difference is a computational zero; it is taken in float64."""
        a, b = self._two(x, y)
        with np.errstate(invalid="ignore"):
            apart = a - b
        found = self.estimate(apart)
        if branching:
            self._count("branching", found.noise & (apart != 0).any(axis=0))
        return found.mean, found.noise
