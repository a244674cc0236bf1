"""NumPy and `math` as a function sees them that computes in a format: what makes arrays makes arrays of the format."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic, operation_names
from chopper.arrays.assembly import LIKE, MAKERS, make
from chopper.arrays.promotion import Holder, enter, holders_in

__all__ = ["Namespace", "stand_in"]

_MATH = MappingProxyType(
    {
        "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
        "atan2": "arctan2", "atanh": "arctanh", "pow": "float_power", "sumprod": "vdot",
    }
)  # fmt: skip
"""Names of `math` that NumPy writes otherwise."""

_WHOLE = ("ceil", "floor", "trunc")
"""Functions of `math` that give integers: they take numbers of a format as they are."""


class Namespace:
    """A module whose functions compute in an arithmetic where they would have computed in binary64.

    Of NumPy, what makes new arrays of floats (``zeros``, ``array``, ``linspace`` …) makes arrays of the arithmetic; the
    rest is NumPy's own, and dispatches by its arguments.  Of `math`, functions that get a number of a format are
    computed in it, rounded once.
    """

    def __init__(self, module: ModuleType, arithmetic: Arithmetic) -> None:
        self._module, self._arithmetic = module, arithmetic

    def __getattr__(self, name: str) -> Any:
        return stand_in(getattr(self._module, name), self._arithmetic)

    def __dir__(self) -> list[str]:
        return dir(self._module)

    def __repr__(self) -> str:
        return f"<{self._module.__name__} in {self._arithmetic!r}>"


def stand_in(value: Any, arithmetic: Arithmetic) -> Any:
    """Return what takes the place of a module or function of NumPy or `math`; anything else is returned as it is."""
    if value is np or value is math:
        return Namespace(value, arithmetic)
    if not callable(value) or isinstance(value, type):
        return value
    called: Callable[..., Any] = value
    name = getattr(value, "__name__", "")
    if name in MAKERS and value is getattr(np, name, None):
        return partial(_make, called, arithmetic)
    if name not in _WHOLE and value is getattr(math, name, None):
        return partial(_compute, called, arithmetic)
    return value


def _make(function: Callable[..., Any], arithmetic: Arithmetic, *args: Any, **options: Any) -> Any:
    if holders_in(list(args)) and function.__name__ not in LIKE:
        return function(*args, **options)  # which dispatches by its arguments
    if len(args) == 1 and isinstance(args[0], Holder) and function.__name__.startswith("as") and not options:
        return args[0]
    return make(function, arithmetic, *args, **options)


def _compute(function: Callable[..., Any], arithmetic: Arithmetic, *args: Any) -> Any:
    """Run a function of `math` on numbers of which at least one may be of a format."""
    holders = holders_in(list(args))
    if not holders:
        return function(*args)
    name = function.__name__
    found = getattr(np, _MATH.get(name, name), None)
    if found is not None:
        return found(*args)
    if name not in operation_names():
        return function(*args)  # exact questions, as math.isclose, and what only gives plain numbers
    values = arithmetic.apply(name, *(enter(one, arithmetic) for one in args))
    return holders[0].__chopped__(arithmetic.settle(values), arithmetic)
