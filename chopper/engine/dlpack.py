"""Arrays of packages that no adapter knows, as far as they share memory by DLPack."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.backend import Draw, native
from chopper.engine.plan import Request
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format

__all__ = ["DlpackBackend"]

_CPU = 1
"""The number of the processor's memory among DLPack's devices."""


class DlpackBackend:
    """Runs calls on the memory of arrays; gives arrays of their kind where their package can make them."""

    def accepts(self, x: Any) -> bool:
        """Whether this backend runs calls on `x`."""
        return hasattr(x, "__dlpack__") and hasattr(x, "__dlpack_device__")

    def round(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to values of the format."""
        return _give_back(native().round(_memory(x), request, draw, out, threads), x, out)

    def encode(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to codes of the format."""
        return _give_back(native().encode(_memory(x), request, draw, out, threads), x, out)

    def decode(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes into values, exactly."""
        return _give_back(native().decode(_memory(codes), fmt, dtype, out, threads), codes, out)


def _memory(x: Any) -> npt.NDArray[Any]:
    """Return the memory of an array."""
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    if x.__dlpack_device__()[0] != _CPU:
        raise UnsupportedInputError(f"{kind} lies on a device, and no adapter for it is here; copy it to the host")
    try:
        return np.from_dlpack(x)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise UnsupportedInputError(f"NumPy cannot share the memory of {kind} ({error}); convert it first") from None


def _give_back(result: Any, x: Any, out: Any) -> Any:
    """Return a result as an array of the kind of `x`, where its package follows the array API standard."""
    if out is not None or not hasattr(x, "__array_namespace__"):
        return result
    return x.__array_namespace__().from_dlpack(np.asarray(result))
