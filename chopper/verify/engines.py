"""One kernel on three engines: Python integers, NumPy, a compiled loop."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop
from chopper.engine.plan import Plan, family_of, plan_round, request
from chopper.errors import UnsupportedInputError
from chopper.formats.registry import get

__all__ = ["compiled_check"]

_SIZE = 1 << 15
"""Elements from which a call uses the compiled loops at once."""


def compiled_check(name: str, mode: str, seed: int = 0) -> tuple[int, int]:
    """Run one kernel on NumPy and in a compiled loop, for both carriers, and compare the bits.

    On Python integers, which do not wrap around, it runs for the 64-bit carrier: that of Python's own numbers.

    Raises
    ------
    UnsupportedInputError
        If the format shares scales.

    Examples
    --------
    >>> compiled_check("e4m3", "nearest_even")[1]
    0
    """
    fmt, cases, wrong = get(name), 0, 0
    if fmt.blocked:
        raise UnsupportedInputError(f"{fmt} is run by more than one kernel; legal: formats of single numbers")
    rng = np.random.default_rng(seed)
    for width in (width for width in (32, 64) if family_of(fmt).fits(fmt, width)):
        plan = plan_round(request(fmt, mode, None, 32, None), width)
        integer = np.dtype(f"i{width // 8}")
        bits = rng.integers(0, 256, _SIZE * width // 8, dtype=np.uint8).view(integer)
        words = rng.integers(0, 1 << 32, _SIZE, dtype=np.uint32)
        bits[: _SIZE // 2] = _patterns(fmt, rng, _SIZE // 2, width)
        word = words.view(np.int32) if width == 32 else words.astype(np.int64)
        with np.errstate(all="ignore"):
            on_numpy = plan.kernel(np.where, bits, word, plan.params)
        compiled = chop(bits.view(f"f{width // 8}"), fmt, mode, random_words=words if plan.kernel.random else None)
        wrong += _unlike(on_numpy, compiled.view(integer), width)
        cases += _SIZE
        if width == 64:
            some = np.concatenate((np.arange(512), np.arange(_SIZE - 512, _SIZE)))
            on_integers = np.array([_on_integers(plan, int(bits[i]), int(word[i])) for i in some], integer)
            wrong += _unlike(on_integers, on_numpy[some], width)
            cases += some.size
    return cases, wrong


def _patterns(fmt: Any, rng: np.random.Generator, count: int, width: int) -> npt.NDArray[Any]:
    """Return patterns of numbers spread over the range of the format."""
    low, high = (np.log2(float(Fraction(value))) for value in (fmt.smallest, fmt.max))
    low, high = max(low - 3, -140), min(high + 2, 127)
    numbers = np.exp2(rng.uniform(low, high, count)) * rng.choice([-1.0, 1.0], count)
    patterns: npt.NDArray[Any] = numbers.astype(f"f{width // 8}").view(f"i{width // 8}")
    return patterns


def _on_integers(plan: Plan, bits: int, word: int) -> int:
    result: int = plan.kernel(lambda c, a, b: a if c else b, bits, word, plan.params)
    return result


def _unlike(a: npt.NDArray[Any], b: npt.NDArray[Any], width: int) -> int:
    kind = f"f{width // 8}"
    nans = np.isnan(a.view(kind)) & np.isnan(b.view(kind))
    return int(np.count_nonzero((a != b) & ~nans))
