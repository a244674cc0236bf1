"""The arrays that the benchmarks run on."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MB", "normal", "patterns"]

MB = 1 << 20
"""Bytes in the sizes of arrays."""


@lru_cache(maxsize=1)
def normal(dtype: str, megabytes: int) -> npt.NDArray[Any]:
    """Return numbers from N(0, 1)."""
    kind = np.dtype(dtype)
    values = np.random.default_rng(1).standard_normal(megabytes * MB // kind.itemsize, dtype=kind)
    values.flags.writeable = False
    return values


def patterns(dtype: str, megabytes: int) -> npt.NDArray[Any]:
    """Return random bit patterns: every binade alike, with subnormals, infinities and NaNs."""
    return np.frombuffer(
        np.random.default_rng(2).bytes(megabytes * MB), dtype
    ).copy()  # placed in memory as `normal` is
