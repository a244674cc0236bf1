"""Error-free transformations and expansions: numbers as unevaluated sums of several values of one format.

Every function takes the `chopper.arithmetic.Arithmetic` in which it computes; operands are values of its format,
numbers or arrays that broadcast.  "Exact" below is a statement about *binary floating-point formats with subnormal
numbers*, as long as no operation overflows:

=======================  ==============================  =====================================================
transformation           rounding to nearest, any ties   every other mode
=======================  ==============================  =====================================================
`two_sum`                exact                           s + e is within 2^-p ulps of s from the sum
`fast_two_sum`           exact if |a| >= |b| or a = 0    the same condition: e is a neighbour of the exact rest
`two_product`            exact if the rest is a value    exact under the same condition
`two_product_by_halves`  exact, see there                nothing is promised
=======================  ==============================  =====================================================

with p the precision, from 2 on.  The rest of a product is a value wherever it is a multiple of the format's smallest
subnormal number.  Formats with a tapered precision (posits, takums) or without subnormal numbers have no such
guarantees.

Sources: Knuth, The Art of Computer Programming 2, section 4.2.2; Dekker, doi:10.1007/BF01397083; Shewchuk,
doi:10.1007/PL00009321; Boldo, Graillat and Muller on modes that do not round to nearest and on overflow,
doi:10.1145/3054947.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError

__all__ = [
    "add_expansions",
    "fast_two_sum",
    "grow_expansion",
    "halves",
    "renormalise",
    "scale_expansion",
    "two_product",
    "two_product_by_halves",
    "two_sum",
]


def two_sum(a: Any, b: Any, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Return the rounded sum and what rounding took away; six operations, operands in any order.

    Exact as the table of this module says.  Under other modes than to nearest the exact rest may need more digits than
    the format has; if it needs none, it is the second result.

    Parameters
    ----------
    a, b : number or array
        Values of the format.
    arithmetic : Arithmetic
        In which every operation is rounded.

    Returns
    -------
    tuple of number or array
        ``s`` and ``e``; s + e = a + b.

    Notes
    -----
    Knuth's algorithm.  Where the sum does not overflow, an operation after it may, but only if an operand is the
    largest number of the format.

    Examples
    --------
    >>> two_sum(256.0, 1.0, Arithmetic("bf16"))
    (256.0, 1.0)
    """
    s = arithmetic.add(a, b)
    a_part = arithmetic.sub(s, b)
    b_part = arithmetic.sub(s, a_part)
    return s, arithmetic.add(arithmetic.sub(a, a_part), arithmetic.sub(b, b_part))


def fast_two_sum(a: Any, b: Any, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Return the rounded sum and what rounding took away; three operations, for |a| >= |b| or a = 0.

    Parameters, exactness and results as for `two_sum`.  Dekker's algorithm; where the sum does not overflow, nothing
    else does.

    Examples
    --------
    >>> fast_two_sum(256.0, 1.0, Arithmetic("bf16"))
    (256.0, 1.0)
    """
    s = arithmetic.add(a, b)
    return s, arithmetic.sub(b, arithmetic.sub(s, a))


def two_product(a: Any, b: Any, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Return the rounded product and what rounding took away, by a fused multiply-add; two operations.

    Exact in every mode wherever the rest is a value of the format, as it is if it is no part of the smallest subnormal
    number; parameters and results as for `two_sum`.

    Examples
    --------
    >>> two_product(1.0078125, 1.0078125, Arithmetic("bf16"))
    (1.015625, 6.103515625e-05)
    """
    p = arithmetic.mul(a, b)
    return p, arithmetic.fma(a, b, -p)


def halves(a: Any, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Return two values of half the digits whose sum is `a`, after Veltkamp.

    Exact to nearest where 2^s + 1 times `a` does not overflow, s half the precision, rounded up.  Of p digits the first
    half has p - s, the second one at most s - 1 and a sign.

    Raises
    ------
    UnsupportedInputError
        If the format is no float, or one of a precision below 3.

    Examples
    --------
    >>> halves(1.0703125, Arithmetic("bf16"))
    (1.125, -0.0546875)
    """
    fmt: Any = arithmetic.fmt
    precision = int(fmt.precision) if fmt.family == "float" else 0
    if precision < 3:
        raise UnsupportedInputError(f"numbers of {fmt} cannot be split in halves; legal: floats of precision 3 or more")
    c = arithmetic.mul(float((1 << (precision + 1 >> 1)) + 1), a)
    high = arithmetic.add(arithmetic.sub(a, c), c)
    return high, arithmetic.sub(a, high)


def two_product_by_halves(a: Any, b: Any, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Return the rounded product and what rounding took away, without a fused multiply-add; 17 operations.

    Exact to nearest where neither splitting, see `halves`, nor the product of the first halves overflows, and every
    product of halves is a multiple of the smallest subnormal number; parameters and results as for `two_sum`, errors as
    for `halves`.  Dekker's algorithm.

    Examples
    --------
    >>> two_product_by_halves(1.0078125, 1.0078125, Arithmetic("bf16"))
    (1.015625, 6.103515625e-05)
    """
    p = arithmetic.mul(a, b)
    a_high, a_low = halves(a, arithmetic)
    b_high, b_low = halves(b, arithmetic)
    rest = arithmetic.sub(arithmetic.mul(a_high, b_high), p)
    rest = arithmetic.add(rest, arithmetic.mul(a_high, b_low))
    rest = arithmetic.add(rest, arithmetic.mul(a_low, b_high))
    return p, arithmetic.add(rest, arithmetic.mul(a_low, b_low))


def grow_expansion(x: Sequence[Any], b: Any, arithmetic: Arithmetic) -> tuple[Any, ...]:
    """Return an expansion of one component more, for the sum of an expansion and a number.

    The sum of all components is exact wherever `two_sum` is, whatever the components are; if those of `x` do not
    overlap, neither do those of the result (Shewchuk, theorem 10).

    Parameters
    ----------
    x : sequence of number or array
        Components, the largest first.
    b : number or array
        A value of the format.
    arithmetic : Arithmetic

    Returns
    -------
    tuple of number or array
        Components, the largest first; any of them may be zero.

    Examples
    --------
    >>> grow_expansion((256.0, 1.0), 2.0**-10, Arithmetic("bf16"))
    (256.0, 1.0, 0.0009765625)
    """
    total, rests = b, []
    for component in reversed(x):
        total, rest = two_sum(total, component, arithmetic)
        rests.append(rest)
    return total, *reversed(rests)


def add_expansions(x: Sequence[Any], y: Sequence[Any], arithmetic: Arithmetic) -> tuple[Any, ...]:
    """Return an expansion of as many components as both have, for their sum; exact as `grow_expansion`.

    Examples
    --------
    >>> add_expansions((256.0, 1.0), (-256.0, 0.5), Arithmetic("bf16"))
    (2.0, 0.0, -0.5, 0.0)
    """
    total = tuple(x)
    for component in reversed(y):
        total = grow_expansion(total, component, arithmetic)
    return total


def scale_expansion(x: Sequence[Any], b: Any, arithmetic: Arithmetic) -> tuple[Any, ...]:
    """Return an expansion of twice as many components, for the product of an expansion and a number.

    The sum of all components is exact wherever `two_product` and `two_sum` are.

    Examples
    --------
    >>> scale_expansion((256.0, 1.0), 1.0078125, Arithmetic("bf16"))
    (260.0, -0.9921875, 0.0, 0.0)
    """
    total: tuple[Any, ...] = ()
    for component in reversed(x):
        product, rest = two_product(component, b, arithmetic)
        total = grow_expansion(total, rest, arithmetic)
        total = grow_expansion(total, product, arithmetic)
    return total


def renormalise(x: Sequence[Any], arithmetic: Arithmetic, terms: int | None = None) -> tuple[Any, ...]:
    """Return the same sum in components as large as they can be, zeros last (Shewchuk's compression).

    The sum of all components is kept exactly wherever `two_sum` is exact.  If those of `x` are in order and do not
    overlap, the first one of the result is within one ulp of the sum.

    Parameters
    ----------
    x : sequence of number or array
        Components, the largest first.
    arithmetic : Arithmetic
    terms : int, optional
        How many components to keep, the largest ones; all by default.  The others are dropped, not rounded.

    Raises
    ------
    UnsupportedInputError
        If there is no component, or `terms` is none from 1 to their number.

    Examples
    --------
    >>> [float(part) for part in renormalise((2.0, 0.0, -0.5, 0.0), Arithmetic("bf16"))]
    [1.5, 0.0, 0.0, 0.0]
    """
    count = len(x)
    kept = count if terms is None else terms
    if not 1 <= kept <= count:
        raise UnsupportedInputError(f"terms={terms!r} of {count} components is not legal; legal: 1 to {max(count, 1)}")
    parts = [np.array(part) for part in np.broadcast_arrays(*x)]
    total = parts[0]
    for i in range(1, count):  # downward: each sum of neighbours stays where it has a rest, which goes on
        high, rest = two_sum(total, parts[i], arithmetic)
        more = np.asarray(rest != 0)
        parts[i - 1], total = np.where(more, high, 0), np.where(more, rest, high)
    parts[-1] = total
    for i in range(count - 2, -1, -1):  # upward: the rests stay
        total, parts[i + 1] = two_sum(parts[i], total, arithmetic)
    parts[0] = total
    stack = np.stack([np.asarray(part) for part in parts])
    order = np.argsort(stack == 0, axis=0, kind="stable")
    return tuple(np.take_along_axis(stack, order, axis=0)[:kept])
