"""safetensors: codes with their formats in a file that every reader of safetensors opens.

Where safetensors has a dtype for the format, as F8_E4M3, other tools read numbers; codes of other formats are unsigned
integers to them.  The names of the formats are in the metadata of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import safetensors

from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["Codes", "load", "save"]

_METADATA = "chopper.formats"

_DTYPES = MappingProxyType(
    {
        "F8_E4M3": "float8_e4m3fn",
        "F8_E5M2": "float8_e5m2",
        "F8_E8M0": "float8_e8m0fnu",
        "F8_E4M3FNUZ": "float8_e4m3fnuz",
        "F8_E5M2FNUZ": "float8_e5m2fnuz",
        "BF16": "bfloat16",
        "F16": "float16",
        "F32": "float32",
        "F64": "float64",
    }
)


class Codes(NamedTuple):
    """Codes, as `chopper.encode` gives them, and their format."""

    codes: npt.NDArray[Any]
    fmt: Format


def save(path: str | Path, arrays: Mapping[str, tuple[Any, str | Format]]) -> None:
    """Write arrays of codes, each with its format, to a file.

    Parameters
    ----------
    path : str or Path
        The file.
    arrays : mapping of str to (codes, format)
        The codes are unsigned integers of the size that `chopper.encode` gives.

    Raises
    ------
    UnsupportedInputError
        If codes have another dtype; nothing is written then.

    Examples
    --------
    >>> import chopper, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = Path(folder.name) / "weights.safetensors"
    >>> save(file, {"w": (chopper.encode(np.array([0.3, 2.0]), "posit8"), "posit8")})
    >>> codes, fmt = load(file)["w"]
    >>> codes.tolist(), str(fmt), chopper.decode(codes, fmt).tolist()
    ([50, 72], 'posit8', [0.3125, 2.0])
    >>> folder.cleanup()
    """
    named = {name: _checked(name, codes, get(fmt)) for name, (codes, fmt) in arrays.items()}
    own = {get(dtype): dtype for dtype in _DTYPES.values()}
    specs = {
        name: safetensors.TensorSpec(
            dtype=own.get(fmt, codes.dtype.name),
            shape=codes.shape,
            data_ptr=codes.ctypes.data,
            data_len=codes.nbytes,
        )
        for name, (codes, fmt) in named.items()
    }
    formats = json.dumps({name: str(fmt) for name, (_, fmt) in named.items()})
    safetensors.serialize_file(specs, str(path), metadata={_METADATA: formats})


def load(path: str | Path, names: Iterable[str] | None = None) -> dict[str, Codes]:
    """Read arrays of codes from a file; also from files of other tools, where the dtype says the format.

    Parameters
    ----------
    path : str or Path
        The file.
    names : iterable of str, optional
        Which arrays; all by default.

    Raises
    ------
    UnsupportedInputError
        If one of them has no format.
    RangeError
        If the file has no such array.
    """
    with safetensors.safe_open(str(path), framework="np") as file:
        formats = json.loads((file.metadata() or {}).get(_METADATA, "{}"))
    tensors = dict(safetensors.deserialize(Path(path).read_bytes()))  # type: ignore[no-untyped-call]
    wanted = tuple(tensors) if names is None else tuple(names)
    if missing := [name for name in wanted if name not in tensors]:
        raise RangeError(f"{path} holds no {missing[0]!r}; it holds {', '.join(map(repr, sorted(tensors)))}")
    return {name: _codes(name, tensors[name], formats.get(name)) for name in wanted}


def _checked(name: str, codes: Any, fmt: Format) -> Codes:
    wanted = np.dtype(f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")
    given = np.asarray(codes)
    if given.dtype != wanted:
        raise UnsupportedInputError(f"{name!r} has dtype {given.dtype}; the codes of {fmt} are {wanted}")
    return Codes(np.ascontiguousarray(given, wanted.newbyteorder("<")).reshape(given.shape), fmt)


def _codes(name: str, tensor: Any, fmt: str | None) -> Codes:
    dtype = tensor["dtype"]
    if fmt is None and dtype not in _DTYPES:
        raise UnsupportedInputError(f"{name!r} has dtype {dtype} and no format; leave it out by names=")
    found = get(fmt or _DTYPES[dtype])
    size = max(1, 1 << (found.bits - 1).bit_length() >> 3)
    return Codes(np.frombuffer(tensor["data"], f"<u{size}").reshape(tensor["shape"]), found)
