"""Truncated fused sums on arrays: what runs while no loop is compiled, by the same kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.hardware.operands import INFINITE, NAN, Lanes
from chopper.engine.kernel import Kernel
from chopper.kernels.fused import Fused, align, significand, total

__all__ = ["add_arrays", "settled", "specials"]

_Array = npt.NDArray[Any]
_AT_ONCE = 1 << 16
"""Products that are worked on together."""


def add_arrays(
    kernel: Kernel, a: Lanes, b: Lanes, codes: npt.NDArray[np.int64], chosen: _Array, shape: tuple[int, ...], f: Fused,
    digits: int, terms: int,
) -> None:  # fmt: skip
    """Do what `fused_loops.add_blocks` does, for all of the chosen elements."""
    _, rows, columns = shape
    step = max(1, _AT_ONCE // terms)
    for first in range(0, chosen.size, step):
        part = slice(first, first + step)
        i, j = chosen[part] // columns, chosen[part] // (rows * columns) * columns + chosen[part] % columns
        x, y = Lanes(*(lane[i] for lane in a)), Lanes(*(lane[j] for lane in b))
        for k in range(0, x.s.shape[1], terms):
            left, right = (Lanes(*(lane[:, k : k + terms] for lane in side)) for side in (x, y))
            codes[part] = _block(kernel, left, right, codes[part], f, digits)


def _block(kernel: Kernel, a: Lanes, b: Lanes, code: _Array, f: Fused, digits: int) -> _Array:
    s, e = a.s.astype(np.int64) * b.s, a.e.astype(np.int64) + b.e
    kind = np.maximum(a.kind, b.kind)
    kind[(kind == INFINITE) & (s == 0)] = NAN
    special = specials(code, s, kind, f)
    ec, sc = significand(np.where, code, f)
    ends = np.concatenate([np.where(s == 0, f.floor, e), np.where(sc == 0, f.floor, ec)[:, None]], axis=1)
    top = np.maximum(ends.max(axis=1), f.floor)
    e = np.minimum(e, top[:, None])  # that of a zero does not count
    whole = align(np.where, s, e, digits, top[:, None], f).sum(axis=1)
    whole += align(np.where, sc, np.minimum(ec, top), f.digits, top, f)
    return settled(kernel, whole, top, special, f)


def settled(kernel: Kernel, whole: _Array, top: _Array, special: _Array, f: Fused) -> _Array:
    """Return codes of sums, but of special results those."""
    found: _Array = total(np.where, kernel.rule_function, np.where(special == 0, whole, 0), top, f, f)
    return np.where(special == 0, found, special)


def specials(code: _Array, sign: _Array, kind: _Array, f: Fused) -> _Array:
    """Return the codes of infinite results and NaNs, 0 of finite sums; `sign` tells those of infinite products."""
    bit = f.inf + (1 << f.digits)
    mag = code & (bit - 1)
    above = ((kind == INFINITE) & (sign > 0)).any(axis=1) | (code == f.inf)
    below = ((kind == INFINITE) & (sign < 0)).any(axis=1) | (code == (f.inf | bit))
    none = (kind == NAN).any(axis=1) | (mag > f.inf) | (above & below)
    return np.where(none, f.nan, np.where(above, f.inf, np.where(below, f.inf | bit, 0)))
