"""Numbers that the compiler cannot see through: what is rounded stays rounded."""

from __future__ import annotations

from typing import Any

from chopper import chop
from chopper_ext.jax.dtypes import format_of

__all__ = ["as_type", "settled"]


def settled(x: Any) -> Any:
    """Return the same numbers by way of integers: XLA neither contracts nor folds them into what follows.

    On a CPU it multiplies and adds in one operation otherwise, with one rounding less.
    """
    own = format_of(x.dtype)
    return x if own is None or x.dtype.itemsize == 1 else chop(x, own)


def as_type(x: Any, dtype: Any) -> Any:
    """Return numbers in another floating dtype, rounded to nearest even, once and for all."""
    if x.dtype == dtype:
        return x
    own = format_of(dtype)
    narrower = own is not None and dtype.itemsize < x.dtype.itemsize
    return chop(x, own).astype(dtype) if narrower and own is not None else x.astype(dtype)
