"""Where the results of operations go: into a new array, or where the caller says."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.arrays.promotion import Holder
from chopper.errors import OutputError

__all__ = ["store", "wrapped"]

_Array = npt.NDArray[Any]


def store(values: _Array, out: Any) -> Any:
    """Write values to an array, a ChopArray or a plain one, and return it.

    Raises
    ------
    OutputError
        If it is no array, or its shape or dtype does not take them.
    """
    place = out._values if isinstance(out, Holder) else out
    if not isinstance(place, np.ndarray):
        raise OutputError(f"out is a {type(out).__name__}; pass a ChopArray or a numpy.ndarray")
    ends = zip(reversed(np.shape(values)), reversed(place.shape), strict=False)
    fits = np.ndim(values) <= place.ndim and all(n in (1, length) for n, length in ends)
    if not fits or not np.can_cast(np.asarray(values).dtype, place.dtype, "same_kind"):
        raise OutputError(
            f"out has dtype {place.dtype} and shape {place.shape}, which do not take a result of dtype "
            f"{np.asarray(values).dtype} and shape {np.shape(values)}"
        )
    if not place.flags.writeable:
        raise OutputError("out is read-only; pass a writeable array")
    np.copyto(place, values, casting="same_kind")
    return out


def wrapped(values: _Array, arithmetic: Arithmetic, inputs: tuple[Any, ...]) -> Any:
    """Return values as an array of the class of the first ChopArray among the inputs."""
    holder = next(one for one in inputs if isinstance(one, Holder))
    return holder.__chopped__(values, arithmetic)
