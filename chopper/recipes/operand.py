"""Rounding one operand: the one function that layers of every framework call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop
from chopper.errors import RangeError
from chopper.random import Keys
from chopper.recipes.quant import Quant
from chopper.rotation import TRANSFORMER_ENGINE_SIGNS, hadamard, random_signs

__all__ = ["ROLES", "axes_of", "key_of", "quantize", "rotated", "scaled_by", "signs_of"]

ROLES = (
    "forward.lhs", "forward.rhs", "forward.signs", "forward.accumulate", "forward.out",
    "dgrad.lhs", "dgrad.rhs", "dgrad.signs", "dgrad.accumulate", "dgrad.out",
    "wgrad.lhs", "wgrad.rhs", "wgrad.signs", "wgrad.accumulate", "wgrad.out",
    "bias", "elementwise", "grad_elementwise",
)  # fmt: skip
"""What draws random words in one call of a layer, in the order of their keys."""


def key_of(key: Any, role: str) -> int:
    """Return the key of a role: of the stream `chopper.random.Keys` on the key of the call, that at its place in ROLES.

    Examples
    --------
    >>> key_of(7, "forward.rhs") == Keys(7).at(1)
    True
    """
    return Keys(key).at(ROLES.index(role))


def signs_of(quant: Quant, key: Any = None) -> npt.NDArray[np.int8] | None:
    """Return the signs of the rotation of an operand: `chopper.rotation.random_signs` of a key where they are random.

    None stands for signs that are all +1.
    """
    if quant.hadamard is None or quant.signs == "none":
        return None
    if quant.signs == "random":
        return random_signs(quant.hadamard, key)
    return np.array(TRANSFORMER_ENGINE_SIGNS, np.int8)


def axes_of(quant: Quant, rank: int, axis: int, other: int | None = None) -> int | tuple[int, int]:
    """Return where `chopper.chop` lays the blocks of an operand whose contraction runs along an axis.

    Blocks of one axis lie along it.  The second axis of blocks of two axes is it, too; the first one is `other`, by
    default the other one of the last two axes.
    """
    axis %= max(rank, 1)
    if len(getattr(quant.format, "block", ())) < 2 or rank < 2:
        return axis
    if other is None:
        other = rank - 2 if axis == rank - 1 else rank - 1
    return other % rank, axis


def quantize(
    x: Any,
    quant: Quant | None,
    *,
    axis: int = -1,
    other: int | None = None,
    key: Any = None,
    signs: Any = None,
    constant: Callable[[Any], Any] = np.asarray,
    rotate: Callable[..., Any] | None = None,
    round: Callable[..., Any] = chop,
) -> Any:
    """Round an operand of a product whose contraction runs along an axis.

    It is ``chop(hadamard(x * gain, ...), fmt, ...)``; every step is done in the dtype of the array.

    Parameters
    ----------
    x : array
        Of NumPy or of an adapter; float32 or float64.
    quant : Quant or None
        None leaves it as it is.
    axis : int
        The contraction axis.
    other : int, optional
        The first axis of blocks of two axes; see `axes_of`.
    key : int, optional
        For stochastic modes, as for `chopper.chop`: see `key_of`.
    signs : array, optional
        What `signs_of` gave.
    constant : function
        Makes an array of the kind of `x` from NumPy's.
    rotate : function, optional
        What stands for `rotated`, called as ``rotate(x, block, axis, signs, constant)``.
    round : function
        What stands for `chopper.chop`.

    Returns
    -------
    array
        Of the kind, shape and dtype of `x`.  Bit-exact; see `chopper.chop` and `chopper.hadamard`.  Compiled by
        XLA, a gain and a rotation flush subnormal numbers.

    Raises
    ------
    RangeError
        If a rotation does not divide the axis.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(2, 32)
    >>> bool((quantize(x, Quant("mxfp4")) == chop(x, "mxfp4", axis=-1)).all())
    True
    """
    if quant is None:
        return x
    x = scaled_by(x, quant.gain)
    if quant.hadamard is not None:
        x = (rotate or rotated)(x, quant.hadamard, axis, signs, constant)
    fmt = quant.format
    where = {"axis": axes_of(quant, x.ndim, axis, other)} if fmt.blocked else {}
    drawn = {"key": key, "random_bits": quant.random_bits} if quant.random else {}
    return round(x, fmt, quant.rounding, overflow=quant.overflow, **where, **drawn)


def scaled_by(x: Any, gain: Any) -> Any:
    """Return an array times a number, which is rounded to float32 first."""
    return x if gain == 1 else x * float(np.float32(gain))


def rotated(x: Any, block: int, axis: int, signs: Any, constant: Callable[[Any], Any] = np.asarray) -> Any:
    """Return ``chopper.hadamard(x, block=block, axis=axis, signs=signs)`` for arrays of any kind, bit for bit.

    The sums and differences of a step are ``a + b * (1, -1)``: products with 1 and -1 are exact, so it does not matter
    whether a compiler contracts them.

    Raises
    ------
    RangeError
        If the block does not divide the axis.
    """
    if isinstance(x, np.ndarray):
        return hadamard(x, block=block, axis=axis, signs=signs)
    axis %= x.ndim
    length = x.shape[axis]
    if length % block:
        raise RangeError(f"blocks of {block} do not divide an axis of {length}; use a hadamard= that does, or pad")
    rows = x.swapaxes(axis, -1)
    shape = rows.shape
    if signs is not None:
        rows = rows.reshape(-1, block) * constant(signs)
    turn = constant(np.array([[1], [-1]], np.float64 if "64" in str(x.dtype) else np.float32))
    step = 1
    while step < block:
        pairs = rows.reshape(-1, 2, step)
        rows = pairs[:, :1] + pairs[:, 1:] * turn
        step *= 2
    return (rows * _root(block, "64" in str(x.dtype))).reshape(shape).swapaxes(axis, -1)


def _root(block: int, wide: bool) -> float:
    """Return 1 / sqrt(block), rounded to float32 or float64."""
    order = block.bit_length() - 1
    root = 1.0 if order % 2 == 0 else float(np.sqrt(0.5) if wide else np.sqrt(np.float32(0.5)))
    return float(np.ldexp(root, -(order // 2)))
