"""Threefry-2x32-20: random words as a function of a key and a counter.

Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, doi:10.1145/2063384.2063405.
All quantities are 32-bit integers that wrap around.
"""

__all__ = ["random_word", "threefry"]


def random_word(k0, k1, hi, lo):
    """Return the random word of element ``hi * 2**32 + lo`` under the key ``k0 * 2**32 + k1``."""
    x0, x1 = threefry(k0, k1, hi, lo)
    return x0 ^ x1


def threefry(k0, k1, x0, x1):
    """Encrypt the counter block (x0, x1) under the key (k0, k1)."""
    k2 = k0 ^ k1 ^ 0x1BD11BDA
    x0, x1 = _four(x0 + k0, x1 + k1, 13, 15, 26, 6)
    x0, x1 = _four(x0 + k1, x1 + k2 + 1, 17, 29, 16, 24)
    x0, x1 = _four(x0 + k2, x1 + k0 + 2, 13, 15, 26, 6)
    x0, x1 = _four(x0 + k0, x1 + k1 + 3, 17, 29, 16, 24)
    x0, x1 = _four(x0 + k1, x1 + k2 + 4, 13, 15, 26, 6)
    return x0 + k2, x1 + k0 + 5


def _four(x0, x1, a, b, c, d):
    x0, x1 = _mix(x0, x1, a)
    x0, x1 = _mix(x0, x1, b)
    x0, x1 = _mix(x0, x1, c)
    return _mix(x0, x1, d)


def _mix(x0, x1, turn):
    x0 = x0 + x1
    return x0, (x1 << turn | (x1 >> (32 - turn) & ((1 << turn) - 1))) ^ x0
