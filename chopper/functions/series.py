"""Fixed-point evaluation: arguments and results are integers in units of 2^-n, with errors of less than two units.

Each function reduces its argument by a few halvings, sums a series with spare bits, and undoes the halvings.  An undone
halving doubles the error, a truncated step adds at most two units; the spare bits are more than both take away.
"""

from __future__ import annotations

from math import isqrt

from chopper.functions.constants import half_pi

__all__ = ["arctangent", "circle", "exponential", "gauss", "logarithm"]


def _halvings(n: int) -> int:
    return 4 + isqrt(n) // 3


def _spare(n: int) -> int:
    return 8 + n.bit_length()


def exponential(r: int, n: int) -> int:
    """Return e^r for abs(r) < 1.

    Examples
    --------
    >>> exponential(0, 8)
    256
    """
    h = _halvings(n)
    wide = n + h + _spare(n)
    x = (r << (wide - n)) >> h
    total = term = 1 << wide
    k = 1
    while term not in (0, -1):
        term = (term * x >> wide) // k
        total, k = total + term, k + 1
    for _ in range(h):
        total = total * total >> wide
    return total >> (wide - n)


def logarithm(y: int, n: int) -> int:
    """Return ln y for 1/2 <= y <= 2.

    Examples
    --------
    >>> logarithm(1 << 8, 8), logarithm(2 << 8, 8)
    (0, 177)
    """
    h = _halvings(n)
    wide = n + h + 4 + _spare(n)
    one = 1 << wide
    y <<= wide - n
    for _ in range(h):
        y = isqrt(y << wide)
    z = ((y - one) << wide) // (y + one)
    square = z * z >> wide
    total = power = z
    k = 3
    while power not in (0, -1):
        power = power * square >> wide
        total, k = total + power // k, k + 2
    return total >> (wide - n - h - 1)


def arctangent(p: int, q: int, n: int) -> int:
    """Return atan(p / q) for p >= 0 and q >= 0, not both 0.

    Examples
    --------
    >>> arctangent(1, 1, 8)
    201
    """
    if p > q:
        return half_pi(n) - arctangent(q, p, n)
    h = _halvings(n)
    wide = n + h + _spare(n)
    one = 1 << wide
    t = (p << wide) // q
    for _ in range(h):
        t = (t << wide) // (one + isqrt((1 << 2 * wide) + t * t))
    square = t * t >> wide
    total = power = t
    k = 3
    while power:
        power = power * square >> wide
        total += power // k if k % 4 == 1 else -(power // k)
        k += 2
    return total >> (wide - n - h)


def circle(r: int, n: int) -> tuple[int, int]:
    """Return cos r and sin r for 0 <= r < 1.

    Examples
    --------
    >>> circle(0, 8)
    (256, 0)
    """
    h = _halvings(n)
    wide = n + h + 4 + _spare(n)
    x = (r << (wide - n)) >> h
    cosine = term = 1 << wide
    sine, k = 0, 1
    while term:
        term = (term * x >> wide) // k
        if k % 2:
            sine += term if k % 4 == 1 else -term
        else:
            cosine += term if k % 4 == 0 else -term
        k += 1
    for _ in range(h):
        cosine, sine = (cosine * cosine - sine * sine) >> wide, cosine * sine >> (wide - 1)
    return cosine >> (wide - n), sine >> (wide - n)


def gauss(w: int, n: int) -> tuple[int, int]:
    """Return the sum of (2 w)^k / (1 3 5 ... (2 k + 1)), and its error: it is e^w erf(z) sqrt(pi) / (2 z) for w = z^2.

    A product of k factors, each cut by a unit, is off by k units of 2^-n of itself at most, and by one for each cut.
    """
    total = term = 1 << n
    k = 1
    twice = 2 * w
    while term:
        term = (term * twice >> n) // (2 * k + 1)
        total, k = total + term, k + 1
    return total, 4 * (k + 4) * ((total >> n) + 1 + k)
