"""Numbers as unevaluated sums of two numbers of a format: error-free sums and products, and what is built on them.

Every function takes an `Arithmetic`; each of its operations is rounded once to the format.  That errors are exact holds
for float formats, rounding to nearest, and no overflow; for products also no underflow.
"""

from __future__ import annotations

from typing import Any

from chopper.arithmetic import Arithmetic

__all__ = ["fast_two_sum", "grow", "multiply", "two_product", "two_sum"]


def two_sum(x: Any, y: Any, by: Arithmetic) -> tuple[Any, Any]:
    """Return s = fl(x + y) and e with s + e = x + y.

    Knuth, The Art of Computer Programming 2, section 4.2.2.

    Examples
    --------
    >>> [float(v) for v in two_sum(2048.0, 1.0, Arithmetic("fp16"))]
    [2048.0, 1.0]
    """
    s = by.add(x, y)
    part = by.sub(s, x)
    return s, by.add(by.sub(x, by.sub(s, part)), by.sub(y, part))


def fast_two_sum(x: Any, y: Any, by: Arithmetic) -> tuple[Any, Any]:
    """Return s = fl(x + y) and e with s + e = x + y, where x = 0 or the exponent of x is at least that of y.

    Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971),
    doi:10.1007/BF01397083.

    Examples
    --------
    >>> [float(v) for v in fast_two_sum(256.0, 1.0, Arithmetic("bf16"))]
    [256.0, 1.0]
    """
    s = by.add(x, y)
    return s, by.sub(y, by.sub(s, x))


def two_product(x: Any, y: Any, by: Arithmetic) -> tuple[Any, Any]:
    """Return p = fl(x y) and e with p + e = x y.

    Examples
    --------
    >>> [float(v) for v in two_product(65.0, 65.0, Arithmetic("fp16"))]
    [4224.0, 1.0]
    """
    p = by.mul(x, y)
    return p, by.fma(x, y, -p)


def grow(m: Any, e: Any, v: Any, by: Arithmetic) -> tuple[Any, Any]:
    """Add v to the number m + e, |v| <= |m|: the update of a parameter in Collage.

    ``r = fl(m + v); e = fl(e + fl(v - fl(r - m))); m' = fl(r + e); e' = fl(e - fl(m' - r))``: Yu et al., "Collage:
    light-weight low-precision strategy for LLM training", ICML 2024, arXiv:2405.03637.

    Examples
    --------
    >>> bf16 = Arithmetic("bf16")
    >>> [float(v) for v in grow(*grow(256.0, 0.0, 0.75, bf16), 0.5, bf16)]
    [258.0, -0.75]
    >>> float(bf16.add(bf16.add(256.0, 0.75), 0.5))
    256.0
    """
    r, lost = fast_two_sum(m, v, by)
    return fast_two_sum(r, by.add(e, lost), by)


def multiply(m: Any, e: Any, v: Any, w: Any, by: Arithmetic) -> tuple[Any, Any]:
    """Return the product of m + e and v + w as such a sum.

    ``r = fl(m v); d = fma(m, v, -r); e' = fl(fl(fl(e v) + fl(m w)) + d)``, then normalised.

    Examples
    --------
    >>> [float(v) for v in multiply(1.0, 0.001953125, 1.0, 0.001953125, Arithmetic("bf16"))]
    [1.0, 0.00390625]
    """
    r, lost = two_product(m, v, by)
    return fast_two_sum(r, by.add(by.add(by.mul(e, v), by.mul(m, w)), lost), by)
