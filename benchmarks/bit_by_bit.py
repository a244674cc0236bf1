"""Rounding to posits one number and one bit at a time, as scalar libraries do: what a shift is compared with."""

from __future__ import annotations

import math
from typing import Any

import numba

__all__ = ["decode", "encode", "round_all"]


@numba.njit  # type: ignore[untyped-decorator]
def encode(v: float, n: int, es: int) -> int:
    """Return the code of a finite number other than zero, without its sign: bits are appended, and then rounded."""
    m, e = math.frexp(abs(v))
    rest, e = 2 * m - 1, e - 1
    k, code = e >> es, 0
    used = min(k + 1 if k >= 0 else -k, n + 1)
    for _ in range(used):
        code = 2 * code + (1 if k >= 0 else 0)
    code = 2 * code + (0 if k >= 0 else 1)
    for i in range(es - 1, -1, -1):
        code = 2 * code + ((e >> i) & 1)
    used += 1 + es
    while used < n:
        rest = 2 * rest
        bit = 1 if rest >= 1 else 0
        code, rest, used = 2 * code + bit, rest - bit, used + 1
    while used > n:
        rest = 1.0 if code & 1 else rest
        code, used = code >> 1, used - 1
    up = 1 if code & 1 and (rest > 0 or code & 2) else 0
    return min(max((code >> 1) + up, 1), (1 << (n - 1)) - 1)


@numba.njit  # type: ignore[untyped-decorator]
def decode(code: int, n: int, es: int) -> float:
    """Return the value of a positive code."""
    at = n - 2
    first, run, e = (code >> at) & 1, 0, 0
    while at >= 0 and (code >> at) & 1 == first:
        run, at = run + 1, at - 1
    at -= 1
    for _ in range(es):
        e = 2 * e + ((code >> at) & 1 if at >= 0 else 0)
        at -= 1
    m, weight = 1.0, 0.5
    while at >= 0:
        m += weight * ((code >> at) & 1)
        at, weight = at - 1, weight / 2
    return math.ldexp(m, (run - 1 if first else -run) * (1 << es) + e)


@numba.njit  # type: ignore[untyped-decorator]
def round_all(x: Any, out: Any, n: int, es: int) -> None:
    """Round every number."""
    for i in range(x.size):
        v = x[i]
        if v == 0:
            out[i] = 0
        elif not math.isfinite(v):
            out[i] = math.nan
        else:
            out[i] = math.copysign(decode(encode(v, n, es), n, es), v)
