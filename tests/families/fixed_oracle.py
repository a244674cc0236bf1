"""The definition of rounding to fixed point and integers, in exact fractions, and the numbers worth trying.

It works on x / quantum, an exact fraction: an integer toward zero, nu, and the formula of the mode.  It shares nothing
with the kernels.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction

from chopper.errors import PolicyError, RangeError
from chopper.formats.fixed import FixedFormat
from chopper.formats.policies import NanInput
from chopper.rounding import Overflow, Rounding
from tests.oracle import away, exact

__all__ = ["points", "round_code", "round_integer"]


def round_integer(
    fmt: FixedFormat, x: Fraction | float, mode: Rounding | str, *, word: int = 0, random_bits: int = 32
) -> int:
    """Return the number of quanta that a finite number rounds to, whatever the range of the format."""
    steps = abs(Fraction(x)) / fmt.quantum
    low = math.floor(steps)
    up = away(Rounding.parse(mode), steps - low, low % 2 == 1, x < 0, word, random_bits)
    return -(low + up) if x < 0 else low + up


def round_code(
    fmt: FixedFormat,
    x: Fraction | float,
    mode: Rounding | str,
    *,
    overflow: Overflow | str | None = None,
    word: int = 0,
    random_bits: int = 32,
) -> int:
    """Return the code that `x` rounds to; see `tests.oracle.round_code`."""
    policy = Overflow.parse(overflow or Overflow.SATURATE)
    if policy in (Overflow.INFINITY, Overflow.NAN) or (policy is Overflow.WRAP and fmt.symmetric):
        raise PolicyError(f"overflow={policy.value!r} does not suit {fmt}")
    clamps = policy in (Overflow.SATURATE, Overflow.PROPAGATE)
    number = exact(x)
    if isinstance(number, float) and math.isnan(number):
        if fmt.nan_input is NanInput.RAISE:
            raise RangeError(f"NaN does not fit into {fmt}")
        return fmt.max_integer if fmt.nan_input is NanInput.MAX else 0
    if isinstance(number, float) and math.isinf(number):
        if not clamps:
            raise RangeError(f"infinity does not fit into {fmt}")
        k = fmt.max_integer if number > 0 else fmt.min_integer
    else:
        k = round_integer(fmt, number, mode, word=word, random_bits=random_bits)
        if not fmt.min_integer <= k <= fmt.max_integer:
            if policy is Overflow.RAISE:
                raise RangeError(f"a number does not fit into {fmt}")
            k = max(min(k, fmt.max_integer), fmt.min_integer) if clamps else k
    return k % (1 << fmt.bits)


def points(fmt: FixedFormat) -> list[Fraction]:
    """Return magnitudes around which results change: integers, their quarters, the ends, and far beyond both ends."""
    ends = (0, 1, 2, 3, fmt.max_integer - 1, fmt.max_integer, fmt.max_integer + 1, fmt.max_integer + 2, 1 << fmt.bits)
    draw = random.Random(fmt.bits)
    picked = range(fmt.max_integer) if fmt.bits <= 6 else [draw.randrange(fmt.max_integer) for _ in range(24)]
    integers = sorted({*ends, *picked, *(3 * (1 << fmt.bits) + k for k in (-1, 0, 1))})
    found = [k + Fraction(part, 4) for k in integers for part in range(4)]
    found += [Fraction(1, 1 << n) for n in (3, 10, 33, 34, 60)] + [Fraction(3, 1 << 34), Fraction(1 << 32) - 1]
    found += [Fraction(5 * (1 << n)) for n in range(0, 80, 3)]
    return [k * fmt.quantum for k in found]
