"""Constants to any number of bits, in integers: floor(c 2^n), less at most one."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["half_pi", "log_of_ten", "log_of_two"]

_STEP = 256
"""Constants are kept for multiples of so many bits."""


def half_pi(n: int) -> int:
    """Return pi / 2 in units of 2^-n.

    Examples
    --------
    >>> half_pi(8)
    402
    """
    return _half_pi(-(-n // _STEP)) >> (-n % _STEP)


def log_of_two(n: int) -> int:
    """Return ln 2 in units of 2^-n.

    Examples
    --------
    >>> log_of_two(8)
    177
    """
    return _log_of_two(-(-n // _STEP)) >> (-n % _STEP)


def log_of_ten(n: int) -> int:
    """Return ln 10 in units of 2^-n.

    Examples
    --------
    >>> log_of_ten(8)
    589
    """
    return _log_of_ten(-(-n // _STEP)) >> (-n % _STEP)


@lru_cache(maxsize=64)
def _half_pi(steps: int) -> int:
    """By Machin: pi / 4 = 4 atan(1/5) - atan(1/239)."""
    n = steps * _STEP + 32
    return (8 * _inverse(5, n, -1) - 2 * _inverse(239, n, -1)) >> 32


@lru_cache(maxsize=64)
def _log_of_two(steps: int) -> int:
    """By ln 2 = 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749)."""
    n = steps * _STEP + 32
    return (18 * _inverse(26, n, 1) - 2 * _inverse(4801, n, 1) + 8 * _inverse(8749, n, 1)) >> 32


@lru_cache(maxsize=64)
def _log_of_ten(steps: int) -> int:
    """By ln 10 = 46 atanh(1/31) + 34 atanh(1/49) + 20 atanh(1/161)."""
    n = steps * _STEP + 32
    return (46 * _inverse(31, n, 1) + 34 * _inverse(49, n, 1) + 20 * _inverse(161, n, 1)) >> 32


def _inverse(x: int, n: int, sign: int) -> int:
    """Return atanh(1/x), or atan(1/x) for sign -1, in units of 2^-n: one truncation for each of at most n terms."""
    power = (1 << n) // x
    total, k = power, 1
    while power:
        power = power // (x * x)
        k += 2
        term = power // k
        total += sign * term if k % 4 == 3 else term
    return total
