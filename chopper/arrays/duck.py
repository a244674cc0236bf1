"""ChopArray: an array whose numbers are of a format, and whose operations are those of the format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from chopper.arithmetic import Arithmetic
from chopper.arrays.dispatch import call_ufunc
from chopper.arrays.functions import call_function
from chopper.arrays.methods import Methods
from chopper.arrays.promotion import Holder, entered
from chopper.arrays.text import in_words, plain_text
from chopper.conversion import encode
from chopper.errors import ChopperError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["ChopArray"]


class ChopArray(Holder, Methods, NDArrayOperatorsMixin):
    """An array of numbers of a format; every operation on it is rounded once, from the exact result.

    It holds plain values, always values of the format, in float32 if every value of the format is one, else in
    float64: the dtype is decided by the format alone.  And it holds an `Arithmetic`, which says how to round results.
    NumPy's operators, elementwise functions and many others take it (NEP 13, NEP 18) and give ChopArrays; comparisons
    and questions (``numpy.isnan``, ``numpy.argmax``) give plain arrays.  What has no correctly rounded operation raises
    an `UnsupportedInputError`.

    Promotion.  *ChopArrays of one arithmetic* meet freely.  *A plain number or array* is rounded to the format first,
    as `array` rounds it: ``0.1 * x`` is ``array(0.1, x.arithmetic) * x``, in comparisons too.  *Counts* stay exact:
    the exponent in ``x ** 3`` and the divisor of a mean.  *Different arithmetics* are an error, unless ``out=`` is a
    ChopArray: operands are then taken as the exact numbers they are, and the result is rounded once, to the arithmetic
    of ``out``; so it is in ``x += y``.  *Assignment* rounds: ``x[i] = y`` rounds y to the format of x.

    Order.  Sums and other reductions go through elements one by one, in C order, beginning with the first; an
    arithmetic with ``order="pairwise"`` adds neighbours first.  ``x @ y`` rounds every product and every sum.

    Random modes.  Each operation draws the next key of the arithmetic's stream, so that results depend on the key and
    on the order of operations alone.  Arrays made from one another, by operations, slices, `copy` or `copy.deepcopy`,
    share the stream; a pickle takes it along at its position.  What rounds nothing draws nothing: comparisons,
    minimum, maximum, moves of elements.

    Numbers are arrays without axes: ``float``, ``int``, ``bool`` and ``format`` take them.  They have no ``__array__``,
    so that ``numpy.array([x[0], x[1]])`` is an array of objects, whose sums and products are still those of the format,
    and which becomes a ChopArray again where it meets one; ``numpy.stack`` and `chopper.array` are quicker.
    ``numpy.asarray`` of an array with axes gives the plain values: it leaves the format.

    `chopper.array` makes one.

    Examples
    --------
    >>> import numpy as np
    >>> from chopper.arrays import array
    >>> x = array([0.1, 1.0, 300.0], "e4m3")
    >>> x
    ChopArray([0.1016,     1.,   288.], e4m3)
    >>> x + 0.1
    ChopArray([0.2031,  1.125,   288.], e4m3)
    >>> np.sqrt(x).sum(), x.codes
    (ChopArray(18., e4m3), array([ 29,  56, 121], dtype=uint8))
    """

    __slots__ = ()
    __array_priority__ = 100.0

    # --- what it holds -----------------------------------------------------------------------------------------------

    @property
    def arithmetic(self) -> Arithmetic:
        """How results are rounded, and the stream of keys."""
        return self._arithmetic

    @property
    def format(self) -> Format:
        """The format."""
        return self._arithmetic.fmt

    @property
    def rounding(self) -> Rounding:
        """The rounding mode."""
        return self._arithmetic.rounding

    @property
    def values(self) -> npt.NDArray[Any]:
        """The plain values, not copied and read-only."""
        view = self._values.view()
        view.flags.writeable = False
        return view

    @property
    def codes(self) -> npt.NDArray[Any]:
        """The codes of the values, as `chopper.encode` gives them."""
        codes: npt.NDArray[Any] = np.asarray(encode(self._values, self._arithmetic.fmt))
        return codes

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the plain values."""
        return self._values.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis; may be set, if no elements need to move."""
        return self._values.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._values = self._values.reshape(shape, copy=False)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._values.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._values.size

    # --- protocols of NumPy ------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if not all(issubclass(kind, (Holder, np.ndarray)) for kind in types):
            return NotImplemented
        return call_function(function, args, options, self._arithmetic)

    @property
    def __array__(self) -> Any:
        """Return a function that gives the plain values, copied; a number has none, see the class."""
        if not self._values.ndim:
            raise AttributeError("a number of a format has no __array__; use its values", name="__array__", obj=self)
        return self._plain

    def _plain(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            if dtype is not None and np.dtype(dtype) != self.dtype:
                raise ValueError(f"values of dtype {self.dtype} become {np.dtype(dtype)} by copying alone")
            return self.values
        return self._values.astype(self.dtype if dtype is None else dtype)

    # --- elements ----------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        """Return a part: a view where NumPy gives one; a single element is an array without axes."""
        return self.__chopped__(np.asarray(self._values[index]), self._arithmetic)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._values[index] = entered(value, self._arithmetic)

    def __len__(self) -> int:
        if not self._values.ndim:
            raise TypeError("an array without axes has no length")
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        if not self._values.ndim:
            raise TypeError("an array without axes cannot be iterated over")
        return (self[i] for i in range(len(self._values)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    # --- as a number -------------------------------------------------------------------------------------------------

    def __float__(self) -> float:
        return float(self._values[()] if self._values.ndim == 0 else self._values)

    def __int__(self) -> int:
        return int(self._values[()] if self._values.ndim == 0 else self._values)

    def __complex__(self) -> complex:
        return complex(float(self))

    def __bool__(self) -> bool:
        return bool(self._values)

    def __round__(self, digits: int | None = None) -> Any:
        if digits:
            raise UnsupportedInputError("decimal digits are not rounded in a format; use format(x, '.2f')")
        return int(np.rint(self._values[()])) if digits is None else np.rint(self)

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec and not self._values.ndim else format(str(self), spec)

    def __repr__(self) -> str:
        return in_words(type(self).__name__, self._values, self._arithmetic)

    def __str__(self) -> str:
        return plain_text(self._values, self._arithmetic)

    # --- copies and conversions --------------------------------------------------------------------------------------

    def astype(self, target: Any, rounding: str | Rounding | None = None, *, key: Any = None, copy: bool = True) -> Any:
        """Return the numbers in another format, another arithmetic, or as a plain array.

        Parameters
        ----------
        target : str, Format, Arithmetic or dtype
            A string is the name of a format if it is one ("float32" is), else that of a dtype; a type or a
            `numpy.dtype` gives a plain array.
        rounding : str or Rounding, optional
            Of the new array; that of this one by default, with its stream of keys in random modes.
        key
            As for `array`.
        copy : bool
            Whether a new array is made even where the arithmetic is the same.
        """
        if isinstance(target, str):
            try:
                target = get(target)
            except ChopperError:
                target = np.dtype(target)
        if isinstance(target, Format):
            target = self._arithmetic.changed(target, rounding, key)
        if not isinstance(target, Arithmetic):
            return self._values.astype(target, copy=copy)
        if target is self._arithmetic and not copy:
            return self
        return self.__chopped__(np.array(entered(self, target)), target)

    def copy(self, order: str = "C") -> Any:
        """Return a copy, which shares the stream of keys."""
        return self.__chopped__(self._values.copy(order), self._arithmetic)  # type: ignore[arg-type]

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self._values, self._arithmetic)


def _rebuilt(kind: type[ChopArray], values: npt.NDArray[Any], arithmetic: Arithmetic) -> Any:
    return kind.__chopped__(values, arithmetic)
