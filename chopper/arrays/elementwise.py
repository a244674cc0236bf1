"""Operations on elements: which of NumPy's functions is which correctly rounded operation.

A `Rule` computes on plain arrays of values.  There are three kinds.  A *number* is rounded once, from the exact result,
and draws a key in random modes.  A *choice* is one of its operands, and an *answer* is a plain array of booleans or
integers; neither rounds or draws.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from chopper import ops
from chopper.arithmetic import Arithmetic, operation_names
from chopper.arrays.comparison import ANSWERS, CHOICES, EXACT
from chopper.errors import UnsupportedInputError, nearest_names

__all__ = ["Rule", "known_names", "rule_for"]

_Array = npt.NDArray[Any]


class Rule(NamedTuple):
    """How one of NumPy's elementwise functions is computed in an arithmetic."""

    run: Callable[..., Any]
    """Takes the arithmetic and plain operands."""
    answer: bool = False
    """Whether the result is a plain array, not one of the format."""
    raw: tuple[int, ...] = ()
    """Operands that stay exact where they are plain integers."""
    choice: bool = False
    """Whether the result is one of the operands, so that it need not be rounded where they are of the format."""


def _operate(name: str, arithmetic: Arithmetic, *operands: _Array) -> Any:
    return arithmetic.apply(name, *operands)


def _rounded(exact: Callable[..., Any], arithmetic: Arithmetic, *operands: _Array) -> Any:
    """Round what is computed exactly."""
    with np.errstate(all="ignore"):
        return arithmetic.round(exact(*operands))


def _chosen(choose: Callable[..., Any], arithmetic: Arithmetic, *operands: _Array) -> Any:
    return choose(*operands)


def _square(arithmetic: Arithmetic, x: _Array) -> Any:
    return arithmetic.apply("mul", x, x)


def _reciprocal(arithmetic: Arithmetic, x: _Array) -> Any:
    return arithmetic.apply("div", np.ones((), x.dtype), x)


def _power(arithmetic: Arithmetic, x: _Array, y: _Array) -> Any:
    """Return x ** y; a plain integer y is exact."""
    if y.dtype.kind not in "iub":
        return arithmetic.apply("pow", x, y)
    if y.ndim == 0 and y == 2:
        return arithmetic.apply("mul", x, x)
    return arithmetic.apply("power", x, y.astype(np.int8) if y.dtype.kind == "b" else y)


def _ldexp(arithmetic: Arithmetic, x: _Array, n: _Array) -> Any:
    if n.dtype.kind not in "iub":
        raise UnsupportedInputError(f"ldexp takes plain integers for exponents, not {n.dtype}; use astype(int)")
    half = np.clip(n, -2000, 2000) // 2  # float64 holds each half; larger ones overflow or vanish all the same
    if np.abs(n).max(initial=0) <= 1000:
        return arithmetic.apply("mul", x, np.ldexp(1.0, n))
    first = np.ldexp(x.astype(np.float64), half)  # exact unless it leaves the range of float64
    return arithmetic.apply("mul", first, np.ldexp(1.0, np.clip(n, -2000, 2000) - half))


def _remainder(arithmetic: Arithmetic, x: _Array, y: _Array) -> Any:
    """Return the remainder with the sign of the divisor: fmod, which is exact, plus the divisor if signs differ."""
    with np.errstate(all="ignore"):
        rest = np.fmod(x.astype(np.float64), y.astype(np.float64))
        differs = (rest != 0) & (np.signbit(rest) != np.signbit(y))
        rest = np.where(rest == 0, np.copysign(0.0, y), rest)
    return arithmetic.apply("add", rest, np.where(differs, y, np.copysign(0.0, rest)))


def _neighbour(arithmetic: Arithmetic, x: _Array, y: _Array) -> Any:
    """Return the next value of the format after x toward y."""
    return _exactly("nextafter")(x, y, arithmetic.fmt)


def _spacing(arithmetic: Arithmetic, x: _Array) -> Any:
    """Return the distance to the next value away from zero, with the sign of x, rounded to the format."""
    return arithmetic.round(np.copysign(_exactly("ulp")(x, arithmetic.fmt), x))


def _exactly(name: str) -> Callable[..., Any]:
    """Return a function of `chopper.ops` that rounds nothing."""
    found = getattr(ops, name, None)
    if found is None:
        raise UnsupportedInputError(f"chopper.ops has no {name!r}; there are: {', '.join(operation_names())}")
    return cast(Callable[..., Any], found)


_OPERATIONS = MappingProxyType(
    {
        "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "sqrt": "sqrt", "float_power": "pow",
        "cbrt": "cbrt", "hypot": "hypot", "arctan": "atan", "arcsin": "asin", "arccos": "acos", "arctan2": "atan2",
        "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    }
)  # fmt: skip
"""NumPy's names and those of `chopper.ops`; others are looked up as they are."""

_RULES = MappingProxyType(
    {
        **{name: Rule(partial(_rounded, exact)) for name, exact in EXACT.items()},
        **{name: Rule(partial(_chosen, answer), answer=True) for name, answer in ANSWERS.items()},
        **{name: Rule(partial(_chosen, choice), choice=True) for name, choice in CHOICES.items()},
        "nextafter": Rule(_neighbour, choice=True),
        "spacing": Rule(_spacing),
        "square": Rule(_square),
        "reciprocal": Rule(_reciprocal),
        "power": Rule(_power, raw=(1,)),
        "ldexp": Rule(_ldexp, raw=(1,)),
        "remainder": Rule(_remainder),
    }
)


@cache
def rule_for(ufunc: np.ufunc) -> Rule:
    """Return how a ufunc is computed.

    Raises
    ------
    UnsupportedInputError
        If it has no correctly rounded operation here; the message lists what there is.
    """
    name = ufunc.__name__
    if name in _RULES and ufunc is getattr(np, name, None):
        return _RULES[name]
    operation = _OPERATIONS.get(name, name)
    if operation in operation_names():
        return Rule(partial(_operate, operation))
    near = nearest_names(name, known_names())
    hint = f"did you mean {near}? " if near else ""
    raise UnsupportedInputError(
        f"numpy.{name} has no correctly rounded operation on a ChopArray; {hint}there are: "
        f"{', '.join(known_names())}; or leave the format: numpy.{name}(x.values)"
    )


def known_names() -> list[str]:
    """Return the names of the ufuncs that have a rule."""
    named = [name for name, operation in _OPERATIONS.items() if operation in operation_names()]
    same = [name for name in operation_names() if isinstance(getattr(np, name, None), np.ufunc)]
    rules = [name for name in _RULES if name != "power" or "power" in operation_names()]
    return sorted({*named, *same, *rules})
