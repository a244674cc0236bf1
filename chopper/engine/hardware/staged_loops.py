"""The compiled loop of sums in two stages."""

from __future__ import annotations

from typing import Any

import numba

from chopper.engine.block_loops import loop
from chopper.engine.compiled import compiled
from chopper.engine.hardware.fused_loops import special_of
from chopper.engine.lanes import where
from chopper.kernels import fused, rules

__all__ = ["add_stages"]

_align, _significand = compiled(fused.align), compiled(fused.significand)
_total, _nearest = compiled(fused.total), compiled(rules.nearest_even)
_ZERO = -126
"""The exponent of a product that is zero."""
_LOWEST = -(1 << 20)


@loop
def add_stages(kernel: Any, a: Any, b: Any, out: Any, f: Any, plan: Any, first: int, last: int) -> None:
    """Turn elements first ... last-1 of `out`, codes (T, M, N) of what is added to, into those of results.

    Parameters
    ----------
    kernel : Kernel
        Names the sources.
    a, b : tuple of arrays
        Significands, exponents and kinds, (T M, K) and (T N, K).
    f : Fused
        With the bits of the second stage.
    plan : tuple
        Products of a block, bits of the first stage, whether even and odd products are apart, fraction bits of
        products.
    """
    _, rows, columns = out.shape
    codes, size = out.reshape(-1), a[0].shape[1]
    for at in range(first, last):
        i, j = at // columns, at // (columns * rows) * columns + at % columns
        code = codes[at]
        for k in range(0, size, plan[0]):
            code = _block(a, b, i, j, k, min(k + plan[0], size), code, f, plan)
        codes[at] = code


@numba.njit(error_model="numpy", forceinline=True)
def _block(a: Any, b: Any, i: int, j: int, first: int, last: int, code: int, f: Any, plan: Any) -> int:
    special = _special(a, b, i, j, first, last, code, f, plan[3])
    if special != 0:
        return special  # type: ignore[no-any-return]
    _, fraction, split, digits = plan
    step = 2 if split else 1
    whole, top = _stage(a, b, i, j, first, last, step, fraction, digits)
    if split:
        other, high = _stage(a, b, i, j, first + 1, last, step, fraction, digits)
        most = max(top, high)
        whole, top = _down(whole, most - top) + _down(other, most - high), most
    ec, sc = _significand(where, code, f)
    most = max(top, ec)
    whole = _lower(whole, most - top - f.fraction + fraction)
    addend = _down(_lower(sc, f.digits - fraction), most - ec)
    if split and ec < most - fraction - 1:
        addend = 0
    whole += addend << (f.fraction - fraction)
    found = _total(where, _nearest, whole, most, f, f)
    return found | (1 << 31) if found == 0 and whole < 0 else found  # type: ignore[no-any-return]


@numba.njit(error_model="numpy", forceinline=True)
def _stage(a: Any, b: Any, i: int, j: int, first: int, last: int, step: int, fraction: int, digits: int) -> Any:
    """Return the sum of truncated products, in units of 2^(top - fraction), and top."""
    sa, ea, _ = a
    sb, eb, _ = b
    top = _LOWEST
    for k in range(first, last, step):
        e = _ZERO
        if sa[i, k] != 0 and sb[j, k] != 0:
            e = numba.int64(ea[i, k]) + numba.int64(eb[j, k])
        top = max(top, e)
    whole = 0
    for k in range(first, last, step):
        s = numba.int64(sa[i, k]) * numba.int64(sb[j, k])
        if s != 0:
            m = _lower(abs(s), top - numba.int64(ea[i, k]) - numba.int64(eb[j, k]) + digits - fraction)
            whole += -m if s < 0 else m
    return whole, top


@numba.njit(error_model="numpy")
def _lower(n: int, shift: int) -> int:
    """Return n 2^-shift, rounded down."""
    return n << -shift if shift < 0 else n >> min(shift, 62)


@numba.njit(error_model="numpy")
def _down(n: int, shift: int) -> int:
    return n >> min(shift, 62)


@numba.njit(error_model="numpy", forceinline=True)
def _special(a: Any, b: Any, i: int, j: int, first: int, last: int, code: int, f: Any, digits: int) -> int:
    """Return the code of an infinite result or NaN, 0 if the sum is finite; large products are infinities."""
    found = special_of(a, b, i, j, first, last, code, f)
    if found == f.nan:
        return found  # type: ignore[no-any-return]
    sa, ea, ka = a
    sb, eb, kb = b
    above, below = found == f.inf, found != 0 and found != f.inf
    for k in range(first, last):
        e = numba.int64(ea[i, k]) + numba.int64(eb[j, k])
        if e >= 127 and ka[i, k] | kb[j, k] == 0:
            s = numba.int64(sa[i, k]) * numba.int64(sb[j, k])
            if s != 0 and e + (1 if abs(s) >> (digits + 1) != 0 else 0) >= 128:
                above, below = above or s > 0, below or s < 0
    if above and below:
        return f.nan  # type: ignore[no-any-return]
    sign = f.inf + (1 << f.digits)
    return f.inf if above else f.inf | sign if below else 0
