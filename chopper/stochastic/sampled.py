"""Numbers and arrays that are samples of themselves: every operation is done on all samples at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chopper.errors import UnsupportedInputError

if TYPE_CHECKING:
    from chopper.stochastic.arithmetic import StochasticArithmetic

__all__ = ["Sampled"]


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

    def __matmul__(self, other: Any) -> Sampled:
        """Return the product of two vectors or matrices; products and sums are rounded, in the order of the index."""
        b = self.arithmetic.array(other)
        if not 1 <= len(self.shape) <= 2 or not 1 <= len(b.shape) <= 2 or self.shape[-1] != b.shape[0]:
            raise UnsupportedInputError(f"shapes {self.shape} and {b.shape} do not fit; pass vectors or matrices")
        rows = self.samples if len(self.shape) == 1 else np.moveaxis(self.samples, 2, 1)
        total = self.arithmetic.array(np.zeros((*self.shape[:-1], *b.shape[1:])))
        for k in range(b.shape[0]):
            column = rows[:, k]
            left = column[..., None] if len(self.shape) + len(b.shape) == 4 else column
            right = b.samples[:, k][:, None] if len(self.shape) + len(b.shape) == 4 else b.samples[:, k]
            total = total + Sampled(left, self.arithmetic) * Sampled(right, self.arithmetic)
        return total

    def __rmatmul__(self, other: Any) -> Sampled:
        return self.arithmetic.array(other) @ self

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
