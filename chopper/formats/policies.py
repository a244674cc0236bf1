"""What a format does with numbers it has no room for: the words its policy fields take."""

from __future__ import annotations

import enum

__all__ = ["Metric", "NanInput", "Negative", "Subnormals", "Ties", "Underflow", "ZeroInput"]


class Subnormals(enum.Enum):
    """What lies between zero and the smallest normal number.

    ``gradual``: the subnormal numbers of IEEE 754.  ``round``: nothing, and values there are rounded by the mode to
    zero or the smallest normal.  ``flush``: nothing, and values whose p-digit rounding is smaller than the smallest
    normal become zero in every mode.
    """

    GRADUAL = "gradual"
    ROUND = "round"
    FLUSH = "flush"


class Negative(enum.Enum):
    """What a negative number becomes in an unsigned format, unless it rounds to zero.

    ``overflow``: it lies beyond the lower end, and the overflow policy decides (P3109): NaN under ``infinity`` and
    ``nan``, zero under ``saturate`` and ``propagate``.  ``zero``, ``nan``: just that.  ``magnitude``: the sign is
    ignored.
    """

    OVERFLOW = "overflow"
    ZERO = "zero"
    NAN = "nan"
    MAGNITUDE = "magnitude"


class NanInput(enum.Enum):
    """What NaN becomes in a format without NaN: the largest finite value, zero, or a `RangeError`."""

    MAX = "max"
    ZERO = "zero"
    RAISE = "raise"


class ZeroInput(enum.Enum):
    """What zero becomes in a format without zero: the smallest number, or NaN."""

    SMALLEST = "smallest"
    NAN = "nan"


class Metric(enum.Enum):
    """How far a number is from its two neighbours, where the codes of a format do not lie evenly.

    ``code``: by the code, continued by further bits: the midpoint of two neighbours is the number that one more bit
    makes exact.  Where exponent bits are cut off (posits, takums), or the code is a logarithm, this is the geometric
    mean.  ``value``: by the value: the midpoint is the arithmetic mean.
    """

    CODE = "code"
    VALUE = "value"


class Underflow(enum.Enum):
    """What lies between zero and the smallest number of a format that has a zero and no subnormals.

    ``smallest``: nothing; a number other than zero never becomes zero, in any mode.  ``zero``: an interval like all
    others; the mode decides between zero and the smallest number, by value.
    """

    SMALLEST = "smallest"
    ZERO = "zero"


class Ties(enum.Enum):
    """What rounding to nearest does in the middle of two neighbours of a list: the even code, or one side always."""

    EVEN = "even"
    LOWER = "lower"
    UPPER = "upper"
