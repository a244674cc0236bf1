"""The positive numbers of a format: some of them as text, few of them on a line."""

from __future__ import annotations

from fractions import Fraction

from chopper.anatomy.order import count_below, positive_codes
from chopper.anatomy.text import short
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["number_line", "some_values"]


def some_values(fmt: str | Format, ends: int = 4) -> str:
    """List the positive values of a format: all where they are few, else the first, those around 1 and the last.

    Examples
    --------
    >>> some_values("e2m1"), some_values("e5m2", 2)
    ('0.5 1 1.5 2 3 4 6', '1.52588e-05 3.05176e-05 ... 0.75 0.875 1 1.25 1.5 ... 49152 57344')
    >>> some_values("posit8", 1)
    '5.96046e-08 ... 0.9375 1 1.125 ... 1.67772e+07'
    """
    fmt = get(fmt)
    codes = positive_codes(fmt)
    one = count_below(fmt, Fraction(1))
    starts = [(0, ends), (one - ends, 2 * ends + 1), (len(codes) - ends, ends)]
    shown = {at for start, count in starts for at in range(start, start + count) if 0 <= at < len(codes)}
    if len(codes) <= 4 * ends:
        shown = set(range(len(codes)))
    text, before = [], -1
    for at in sorted(shown):
        text += ["..."] * (at > before + 1) + [short(fmt.value(codes[at]))]
        before = at
    return " ".join(text)


def number_line(fmt: str | Format, width: int = 72) -> str:
    """Draw the values from 0 to the largest on a line, for formats of at most 6 bits; "" for all others.

    Examples
    --------
    >>> print(number_line("e2m1", 25))
    |-|-|-|-|---|---|-------|
    0                       6
    """
    fmt = get(fmt)
    if fmt.bits > 6:
        return ""
    marks = ["-"] * width
    for code in fmt.codes:
        value = fmt.value(code)
        if isinstance(value, Fraction) and value >= 0:
            marks[round(value / fmt.max * (width - 1))] = "|"
    return "".join(marks) + "\n" + "0" + short(fmt.max).rjust(width - 1)
