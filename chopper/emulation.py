"""emulate: run a function that was written for NumPy as if the machine computed in another format."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.arrays import ChopArray, array
from chopper.arrays.namespace import stand_in
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["Emulation", "emulate"]


class Emulation:
    """Functions run in an arithmetic; made by `emulate`, called with a function."""

    def __init__(self, arithmetic: Arithmetic, key: Any, plain: bool) -> None:
        self._arithmetic, self._key, self._plain = arithmetic, key, plain

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, run in the arithmetic."""
        if not callable(function):
            raise UnsupportedInputError(f"emulate(…) takes a function, not {function!r}; pass its arguments afterwards")

        def emulated(*args: Any, **options: Any) -> Any:
            arithmetic = self._fresh()
            rebuilt = _Rebuilt(arithmetic, function, (*args, *options.values()))
            inner = rebuilt.value(function)
            result = inner(*_enter(args, arithmetic, rebuilt), **_enter(options, arithmetic, rebuilt))
            return _leave(result) if self._plain else result

        return update_wrapper(emulated, function)

    def _fresh(self) -> Arithmetic:
        """Return the arithmetic of one call: with the stream of the key from its beginning."""
        mine = self._arithmetic
        if not mine.rounding.random:
            return mine
        return Arithmetic(mine.fmt, mine.rounding, key=self._key, flags=mine.flags, order=mine.order, **mine.options)

    def __repr__(self) -> str:
        return f"emulate({self._arithmetic!r})"


def emulate(
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
    flags: Any = None,
    order: str = "sequential",
    plain: bool = True,
) -> Emulation:
    """Make functions that were written for NumPy compute in a format: as a decorator, or ``emulate(fmt)(f)(x, y)``.

    Floats and arrays of floats among the arguments, also in lists, tuples and dicts, are rounded to the format and
    become ChopArrays; integers, booleans and strings stay what they are. The function runs on a copy of the names of
    its module in which ``zeros``, ``array``, ``linspace`` and whatever else of NumPy makes arrays of floats makes
    ChopArrays, and in which `math` computes in the format; so do the functions of the same module that it calls, those
    that it encloses, and functions among its arguments. Everything else follows the rules of `ChopArray`: literals are
    rounded when they meet an array, every operation is rounded once.

    What is not emulated: arithmetic between plain Python numbers, as in ``1 / 3``, whose result is rounded when it
    meets an array; numbers taken out of the format, by ``float(x)`` or ``numpy.float64(x)``; functions and methods of
    other modules, as far as they make arrays of their own.  Assignments to ``global`` names stay in the copy.

    Parameters
    ----------
    fmt, rounding, overflow, random_bits, flags, order
        As for `chopper.array`.
    key
        Base of the stream of keys of a random mode.  Each call begins the stream of an int anew, so that it gives the
        same result; a generator or a `Keys` goes on from call to call; None draws fresh entropy for each.
    plain : bool
        Whether results leave the format: ChopArrays in what the function returns become float64 arrays, those without
        axes Python floats.

    Returns
    -------
    Emulation
        Takes the function.

    Raises
    ------
    UnsupportedInputError
        If elements of the format share scales; later, if the function does what no rounded operation is there for.
    UnknownFormatError, RoundingError, PolicyError
        If an argument names nothing.

    Examples
    --------
    >>> import numpy as np
    >>> @emulate("bf16")
    ... def harmonic(n):
    ...     total = np.zeros(())
    ...     for k in range(1, n + 1):
    ...         total = total + 1.0 / np.array(float(k))
    ...     return total
    >>> harmonic(100), harmonic(150)
    (5.0625, 5.0625)
    >>> emulate("fp16")(np.linalg.norm)(np.array([300.0, 400.0]))
    inf
    """
    policy = None if overflow is None else Overflow.parse(overflow)
    arithmetic = Arithmetic(
        get(fmt), Rounding.parse(rounding), key=0, overflow=policy, random_bits=random_bits, flags=flags, order=order
    )
    return Emulation(arithmetic, key, plain)


def _enter(x: Any, arithmetic: Arithmetic, rebuilt: _Rebuilt) -> Any:
    """Return arguments with arrays of the arithmetic in place of floats and arrays of floats."""
    if isinstance(x, (float, np.floating, ChopArray)) or (isinstance(x, np.ndarray) and _is_float(x.dtype)):
        return array(x, arithmetic)
    if callable(x):
        return rebuilt.value(x)
    return _inside(x, lambda one: _enter(one, arithmetic, rebuilt))


def _leave(x: Any) -> Any:
    """Return results with plain float64 arrays and floats in place of ChopArrays."""
    if isinstance(x, ChopArray):
        return x.values.astype(np.float64) if x.ndim else float(x)
    if isinstance(x, np.ndarray) and x.dtype == object and any(isinstance(one, ChopArray) for one in x.flat):
        return x.astype(np.float64)
    return _inside(x, _leave)


def _inside(x: Any, change: Callable[[Any], Any]) -> Any:
    """Return a container with changed items; anything else as it is."""
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*map(change, x))
    if type(x) in (list, tuple):
        return type(x)(map(change, x))
    if type(x) is dict:
        return {name: change(one) for name, one in x.items()}
    return x


def _is_float(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "f" or dtype.name.startswith("bfloat16")


class _Rebuilt:
    """Functions on copies of their modules' names, with stand-ins for NumPy and `math`; their helpers likewise.

    The modules are those of some first functions; what comes from other modules stays what it is.
    """

    def __init__(self, arithmetic: Arithmetic, top: Callable[..., Any], others: tuple[Any, ...]) -> None:
        self._arithmetic, self._top = arithmetic, top
        self._done: dict[int, FunctionType] = {}
        bare = (one.__func__ if isinstance(one, MethodType) else one for one in (top, *others))
        origins = [one.__globals__ for one in bare if isinstance(one, FunctionType)]
        self._names: dict[int, dict[str, Any]] = {id(names): {} for names in origins}
        for names in origins:
            self._names[id(names)].update({name: self.value(value) for name, value in names.items()})

    def value(self, value: Any) -> Any:
        """Return what takes the place of a value that a function refers to."""
        if getattr(value, "__wrapped__", None) is self._top:  # the function calls itself by its decorated name
            value = self._top
        if isinstance(value, MethodType):
            return MethodType(self.value(value.__func__), value.__self__)
        if isinstance(value, FunctionType):
            return self._function(value) if id(value.__globals__) in self._names else value
        return stand_in(value, self._arithmetic)

    def _function(self, function: FunctionType) -> FunctionType:
        if id(function) in self._done:
            return self._done[id(function)]
        names = self._names[id(function.__globals__)]
        cells = tuple(CellType() for _ in function.__closure__ or ())
        made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
        made.__kwdefaults__ = function.__kwdefaults__
        made.__dict__.update(function.__dict__)
        self._done[id(function)] = made
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.value(old.cell_contents)
            except ValueError:  # a cell that is still empty
                continue
        return made
