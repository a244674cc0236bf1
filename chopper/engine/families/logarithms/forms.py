"""Sums of rational multiples of powers of 2 or e, and their exact signs.

Powers of 2 whose exponents are binary fractions are linearly independent over the rationals unless their exponents
differ by an integer (x^(2^k) - 2 is irreducible, by Eisenstein); powers of e with different rational exponents always
are (Lindemann and Weierstrass).  So such a sum is zero only if its terms cancel once they are collected, and any other
sum has a sign that enclosures find, if they are narrow enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

__all__ = ["Form", "enclosed", "sign_of"]

Form = dict[Fraction, Fraction]
"""A sum: exponent -> factor."""

_BITS = 128
"""Fraction bits of the first enclosures; each further try has twice as many."""


def sign_of(terms: Iterable[tuple[Fraction, Fraction]], natural: bool) -> int:
    """Return the sign, -1, 0 or 1, of the sum of factor * base^exponent over pairs (exponent, factor).

    The base is e if `natural`, else 2; denominators of the exponents are powers of two.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> sign_of([(half, Fraction(2)), (Fraction(3, 2), Fraction(-1))], False)
    0
    >>> sign_of([(half, Fraction(1)), (Fraction(0), Fraction(-141421356237309504, 10**17))], False)
    1
    """
    form: Form = {}
    for exponent, factor in terms:
        if not natural:
            whole = math.floor(exponent)
            factor *= Fraction(1 << whole) if whole >= 0 else Fraction(1, 1 << -whole)
            exponent -= whole
        form[exponent] = form.get(exponent, Fraction(0)) + factor
    form = {exponent: factor for exponent, factor in form.items() if factor}
    if len({factor > 0 for factor in form.values()}) < 2:
        return sum(1 if factor > 0 else -1 for factor in list(form.values())[:1])
    return _refined(form, natural)


def _refined(form: Form, natural: bool) -> int:
    """Return the sign of a sum that is not zero."""
    top = max(form)
    below = math.lcm(*(factor.denominator for factor in form.values()))
    parts = [(top - exponent, factor.numerator * (below // factor.denominator)) for exponent, factor in form.items()]
    width, bits = sum(abs(count) for _, count in parts), _BITS
    while True:
        total = sum(count * enclosed(down, bits, natural) for down, count in parts)
        if abs(total) > width:
            return 1 if total > 0 else -1
        bits *= 2


@lru_cache(maxsize=1 << 16)
def enclosed(down: Fraction, bits: int, natural: bool) -> int:
    """Return an integer m with m <= base^-down * 2^bits <= m + 1, for down >= 0.

    Examples
    --------
    >>> enclosed(Fraction(1), 8, False), enclosed(Fraction(1), 8, True)
    (128, 94)
    """
    if down == 0:
        return 1 << bits
    if down * (4 if natural else 3) >= 3 * bits:  # e^3 > 2^4
        return 0
    work = bits + 32
    found, error = _exponential(down, work) if natural else _power_of_two(down, work)
    low = (found - error) >> 32
    if (low + 1) << 32 < found + error:  # the enclosure lies across an integer: one further to the left does
        return enclosed(down, bits + 16, natural) >> 16
    return low


def _power_of_two(down: Fraction, work: int) -> tuple[int, int]:
    """Return 2^-down in 2^-work, and how far off it may be."""
    whole = math.ceil(down)
    rest, root = (whole - down).numerator, (whole - down).denominator.bit_length() - 1
    found = 1 << work
    for times in range(1, root + 1):
        if rest >> (root - times) & 1:
            found = found * _root_of_two(times, work) >> work
    return found >> whole, 2 * root + 2 if root else 0


@lru_cache(maxsize=256)
def _root_of_two(times: int, work: int) -> int:
    """Return floor(2^(1 / 2^times) 2^work), less at most one."""
    return math.isqrt((_root_of_two(times - 1, work) if times > 1 else 2 << work) << work)


def _exponential(down: Fraction, work: int) -> tuple[int, int]:
    """Return e^-down in 2^-work, and how far off it may be."""
    halvings = 8 + math.ceil(down).bit_length()
    fine = work + 2 * halvings + 8
    x = (down.numerator << fine) // (down.denominator << halvings)
    total = term = 1 << fine
    n = 1
    while term:
        term = (term * x >> fine) // n
        total, n = total + (-term if n & 1 else term), n + 1
    for _ in range(halvings):  # what is off, less than 2^6 units at first, at most doubles, and one is cut off
        total = total * total >> fine
    return total >> (fine - work), 2
