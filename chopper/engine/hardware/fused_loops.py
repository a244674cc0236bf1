"""The compiled loop of truncated fused sums in integers: any parameters, any operands."""

from __future__ import annotations

from typing import Any

import numba
from numba.extending import overload

from chopper.engine.block_loops import loop
from chopper.engine.compiled import compiled
from chopper.engine.lanes import where
from chopper.kernels import fused, rules

__all__ = ["add_blocks", "special_of"]

_align, _significand = compiled(fused.align), compiled(fused.significand)
_total, _truncate, _nearest = compiled(fused.total), compiled(rules.toward_zero), compiled(rules.nearest_even)


@loop
def add_blocks(
    kernel: Any, a: Any, b: Any, codes: Any, chosen: Any, shape: Any, f: Any, digits: int, terms: int, first: int,
    last: int,
) -> None:  # fmt: skip
    """Turn codes of what is added to into those of results.

    Parameters
    ----------
    kernel : Kernel
        Of `chopper.kernels.fused.total`, with its rule.
    a, b : tuple of arrays
        Significands, exponents and kinds, of shapes (T M, K) and (T N, K).
    codes, chosen : arrays of int64
        Codes of some elements of the result, and their flat indices there.
    shape : tuple of int
        Of the result, (T, M, N).
    f : Fused
    digits : int
        Fraction bits of products.
    terms : int
        Products of a block.
    first, last : int
        Which of the chosen ones.
    """
    _, rows, columns = shape
    size = a[0].shape[1]
    for at in range(first, last):
        i, j = chosen[at] // columns, chosen[at] // (columns * rows) * columns + chosen[at] % columns
        code = codes[at]
        for k in range(0, size, terms):
            code = _block(kernel, a, b, i, j, k, min(k + terms, size), code, f, digits)
        codes[at] = code


@numba.njit(error_model="numpy", forceinline=True)
def _block(
    kernel: Any, a: Any, b: Any, i: int, j: int, first: int, last: int, code: int, f: Any, digits: int
) -> int:  # fmt: skip
    special = special_of(a, b, i, j, first, last, code, f)
    if special != 0:
        return special  # type: ignore[no-any-return]
    sa, ea, _ = a
    sb, eb, _ = b
    ec, sc = _significand(where, code, f)
    top = f.floor
    if sc != 0 and ec > top:
        top = ec
    for k in range(first, last):
        if sa[i, k] != 0 and sb[j, k] != 0:
            e = numba.int64(ea[i, k]) + numba.int64(eb[j, k])
            top = max(top, e)
    whole = 0
    if sc != 0:
        whole = _align(where, sc, ec, f.digits, top, f)
    for k in range(first, last):
        s = numba.int64(sa[i, k]) * numba.int64(sb[j, k])
        if s != 0:
            whole += _align(where, s, numba.int64(ea[i, k]) + numba.int64(eb[j, k]), digits, top, f)
    return _finish(kernel, whole, top, f)


def _finish(kernel: Any, whole: int, top: int, f: Any) -> int:
    raise NotImplementedError


@overload(_finish)
def _finish_by(kernel: Any, whole: Any, top: Any, f: Any) -> Any:
    rule = _nearest if kernel.kernel.rule == "nearest_even" else _truncate

    def run(kernel: Any, whole: Any, top: Any, f: Any) -> int:
        return _total(where, rule, whole, top, f, f)  # type: ignore[no-any-return]

    return run


@numba.njit(error_model="numpy", forceinline=True)
def special_of(a: Any, b: Any, i: int, j: int, first: int, last: int, code: int, f: Any) -> int:
    """Return the code of an infinite result or NaN, 0 if the sum is finite."""
    sa, _, ka = a
    sb, _, kb = b
    sign = f.inf + (1 << f.digits)
    mag = code & (sign - 1)
    above, below, none = False, False, mag > f.inf
    if mag == f.inf:
        above, below = code == mag, code != mag
    for k in range(first, last):
        if ka[i, k] | kb[j, k] != 0:
            s = numba.int64(sa[i, k]) * numba.int64(sb[j, k])
            above, below = above or s > 0, below or s < 0
            none = none or ka[i, k] == 2 or kb[j, k] == 2 or s == 0
    if none or (above and below):
        return f.nan  # type: ignore[no-any-return]
    if above:
        return f.inf  # type: ignore[no-any-return]
    return f.inf | sign if below else 0
