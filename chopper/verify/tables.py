"""Floats against tables of their exact values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop, decode, encode
from chopper.errors import UnsupportedInputError
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Subnormals
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["table_check"]

_Array = npt.NDArray[np.float64]


def table_check(name: str, seed: int = 0) -> tuple[int, int]:
    """Compare a format with the list of its exact values: decoding, and rounding in every mode.

    The list knows nothing of exponents and fractions: a number lies between two neighbours, and the mode picks one by
    distance, direction or the parity of the code.  Inputs are the values, the points halfway, quarter and three
    quarters between them, their neighbours in float64, and random numbers; all distances are exact in float64.

    Raises
    ------
    UnsupportedInputError
        If it is no signed float format of at most 16 bits with subnormal numbers.

    Examples
    --------
    >>> table_check("e2m1")[1]
    0
    """
    fmt = get(name)
    plain = isinstance(fmt, FloatFormat) and fmt.signed and fmt.zero and fmt.subnormals is Subnormals.GRADUAL
    if not isinstance(fmt, FloatFormat) or not plain or fmt.first_field != 1 or fmt.bits > 16:
        raise UnsupportedInputError(
            f"{fmt} is not listed here; legal: signed floats of at most 16 bits with subnormal numbers; values_check "
            "takes other families"
        )
    count = fmt.max_code + 1
    values = np.array([float(fmt.value(code)) for code in range(count)])
    every = np.arange(1 << fmt.bits)
    exact = np.array([float(fmt.value(int(code))) for code in every])
    wrong = _differing(decode(every, fmt, np.float64), exact)
    cases = every.size
    x, words = _points(values, seed)
    for mode in Rounding:
        if mode.value in ("stochastic_b", "stochastic_c", "stochastic_equal"):
            continue
        options: dict[str, Any] = {"overflow": "saturate", "random_words": words if mode.random else None}
        wanted = _expected(x, values, mode, words)
        wrong += _differing(chop(x, fmt, mode, **options), np.copysign(values[wanted], x), fmt.negative_zero)
        negative = np.signbit(x) & ((wanted > 0) | fmt.negative_zero)
        codes = encode(x, fmt, mode, **options).astype(np.int64)
        wrong += int(np.count_nonzero(codes != wanted + np.where(negative, fmt.sign_code, 0)))
        cases += 2 * x.size
    return cases, wrong


def _points(values: _Array, seed: int) -> tuple[_Array, npt.NDArray[np.uint32]]:
    rng = np.random.default_rng(seed)
    chosen = np.arange(values.size - 1)
    if chosen.size > 1000:
        chosen = np.unique(np.concatenate((chosen[:100], chosen[-100:], rng.choice(chosen, 800))))
    low, gap = values[chosen], np.diff(values)[chosen]
    near = np.concatenate([low + part * gap for part in (0, 0.25, 0.5, 0.75)])
    near = np.concatenate((near, np.nextafter(near, np.inf), np.nextafter(near, 0), low + rng.random(low.size) * gap))
    near = np.concatenate((near[near <= values[-1]], [values[-1]]))
    x = np.concatenate((near, -near))
    return x, rng.integers(0, 1 << 32, x.size, dtype=np.uint32)


def _expected(x: _Array, values: _Array, mode: Rounding, words: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return the magnitude codes that the definition of a mode picks."""
    size = np.abs(x)
    below = np.searchsorted(values, size, side="right") - 1
    above = np.minimum(below + 1, values.size - 1)
    gap = np.where(above > below, values[above] - values[below], 1.0)
    part = (size - values[below]) / gap
    odd, inexact = below % 2 == 1, part > 0
    away = {
        Rounding.NEAREST_EVEN: (part > 0.5) | ((part == 0.5) & odd),
        Rounding.NEAREST_AWAY: part >= 0.5,
        Rounding.NEAREST_ZERO: part > 0.5,
        Rounding.TOWARD_ZERO: np.zeros_like(odd),
        Rounding.AWAY_FROM_ZERO: inexact,
        Rounding.UP: inexact & (x > 0),
        Rounding.DOWN: inexact & (x < 0),
        Rounding.TO_ODD: inexact & ~odd,
        Rounding.STOCHASTIC: np.floor(part * 2.0**32) + words >= 2.0**32,
    }[mode]
    return np.where(away, above, below)


def _differing(found: _Array, wanted: _Array, signs: bool = False) -> int:
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    if signs:
        same &= (np.signbit(found) == np.signbit(wanted)) | np.isnan(wanted)
    return int(np.count_nonzero(~same))
