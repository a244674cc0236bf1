"""What scalings have in common: a format of single numbers, a mode, a stream of keys."""

from __future__ import annotations

from typing import Any

import torch

from chopper import Format, Rounding, chop, get
from chopper.errors import UnsupportedInputError
from chopper.random import Keys

__all__ = ["Saturated"]


class Saturated:
    """Rounds to a format of single numbers, finite overflow to its bounds.

    Parameters
    ----------
    fmt : str or Format
        The format.
    rounding : str or Rounding
        See `chopper.Rounding`.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        For stochastic modes: base of the stream of keys, one for each call.

    Raises
    ------
    UnsupportedInputError
        If elements of the format share scales.
    """

    def __init__(self, fmt: str | Format, rounding: str | Rounding, key: Any) -> None:
        self.fmt, self.rounding = get(fmt), Rounding.parse(rounding)
        if self.fmt.blocked:
            raise UnsupportedInputError(f"elements of {self.fmt} have scales already; legal: formats of single numbers")
        self.keys = Keys.of(key) if self.rounding.random else None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return a tensor rounded."""
        key = None if self.keys is None else next(self.keys)
        found: torch.Tensor = chop(x.detach(), self.fmt, self.rounding, key=key, overflow="saturate")
        return found

    def count_bounds(self, x: torch.Tensor) -> int:
        """Return how many of some results are the largest value of the format, or the lowest, if that is negative."""
        at_bounds = x >= float(self.fmt.max)
        if self.fmt.min < 0:
            at_bounds |= x <= float(self.fmt.min)
        return int(at_bounds.sum())
