"""Random words against published answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from chopper.kernels.threefry import threefry

__all__ = ["words_check"]

_WORDS = (
    ((0, 0, 0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF,) * 4, (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
)
"""Known answers of Threefry-2x32-20, from the Random123 library: key and counter, then the words."""


def words_check() -> tuple[int, int]:
    """Compare Threefry with its published answers; return the cases and how many are wrong.

    Examples
    --------
    >>> words_check()
    (3, 0)
    """
    wrong, encrypt = 0, cast(Callable[..., Any], threefry)
    for given, wanted in _WORDS:
        with np.errstate(over="ignore"):
            words = encrypt(*(np.array([word], np.uint32).view(np.int32) for word in given))
        wrong += tuple(int(word.view(np.uint32)[0]) for word in words) != wanted
    return len(_WORDS), wrong
