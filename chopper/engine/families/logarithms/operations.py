"""Operations whose results are rounded once, from the exact number: sums, products, quotients, roots and powers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.enclosures import decided
from chopper.engine.families.logarithms.exact import mixtures, natives
from chopper.engine.families.logarithms.lattice import NONE, Lattice
from chopper.engine.families.logarithms.natives import NOTHING
from chopper.engine.families.logarithms.quick import quick_of
from chopper.engine.families.logarithms.results import Results, results_of
from chopper.engine.families.logarithms.settle import neighbours
from chopper.engine.families.logarithms.specials import Specials, specials
from chopper.engine.plan import Request
from chopper.errors import PolicyError, UnsupportedInputError

__all__ = ["operate"]

_Array = npt.NDArray[Any]

_BLOCK = 1 << 14
"""Elements at a time, so that temporaries stay in cache."""

_COUNTS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3, "power": 2}
"""How many operands an operation takes."""


_QUICK = ("add", "sub", "mul", "div", "fma")
"""Operations that may do with one table."""


def operate(name: str, operands: Sequence[_Array], request: Request, words: _Array | None = None) -> _Array:
    """Return the results of an operation, each rounded once from the exact number, as the nearest float64.

    Parameters
    ----------
    name : str
        add, sub, mul, div, sqrt, fma or power, whose second operand are integers.
    operands : sequence of float64 arrays
        Of one shape.  A float that is the nearest float64, or the nearest float32, to the number of a code of the
        format stands for that number; others are the numbers they are.
    request : Request
        Format, rounding mode, policy for overflow, number of random bits.
    words : array of uint32, optional
        Random words, for stochastic modes.  By the value, the place of the exact result between its neighbours is
        exact too; by the logarithm (``stochastic=code``) it is cut to 16 bits, as in conversion.

    Raises
    ------
    PolicyError
        If the policy does not suit the format.
    RangeError
        If there is no result: overflow under ``overflow="raise"``, NaN under ``nan_input="raise"``.
    UnsupportedInputError
        For other operations, and for a power of a number that is none of the format if it has too many bits.
    """
    if name not in _COUNTS:
        raise UnsupportedInputError(
            f"operation {name!r} is not supported in {request.fmt}; legal: {', '.join(_COUNTS)}; or round the result "
            "of a float64 operation with chop"
        )
    if request.compat is not None:
        raise PolicyError(f"compat={request.compat!r} does not know {request.fmt}; leave it out")
    if name == "power" and not (operands[1] == np.floor(operands[1])).all():
        raise UnsupportedInputError("power needs integers for its exponents; legal: floats that are integers")
    results, quick = results_of(request), quick_of(request) if name in _QUICK else None
    flat = [np.ascontiguousarray(x, np.float64).reshape(-1) for x in operands]
    out = np.empty(flat[0].size)
    for start in range(0, out.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        some = None if words is None else words.reshape(-1)[part]
        x = [one[part] for one in flat]
        if quick is None:
            out[part] = _block(name, x, request, results, some)
            continue
        out[part], left = quick.run(name, x)
        if left is not None:
            at = np.flatnonzero(left)
            out[start + at] = _block(name, [one[at] for one in x], request, results, None)
    return out.reshape(operands[0].shape)


def _block(name: str, x: list[_Array], request: Request, results: Results, words: _Array | None) -> _Array:
    lattice = results.lattice
    special = specials(name, x, request.rounding)
    read = [_read(lattice, one) for one in (x[:1] if name == "power" else x)]
    strange = _strange(read, special)
    off = strange if special is None else special.where if strange is None else special.where | strange
    exponents = read if off is None else [np.where(off, 0, e) for e in read]
    exact, zero = natives(name, x, exponents, lattice)
    found = results.values(neighbours(exact, lattice, request, words), exact.negative, zero, special)
    if strange is not None:
        at = np.flatnonzero(strange)
        some = None if words is None else words[at]
        found[at] = _others(name, [one[at] for one in x], [e[at] for e in read], request, results, some)
    return found


def _others(
    name: str, x: list[_Array], e: list[_Array], request: Request, results: Results, words: _Array | None
) -> _Array:
    """Return results where an operand stands for no code: by enclosures, and where these do not decide exactly."""
    found, unsure = decided(name, x, e, request, words)
    if unsure.any():
        at = np.flatnonzero(unsure)
        mixed, zero = mixtures(name, [one[at] for one in x], results.lattice)
        index = neighbours(mixed, results.lattice, request, None if words is None else words[at])
        found[at] = results.values(index, mixed.negative, zero, None)
    return found


def _read(lattice: Lattice, x: _Array) -> _Array:
    """Return the exponents of floats, `NOTHING` of zeros; of no meaning for infinities and NaN."""
    usual = np.isfinite(x) & (x != 0)
    if usual.all():
        return lattice.read(x)
    return np.where(x == 0, NOTHING, lattice.read(np.where(usual, x, 1.0)))


def _strange(exponents: list[_Array], special: Specials | None) -> _Array | None:
    """Return where an operand stands for no code, and the result is not settled yet; None if nowhere."""
    found = exponents[0] == NONE
    for e in exponents[1:]:
        found |= e == NONE
    if special is not None:
        found &= ~special.where
    return found if found.any() else None
