"""The methods of an array that are NumPy's functions under another spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["Flat", "Methods"]


class Flat:
    """The elements of an array in C order, to read, to assign to and to run through."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def __len__(self) -> int:
        return int(self._whole.size)

    def __getitem__(self, index: Any) -> Any:
        return self._whole.ravel()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        line = self._whole.ravel()
        line[index] = value
        self._whole[...] = line.reshape(self._whole.shape)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._whole.ravel())


class Methods:
    """Methods that hand over to NumPy's functions, and these to the array; they mean what they mean for an ndarray."""

    __slots__ = ()

    _values: Any
    __chopped__: Any
    _arithmetic: Any

    def __getattr__(self, name: str) -> Any:
        """Return the function of NumPy that bears a method's name."""
        if name not in _SAME:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        function = getattr(np, name)
        return lambda *args, **options: function(self, *args, **options)

    @property
    def T(self) -> Any:
        """The array with its axes in reverse order."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        """The array with its last two axes exchanged."""
        return np.swapaxes(self, -1, -2)

    @property
    def flat(self) -> Any:
        """The elements in C order; may be assigned to."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        Flat(self)[:] = value

    @property
    def real(self) -> Any:
        """The array itself: all numbers are real."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros."""
        return np.zeros_like(self)

    @property
    def nbytes(self) -> int:
        """Bytes of the plain values."""
        return int(self._values.nbytes)

    @property
    def itemsize(self) -> int:
        """Bytes of one plain value."""
        return int(self._values.itemsize)

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next along each axis."""
        found: tuple[int, ...] = self._values.strides
        return found

    @property
    def flags(self) -> Any:
        """The flags of the plain values."""
        return self._values.flags

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        """Return the array in another shape."""
        return self.__chopped__(self._values.reshape(*shape, order=order), self._arithmetic)

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes in another order, reversed by default."""
        return self.__chopped__(self._values.transpose(*axes), self._arithmetic)

    def flatten(self, order: Any = "C") -> Any:
        """Return a copy with one axis."""
        return self.__chopped__(self._values.flatten(order), self._arithmetic)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """Return the parts along an axis that a condition selects."""
        return np.compress(condition, self, axis, out)

    def view(self) -> Any:
        """Return another array on the same values."""
        return self.__chopped__(self._values.view(), self._arithmetic)

    def item(self, *index: Any) -> float:
        """Return one element as a float."""
        return float(self._values.item(*index))

    def tolist(self) -> Any:
        """Return the values as nested lists of floats."""
        return self._values.tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        """Return the bytes of the plain values."""
        found: bytes = self._values.tobytes(order)
        return found

    def fill(self, value: Any) -> None:
        """Assign a number to all elements."""
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None) -> None:
        """Sort in place."""
        self._values.sort(axis=axis, kind=kind)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """Round to whole numbers."""
        return np.round(self, decimals, out)

    def conj(self) -> Any:
        """Return the array itself, copied."""
        return np.conjugate(self)


_SAME = frozenset(
    {
        "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod", "cumsum",
        "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "put", "ravel", "repeat", "searchsorted", "squeeze",
        "std", "sum", "swapaxes", "take", "trace", "var", "ptp",
    }
)  # fmt: skip
