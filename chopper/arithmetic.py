"""Arithmetic in a format: every operation rounded once, random modes with a fresh key for each call."""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from dataclasses import InitVar, dataclass, field
from functools import cache, lru_cache, partial
from inspect import signature
from typing import Any

import numpy as np

from chopper import ops
from chopper.conversion import chop, decode
from chopper.engine.casts import narrow, widen
from chopper.engine.inputs import as_real, code_dtype
from chopper.engine.plan import carrier_width, request
from chopper.errors import PolicyError, UnsupportedInputError, nearest_names
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.random import Keys
from chopper.rounding import Overflow, Rounding

__all__ = ["ORDERS", "Arithmetic", "carrier_of", "operation_named", "operation_names"]

ORDERS = ("sequential", "pairwise")
"""The orders in which sums and other reductions may go; see `Arithmetic`."""


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """Operations in one format and mode: a frozen description, and a stream of keys for the random modes.

    Every operation is the one of `chopper.ops`: rounded once, from the exact result.  In a random mode each call of an
    operation draws the next key of the stream, whatever its operands: results depend on the base key and on the order
    of the calls alone, not on threads, layouts or the sizes of earlier operands.  The word of an element within a call
    comes from that key and from the element's index in C order.

    Parameters
    ----------
    fmt : str or Format
        A format of single numbers; formats with shared scales have no arithmetic of their own.
    rounding : str or Rounding
        See `Rounding`.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        The base of the stream of keys, or the stream itself, which is then shared; None draws fresh entropy.  Modes
        without chance have no stream.
    overflow : str, Overflow or None
        See `Overflow`.
    random_bits : int
        As for `chop`.
    flags
        A counter of exceptions, handed on to `chopper.ops`.
    order : str
        How sums and other reductions go along an axis: "sequential", each element added to the sum of those before it,
        or "pairwise", neighbours first, then neighbouring sums, an odd last one carried along.

    Raises
    ------
    UnsupportedInputError
        If elements of the format share scales.
    UnknownFormatError, RoundingError, PolicyError, RandomKeyError
        If an argument names nothing.

    Examples
    --------
    >>> bf16 = Arithmetic("bf16")
    >>> float(bf16.add(256.0, 1.0)), float(bf16.fma(3.0, 85.0, 2.0))
    (256.0, 256.0)
    >>> Arithmetic("e4m3", "stochastic", key=7)
    Arithmetic('e4m3', 'stochastic', key=Keys(7, position=0))
    """

    fmt: Format
    rounding: Rounding = Rounding.NEAREST_EVEN
    key: InitVar[Any] = field(default=None, kw_only=True)
    overflow: Overflow | None = field(default=None, kw_only=True)
    random_bits: int = field(default=32, kw_only=True)
    flags: Any = field(default=None, kw_only=True)
    order: str = field(default="sequential", kw_only=True)
    keys: Keys | None = field(default=None, init=False)
    dtype: np.dtype[Any] = field(default=np.dtype(np.float64), init=False)

    def __post_init__(self, key: Any) -> None:
        put = partial(object.__setattr__, self)
        asked = request(get(self.fmt), self.rounding, self.overflow, self.random_bits, None)
        if asked.fmt.blocked:
            raise UnsupportedInputError(
                f"elements of {asked.fmt} share scales, so that single numbers of it have no arithmetic; compute in a "
                "format of single numbers, or round whole arrays with chopper.chop between operations"
            )
        if self.order not in ORDERS:
            raise PolicyError(f"order={self.order!r} is not legal; legal: {', '.join(ORDERS)}")
        put("fmt", asked.fmt)
        put("rounding", asked.rounding)
        put("overflow", asked.overflow)
        put("dtype", carrier_of(asked.fmt))
        if asked.rounding.random:
            put("keys", Keys.of(key))

    @property
    def options(self) -> dict[str, Any]:
        """Further arguments of every operation, the key of a random mode excepted."""
        return {"overflow": self.overflow, "random_bits": self.random_bits}

    def agrees(self, other: Arithmetic) -> bool:
        """Whether two of them round alike: in all but stream and flags."""
        return self is other or self._description == other._description

    @property
    def _description(self) -> tuple[Any, ...]:
        return self.fmt, self.rounding, self.overflow, self.random_bits, self.order

    def fork(self) -> Arithmetic:
        """Return the same arithmetic with a stream of its own, drawn from this one's."""
        keys = None if self.keys is None else self.keys.fork()
        return Arithmetic(self.fmt, self.rounding, key=keys, flags=self.flags, order=self.order, **self.options)

    def changed(self, fmt: Format, rounding: str | Rounding | None = None, key: Any = None) -> Arithmetic:
        """Return this arithmetic in another format, mode or stream: itself if nothing changes.

        The overflow policy is kept in the same format only; another one has a default of its own.
        """
        if fmt == self.fmt and rounding is None and key is None:
            return self
        options = {**self.options, "overflow": self.overflow if fmt == self.fmt else None}
        mode = self.rounding if rounding is None else Rounding.parse(rounding)
        keys = self.keys if key is None else key
        return Arithmetic(fmt, mode, key=keys, flags=self.flags, order=self.order, **options)

    def __copy__(self) -> Arithmetic:
        return self

    def __deepcopy__(self, memo: Any) -> Arithmetic:
        return self

    def __repr__(self) -> str:
        shown = [repr(str(self.fmt)), repr(self.rounding.value)]
        shown += [f"key={self.keys}"] if self.keys else []
        shown += [f"overflow={self.overflow.value!r}"] if self.overflow else []
        shown += [f"random_bits={self.random_bits}"] if self.random_bits != 32 else []
        shown += [f"order={self.order!r}"] if self.order != "sequential" else []
        return f"Arithmetic({', '.join(shown)})"

    # --- calls -------------------------------------------------------------------------------------------------------

    def apply(self, name: str, *operands: Any, random_words: Any = None) -> Any:
        """Return the result of the operation of `chopper.ops` that bears this name.

        Operands are taken as the exact numbers they are; `random_words` replace those that the key gives.  Where one
        of the operands is a `ChopArray`, of whatever format, the result is one of this arithmetic; else it is what
        `chopper.ops` returns.

        Raises
        ------
        UnsupportedInputError
            If there is no such operation, or an operand cannot be used.
        """
        if any(hasattr(one, "__chopped__") for one in operands):
            return self._on_arrays(partial(self.apply, name), operands)
        operation = operation_named(name)
        key = None if self.keys is None else next(self.keys)
        return operation(
            *operands, self.fmt, self.rounding, key=key, overflow=self.overflow, random_bits=self.random_bits,
            random_words=random_words, flags=self.flags,
        )  # fmt: skip

    def round(self, x: Any, *, random_words: Any = None) -> Any:
        """Round x to the format."""
        if hasattr(x, "__chopped__"):
            return self._on_arrays(self.round, (x,))
        key = None if self.keys is None else next(self.keys)
        return chop(
            x, self.fmt, self.rounding, key=key, overflow=self.overflow, random_bits=self.random_bits,
            random_words=random_words,
        )  # fmt: skip

    def settle(self, result: Any) -> np.ndarray[Any, np.dtype[Any]]:
        """Return values of the format as an array of the format's dtype."""
        values = np.asarray(result)
        if values.dtype == self.dtype:
            return values
        return narrow(values, self.dtype) if values.dtype == np.float64 else values.astype(self.dtype)

    def values_of(self, x: Any) -> np.ndarray[Any, np.dtype[Any]]:
        """Return numbers rounded to the format, in the format's dtype; rounded in that one or in a wider one."""
        source = as_real(x)
        if source.dtype.kind not in "iub" and source.itemsize < self.dtype.itemsize:
            source = widen(source, self.dtype)
        return self.settle(self.round(source))

    def literal(self, x: float) -> np.ndarray[Any, np.dtype[Any]]:
        """Return a Python number rounded to the format, as a read-only array without axes; kept for the next time.

        In random modes nothing is kept: a key is drawn, as `round` does.
        """
        if self.keys is not None:
            return self.values_of(x)
        return _literal(self.fmt, self.rounding, self.overflow, x, x == 0 and math.copysign(1.0, x) < 0)

    def constant(self, number: float) -> np.ndarray[Any, np.dtype[Any]]:
        """Return zero, one or another number that an operation begins with: rounded to nearest, it draws no key."""
        return _literal(self.fmt, Rounding.NEAREST_EVEN, None, float(number), False)

    def _on_arrays(self, run: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        holders = [one for one in operands if hasattr(one, "__chopped__")]
        plain = [one.values if hasattr(one, "__chopped__") else one for one in operands]
        return holders[0].__chopped__(self.settle(run(*plain)), self)

    def add(self, x: Any, y: Any) -> Any:
        """Return x + y."""
        return self.apply("add", x, y)

    def sub(self, x: Any, y: Any) -> Any:
        """Return x - y."""
        return self.apply("sub", x, y)

    def mul(self, x: Any, y: Any) -> Any:
        """Return x * y."""
        return self.apply("mul", x, y)

    def div(self, x: Any, y: Any) -> Any:
        """Return x / y."""
        return self.apply("div", x, y)

    def sqrt(self, x: Any) -> Any:
        """Return the square root of x."""
        return self.apply("sqrt", x)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """Return x * y + z."""
        return self.apply("fma", x, y, z)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return an operation by its name in `chopper.ops`, as in ``arithmetic.exp(x)``."""
        if name not in operation_names():
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}", name=name, obj=self)
        return partial(self.apply, name)


def operation_named(name: str) -> Callable[..., Any]:
    """Return an operation of `chopper.ops`.

    Raises
    ------
    UnsupportedInputError
        If there is none of this name; the message lists those there are.
    """
    names = operation_names()
    if name in names:
        found: Callable[..., Any] = getattr(ops, name)
        return found
    near = nearest_names(name, names)
    hint = f"did you mean {near}? " if near else ""
    raise UnsupportedInputError(f"there is no correctly rounded {name!r}; {hint}there are: {', '.join(names)}")


@cache
def operation_names() -> tuple[str, ...]:
    """Return the names of the rounded operations of `chopper.ops`: of the functions that take a rounding mode."""
    return tuple(sorted(name for name in ops.__all__ if name.islower() and "rounding" in _parameters(name)))


def _parameters(name: str) -> Container[str]:
    return signature(getattr(ops, name)).parameters


_FRACTIONS = frozenset({"fixed", "float", "posit"})
"""Families whose values are binary fractions: a carrier that holds a format holds them exactly."""


@lru_cache(maxsize=512)
def carrier_of(fmt: Format) -> np.dtype[Any]:
    """Return the dtype that holds the values of a format: float32 where it holds every one exactly, else float64.

    Examples
    --------
    >>> carrier_of(get("bf16")).name, carrier_of(get("takum_linear16")).name
    ('float32', 'float64')
    """
    if carrier_width(fmt, 32) == 64:
        return np.dtype(np.float64)
    if fmt.bits <= 16 and fmt.family not in _FRACTIONS:  # decoded values of a logarithmic format are roundings
        codes = np.arange(1 << fmt.bits, dtype=np.int64).astype(code_dtype(fmt))  # of the true ones: float64 keeps more
        single, double = decode(codes, fmt, np.float32), decode(codes, fmt, np.float64)
        if not np.array_equal(single.astype(np.float64), double, equal_nan=True):
            return np.dtype(np.float64)
    return np.dtype(np.float32)


@lru_cache(maxsize=4096)
def _literal(
    fmt: Format, rounding: Rounding, overflow: Overflow | None, x: float, negative: bool
) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a rounded number; `negative` tells the two zeros apart, which are equal."""
    arithmetic = Arithmetic(fmt, rounding, overflow=overflow)
    values = arithmetic.settle(arithmetic.round(-0.0 if negative else x))
    values.flags.writeable = False
    return values
