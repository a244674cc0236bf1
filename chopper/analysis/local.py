"""What an operation should have given: the exact result of floats as a sum of two floats, by error-free transforms."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["exact_result"]

_Array = npt.NDArray[np.float64]
_Pair = tuple[_Array, _Array]

_SPLIT = float(2**27 + 1)


def exact_result(name: str, operands: tuple[_Array, ...]) -> _Pair | None:
    """Return two float64 arrays whose sum is the result of an operation on float64 arrays; None where it is not known.

    The sum is exact for ``add``, ``sub`` and ``mul``, and for ``round``, ``neg``, ``abs``, ``minimum`` and ``maximum``;
    for ``div``, ``sqrt`` and ``fma`` it is right to about 2^-100 relative to the largest part.  Both hold as long as no
    product leaves [2^-960, 2^996].  Elementary functions are NumPy's, right to about 2^-52.

    Parameters
    ----------
    name : str
        The name of the operation in `chopper.ops`.
    operands : arrays
        As many as it takes.

    Examples
    --------
    >>> import numpy as np
    >>> exact_result("add", (np.array(1.0), np.array(1e-20)))
    (np.float64(1.0), np.float64(1e-20))
    """
    if name in _EXACT:
        with np.errstate(all="ignore"):
            return _EXACT[name](*operands)
    function = getattr(np, _NUMPY.get(name, name), None) if name in _NUMPY or name in _SAME else None
    if function is None:
        return None
    with np.errstate(all="ignore"):
        found = function(*operands)
    return found, np.zeros_like(found)


def _two_sum(a: _Array, b: _Array) -> _Pair:
    """D. E. Knuth's sum of two floats and its rounding error."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def _two_product(a: _Array, b: _Array) -> _Pair:
    """T. J. Dekker's product of two floats and its rounding error."""
    product = a * b
    (a1, a0), (b1, b0) = _halves(a), _halves(b)
    return product, ((a1 * b1 - product) + a1 * b0 + a0 * b1) + a0 * b0


def _halves(a: _Array) -> _Pair:
    """G. W. Veltkamp's splitting into two numbers of at most 26 bits."""
    large = _SPLIT * a
    high = large - (large - a)
    return high, a - high


def _difference(a: _Array, b: _Array) -> _Pair:
    return _two_sum(a, -b)


def _quotient(a: _Array, b: _Array) -> _Pair:
    near = a / b
    product, rest = _two_product(near, b)
    return near, ((a - product) - rest) / b


def _root(a: _Array) -> _Pair:
    near = np.sqrt(a)
    square, rest = _two_product(near, near)
    return near, np.where(near == 0, 0.0, ((a - square) - rest) / (2 * near))


def _fused(a: _Array, b: _Array, c: _Array) -> _Pair:
    product, rest = _two_product(a, b)
    total, error = _two_sum(product, c)
    return _two_sum(total, error + rest)


def _alone(function: Callable[..., Any]) -> Callable[..., _Pair]:
    def pair(*operands: _Array) -> _Pair:
        found = function(*operands)
        return found, np.zeros_like(found)

    return pair


_EXACT: MappingProxyType[str, Callable[..., _Pair]] = MappingProxyType(
    {
        "add": _two_sum,
        "sub": _difference,
        "mul": _two_product,
        "div": _quotient,
        "sqrt": _root,
        "fma": _fused,
        "round": _alone(np.positive),
        "neg": _alone(np.negative),
        "abs": _alone(np.abs),
        "minimum": _alone(np.minimum),
        "maximum": _alone(np.maximum),
    }
)

_NUMPY = MappingProxyType(
    {"pow": "power", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"},
)
"""Names of functions that NumPy writes otherwise."""

_SAME = frozenset(
    {"cbrt", "cos", "cosh", "exp", "exp2", "expm1", "hypot", "log", "log10", "log1p", "log2", "power", "sin", "sinh",
     "tan", "tanh"}
)  # fmt: skip
