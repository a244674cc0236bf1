"""Codes of 1 to 8 bits as dense bytes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.packing import folded, unfolded
from chopper.errors import RangeError, UnsupportedInputError

__all__ = ["pack", "packed_size", "unpack"]

_Bytes = npt.NDArray[np.uint8]


def pack(codes: Any, bits: int, *, order: str = "low") -> _Bytes:
    """Pack codes densely along the last axis.

    The codes of a row stand in one stream of bits, without gaps: code i has the bits ``i * bits`` to
    ``(i + 1) * bits - 1`` of it.  A row ends at a whole byte; the bits left over are zero.

    ``order="low"``: bit k of the stream is bit ``k % 8`` of byte ``k // 8``, bit 0 being the least significant one, and
    a code starts with its least significant bit.  Of two 4-bit codes the first is in the low nibble; four 6-bit codes
    a, b, c, d give the three bytes of the little-endian number ``a | b << 6 | c << 12 | d << 18``.

    ``order="high"`` is the mirror image: bit k of the stream is bit ``7 - k % 8`` of byte ``k // 8``, and a code starts
    with its most significant bit.  Of two 4-bit codes the first is in the high nibble, as bitsandbytes has it; four
    6-bit codes give the three bytes of the big-endian number ``a << 18 | b << 12 | c << 6 | d``.

    Parameters
    ----------
    codes : array of integers, shape (..., n)
        Each from 0 to ``2**bits - 1``.
    bits : int
        1 to 8.
    order : str
        "low" or "high".

    Returns
    -------
    array of uint8, shape (..., packed_size(n, bits))
        A fresh array.

    Raises
    ------
    RangeError
        If `bits` or `order` is not legal, or a code has more bits.
    UnsupportedInputError
        If the codes are no array of integers with an axis.

    Examples
    --------
    >>> [f"{byte:08b}" for byte in pack([1, 2, 3], 4)]
    ['00100001', '00000011']
    >>> [f"{byte:08b}" for byte in pack([1, 2, 3], 4, order="high")]
    ['00010010', '00110000']
    >>> [f"{byte:08b}" for byte in pack([0b000001, 0b000010, 0b000011, 0b100000], 6)]
    ['10000001', '00110000', '10000000']
    """
    backwards = _backwards(order)
    source = _checked(codes, _width(bits))
    count, size = source.shape[-1], packed_size(source.shape[-1], bits)
    if bits == 8:
        return source.copy()
    row = -(-count // 8) * 8 if count * bits % 8 else count  # codes in a row that ends at a whole byte
    stream = _padded(source, (*source.shape[:-1], row)).reshape(-1)
    padded = _padded(stream, (-(-stream.size // 8) * 8,))
    dense = folded(padded, bits, backwards)
    rows = dense[: stream.size * bits // 8].reshape(*source.shape[:-1], row * bits // 8)
    return np.ascontiguousarray(rows[..., :size])


def unpack(packed: Any, bits: int, count: int, *, order: str = "low") -> _Bytes:
    """Return the codes that `pack` packed; the bits after the last code are not looked at.

    Parameters
    ----------
    packed : array of uint8, shape (..., packed_size(count, bits))
    bits : int
        1 to 8.
    count : int
        How many codes a row has.
    order : str
        "low" or "high", see `pack`.

    Returns
    -------
    array of uint8, shape (..., count)
        A fresh array.

    Raises
    ------
    RangeError
        If `bits`, `count` or `order` is not legal, or a row has another number of bytes.
    UnsupportedInputError
        If `packed` is no array of uint8 with an axis.

    Examples
    --------
    >>> import numpy as np
    >>> unpack(np.array([0x21, 0x03], np.uint8), 4, 3).tolist()
    [1, 2, 3]
    """
    backwards = _backwards(order)
    source = np.asarray(packed)
    if source.dtype != np.uint8 or not source.ndim:
        raise UnsupportedInputError(f"cannot unpack dtype {source.dtype}, {source.ndim}-d; pass uint8 with an axis")
    size = packed_size(count, _width(bits))
    if source.shape[-1] != size:
        raise RangeError(f"{count} codes of {bits} bits take {size} bytes, not the {source.shape[-1]} of a row here")
    if bits == 8:
        return source.copy()
    row = -(-size // bits) * bits if size * 8 % bits else size  # bytes in a row that ends at a whole code
    stream = _padded(source, (*source.shape[:-1], row)).reshape(-1)
    padded = _padded(stream, (-(-stream.size // bits) * bits,))
    codes = unfolded(padded, bits, backwards)
    rows = codes[: stream.size * 8 // bits].reshape(*source.shape[:-1], row * 8 // bits)
    return np.ascontiguousarray(rows[..., :count])


def packed_size(count: int, bits: int) -> int:
    """Return how many bytes a row of `count` codes takes.

    Raises
    ------
    RangeError
        If `count` is no integer of 0 or more, or `bits` none of 1 to 8.

    Examples
    --------
    >>> packed_size(32, 6), packed_size(33, 6)
    (24, 25)
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 0:
        raise RangeError(f"count={count!r} is not legal; legal: an integer of 0 or more")
    return -(-int(count) * _width(bits) // 8)


def _padded(a: _Bytes, shape: tuple[int, ...]) -> _Bytes:
    """Return `a` with zeros after the end of its last axis."""
    if a.shape == shape:
        return np.ascontiguousarray(a)
    padded = np.zeros(shape, np.uint8)
    padded[..., : a.shape[-1]] = a
    return padded


def _width(bits: int) -> int:
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or not 1 <= bits <= 8:
        raise RangeError(f"bits={bits!r} is not legal; legal: an integer from 1 to 8")
    return int(bits)


def _backwards(order: str) -> bool:
    if order not in ("low", "high"):
        raise RangeError(f"order={order!r} is not legal; legal: 'low' (first code in the low bits), 'high'")
    return order == "high"


def _checked(codes: Any, bits: int) -> _Bytes:
    source = np.asarray(codes)
    if not source.size:
        source = source.astype(np.uint8)  # an empty list has no integer dtype
    if source.dtype.kind not in "iu" or not source.ndim:
        raise UnsupportedInputError(f"cannot pack dtype {source.dtype}, {source.ndim}-d; pass integers with an axis")
    if source.size and not (bits == 8 and source.dtype == np.uint8):
        for code in (int(source.min()), int(source.max())):
            if code >> bits:
                raise RangeError(f"{code} is no code of {bits} bits; legal: 0 to {(1 << bits) - 1}")
    return source.astype(np.uint8, copy=False)
