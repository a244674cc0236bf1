"""Exact sums as Python integers: for numbers of any range, and to judge faster paths by."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.gemm.grids import grids_of, run_exact
from chopper.engine.gemm.operands import extent_of
from chopper.engine.gemm.rounders import Rounder, carries
from chopper.engine.plan import Request
from chopper.errors import UnsupportedInputError
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["Exact", "exact_sum", "group_sums", "odd_float", "round_exact", "rounded_sums"]

_Array = npt.NDArray[Any]


class Exact(NamedTuple):
    """Exact numbers ``whole * 2**unit``; where `special` is not 0 it is the result: an infinity or NaN."""

    whole: _Array  # Python ints
    unit: int
    special: _Array


def rounded_sums(
    a: _Array, b: _Array, c: _Array | None, asked: Request, rounder: Rounder, words: Any, threads: int | None
) -> _Array:
    """Return c + a @ b for float64 arrays (..., M, K) and (..., K, N), rounded once."""
    quick = _by_grids(a, b, c, threads) if carries(asked) and asked.overflow is not Overflow.WRAP else None
    if quick is not None:
        return rounder.round(quick, words)
    return round_exact(group_sums(a, b, c), asked, rounder, words)


def _by_grids(a: _Array, b: _Array, c: _Array | None, threads: int | None) -> _Array | None:
    """Return the sums rounded to odd, by a compiled loop; None if that does not do."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    out = np.zeros(shape)
    if c is not None:
        out[...] = c
    if not out.size or not a.shape[-1]:
        return None
    grids = grids_of(extent_of(a), extent_of(b), None if c is None else extent_of(out), a.shape[-1])
    return out if grids is not None and run_exact(grids, a, b, out, threads) else None


def group_sums(a: _Array, b: _Array, c: _Array | None) -> Exact:
    """Return c + a @ b for float64 arrays (..., M, K) and (..., K, N)."""
    (x, i), (y, j) = _integers(a), _integers(b)
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    whole = np.zeros(shape, object)
    special = np.zeros(shape)
    odd = not (np.isfinite(a).all() and np.isfinite(b).all())
    with np.errstate(all="ignore"):
        for k in range(a.shape[-1]):
            whole = whole + x[..., k : k + 1] * y[..., k : k + 1, :]
            if odd:
                special = special + _tame(a[..., k : k + 1]) * _tame(b[..., k : k + 1, :])
    if c is None:
        return Exact(whole, i + j, _only_special(special))
    z, unit = _integers(np.broadcast_to(c, shape))
    least = min(unit, i + j)
    with np.errstate(all="ignore"):
        special = special + _tame(c)
    return Exact((whole << (i + j - least)) + (z << (unit - least)), least, _only_special(special))


def exact_sum(arrays: list[_Array]) -> Exact:
    """Return the sum of float64 arrays of one shape."""
    pairs = [_integers(x) for x in arrays]
    least = min(unit for _, unit in pairs)
    whole: Any = sum(x << (unit - least) for x, unit in pairs)
    with np.errstate(all="ignore"):
        special = sum((_tame(x) for x in arrays), np.zeros(arrays[0].shape))
    return Exact(whole, least, _only_special(special))


def _tame(x: _Array) -> _Array:
    """Return a small number of the same sign for a finite one, else itself."""
    return np.where(np.isfinite(x), np.sign(x), x)


def _only_special(x: _Array) -> _Array:
    return np.where(np.isfinite(x), 0.0, x)


def _integers(x: _Array) -> tuple[_Array, int]:
    """Return integers n and the largest unit such that finite x = n 2^unit; others count as 0."""
    m, e = np.frexp(np.where(np.isfinite(x), x, 0.0))
    n = (m * 2.0**53).astype(np.int64)
    e = e.astype(np.int64) - 53
    live = n != 0
    if not live.any():
        return np.zeros(x.shape, object), 0
    unit = int(e[live].min())
    shift = np.where(live, e - unit, 0)
    return n.astype(object) << shift.astype(object), unit


def odd_float(n: int, unit: int) -> float:
    """Return n 2^unit as a float, rounded to odd; beyond the largest float: that one."""
    size = abs(n)
    drop = max(size.bit_length() - 53, -1074 - unit)
    if drop > 0:
        size = (size >> drop) | (size & ((1 << drop) - 1) != 0)
        unit += drop
    if size.bit_length() + unit > 1024:
        size, unit = (1 << 53) - 1, 971
    return math.copysign(math.ldexp(size, unit), n)


def _nearest_float(n: int, unit: int) -> float:
    try:
        return n / (1 << -unit) if unit < 0 else float(n << unit)
    except OverflowError:
        return math.copysign(math.inf, n)


def _reduced(n: int, power: int) -> int:
    """Return n with its magnitude modulo 2^power: its sign and its fraction decide how it is rounded, then it wraps."""
    size = abs(n) & ((1 << max(power, 0)) - 1)
    return -size if n < 0 else size


def round_exact(x: Exact, asked: Request, rounder: Rounder, words: Any) -> _Array:
    """Round exact numbers once.

    Raises
    ------
    UnsupportedInputError
        If more than 51 bits decide how a number is rounded.
    """
    if carries(asked):
        make = odd_float
    elif asked.fmt == get("fp64") and asked.rounding is Rounding.NEAREST_EVEN:
        make = _nearest_float
    else:
        raise UnsupportedInputError(
            f"exact sums are not rounded to {asked.fmt} in the mode {asked.rounding.value!r}: that takes more than "
            "binary64 decides; legal: precision + random bits up to 51, of binary fractions, or fp64 to nearest even"
        )
    numbers = x.whole.reshape(-1).tolist()
    if asked.overflow is Overflow.WRAP:
        numbers = [_reduced(n, asked.fmt.bits - asked.fmt.fraction_bits - x.unit) for n in numbers]  # type: ignore[attr-defined]
    finite = np.array([make(n, x.unit) for n in numbers], np.float64).reshape(x.whole.shape)
    return rounder.round(np.where(x.special == 0, finite, x.special), words)
