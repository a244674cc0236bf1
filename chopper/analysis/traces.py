"""Where precision was lost: an arithmetic that watches its operations, and says by source line what happened."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper import ops
from chopper.analysis.local import exact_result
from chopper.analysis.statistics import as_bound
from chopper.analysis.sweeps import text_of
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo

__all__ = ["Trace", "Traced"]

_Array = npt.NDArray[np.float64]

_HIDDEN = ("chopper.analysis", "chopper.arithmetic", "chopper.arrays", "chopper.ops", "numpy")
_ORDERS = ("lost", "error", "calls", "seen")
_SUMS = ("add", "sub", "fma")


@dataclass
class Trace:
    """What one operation did at one place of a program.

    Attributes
    ----------
    operation : str
        Its name.
    file, line, function : str, int, str
        Where it was called.
    calls, elements : int
        How often, and with how many results.
    inexact : int
        Results that are not the exact ones.
    max_rel : float
        Largest relative error that the operation itself made, against the exact result of its operands.
    lost_bits : int
        Most bits that a sum cancelled: the exponent of its larger operand less that of the result, at most the
        precision of the format.
    cancelled : int
        Sums that lost at least half of the precision so.
    overflow, underflow, invalid : int
        Finite exact results beyond the format's largest or lowest value; such results other than zero that became
        zero; NaNs out of operands that are none.
    """

    operation: str
    file: str
    line: int
    function: str
    calls: int = 0
    elements: int = 0
    inexact: int = 0
    max_rel: float = 0.0
    lost_bits: int = 0
    cancelled: int = 0
    overflow: int = 0
    underflow: int = 0
    invalid: int = 0
    _order: int = field(default=0, repr=False, compare=False)

    @property
    def source(self) -> str:
        """The text of the line; empty where it is not to be found."""
        return linecache.getline(self.file, self.line).strip()


class Traced:
    """An arithmetic whose operations are watched: what it is asked is passed on, and the results come back unchanged.

    It may stand wherever an `Arithmetic` may, and ``isinstance`` takes it for one.

    Parameters
    ----------
    arithmetic : Arithmetic
        What does the work; also what works like one.
    hidden : tuple of str
        Modules, and all below them, whose lines do not count: the place of an operation is the innermost line outside
        of them.  By default what stands between a program and the operations of chopper.

    Examples
    --------
    >>> from chopper.arithmetic import Arithmetic
    >>> a = Traced(Arithmetic("fp16"))
    >>> total = a.add(a.mul(3.0, 0.3335), -1.0)
    >>> float(total)
    0.0009765625
    >>> [(one.operation, one.elements, one.inexact, one.lost_bits) for one in a.rows()]
    [('add', 1, 0, 10), ('mul', 1, 1, 0)]
    >>> float(a.mul(1e3, 1e3)), a.rows("error")[0].overflow
    (inf, 1)
    """

    def __init__(self, arithmetic: Any, *, hidden: tuple[str, ...] = _HIDDEN) -> None:
        self._arithmetic, self._hidden = arithmetic, hidden
        self._traces: dict[Any, Trace] = {}
        fmt = arithmetic.fmt
        self._low, self._high = as_bound(fmt.min), as_bound(fmt.max)
        self._precision = _precision(fmt)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class of what is watched, so that what asks for an `Arithmetic` takes it."""
        return type(self._arithmetic)

    def __copy__(self) -> Traced:
        return self

    def __deepcopy__(self, memo: Any) -> Traced:
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "_arithmetic":  # not there yet
            raise AttributeError(name)
        found = getattr(self._arithmetic, name)
        if name.startswith("_") or not callable(found):
            return found

        def watched(*operands: Any, **options: Any) -> Any:
            result = found(*operands, **options)
            named = (str(operands[0]), operands[1:]) if name == "apply" else (name, operands)
            if (named[0] == "round" or hasattr(ops, named[0])) and _is_numeric(_plain(result)):
                self._note(*named, result, sys._getframe(1))
            if isinstance(result, type(self._arithmetic)):  # one like it: to be watched too, in the same table
                other = Traced(result, hidden=self._hidden)
                other._traces = self._traces
                return other
            return result

        return watched

    # --- what was seen -----------------------------------------------------------------------------------------------

    def rows(self, order: str = "lost") -> list[Trace]:
        """Return a trace for each operation and line, the worst first.

        Parameters
        ----------
        order : str
            By ``"lost"`` bits, by overflows and the largest ``"error"``, by ``"calls"``, or as ``"seen"``.

        Raises
        ------
        UnsupportedInputError
            If the order is another one.
        """
        keys: dict[str, Callable[[Trace], Any]] = {
            "lost": lambda one: (-one.lost_bits, -one.cancelled, one._order),
            "error": lambda one: (-(one.overflow + one.invalid), -one.max_rel, one._order),
            "calls": lambda one: (-one.calls, one._order),
            "seen": lambda one: one._order,
        }
        if order not in keys:
            raise UnsupportedInputError(f"order={order!r} is not legal; legal: {', '.join(_ORDERS)}")
        return sorted(self._traces.values(), key=keys[order])

    def by_operation(self) -> list[Trace]:
        """Return one trace for each operation, all lines taken together, as seen first."""
        found: dict[str, Trace] = {}
        for one in self.rows("seen"):
            whole = found.setdefault(one.operation, Trace(one.operation, "", 0, "", _order=one._order))
            for name in ("calls", "elements", "inexact", "cancelled", "overflow", "underflow", "invalid"):
                setattr(whole, name, getattr(whole, name) + getattr(one, name))
            whole.max_rel, whole.lost_bits = max(whole.max_rel, one.max_rel), max(whole.lost_bits, one.lost_bits)
        return list(found.values())

    def clear(self) -> None:
        """Forget what was seen."""
        self._traces.clear()

    def table(self, order: str = "lost", limit: int = 20) -> str:
        """Return the first lines of a table for people to read."""
        return text_of(self._lines(self.rows(order)[:limit]), digits=3)

    def __str__(self) -> str:
        return self.table()

    def _lines(self, traces: list[Trace]) -> Iterator[dict[str, Any]]:
        for one in traces:
            yield {
                "operation": one.operation,
                "place": f"{PurePath(one.file).name}:{one.line}",
                "calls": one.calls,
                "elements": one.elements,
                "inexact": one.inexact,
                "max error": one.max_rel,
                "bits lost": one.lost_bits,
                "cancelled": one.cancelled,
                "overflow": one.overflow,
                "underflow": one.underflow,
                "invalid": one.invalid,
                "line": one.source[:60],
            }

    # --- watching ----------------------------------------------------------------------------------------------------

    def _note(self, name: str, operands: tuple[Any, ...], result: Any, frame: FrameType | None) -> None:
        while frame is not None and frame.f_back is not None and self._is_hidden(frame):
            frame = frame.f_back
        assert frame is not None
        code = frame.f_code
        key = (name, code.co_filename, frame.f_lineno)
        trace = self._traces.get(key)
        if trace is None:
            trace = Trace(name, code.co_filename, frame.f_lineno, code.co_name, _order=len(self._traces))
            self._traces[key] = trace
        got, given = np.asarray(_plain(result), np.float64), [_plain(one) for one in operands]
        trace.calls += 1
        trace.elements += got.size
        if all(_is_numeric(one) for one in given) and got.size:
            self._compare(trace, [np.asarray(one, np.float64) for one in given], got)

    def _is_hidden(self, frame: FrameType) -> bool:
        module = str(frame.f_globals.get("__name__", ""))
        return any(module == name or module.startswith(f"{name}.") for name in self._hidden)

    def _compare(self, trace: Trace, operands: list[_Array], got: _Array) -> None:
        exact = exact_result(trace.operation, tuple(operands))
        if exact is None:
            return
        near, rest = exact
        known = np.isfinite(near)
        rest = np.where(known & np.isfinite(rest), rest, 0.0)
        clean = ~np.any([np.isnan(np.broadcast_to(one, got.shape)) for one in operands], axis=0)
        finite = np.all([np.isfinite(np.broadcast_to(one, got.shape)) for one in operands], axis=0)
        with np.errstate(all="ignore"):
            error = np.abs((got - near) - rest)
            relative = np.where(known & np.isfinite(got) & (near != 0), error / np.abs(near), 0.0)
        beyond = finite & ~np.isnan(near) & ((near > self._high) | (near < self._low))
        trace.inexact += int(np.count_nonzero((error != 0) & known))
        trace.max_rel = max(trace.max_rel, float(relative.max(initial=0.0)))
        trace.overflow += int(np.count_nonzero(beyond & ~_is_pole(trace.operation, operands, near)))
        trace.underflow += int(np.count_nonzero((got == 0) & known & (near != 0)))
        trace.invalid += int(np.count_nonzero(np.isnan(got) & clean))
        if trace.operation in _SUMS:
            self._cancellation(trace, operands, got)

    def _cancellation(self, trace: Trace, operands: list[_Array], got: _Array) -> None:
        parts = operands if len(operands) == 2 else [operands[0] * operands[1], operands[2]]
        before = np.maximum(*(np.abs(np.broadcast_to(one, got.shape)) for one in parts))
        kept = np.isfinite(before) & np.isfinite(got) & (before > 0)
        bits = np.frexp(before)[1] - np.frexp(got)[1]
        lost = np.where(kept, np.where(got == 0, self._precision, np.clip(bits, 0, self._precision)), 0)
        trace.lost_bits = max(trace.lost_bits, int(lost.max(initial=0)))
        trace.cancelled += int(np.count_nonzero(2 * lost >= self._precision))


def _is_pole(name: str, operands: list[_Array], near: _Array) -> Any:
    """Where a quotient is infinite because it divides by zero: exact, and no overflow."""
    return np.isinf(near) & (operands[1] == 0) if name == "div" else np.False_


def _precision(fmt: Format) -> int:
    """Return the bits that a number can lose: the precision, and no more than a code has."""
    try:
        return min(finfo(fmt).precision, fmt.bits)
    except UnsupportedInputError:  # a family that does not say
        return min(fmt.bits, 53)


def _plain(value: Any) -> Any:
    """Return the numbers of an array of a format; other things as they are."""
    return value.values if hasattr(value, "__chopped__") else value


def _is_numeric(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or (isinstance(value, np.ndarray) and value.dtype.kind in "iuf")
