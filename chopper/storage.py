"""How the codes of a scaled array lie in memory: dense where they are narrow, and under which foreign dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.inputs import code_dtype
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.packing import pack, packed_size, unpack

__all__ = ["DTYPES", "Store", "kept"]

_Array = npt.NDArray[Any]

DTYPES: dict[str, tuple[tuple[str, str], ...]] = {
    "ml_dtypes": (
        ("e2m1", "float4_e2m1fn"),
        ("e2m3", "float6_e2m3fn"),
        ("e3m2", "float6_e3m2fn"),
        ("e4m3", "float8_e4m3fn"),
        ("e4m3fnuz", "float8_e4m3fnuz"),
        ("e5m2", "float8_e5m2"),
        ("e5m2fnuz", "float8_e5m2fnuz"),
        ("e8m0", "float8_e8m0fnu"),
        ("ue4m3", "float8_e4m3fn"),
        ("bf16", "bfloat16"),
        ("fp16", "float16"),
        ("fp32", "float32"),
        ("int8<symmetric=true>", "int8"),
        ("uint8", "uint8"),
    ),
}
"""For each package: formats for which it, or NumPy, has a dtype with the same codes for the same values."""

_NARROW_SCALE = 4


class Store:
    """How the codes of one format are kept.

    Elements of less than 8 bits, and scales of at most 4, are packed along the last axis, in the order "low" of
    `chopper.packing.pack`; other codes stand in the smallest unsigned dtype that holds them.

    Parameters
    ----------
    fmt : Format
    shape : tuple of int
        The shape of the codes; at least one axis.
    scale : bool
        Whether they are codes of scales.
    """

    def __init__(self, fmt: Format, shape: tuple[int, ...], scale: bool) -> None:
        self.fmt, self.shape = fmt, shape
        self.dense = fmt.bits <= _NARROW_SCALE if scale else fmt.bits < 8
        self.dtype = code_dtype(fmt)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape of what is stored."""
        return (*self.shape[:-1], packed_size(self.shape[-1], self.fmt.bits)) if self.dense else self.shape

    def put(self, codes: _Array) -> _Array:
        """Return what is stored for codes, read-only; where they are not packed, they themselves become that."""
        stored: _Array = pack(codes, self.fmt.bits) if self.dense else codes
        stored.flags.writeable = False
        return stored

    def take(self, stored: _Array) -> _Array:
        """Return the codes, read-only where they are the stored ones."""
        return unpack(stored, self.fmt.bits, self.shape[-1]) if self.dense else stored

    def cut(self, stored: _Array, index: tuple[int | slice, ...]) -> _Array:
        """Return what is stored for ``codes[index]``; an index for every axis.  Copies only where it must."""
        lead, last = index[:-1], index[-1]
        part = stored[(*lead, slice(None))]
        if not self.dense:
            return np.atleast_1d(part[..., last])
        bits, count = self.fmt.bits, self.shape[-1]
        if isinstance(last, slice):
            start, stop = last.start * bits, last.stop * bits
            if not start % 8 and (not stop % 8 or last.stop == count):
                return part[..., start // 8 : -(-stop // 8)]
        return pack(np.atleast_1d(unpack(part, bits, count)[..., last]), bits)

    def checked(self, stored: Any, name: str) -> _Array:
        """Return what is stored as a read-only array, copied if it could be written to.

        Raises
        ------
        UnsupportedInputError
            If it is no array of this dtype and shape.
        RangeError
            If it holds a number that is no code.
        """
        a = kept(stored, name, self.stored_shape, np.dtype(np.uint8) if self.dense else self.dtype)
        if not self.dense and self.fmt.bits < 8 * a.itemsize and a.size and int(a.max()) >> self.fmt.bits:
            legal = f"0 to {(1 << self.fmt.bits) - 1}"
            raise RangeError(f"{name} holds {a.max()!s}, which is no code of {self.fmt}; legal: {legal}")
        return a

    def viewed(self, codes: _Array, package: str) -> _Array:
        """Return codes under the dtype of a package, without copying.

        Raises
        ------
        UnsupportedInputError
            If there is none, or the package is not imported.
        """
        if package not in DTYPES:
            raise UnsupportedInputError(f"package={package!r} is not legal; legal: {', '.join(DTYPES)}")
        name = next((name for fmt, name in DTYPES[package] if get(fmt) == self.fmt), None)
        if name is None:
            raise UnsupportedInputError(f"{package} has no dtype with the codes of {self.fmt}; take `codes`")
        try:
            dtype = np.dtype(name)
        except TypeError:
            raise UnsupportedInputError(f"NumPy does not know the dtype {name}; import {package} first") from None
        return codes.view(dtype)


def kept(a: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Array:
    """Return a read-only array after checking it, copied if it could be written to.

    Raises
    ------
    UnsupportedInputError
        If it is no array of this dtype and shape.
    """
    if not isinstance(a, np.ndarray) or a.dtype != dtype or a.shape != shape:
        given = f"dtype {a.dtype} and shape {a.shape}" if isinstance(a, np.ndarray) else f"type {type(a).__name__}"
        raise UnsupportedInputError(f"{name} has {given}; legal: a numpy.ndarray of dtype {dtype} and shape {shape}")
    if a.flags.writeable or not a.dtype.isnative or type(a) is not np.ndarray:
        a = np.array(a, dtype)
        a.flags.writeable = False
    checked: _Array = a
    return checked
