"""The edges of a float format: the code that overflow, infinity, NaN, zero and negative numbers become."""

from __future__ import annotations

from typing import NamedTuple

from chopper.errors import PolicyError
from chopper.formats.float import FloatFormat
from chopper.formats.policies import NanInput, Negative, ZeroInput
from chopper.rounding import Overflow, Rounding

__all__ = ["Edges", "default_overflow", "edges_of"]


class Edges(NamedTuple):
    """Codes, sign included, for positive and negative inputs; None stands for a `RangeError`."""

    over_pos: int | None
    over_neg: int | None
    inf_pos: int | None
    inf_neg: int | None
    nan_pos: int | None
    nan_neg: int | None
    zero_pos: int | None
    zero_neg: int | None


def default_overflow(fmt: FloatFormat) -> Overflow:
    """Return the policy used when none is given: ``infinity`` where the format has infinities, else ``saturate``."""
    return Overflow.INFINITY if fmt.infinities else Overflow.SATURATE


def edges_of(fmt: FloatFormat, mode: Rounding, overflow: Overflow) -> Edges:
    """Return the edges of `fmt` under a rounding mode and an overflow policy.

    Raises
    ------
    PolicyError
        If the policy does not suit the format.
    """
    _check(fmt, overflow)
    nan_pos = _nan(fmt)
    nan_neg = nan_pos | fmt.sign_code if nan_pos is not None and fmt.top_nans else nan_pos
    over_pos, inf_pos = _outer_end(fmt, mode, overflow, Rounding.DOWN, 0, nan_pos)
    if fmt.signed:
        over_neg, inf_neg = _outer_end(fmt, mode, overflow, Rounding.UP, fmt.sign_code, nan_neg)
    else:
        over_neg, inf_neg = _lower_end(fmt, mode, overflow, over_pos, inf_pos, nan_neg)
    zero = 0 if fmt.zero or fmt.zero_input is ZeroInput.SMALLEST else nan_pos
    zero_neg = fmt.sign_code if fmt.negative_zero else zero
    return Edges(over_pos, over_neg, inf_pos, inf_neg, nan_pos, nan_neg, zero, zero_neg)


def _check(fmt: FloatFormat, overflow: Overflow) -> None:
    cures = {
        Overflow.INFINITY: (fmt.infinities, "has no infinity", "'saturate', 'propagate', 'raise'"),
        Overflow.NAN: (fmt.has_nan, "has no NaN", "'saturate', 'propagate', 'raise'"),
        Overflow.WRAP: (False, "is a float format", "'saturate', 'propagate', 'infinity', 'nan', 'raise'"),
    }
    suits, why, legal = cures.get(overflow, (True, "", ""))
    if not suits:
        raise PolicyError(f"overflow={overflow.value!r} does not suit {fmt}: it {why}; use one of {legal}")


def _nan(fmt: FloatFormat) -> int | None:
    if fmt.nan_code is not None:
        return fmt.nan_code
    return {NanInput.MAX: fmt.max_code, NanInput.ZERO: 0, NanInput.RAISE: None}[fmt.nan_input]


def _outer_end(
    fmt: FloatFormat, mode: Rounding, overflow: Overflow, inward: Rounding, sign: int, nan: int | None
) -> tuple[int | None, int | None]:
    """Return what finite overflow and infinity become at the end with this sign; `inward` points away from it."""
    top = fmt.max_code | sign
    infinity = None if fmt.infinity_code is None else fmt.infinity_code | sign
    if overflow is Overflow.INFINITY:
        odd_top = mode is Rounding.TO_ODD and top & 1
        return (top if mode in (Rounding.TOWARD_ZERO, inward) or odd_top else infinity), infinity
    if overflow is Overflow.SATURATE:
        return top, top
    if overflow is Overflow.PROPAGATE:
        return top, infinity if fmt.infinities else nan if fmt.has_nan else top
    if overflow is Overflow.NAN:
        return nan, infinity if fmt.infinities else nan
    return None, infinity


def _lower_end(
    fmt: FloatFormat, mode: Rounding, overflow: Overflow, over: int | None, inf: int | None, nan: int | None
) -> tuple[int | None, int | None]:
    """Return what finite negative numbers and -infinity become in an unsigned format."""
    if fmt.negative is Negative.MAGNITUDE:
        return over, inf
    if fmt.negative is Negative.ZERO:
        return 0, 0
    if fmt.negative is Negative.OVERFLOW:
        if overflow is Overflow.RAISE:
            return None, None
        if overflow in (Overflow.SATURATE, Overflow.PROPAGATE):
            return 0, 0
        inward = overflow is Overflow.INFINITY and mode in (Rounding.TOWARD_ZERO, Rounding.UP)
        return (0 if inward else nan), nan
    return nan, nan
