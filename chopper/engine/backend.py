"""Backends: who runs a call is decided by the type of its array, and by nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol

from chopper.engine.plan import Request
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format

__all__ = ["Backend", "Draw", "backend_of"]


class Draw(NamedTuple):
    """Where random words come from: a key and the index of the first element, or the words themselves."""

    key: Any = None
    offset: int = 0
    words: Any = None


class Backend(Protocol):
    """What a backend does.  Each method gets arrays of its own kind and returns arrays of its own kind."""

    def accepts(self, x: Any) -> bool:
        """Whether this backend runs calls on `x`."""

    def round(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to values of the format."""

    def encode(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to codes of the format."""

    def decode(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes into values."""


def backend_of(x: Any) -> Backend:
    """Return the backend for an array: NumPy's own, or the one an adapter registered for the array's package.

    Adapters register in the entry-point group ``chopper.backends`` under the name of the package that defines the
    array type; they are imported when an array of theirs is first seen.

    Raises
    ------
    UnsupportedInputError
        If no backend accepts `x`.
    """
    native = _native()
    if native.accepts(x):
        return native
    for kind in type(x).__mro__:
        adapter = _adapter(kind.__module__.partition(".")[0])
        if adapter is not None and adapter.accepts(x):
            return adapter
    raise UnsupportedInputError(
        f"cannot round a {type(x).__module__}.{type(x).__qualname__}; pass a number, a NumPy array or an array of an "
        "installed adapter, or convert it with numpy.asarray"
    )


@cache
def _native() -> Backend:
    from chopper.engine.numpy_backend import NumpyBackend

    return NumpyBackend()


@cache
def _adapter(package: str) -> Backend | None:
    from importlib.metadata import entry_points  # slow to import, and needed for arrays of adapters alone

    for point in entry_points(group="chopper.backends", name=package):
        backend: Backend = point.load()
        return backend
    return None
