"""Arrays of formats with shared scales: codes of elements, codes of scales, and where the blocks lie."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled import Blocks, decode_blocks
from chopper.engine.families.scaled.layout import Axis, grid_shape, lengths
from chopper.engine.inputs import as_codes, check_out
from chopper.engine.threads import as_threads
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.formats.scaled import ScaledFormat
from chopper.storage import Store, kept

__all__ = ["ScaledArray", "Views", "wrapped"]

_Array = npt.NDArray[Any]


class Views(NamedTuple):
    """Elements and scales under dtypes that have the same codes."""

    elements: _Array
    scales: tuple[_Array, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ScaledArray:
    """An array of a format with shared scales: what `chopper.encode` returns for one.

    It cannot be changed.  `data` and `scale_data` are read-only NumPy arrays, so that ``__array_interface__``,
    ``__dlpack__`` and buffers of the raw bytes are at hand.

    Parameters
    ----------
    fmt : ScaledFormat or str
    shape : tuple of int
        The shape of the encoded array.
    axis : int or tuple of int
        Where the blocks lie, as for `chopper.encode`.
    data : array of unsigned integers
        The codes of the elements.  Codes of less than 8 bits are packed along the last axis of the array, whatever
        `axis` is, in the order "low" of `chopper.packing.pack`; others stand in the smallest dtype that holds them.
        An array without axes counts as one of a single element.
    scale_data : tuple of arrays of unsigned integers
        The codes of the scales, one array for each level, the innermost first, with one scale for each block.  Codes
        of at most 4 bits are packed likewise, others stand in the smallest dtype that holds them.
    zero_points : array of int32, optional
        One for each block, for a format that has them.

    Arrays that can be written to are copied.

    Raises
    ------
    UnsupportedInputError, FormatError, RangeError
        If the parts do not belong together.

    Examples
    --------
    >>> import numpy as np
    >>> import chopper
    >>> x = chopper.encode(np.arange(64, dtype=np.float32).reshape(2, 32), "mxfp4")
    >>> x
    ScaledArray('mxfp4', shape=(2, 32), axis=1, 34 bytes, 4.25 bits per value)
    >>> x.codes[0, :6].tolist(), x.scales[0].tolist()
    ([0, 0, 1, 2, 2, 2], [[4.0], [8.0]])
    >>> x.decode()[1, ::8].tolist()
    [32.0, 32.0, 48.0, 48.0]
    >>> chopper.decode(x[1:]).shape
    (1, 32)
    """

    fmt: ScaledFormat
    shape: tuple[int, ...]
    axis: Axis
    data: _Array
    scale_data: tuple[_Array, ...]
    zero_points: _Array | None = None

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        put = partial(object.__setattr__, self)
        put("fmt", _format(self.fmt))
        put("shape", tuple(int(n) for n in self.shape))
        put("axis", _axis(self.fmt, self.shape, self.axis))
        put("data", self._elements.checked(self.data, "data"))
        _check_levels(self.fmt, self.scale_data)
        pairs = enumerate(zip(self._scales, self.scale_data, strict=True))
        put("scale_data", tuple(store.checked(stored, f"scale_data[{i}]") for i, (store, stored) in pairs))
        if (self.zero_points is not None) != self.fmt.zero_point:
            raise UnsupportedInputError(f"{self.fmt} has {'' if self.fmt.zero_point else 'no '}zero points")
        if self.zero_points is not None:
            put("zero_points", kept(self.zero_points, "zero_points", self._scales[0].shape, np.dtype(np.int32)))

    @cached_property
    def _elements(self) -> Store:
        return Store(self.fmt.element, self.shape or (1,), scale=False)

    @cached_property
    def _scales(self) -> tuple[Store, ...]:
        return tuple(
            Store(level.scale, grid_shape(self.fmt, self.shape, self.axis, i), scale=True)
            for i, level in enumerate(self.fmt.levels)
        )

    @staticmethod
    def from_codes(
        codes: Any, scales: Any, fmt: str | ScaledFormat, *, axis: Axis = -1, zero_points: Any = None
    ) -> ScaledArray:
        """Build an array from codes in its own shape and, for each level, the codes of the scales, not packed.

        Raises
        ------
        RangeError, UnsupportedInputError, FormatError
            If a code is none of its format, or the parts do not belong together.

        Examples
        --------
        >>> import numpy as np
        >>> ScaledArray.from_codes(np.full(32, 7), [np.array([126])], "mxfp4").decode()[0]
        np.float32(3.0)
        """
        fmt = _format(fmt)
        elements = as_codes(codes, fmt.element).copy()
        _check_levels(fmt, scales)
        stored = []
        for given, level in zip(scales, fmt.levels, strict=True):
            scale = np.atleast_1d(as_codes(given, level.scale).copy())
            stored.append(Store(level.scale, scale.shape, scale=True).put(scale))
        points = None if zero_points is None else np.atleast_1d(np.asarray(zero_points)).astype(np.int32)
        flat = np.atleast_1d(elements)
        data = Store(fmt.element, flat.shape, scale=False).put(flat)
        return ScaledArray(fmt, elements.shape, axis, data, tuple(stored), points)

    # --- what is in it -----------------------------------------------------------------------------------------------

    @property
    def codes(self) -> _Array:
        """The codes of the elements, in the shape of the array; not packed."""
        return self._elements.take(self.data).reshape(self.shape)

    @property
    def scale_codes(self) -> tuple[_Array, ...]:
        """The codes of the scales, the innermost level first; not packed."""
        return tuple(store.take(stored) for store, stored in zip(self._scales, self.scale_data, strict=True))

    @property
    def blocks(self) -> Blocks:
        """Codes of elements and scales, not packed, and zero points, as the engine has them."""
        return Blocks(self.codes, self.scale_codes, self.zero_points)

    @property
    def scales(self) -> tuple[npt.NDArray[np.float64], ...]:
        """The values of the scales, the innermost level first, exactly, in float64."""
        from chopper.conversion import decode  # which knows this module

        pairs = zip(self.scale_codes, self.fmt.levels, strict=True)
        return tuple(decode(codes, level.scale, np.float64) for codes, level in pairs)

    def decode(self, dtype: Any = np.float32, *, threads: int | None = None) -> _Array:
        """Return the values in float32 or float64: products of element and scales, in the shape of the array.

        Where `dtype` does not hold a product it is rounded once, to nearest, ties to even.
        """
        return decode_blocks(self.blocks, self.fmt, self.axis, dtype, as_threads(threads))

    def decode_as(self, fmt: Any, dtype: Any, out: Any, threads: int | None) -> Any:
        """Return the values as `chopper.decode` does: in `out` if given, a scalar for an array without axes.

        Raises
        ------
        UnsupportedInputError
            If `fmt` is neither None nor the format of this array.
        """
        if fmt is not None and get(fmt) != self.fmt:
            raise UnsupportedInputError(f"the array is one of {self.fmt}, not of {get(fmt)}; leave fmt out")
        target = check_out(out, self.data, self.shape, np.dtype(dtype))
        values = self.decode(dtype, threads=threads)
        if target is None:
            return values[()]
        np.copyto(target, values)
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> _Array:
        """Return the values, so that ``numpy.asarray(x)`` decodes."""
        if copy is False:
            raise ValueError("decoding makes a new array; leave copy=False out")
        return self.decode(np.float32 if dtype is None else dtype)

    # --- its size ----------------------------------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of elements, scales and zero points as they are stored."""
        parts = (self.data, *self.scale_data, *(() if self.zero_points is None else (self.zero_points,)))
        return sum(part.nbytes for part in parts)

    @property
    def bits_per_value(self) -> float:
        """Stored bits divided by the number of elements; NaN where there are none."""
        return 8 * self.nbytes / self.size if self.size else math.nan

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without axes has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        size = f"{self.nbytes} bytes, {self.bits_per_value:.4g} bits per value"
        return f"ScaledArray({str(self.fmt)!r}, shape={self.shape}, axis={self.axis}, {size})"

    # --- comparing, cutting, keeping ---------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Whether two arrays have the same format, shape, blocks and codes."""
        if not isinstance(other, ScaledArray):
            return NotImplemented
        if (self.fmt, self.shape, self.axis) != (other.fmt, other.shape, other.axis):
            return False
        pairs = [(self.codes, other.codes), *zip(self.scale_codes, other.scale_codes, strict=True)]
        if self.zero_points is not None and other.zero_points is not None:
            pairs.append((self.zero_points, other.zero_points))
        return all(np.array_equal(one, two) for one, two in pairs)

    def __getitem__(self, index: Any) -> ScaledArray:
        """Return the part between two boundaries of blocks; its scales are those of the whole.

        Slices of step 1 along every axis, integers along axes that no block follows.  A block of the whole axis or
        of the whole array may be cut: what is left of it keeps its scale.  ``x[i].decode()`` is ``x.decode()[i]``.

        Raises
        ------
        RangeError
            If the part cuts a block, or lies outside.
        UnsupportedInputError
            If the index is of another kind.
        """
        from chopper.cuts import cut  # which knows this class

        return cut(self, index)

    def __iter__(self) -> Iterator[ScaledArray]:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return ScaledArray, (self.fmt, self.shape, self.axis, self.data, self.scale_data, self.zero_points)

    def view(self, package: str = "ml_dtypes") -> Views:
        """Return elements and scales, without copying bytes, under dtypes of a package that have the same codes.

        Elements of 4 and 6 bits are unpacked first: ml_dtypes keeps one in a byte.  The package must be imported.

        Raises
        ------
        UnsupportedInputError
            If the package is another one or not imported, or it has no such dtype.

        Examples
        --------
        >>> import ml_dtypes
        >>> import chopper
        >>> elements, scales = chopper.encode([1.0, 3.0], "mxfp4").view("ml_dtypes")
        >>> elements.dtype, scales[0].dtype
        (dtype(float4_e2m1fn), dtype(float8_e8m0fnu))
        """
        scales = [store.viewed(codes, package) for store, codes in zip(self._scales, self.scale_codes, strict=True)]
        return Views(self._elements.viewed(self.codes, package), tuple(scales))

    def save(self, path: str | Path) -> None:
        """Write the array to a ``.npz`` or ``.safetensors`` file; see `chopper.archive`."""
        from chopper.archive import save  # which knows this class

        save(self, path)

    @staticmethod
    def load(path: str | Path) -> ScaledArray:
        """Read an array that `save` wrote; see `chopper.archive`."""
        from chopper.archive import load  # which knows this class

        return load(path)


def wrapped(codes: Any, named: str | Format, axis: Axis) -> Any:
    """Return a scaled array of what the engine made, whose arrays become part of it; other codes as they are."""
    if not isinstance(codes, Blocks):
        return codes
    fmt, blocks = _format(named), codes
    elements = np.atleast_1d(blocks.codes)
    data = Store(fmt.element, elements.shape, scale=False).put(elements)
    scales = tuple(
        Store(level.scale, one.shape, scale=True).put(one) for level, one in zip(fmt.levels, blocks.scales, strict=True)
    )
    if blocks.zero_points is not None:
        blocks.zero_points.flags.writeable = False
    return ScaledArray(fmt, blocks.codes.shape, axis, data, scales, blocks.zero_points)


def _format(fmt: Any) -> ScaledFormat:
    found = get(fmt)
    if not isinstance(found, ScaledFormat):
        raise UnsupportedInputError(f"{found} has no shared scales; encode gives plain codes for it")
    return found


def _axis(fmt: ScaledFormat, shape: tuple[int, ...], axis: Axis) -> Axis:
    """Return the axis with its numbers counted from the front; the last one where no block follows an axis."""
    rank = max(len(shape), 1)
    for level in fmt.levels:
        lengths(level.block, shape or (1,), axis)  # raises if they do not suit
    if not any(level.block for level in fmt.levels):
        return rank - 1
    return tuple(a % rank for a in axis) if isinstance(axis, tuple) else axis % rank


def _check_levels(fmt: ScaledFormat, scales: Any) -> None:
    if not isinstance(scales, (tuple, list)) or len(scales) != len(fmt.levels):
        raise UnsupportedInputError(f"{fmt} has {len(fmt.levels)} levels of scales; pass a tuple of as many arrays")
