"""The rounding rules: one line each.

A rule returns the *addend* that is put onto the remainder r before truncation, so the magnitude steps away from zero
exactly when ``r + addend >= ulp``.  Arguments, all integers:

``neg``    nonzero for a negative number
``odd``    1 if the code toward zero is odd
``r``      the remainder, what truncation drops: 0 <= r < ulp
``s``      the ulp is 2**s; s = min(shift, precision + 1) of the carrier
``shift``  how many bits are dropped; where it exceeds s, nothing is kept and r is the whole significand
``word``   32 random bits
``bits``   how many of them to use, from the top
"""

__all__ = [
    "away_from_zero",
    "down",
    "nearest_away",
    "nearest_even",
    "nearest_zero",
    "stochastic",
    "stochastic_b",
    "stochastic_c",
    "stochastic_equal",
    "to_odd",
    "toward_zero",
    "up",
]


def nearest_even(where, neg, odd, r, s, shift, word, bits):
    return ((1 << s) - 1 + odd) >> 1


def nearest_away(where, neg, odd, r, s, shift, word, bits):
    return (1 << s) >> 1


def nearest_zero(where, neg, odd, r, s, shift, word, bits):
    return ((1 << s) - 1) >> 1


def toward_zero(where, neg, odd, r, s, shift, word, bits):
    return s & 0


def away_from_zero(where, neg, odd, r, s, shift, word, bits):
    return (1 << s) - 1


def up(where, neg, odd, r, s, shift, word, bits):
    return where(neg == 0, (1 << s) - 1, 0)


def down(where, neg, odd, r, s, shift, word, bits):
    return where(neg != 0, (1 << s) - 1, 0)


def to_odd(where, neg, odd, r, s, shift, word, bits):
    return where(odd == 0, (1 << s) - 1, 0)


def stochastic(where, neg, odd, r, s, shift, word, bits):
    return where(_drawn(where, r, s, shift, word, bits), 1 << s, 0)


def stochastic_b(where, neg, odd, r, s, shift, word, bits):
    r = r + nearest_away(where, neg, odd, r, _spare(where, s, shift, bits), shift, word, bits)
    return where(_drawn(where, r, s, shift, word, bits), 1 << s, (r >> s) << s)


def stochastic_c(where, neg, odd, r, s, shift, word, bits):
    k = _spare(where, s, shift, bits)
    r = r + nearest_even(where, neg, (r >> k) & 1, r, k, shift, word, bits)
    return where(_drawn(where, r, s, shift, word, bits), 1 << s, (r >> s) << s)


def stochastic_equal(where, neg, odd, r, s, shift, word, bits):
    return where((word >> 31) & 1 != 0, (1 << s) - 1, 0)


def _spare(where, s, shift, bits):
    """Return how many low bits of r lie below the last random bit."""
    k = where(shift > bits, shift - bits, 0)
    return where(k > s, s, k)


def _drawn(where, r, s, shift, word, bits):
    """Whether floor(r / 2**shift * 2**32) + (the word, its low 32 - bits cleared) >= 2**32, compared as unsigned."""
    left = where(shift > 32, 0, 32 - shift)
    right = where(shift > 32, shift - 32, 0)
    y = (r << where(left > 31, 31, left)) >> where(right > s, s, right)
    return y + -0x80000000 > 0x7FFFFFFF - (word & (-1 << (32 - bits)))
