"""The codes of the positive numbers of a format in the order of their values, without listing them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Any

from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.lns import LnsFormat
from chopper.formats.posit import PositFormat
from chopper.formats.takum import TakumFormat

__all__ = ["count_below", "positive_codes"]


@singledispatch
def positive_codes(fmt: Format) -> Sequence[int]:
    """Return the codes of the positive numbers, the smallest first; of equal numbers the lowest code.

    Raises
    ------
    UnsupportedInputError
        If the codes of a family have no order of their own and there are more than 2^16 of them.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> positive_codes(get("posit8")), positive_codes(get("nf4"))[:3]
    (range(1, 128), [8, 9, 10])
    """
    if fmt.bits > 16:
        raise UnsupportedInputError(f"{fmt}: {fmt.bits} bits are too many codes to put into order")
    first: dict[Fraction, int] = {}
    for code in fmt.codes:
        value = fmt.value(code)
        if isinstance(value, Fraction) and value > 0:
            first.setdefault(value, code)
    return [first[value] for value in sorted(first)]


@positive_codes.register
def _(fmt: FloatFormat) -> Sequence[int]:
    return range(fmt.first_code, fmt.max_code + 1)


@positive_codes.register(PositFormat)
@positive_codes.register(TakumFormat)
def _(fmt: PositFormat | TakumFormat) -> Sequence[int]:
    return range(1, 1 << (fmt.n - 1))


@positive_codes.register
def _(fmt: FixedFormat) -> Sequence[int]:
    return range(1, fmt.max_integer + 1)


@positive_codes.register
def _(fmt: LnsFormat) -> Sequence[int]:
    return _Masked(range(fmt.lowest, fmt.highest + 1), fmt.sign_code - 1)


class _Masked(Sequence[int]):
    """Integers in two's complement, made when asked for."""

    def __init__(self, integers: range, mask: int) -> None:
        self._integers, self._mask = integers, mask

    def __len__(self) -> int:
        return len(self._integers)

    def __getitem__(self, i: Any) -> Any:
        return self._integers[i] & self._mask


def count_below(fmt: Format, bound: Fraction, start: int = 0) -> int:
    """Return how many positive numbers of a format lie below a bound; at least `start` must.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> count_below(get("posit64"), Fraction(1))
    4611686018427387903
    """
    codes = positive_codes(fmt)
    return bisect_left(range(len(codes)), bound, lo=start, key=lambda i: Fraction(fmt.value(codes[i])))
