"""The blockwise Hadamard transform with random signs, in a fixed order of operations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.hadamard import transform
from chopper.engine.inputs import as_real, check_out
from chopper.engine.run import words_of
from chopper.errors import RangeError, UnsupportedInputError
from chopper.random import as_key

__all__ = ["TRANSFORMER_ENGINE_SIGNS", "hadamard", "random_signs"]

_Array = npt.NDArray[Any]

TRANSFORMER_ENGINE_SIGNS = (1, 1, 1, -1, 1, -1, -1, -1, -1, -1, -1, 1, -1, 1, -1, -1)
"""The fixed signs for blocks of 16 with which TransformerEngine makes gradients of weights in NVFP4.

Source: NVIDIA/TransformerEngine, transformer_engine/jax/quantize/hadamard.py, ``get_wgrad_sign_vector``.
"""

_MOST = 1 << 16
_APART = 1 << 63  # the words of elements that no array has, so that signs and stochastic rounding share no word


def hadamard(
    x: Any,
    *,
    block: int = 16,
    axis: int = -1,
    key: Any = None,
    signs: Any = None,
    inverse: bool = False,
    out: Any = None,
) -> Any:
    """Apply ``H D / sqrt(block)`` to each block of an axis: signs first, then the Sylvester-Hadamard matrix.

    D is the diagonal matrix of the signs, H has ``H[i, j] = (-1)**popcount(i & j)``.  The transform is orthogonal: it
    spreads an outlier over its block before a block is quantised, and cancels in a dot product of two vectors
    transformed alike.

    The operations, each rounded to nearest in the dtype of the computation, float64 for float64 and integers, else
    float32:

    1. Element i of a block is multiplied by its sign, which is exact.
    2. For ``h = 1, 2, 4, ..., block / 2``, in this order: for each i with ``i & h == 0`` the pair
       ``(x[i], x[i + h])`` becomes ``(x[i] + x[i + h], x[i] - x[i + h])``.
    3. Each element is multiplied by c, where c is ``2**-k`` for ``block = 4**k``, else ``1 / sqrt(block)`` rounded to
       nearest.

    With ``inverse=True`` step 1 comes last.  Nothing is contracted or reordered, so the result is the same bit for bit
    on every machine whose processor does not flush subnormal numbers to zero.  float16 and bfloat16 are widened, and
    the result is rounded to them at the end.

    Transform and inverse give `x` up to rounding: the Euclidean norm of the error of a block is below
    ``(2 log2(block) + 5) u`` times the norm of the block, u being 2^-24 or 2^-53, while nothing under- or overflows.
    They give `x` exactly where ``block = 4**k`` and no sum rounds, as for integers of float64 up to
    ``2**53 / block**2`` in size.

    Parameters
    ----------
    x : array
        NumPy array or nested lists of real numbers, of any dtype that `chopper.chop` takes, with at least one axis.
    block : int
        A power of two from 2 to 65536; the length of `axis` must be a multiple of it.
    axis : int
        The axis that is cut into blocks.
    key : int, numpy.random.Generator or Key, optional
        Take `random_signs` of this key, one for each position in a block: all blocks have the same signs, as in
        TransformerEngine and in Tseng, Yu, Park, "Training LLMs with MXFP4", AISTATS 2025.  Without `key` and `signs`
        all signs are +1.
    signs : array of 1 and -1, optional
        The signs themselves: `block` of them, or as many as `axis` is long, where each block is to have its own, as in
        QuIP# and QuaRot (which transform a whole axis: there `block` is its length).
    inverse : bool
        Apply the inverse, ``D H / sqrt(block)``.
    out : array, optional
        Where the result goes, of the shape and dtype of the result; may be `x` itself.

    Returns
    -------
    array
        Of the shape and dtype of `x`; integers give float64.  A sum beyond the largest number is infinite, even where
        the scaled result would not be; infinities and NaNs spread over their block.

    Raises
    ------
    RangeError
        If `block` is no power of two or does not divide the axis, or a sign is neither 1 nor -1.
    UnsupportedInputError, OutputError, RandomKeyError
        If `x`, `axis`, `out` or `key` cannot be used; `out` is then untouched.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.zeros(16)
    >>> x[3] = 8
    >>> y = hadamard(x, signs=TRANSFORMER_ENGINE_SIGNS)
    >>> y.tolist()
    [-2.0, 2.0, 2.0, -2.0, -2.0, 2.0, 2.0, -2.0, -2.0, 2.0, 2.0, -2.0, -2.0, 2.0, 2.0, -2.0]
    >>> np.array_equal(hadamard(y, signs=TRANSFORMER_ENGINE_SIGNS, inverse=True), x)
    True
    """
    source = as_real(x if isinstance(x, (np.ndarray, np.generic, list, tuple)) else _refused(x))
    along = _axis(axis, source)
    _check_block(block, source.shape[along])
    dtype = source.dtype if source.dtype.kind not in "iub" else np.dtype(np.float64)
    work = np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)
    given = _signs(key, signs, block, source.shape[along]).astype(work)
    target = check_out(out, x, source.shape, dtype)
    plain, scaled = np.ones_like(given), np.full_like(given, _scale(block, work))
    before, after = (plain, given * scaled) if inverse else (given, scaled)

    rows = np.moveaxis(source, along, -1)
    into = None if target is None else np.moveaxis(target, along, -1)
    direct = into is not None and into.dtype == work and into.dtype.isnative and into.flags.c_contiguous
    flat = np.ascontiguousarray(rows, work).reshape(-1)
    results = into if into is not None and direct else np.empty(rows.shape, work)
    transform(flat, results.reshape(-1), before, after, block)
    with np.errstate(over="ignore"):  # a result beyond float16 is infinite
        if into is None:
            return np.ascontiguousarray(np.moveaxis(results, -1, along).astype(dtype, copy=False))
        if not direct:
            np.copyto(into, results.astype(dtype, copy=False))
    return out


def random_signs(count: int, key: Any) -> npt.NDArray[np.int8]:
    """Return random signs: sign i is -1 where the highest bit of the random word of element 2^63 + i is set.

    Parameters
    ----------
    count : int
        How many, 0 to 2^32.
    key : int, numpy.random.Generator, Key or None
        See `chopper.random.as_key`.  The words are others than those by which stochastic rounding with the same key
        rounds an array.

    Returns
    -------
    array of int8

    Raises
    ------
    RangeError
        If `count` is out of range.
    RandomKeyError
        If the key is not usable.

    Examples
    --------
    >>> random_signs(8, 1).tolist()
    [1, 1, -1, -1, 1, 1, -1, -1]
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 0 <= count <= 1 << 32:
        raise RangeError(f"count={count!r} is not legal; legal: an integer from 0 to 2**32")
    words = words_of(as_key(key)._replace(offset=_APART), 0, int(count))
    return np.where(words >> 31, -1, 1).astype(np.int8)


def _signs(key: Any, signs: Any, block: int, length: int) -> _Array:
    if signs is None:
        return np.ones(block, np.int8) if key is None else random_signs(block, key)
    if key is not None:
        raise RangeError("key and signs are both given; pass one of them")
    given = np.asarray(signs)
    if given.shape not in ((block,), (length,)) or not length:
        raise RangeError(f"signs has shape {given.shape}; legal: ({block},) or ({length},)")
    if not np.isin(given, (-1, 1)).all():
        raise RangeError(f"{given[~np.isin(given, (-1, 1))][0]!s} is no sign; legal: 1, -1")
    return given.astype(np.int8)


def _scale(block: int, dtype: np.dtype[Any]) -> float:
    """Return 1 / sqrt(block), exactly or rounded to nearest."""
    order = block.bit_length() - 1
    root = 1.0 if order % 2 == 0 else float(np.sqrt(dtype.type(0.5)))  # a square root is correctly rounded
    return math.ldexp(root, -(order // 2))


def _check_block(block: int, length: int) -> None:
    whole = isinstance(block, (int, np.integer)) and not isinstance(block, bool)
    if not whole or not 2 <= block <= _MOST or block & (block - 1):
        raise RangeError(f"block={block!r} is not legal; legal: a power of two from 2 to {_MOST}")
    if length % block:
        raise RangeError(
            f"an axis of length {length} does not end at a block of {block}; cut it, or append "
            f"{-length % block} zeros, for example with numpy.pad"
        )


def _axis(axis: int, a: _Array) -> int:
    if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool) or not -a.ndim <= axis < a.ndim:
        legal = f"{-a.ndim} to {a.ndim - 1}" if a.ndim else "none, the input has no axis; pass an array"
        raise UnsupportedInputError(f"axis={axis!r} is not legal; legal: {legal}")
    return int(axis) % a.ndim


def _refused(x: Any) -> Any:
    raise UnsupportedInputError(
        f"cannot transform a {type(x).__module__}.{type(x).__qualname__}; pass a NumPy array, as numpy.asarray(x) gives"
    )
