"""How wide an accumulator of integers must be, so that no inputs make it overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.errors import UnsupportedInputError
from chopper.quire import bits_needed

__all__ = ["accumulator_bits"]


def accumulator_bits(
    weights: Any = None,
    *,
    input_bits: int,
    signed: bool = True,
    terms: int | None = None,
    weight_bits: int | None = None,
    exact: bool = False,
) -> int:
    """Return the bits of a signed accumulator that no inputs make overflow, in whatever order products are added.

    It is the least P with ``2^(P-1) - 1 >= L 2^(N - [inputs are signed])``, in exact integers: N bits of the inputs,
    and L the largest sum of magnitudes of weights, ``max ||w||_1``; of K weights of M bits that are not known,
    ``K 2^(M-1)``.  I. Colbert, A. Pappalardo, J. Petri-Koenig, "A2Q: Accumulator-Aware Quantization with Guaranteed
    Overflow Avoidance", ICCV 2023, arXiv:2308.13504, section 3.

    This bound takes 2^N for the largest of unsigned inputs, which is 2^N - 1, and the same room above zero as below.
    With `exact`, P is the least for which each sum that there can be, and each part of one, is from ``-2^(P-1)`` to
    ``2^(P-1) - 1``: inputs go from 0 to ``2^N - 1``, or from ``-2^(N-1)`` to ``2^(N-1) - 1``, unknown weights from
    ``-2^(M-1)`` to ``2^(M-1) - 1``.

    Parameters
    ----------
    weights : array of integers, optional
        Of shape (..., K): of each result those that its inputs are multiplied by.  The widest need of all counts.
    input_bits : int
        N, at least 1.
    signed : bool
        Whether the inputs are; in two's complement.
    terms, weight_bits : int, optional
        K and M, at least 1, in place of `weights`, which are signed.
    exact : bool
        The least width, and not that of the bound.

    Raises
    ------
    UnsupportedInputError
        If the weights are no whole numbers, a number of bits or terms is not legal, or not either weights or both of
        `terms` and `weight_bits` are given.

    Examples
    --------
    >>> accumulator_bits([[100, -100, 55], [1, 1, 1]], input_bits=8)
    16
    >>> accumulator_bits(terms=512, weight_bits=8, input_bits=8, signed=False)
    26
    >>> accumulator_bits([[100, 27, 1]], input_bits=8, signed=False)
    17
    >>> accumulator_bits([[100, 27, 1]], input_bits=8, signed=False, exact=True)  # 128 * 255 = 32640 < 2^15
    16
    """
    if len({weights is None, terms is not None, weight_bits is not None}) > 1:
        raise UnsupportedInputError("pass weights, or else both terms= and weight_bits=")
    bits = _natural("input_bits", input_bits)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if weights is not None:
        given = _whole_weights(weights)
        if not exact:
            return bits_needed(given, bits, signed)
        above, below = np.maximum(given, 0).sum(axis=-1), np.minimum(given, 0).sum(axis=-1)
        sums = [(above * low + below * high).min(initial=0), (above * high + below * low).max(initial=0)]
        return _room(*sums)
    count, largest = _natural("terms", terms), 1 << (_natural("weight_bits", weight_bits) - 1)
    if not exact:
        return bits_needed([count * largest], bits, signed)
    products = [weight * x for weight in (-largest, largest - 1) for x in (low, high)]
    return _room(count * min(products), count * max(products))


def _room(low: int, high: int) -> int:
    """Return the least P for which numbers from `low` <= 0 to `high` >= 0 have P bits in two's complement."""
    return max(int(high).bit_length(), (-int(low) - 1).bit_length() if low else 0) + 1


def _whole_weights(weights: Any) -> Any:
    array = np.asarray(weights)
    if array.dtype.kind in "biu" or array.dtype == object:
        whole = array.astype(object)
    elif array.dtype.kind == "f" and bool((array == np.floor(array)).all()) and bool(np.isfinite(array).all()):
        whole = np.vectorize(int, otypes=[object])(array)
    else:
        raise UnsupportedInputError(
            f"weights of dtype {array.dtype} are no whole numbers; divide them by their scale first"
        )
    if array.ndim == 0:
        raise UnsupportedInputError("weights are a single number; pass an array of shape (..., K)")
    return np.atleast_2d(whole)


def _natural(name: str, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 1:
        raise UnsupportedInputError(f"{name}={given!r} is not legal; legal: integers from 1 on")
    return int(given)
