"""The ends of a list of values: the codes that overflow, infinity, NaN and zero become."""

from __future__ import annotations

from chopper.engine.families.table.rows import Ends
from chopper.errors import PolicyError
from chopper.formats.policies import NanInput
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow, Rounding

__all__ = ["ends_of", "nan_of"]


def ends_of(fmt: TableFormat, mode: Rounding, overflow: Overflow) -> Ends:
    """Return what lies beyond both ends under a mode and a policy.

    Raises
    ------
    PolicyError
        If the policy does not suit the format.
    """
    _check(fmt, overflow)
    low, high = fmt.extremes
    pos, neg = fmt.infinity_codes or (None, None)
    nan = fmt.nan_code
    over, under = {
        Overflow.INFINITY: (pos, neg),
        Overflow.NAN: (nan, nan),
        Overflow.RAISE: (None, None),
    }.get(overflow, (high, low))
    if overflow is Overflow.INFINITY:
        over, under = _by_direction(mode, over, under, high, low)
    if overflow is Overflow.SATURATE:
        pos, neg = high, low
    elif pos is None:
        pos, neg = {Overflow.RAISE: (None, None)}.get(overflow, (high, low) if nan is None else (nan, nan))
    return Ends(over, under, pos, neg)


def nan_of(fmt: TableFormat, zero: int | None) -> int | None:
    """Return the code of NaN, or of what stands for it; `zero` is that of zero; None stands for a `RangeError`."""
    if fmt.nan_code is not None:
        return fmt.nan_code
    return {NanInput.MAX: fmt.extremes[1], NanInput.ZERO: zero, NanInput.RAISE: None}[fmt.without_nan]


def _by_direction(
    mode: Rounding, over: int | None, under: int | None, high: int, low: int
) -> tuple[int | None, int | None]:
    """IEEE 754: directed modes give an infinity only in their own direction, to_odd where the last code is even."""
    inward = mode is Rounding.TOWARD_ZERO
    odd = mode is Rounding.TO_ODD
    return (
        high if inward or mode is Rounding.DOWN or (odd and high % 2 == 1) else over,
        low if inward or mode is Rounding.UP or (odd and low % 2 == 1) else under,
    )


def _check(fmt: TableFormat, overflow: Overflow) -> None:
    legal = {
        Overflow.SATURATE: True,
        Overflow.PROPAGATE: True,
        Overflow.RAISE: True,
        Overflow.INFINITY: fmt.infinity_codes is not None,
        Overflow.NAN: fmt.nan_code is not None,
    }
    if not legal.get(overflow, False):
        names = ", ".join(repr(policy.value) for policy, suits in legal.items() if suits)
        raise PolicyError(f"overflow={overflow.value!r} does not suit {fmt}; use one of {names}")
