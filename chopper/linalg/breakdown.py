"""The error of an algorithm that cannot go on."""

from __future__ import annotations

from chopper.errors import ChopperError

__all__ = ["BreakdownError"]


class BreakdownError(ChopperError, ArithmeticError):
    """A pivot is zero, a matrix is not positive definite, or a factor is not finite; the message says where."""
