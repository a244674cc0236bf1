"""Scaled arrays in files: ``.npz``, which NumPy reads, and ``.safetensors``.

A file holds the arrays ``data``, ``scale_data_0`` and further levels, and ``zero_points`` where there are any, in the
layout of `chopper.ScaledArray`, and a text in JSON: version, format, shape and axis.  In a ``.npz`` file the text is an
array ``chopper`` of bytes, in a ``.safetensors`` file the entry ``chopper`` of its metadata.  Nothing is pickled, and
nothing in a file is executed.  Every array must have the dtype and shape that the text calls for.

The format safetensors (https://github.com/huggingface/safetensors) is eight bytes with the length of a header in JSON,
the header, and the bytes of the arrays; no package is needed to write and read it.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from chopper.engine.families.scaled.layout import grid_shape
from chopper.errors import ChopperError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import Registry, get
from chopper.formats.scaled import ScaledFormat
from chopper.scaled import ScaledArray
from chopper.storage import Store

__all__ = ["load", "save"]

_Array = npt.NDArray[Any]
_Reader = Callable[[str, np.dtype[Any], tuple[int, ...]], _Array]

_TEXT = "chopper"
_VERSION = 1
_LONGEST = 1 << 24  # bytes of JSON


def save(array: ScaledArray, path: str | Path) -> None:
    """Write a scaled array to a ``.npz`` or ``.safetensors`` file.

    Raises
    ------
    UnsupportedInputError
        If the name ends in neither.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import chopper
    >>> x = chopper.encode([[1.0, -3.0, 0.5]], "mxfp4")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     x.save(f"{folder}/x.npz")
    ...     load(f"{folder}/x.npz") == x
    True
    """
    path = Path(path)
    write = _KINDS[_kind(path)][0]
    about = {"version": _VERSION, "format": array.fmt.to_dict(), "shape": array.shape, "axis": array.axis}
    arrays = {"data": array.data} | {f"scale_data_{i}": scale for i, scale in enumerate(array.scale_data)}
    if array.zero_points is not None:
        arrays["zero_points"] = array.zero_points
    with path.open("wb") as file:
        write(file, arrays, json.dumps(about, allow_nan=False))


def load(path: str | Path) -> ScaledArray:
    """Read a scaled array that `save` wrote.

    Raises
    ------
    UnsupportedInputError
        If the name ends in neither ``.npz`` nor ``.safetensors``, or the file is cut short, damaged or another one.
    FormatError
        If the format in it is not possible.
    OSError
        If the file cannot be opened.
    """
    path = Path(path)
    read = _KINDS[_kind(path)][1]
    with path.open("rb") as file:
        try:
            return read(file)
        except ChopperError as error:
            raise type(error)(f"{path.name!r}: {error}") from None
        except Exception as error:  # there is no end to what a damaged file can break
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UnsupportedInputError(f"{path.name!r} holds no scaled array: {reason}") from None


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise UnsupportedInputError(f"cannot tell the kind of file from {path.name!r}; legal: {', '.join(_KINDS)}")
    return kind


# --- the two kinds of files ------------------------------------------------------------------------------------------


def _to_npz(file: BinaryIO, arrays: dict[str, _Array], text: str) -> None:
    np.savez(file, **arrays, **{_TEXT: np.frombuffer(text.encode(), np.uint8)})  # type: ignore[arg-type]


def _from_npz(file: BinaryIO) -> ScaledArray:
    with zipfile.ZipFile(file) as archive:

        def read(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> _Array:
            with archive.open(f"{name}.npy") as member:
                found, fortran, kind = _npy_header(member)
                if fortran and len(shape) > 1:
                    raise ValueError(f"the array {name!r} is not in C order")
                _check(name, (kind, found), (dtype, shape))
                return _filled(member, dtype, shape)

        with archive.open(f"{_TEXT}.npy") as member:
            _npy_header(member)
            text = member.read(_LONGEST)
        return _assembled(text, read)


def _npy_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array is not of version 1.0 of NumPy's format")
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = np.lib.format.read_array_header_1_0(file)
    return header


def _to_safetensors(file: BinaryIO, arrays: dict[str, _Array], text: str) -> None:
    header: dict[str, Any] = {"__metadata__": {_TEXT: text}}
    end = 0
    ordered = sorted(arrays, key=lambda name: -arrays[name].itemsize)  # so that every array is aligned
    for name in ordered:
        a = arrays[name]
        start, end = end, end + a.nbytes
        header[name] = {"dtype": _letter(a.dtype), "shape": a.shape, "data_offsets": (start, end)}
    described = json.dumps(header).encode()
    described += b" " * (-len(described) % 8)
    file.write(len(described).to_bytes(8, "little") + described)
    for name in ordered:
        file.write(np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<")).tobytes())


def _from_safetensors(file: BinaryIO) -> ScaledArray:
    size = int.from_bytes(file.read(8), "little")
    if size > _LONGEST:
        raise ValueError(f"its header would be {size} bytes long")
    header = json.loads(file.read(size))

    def read(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> _Array:
        about = header[name]
        _check(name, (about["dtype"], tuple(about["shape"])), (_letter(dtype), shape))
        start, end = _numbers(about["data_offsets"])
        _check(name, (start >= 0, end - start), (True, math.prod(shape) * dtype.itemsize))
        file.seek(8 + size + start)
        return _filled(file, dtype, shape, end - start)

    return _assembled(header["__metadata__"][_TEXT].encode(), read)


def _letter(dtype: np.dtype[Any]) -> str:
    """Return the name of an integer dtype in a .safetensors file."""
    return f"{dtype.kind.upper()}{8 * dtype.itemsize}"


_KINDS: dict[str, tuple[Callable[..., None], Callable[[BinaryIO], ScaledArray]]] = {
    ".npz": (_to_npz, _from_npz),
    ".safetensors": (_to_safetensors, _from_safetensors),
}


def _filled(file: Any, dtype: np.dtype[Any], shape: tuple[int, ...], most: int = -1) -> _Array:
    """Return an array of what is left in a file, or of the next `most` bytes; there must be enough, and no more."""
    wanted = math.prod(shape) * dtype.itemsize
    found = file.read(most if most >= 0 else wanted + 1)
    if len(found) != wanted:
        there = "more" if len(found) > wanted else len(found)
        raise ValueError(f"{wanted} bytes are called for, and there are {there}")
    return np.frombuffer(found, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)


def _check(name: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ValueError(f"the array {name!r} is {found}, where {wanted} is called for")


# --- the text and what it calls for ----------------------------------------------------------------------------------


def _assembled(text: bytes, read: _Reader) -> ScaledArray:
    """Build the array from its description and a function that reads the arrays called for."""
    about = json.loads(text)
    if not isinstance(about, dict) or about.get("version") != _VERSION:
        raise ValueError(f"its text is not of version {_VERSION}")
    fmt = _format(about["format"])
    shape, axis = _numbers(about["shape"]), about["axis"]
    axis = _numbers(axis) if isinstance(axis, list) else _numbers([axis])[0]

    def part(name: str, of: Format, codes: tuple[int, ...], scale: bool) -> _Array:
        store = Store(of, codes, scale)
        return read(name, np.dtype(np.uint8) if store.dense else store.dtype, store.stored_shape)

    grids = [grid_shape(fmt, shape, axis, i) for i in range(len(fmt.levels))]
    scales = [
        part(f"scale_data_{i}", level.scale, grid, True)
        for i, (level, grid) in enumerate(zip(fmt.levels, grids, strict=True))
    ]
    points = read("zero_points", np.dtype(np.int32), grids[0]) if fmt.zero_point else None
    return ScaledArray(fmt, shape, axis, part("data", fmt.element, shape or (1,), False), tuple(scales), points)


def _format(fields: Any) -> ScaledFormat:
    """Return a format from its fields, under its name where that still stands for it."""
    if not isinstance(fields, dict) or fields.get("family") != "scaled":
        raise ValueError("its format is none with shared scales")
    _check_texts(fields)
    name = fields.get("name")
    fmt = Registry().register("unnamed", {**fields, "name": None})
    assert isinstance(fmt, ScaledFormat)
    try:
        known = get(name) if isinstance(name, str) else None
    except ChopperError:
        known = None
    return known if isinstance(known, ScaledFormat) and known == fmt else fmt.with_options()


def _check_texts(fields: Any) -> None:
    """Refuse numbers such as 1e999999999, which `save` never writes: as fractions they would fill the memory."""
    if isinstance(fields, dict):
        fields = list(fields.values())
    for one in fields if isinstance(fields, list) else [fields]:
        if isinstance(one, (dict, list)):
            _check_texts(one)
        elif isinstance(one, str) and re.fullmatch(r"[-+\s\d._]+e[-+\d_]+\s*", one, re.IGNORECASE):
            raise ValueError(f"the number {one!r} in its format is not written as a fraction")


def _numbers(given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or not all(type(n) is int and abs(n) < 1 << 62 for n in given):
        raise ValueError(f"{given!r} are no lengths")
    return tuple(given)
