"""How many bits the turns of a format take: which carrier between an operation and its rounding decides all of them.

A *turn* is a number where rounding changes its mind.  A result rounded to odd on a carrier of q bits lies on the right
side of every turn that has q - 1 bits and lies within the carrier's range.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from chopper.engine.plan import Request, carrier_width, plan_round
from chopper.errors import PolicyError
from chopper.formats.finfo import exponent_of, significant_bits
from chopper.kernels.carrier import BINARY64, BINARY128
from chopper.rounding import Overflow, Rounding

__all__ = ["carrier_for", "decides", "drawn_bits"]

_CUT = 29
"""Bits that stochastic modes see of two neighbours in a list of values."""


@lru_cache(maxsize=1024)
def carrier_for(asked: Request) -> int:
    """Return the width of the carrier, 64 or 128, on which results of operations are rounded to odd.

    Wrapping around needs every bit above the quantum, so it takes the wider one.

    Raises
    ------
    PolicyError
        If no carrier decides all turns of the format in this mode.
    RangeError
        If float64 does not hold the format.
    """
    fmt, drawn = asked.fmt, drawn_bits(asked)
    carrier_width(fmt, 64)
    listed = plan_round(asked, 64).kernel.module in ("steps", "lns")
    bits = _bits_of_list(fmt, drawn) if listed else _bits(fmt, drawn)
    low = exponent_of(fmt.smallest) - bits - 1
    if bits < BINARY64.precision and low >= 2 - BINARY64.bias - BINARY64.precision:
        return 128 if asked.overflow is Overflow.WRAP else 64
    if listed or bits >= BINARY128.precision:
        spare = drawn - (bits - BINARY64.precision + 1)
        cure = f"pass random_bits={spare} or fewer" if spare > 0 else "use another mode or format"
        raise PolicyError(f"{fmt} turns at numbers of {bits} bits in mode {asked.rounding.value!r}: too many; {cure}")
    return 128


@lru_cache(maxsize=1024)
def decides(asked: Request) -> bool:
    """Whether some carrier decides all turns of the format in a mode."""
    try:
        carrier_for(asked)
    except PolicyError:
        return False
    return True


def drawn_bits(asked: Request) -> int:
    """Return how many bits of a random word decide where a mode turns."""
    return asked.random_bits if asked.rounding.random and asked.rounding is not Rounding.STOCHASTIC_EQUAL else 0


def _bits(fmt: Any, drawn: int) -> int:
    """Return the bits of a turn: those of a value, or of the widest gap measured by the value, and of the chance."""
    gap = 1 << getattr(fmt, "es", 0)
    return max(int(getattr(fmt, "precision", fmt.bits)), gap) + drawn + 1


@lru_cache(maxsize=1024)
def _bits_of_list(fmt: Any, drawn: int) -> int:
    """Return the most bits of a turn between two neighbours of a list."""
    most = 1
    for low, high in pairwise(fmt.ascending):
        middle = fmt.middle(low, high)
        if not (isinstance(middle, Fraction) and significant_bits(middle or Fraction(1))):
            raise PolicyError(
                f"results of operations cannot be rounded to {fmt}: it turns at numbers that are no binary fractions; "
                "legal: formats whose numbers are, or whose family operates itself"
            )
        ends = [fmt.number(low), fmt.number(high), middle]
        most = max(most, *(significant_bits(end) for end in ends if end))
        if drawn:
            most = max(most, _bits_of_gap(ends[0], ends[1], drawn))
    return most


def _bits_of_gap(low: Fraction, high: Fraction, drawn: int) -> int:
    """Return the bits of the turns of chance between two neighbours, of which the first `_CUT` bits count."""
    top = exponent_of(max(abs(low), abs(high)))
    lowest = min(exponent_of(abs(end)) - significant_bits(end) + 1 for end in (low, high) if end)
    return top - max(lowest, top - _CUT + 1) + drawn + 2
