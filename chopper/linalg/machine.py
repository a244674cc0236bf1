"""The machine's own float32 and float64, where they are the format asked for."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chopper import ops
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["Machine", "Rounded", "machine_type"]

_DTYPES: tuple[tuple[str, type[np.floating[Any]]], ...] = (("fp32", np.float32), ("fp64", np.float64))


class Rounded(Protocol):
    """What the algorithms need of an arithmetic: operations that are rounded once, to values of one format."""

    @property
    def fmt(self) -> Format:
        """The format."""

    def round(self, x: Any) -> Any:
        """Round x."""

    def add(self, x: Any, y: Any) -> Any:
        """Return x + y."""

    def sub(self, x: Any, y: Any) -> Any:
        """Return x - y."""

    def mul(self, x: Any, y: Any) -> Any:
        """Return x * y."""

    def div(self, x: Any, y: Any) -> Any:
        """Return x / y."""

    def sqrt(self, x: Any) -> Any:
        """Return the square root of x."""


class Machine:
    """Operations to nearest even in fp32 or fp64, by the processor where the operands are values of the format.

    The processor rounds each of them once, by IEEE 754, so the bits are those of `chopper.ops`, which takes the other
    operands.  Results are float64.
    """

    def __init__(self, fmt: Format, dtype: type[np.floating[Any]]) -> None:
        self._fmt, self._dtype = fmt, dtype

    @property
    def fmt(self) -> Format:
        """The format."""
        return self._fmt

    def _run(self, name: str, operation: np.ufunc, *operands: Any) -> npt.NDArray[np.float64]:
        wide = [np.asarray(one, np.float64) for one in operands]
        with np.errstate(all="ignore"):
            narrow = [one.astype(self._dtype, copy=False) for one in wide]
            same = all(n is w or ((n == w) | (w != w)).all() for n, w in zip(narrow, wide, strict=True))
            result = operation(*narrow) if same else getattr(ops, name)(*wide, self._fmt)
        return np.asarray(result, np.float64)

    def round(self, x: Any) -> npt.NDArray[np.float64]:
        """Round x."""
        with np.errstate(all="ignore"):
            return np.asarray(x, np.float64).astype(self._dtype).astype(np.float64)

    def add(self, x: Any, y: Any) -> npt.NDArray[np.float64]:
        """Return x + y."""
        return self._run("add", np.add, x, y)

    def sub(self, x: Any, y: Any) -> npt.NDArray[np.float64]:
        """Return x - y."""
        return self._run("sub", np.subtract, x, y)

    def mul(self, x: Any, y: Any) -> npt.NDArray[np.float64]:
        """Return x * y."""
        return self._run("mul", np.multiply, x, y)

    def div(self, x: Any, y: Any) -> npt.NDArray[np.float64]:
        """Return x / y."""
        return self._run("div", np.divide, x, y)

    def sqrt(self, x: Any) -> npt.NDArray[np.float64]:
        """Return the square root of x."""
        return self._run("sqrt", np.sqrt, x)

    def total(self, terms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """Return the sum along the first axis, term by term, or None where some are no values of the format."""
        with np.errstate(all="ignore"):
            narrow = terms.astype(self._dtype, copy=False)
            if narrow is not terms and not ((narrow == terms) | (terms != terms)).all():
                return None
            return np.asarray(np.add.accumulate(narrow, axis=0)[-1], np.float64)


def machine_type(fmt: Format) -> type[np.floating[Any]] | None:
    """Return the NumPy type whose arithmetic is that of the format, or None.

    Examples
    --------
    >>> machine_type(get("binary32")).__name__
    'float32'
    """
    for name, dtype in _DTYPES:
        if fmt == get(name):
            return dtype
    return None
