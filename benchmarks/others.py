"""Other ways to round to posits and codebooks, on the same array in the same run: fractions of a copy, on one thread.

They are slow, so they get the first part of the array, and their time is taken per element.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import chopper
from benchmarks.data import normal
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["OTHERS", "Other", "measure", "missing"]

Array = npt.NDArray[Any]


class Other(NamedTuple):
    """A way to round float32 to a format, chopper's format, and how many elements it gets at most."""

    line: str
    fmt: str
    most: int
    prepare: Callable[[Array], Callable[[], object]]
    package: str = "numpy"


def _library() -> ctypes.CDLL:
    spec = importlib.util.find_spec("_softposit")
    assert spec is not None
    return ctypes.CDLL(spec.origin)


def _functions() -> tuple[Any, Any]:
    """Return SoftPosit's conversions of a double to a 16-bit posit and back; a posit is passed as its integer."""
    there, back = (_library()[name] for name in ("convertDoubleToP16", "convertP16ToDouble"))
    there.restype, there.argtypes = ctypes.c_uint16, [ctypes.c_double]
    back.restype, back.argtypes = ctypes.c_double, [ctypes.c_uint16]
    return there, back


def _softposit(x: Array) -> Callable[[], object]:
    there, back = _functions()
    return lambda: np.fromiter(map(back, map(there, x.tolist())), np.float32, x.size)


def _softposit_compiled(x: Array) -> Callable[[], object]:
    import numba

    there, back = _functions()
    out = np.empty_like(x)

    @numba.njit  # type: ignore[untyped-decorator]
    def loop(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = back(there(x[i]))

    return partial(loop, x, out)


def _softposit_objects(x: Array) -> Callable[[], object]:
    from softposit import posit16

    return lambda: np.fromiter((float(posit16(v)) for v in x.tolist()), np.float32, x.size)


def _bit_by_bit(x: Array) -> Callable[[], object]:
    from benchmarks.bit_by_bit import round_all

    return partial(round_all, x, np.empty_like(x), 16, 2)


def _searchsorted(x: Array) -> Callable[[], object]:
    levels = np.array([float(value) for value in chopper.get("nf4").values], np.float32)  # type: ignore[attr-defined]
    cuts = (levels[:-1] + levels[1:]) / 2
    return lambda: levels[np.searchsorted(cuts, x)]


OTHERS = (
    Other("SoftPosit posit16, C functions from Python", "posit16es1", 1 << 16, _softposit, "softposit"),
    Other("SoftPosit posit16, C functions from Numba", "posit16es1", 1 << 20, _softposit_compiled, "softposit"),
    Other("SoftPosit posit16, Python objects", "posit16es1", 1 << 13, _softposit_objects, "softposit"),
    Other("bit by bit in a Numba loop", "posit16", 1 << 18, _bit_by_bit),
    Other("np.searchsorted, nf4", "nf4", 1 << 18, _searchsorted),
)
"""The other ways, all there and back, to nearest."""


def missing(wanted: Wanted) -> list[str]:
    """List the packages that are wanted here and not installed."""
    packages = dict.fromkeys(other.package for other in OTHERS if wanted(_name(other)))
    return [package for package in packages if importlib.util.find_spec(package) is None]


def _name(other: Other) -> str:
    return f"families/others/{other.line}"


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure what is installed, with chopper on the whole array between them."""
    absent = missing(wanted)
    others = [other for other in OTHERS if wanted(_name(other)) and other.package not in absent]
    if not others:
        return
    megabytes = 1 if effort.quick else 16
    x = normal("float32", megabytes)
    out = np.empty_like(x)
    cases: dict[str, Callable[[], object]] = {"copy": partial(np.copyto, out, x)}
    for fmt in dict.fromkeys(other.fmt for other in others):
        cases[fmt] = partial(chopper.chop, x, fmt, out=out, threads=1)
    parts = {other.line: x[: min(other.most, x.size)] for other in others}
    cases |= {other.line: other.prepare(parts[other.line]) for other in others}
    times = interleaved(cases, effort)
    table = f"Posits and codebooks elsewhere, float32, {megabytes} MB, one thread, to nearest"
    for other in others:
        took = times[other.line] * (x.size / parts[other.line].size)
        yield Figure(_name(other), table, other.line, "its time / chopper's", took / times[other.fmt])
        share = times["copy"] / took
        yield Figure(f"{_name(other)}/copy", table, other.line, "fraction of np.copyto", share, ours=False)
