"""Numbers and arrays that are samples of themselves: every operation is done on all samples at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.stochastic.estimate import Estimate, estimate, student_value

__all__ = ["Sampled", "StochasticArithmetic", "digits_of"]

_Array = npt.NDArray[Any]

_SUDDEN = 4
"""An addition that loses so many digits at once is a cancellation."""


def digits_of(fmt: Format) -> float:
    """Return the decimal digits that a format has: its precision times log10 2.

    Examples
    --------
    >>> from chopper import get
    >>> round(digits_of(get("fp32")), 2)
    7.22
    """
    return finfo(fmt).precision * math.log10(2)


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
    overflow : str or Overflow, optional
        As for `chopper.chop`.

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
        overflow: Any = None,
    ) -> None:
        student_value(confidence, samples - 1)  # raises where one of them is not legal
        self._arithmetic = Arithmetic(fmt, "stochastic_equal", key=key, overflow=overflow)
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


class Sampled:
    """A number or an array as samples of it, with the operators of Python.

    Comparisons are those of Vignes: two numbers are equal where their difference is a computational zero; x > y where
    the mean is larger and they are not equal; x >= y where the mean is not smaller or they are equal.  They give
    booleans, so all samples take one way through a program.

    Attributes
    ----------
    samples : float64 array
        The samples, along the first axis; numbers of the format.
    arithmetic : StochasticArithmetic
        What rounds.
    """

    __array_ufunc__ = None  # operators of NumPy arrays leave the work to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, samples: Any, arithmetic: StochasticArithmetic) -> None:
        self.samples, self.arithmetic = np.asarray(samples, np.float64), arithmetic

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.samples.shape[1:]

    @property
    def mean(self) -> Any:
        """The mean of the samples, in float64."""
        return self.arithmetic.estimate(self.samples).mean

    @property
    def digits(self) -> Any:
        """The significant decimal digits, 0 to those of the format."""
        return self.arithmetic.estimate(self.samples).digits

    @property
    def noise(self) -> Any:
        """Whether it is a computational zero."""
        return self.arithmetic.estimate(self.samples).noise

    def sum(self) -> Sampled:
        """Return the sum of all elements, added one after the other in C order."""
        flat = self.samples.reshape(len(self.samples), -1)
        total = self.arithmetic.array(0.0)
        for i in range(flat.shape[1]):
            total = total + Sampled(flat[:, i], self.arithmetic)
        return total

    def sqrt(self) -> Sampled:
        """Return the square root."""
        return self.arithmetic.sqrt(self)

    def __getitem__(self, index: Any) -> Sampled:
        index = index if isinstance(index, tuple) else (index,)
        return Sampled(self.samples[(slice(None), *index)], self.arithmetic)

    def __setitem__(self, index: Any, value: Any) -> None:
        index = index if isinstance(index, tuple) else (index,)
        self.samples[(slice(None), *index)] = self.arithmetic.array(value).samples

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a number has no length")
        return self.shape[0]

    def copy(self) -> Sampled:
        """Return a copy, to be changed by itself."""
        return Sampled(self.samples.copy(), self.arithmetic)

    def __float__(self) -> float:
        return float(self.mean)

    def __repr__(self) -> str:
        return f"Sampled({str(self.arithmetic.fmt)!r}, {self})"

    def __str__(self) -> str:
        """Return the digits that are significant; ``@.0`` stands for a computational zero, as in CADNA."""
        found = self.arithmetic.estimate(self.samples)
        parts = zip(*(np.ravel(part).tolist() for part in found), strict=True)
        texts = np.array([_text(*part) for part in parts], object).reshape(self.shape)
        return str(texts[()]) if not self.shape else np.array2string(texts, formatter={"object": str})

    # --- arithmetic --------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Sampled:
        return self.arithmetic.add(self, other)

    def __radd__(self, other: Any) -> Sampled:
        return self.arithmetic.add(other, self)

    def __sub__(self, other: Any) -> Sampled:
        return self.arithmetic.sub(self, other)

    def __rsub__(self, other: Any) -> Sampled:
        return self.arithmetic.sub(other, self)

    def __mul__(self, other: Any) -> Sampled:
        return self.arithmetic.mul(self, other)

    def __rmul__(self, other: Any) -> Sampled:
        return self.arithmetic.mul(other, self)

    def __truediv__(self, other: Any) -> Sampled:
        return self.arithmetic.div(self, other)

    def __rtruediv__(self, other: Any) -> Sampled:
        return self.arithmetic.div(other, self)

    def __neg__(self) -> Sampled:
        return Sampled(-self.samples, self.arithmetic)

    def __abs__(self) -> Sampled:
        return Sampled(np.abs(self.samples), self.arithmetic)

    # --- comparisons -------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return self.arithmetic.differ(self, other)[1]

    def __ne__(self, other: object) -> Any:
        return np.logical_not(self.arithmetic.differ(self, other)[1])

    def __gt__(self, other: Any) -> Any:
        mean, same = self.arithmetic.differ(self, other)
        return (mean > 0) & ~same

    def __ge__(self, other: Any) -> Any:
        mean, same = self.arithmetic.differ(self, other)
        return (mean >= 0) | same

    def __lt__(self, other: Any) -> Any:
        mean, same = self.arithmetic.differ(self, other)
        return (mean < 0) & ~same

    def __le__(self, other: Any) -> Any:
        mean, same = self.arithmetic.differ(self, other)
        return (mean <= 0) | same

    def __bool__(self) -> bool:
        if self.shape:
            raise UnsupportedInputError("an array is neither true nor false; compare it with something")
        return not bool(self.noise)


def _text(mean: float, digits: float, noise: bool) -> str:
    if noise:
        return "@.0"
    if not math.isfinite(mean):
        return str(mean)
    places = max(int(digits), 1)
    return f"{mean:#.{places}g}"
