"""Backends: who runs a call is decided by the type of its array, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import NoneType
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from chopper.engine.plan import Plan, Request, carrier_width, family_of, plan_decode, plan_encode, plan_round, request
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format

__all__ = [
    "Backend",
    "Draw",
    "Operator",
    "Plan",
    "Request",
    "backend_of",
    "elsewhere",
    "is_portable",
    "native",
    "portable_plan",
    "portable_product",
    "request",
]

_HERE = (np.ndarray, float, int, np.generic, NoneType, list, tuple)
"""What operations take as it is."""


class Draw(NamedTuple):
    """Where random words come from: a key and where the elements lie (see `as_key`), or the words themselves."""

    key: Any = None
    offset: Any = 0
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


class Operator(Protocol):
    """What a backend may do besides."""

    def operate(self, function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Return ``function(*operands, **keywords)``, a public function of the core, for arrays of its own kind.

        Among the operands may be numbers, NumPy arrays and None.
        """


def is_portable(fmt: Format) -> bool:
    """Whether `portable_plan` serves the format's family; others work on whole NumPy arrays: see `native`."""
    try:
        return hasattr(family_of(fmt), "plan_round")
    except ModuleNotFoundError:
        return False


def portable_plan(task: str, asked: Request, width: int) -> Plan:
    """Return how to run a request by integer operations alone, on arrays of any kind.

    What a plan holds is a function ``plan.kernel(where, bits, word, plan.params, take)``: `bits` are the patterns of
    the inputs (codes, for decoding) as signed integers of ``plan.kernel.width`` bits, `word` the random words, read as
    signed in 32-bit lanes and unsigned in 64-bit lanes (0 if ``plan.kernel.random`` is false), ``take(table, index)``
    looks up the arrays among the parameters.  It returns the patterns, or the codes, in lanes of the same width.

    Parameters
    ----------
    task : str
        "round", "encode" or "decode".
    asked : Request
        The request.
    width : int
        32 or 64: the carrier that the inputs, or the decoded values, have.  Rounding and encoding take the wider one
        where this one does not hold the format, or the kernel needs more room: see ``plan.kernel.width``.

    Raises
    ------
    RangeError
        If float64 does not hold the format; for decoding, if this carrier does not.
    """
    if task == "decode":
        if carrier_width(asked.fmt, width) != width:
            raise RangeError(f"{width} bits do not hold every value of {asked.fmt}; decode to float64")
        plan = plan_decode(asked.fmt, width)
    else:
        planner = {"round": plan_round, "encode": plan_encode}[task]
        plan = planner(asked, carrier_width(asked.fmt, width, task == "encode"))
    return plan if plan.twin is None else cast(Plan, plan.twin)


def portable_product(accumulate: Any) -> Any:
    """Return the `chopper.engine.gemm.portable.Roundings` of an accumulator, None where other steps are needed."""
    from chopper.engine.gemm.portable import roundings_of

    return roundings_of(accumulate)


@cache
def native() -> Backend:
    """Return the backend of NumPy arrays, for adapters whose arrays can share memory with NumPy's."""
    from chopper.engine.numpy_backend import NumpyBackend

    return NumpyBackend()


@cache
def _by_dlpack() -> Backend:
    from chopper.engine.dlpack import DlpackBackend

    return DlpackBackend()


def backend_of(x: Any) -> Backend:
    """Return the backend for an array: NumPy's own, or the one an adapter registered for the array's package.

    Adapters register in the entry-point group ``chopper.backends`` under the name of the package that defines the
    array type; they are imported when an array of theirs is first seen.  Arrays of other packages are taken by DLPack.

    Raises
    ------
    UnsupportedInputError
        If no backend accepts `x`.
    """
    if native().accepts(x):
        return native()
    adapter = _registered(x)
    if adapter is not None:
        return adapter
    if _by_dlpack().accepts(x):
        return _by_dlpack()
    raise UnsupportedInputError(
        f"cannot round a {type(x).__module__}.{type(x).__qualname__}; pass a number, a NumPy array or an array of an "
        "installed adapter, or convert it with numpy.asarray"
    )


def elsewhere(operands: Sequence[Any]) -> Operator | None:
    """Return the backend that operates on arrays found among the operands, None where there are none of an adapter.

    Raises
    ------
    UnsupportedInputError
        If there are arrays of two packages, or of one whose adapter does not operate.
    """
    found = None
    for x in operands:
        if isinstance(x, _HERE):
            continue
        adapter = _registered(x)
        if adapter is not None and not hasattr(adapter, "operate"):
            raise UnsupportedInputError(
                f"operations do not take a {type(x).__module__}.{type(x).__qualname__}; convert it with numpy.asarray"
            )
        if found is not None and adapter is not None and adapter is not found:
            raise UnsupportedInputError("operands are arrays of two packages; convert them to one of the two")
        found = adapter or found
    return cast(Operator | None, found)


def _registered(x: Any) -> Backend | None:
    for kind in type(x).__mro__:
        adapter = _adapter(kind.__module__.partition(".")[0])
        if adapter is not None and adapter.accepts(x):
            return adapter
    return None


@cache
def _adapter(package: str) -> Backend | None:
    """Return the adapter for a package: one that is installed, else this project's own, which works uninstalled."""
    from importlib.metadata import entry_points  # slow to import, and needed for arrays of adapters alone

    for point in entry_points(group="chopper.backends", name=package):
        return cast(Backend, point.load())
    own = f"chopper_ext.{package}"
    try:
        found = find_spec(own)
    except ModuleNotFoundError:  # this project's adapters are not there at all
        return None
    return getattr(import_module(own), "backend", None) if found else None
