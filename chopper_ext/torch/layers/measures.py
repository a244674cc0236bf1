"""What is counted of an operand when it is rounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import chopper
from chopper import ScaledArray
from chopper.recipes import Quant, axes_of, key_of
from chopper_ext.torch.layers.operands import Call, prepared
from chopper_ext.torch.layers.spec import quant_of

__all__ = ["Measure", "Watch"]


@dataclass
class Measure:
    """Counts of one operand of one layer, over all calls; elements that are infinite or NaN are not counted."""

    layer: str
    role: str
    quant: str
    calls: int = 0
    elements: int = 0
    overflows: int = 0
    """Elements larger than the largest number of the format, in their block."""
    saturated: int = 0
    """Those among them that became that number."""
    underflows: int = 0
    """Elements other than zero that became zero."""
    signal: float = 0.0
    """Sum of the squares of the elements, in float64."""
    noise: float = 0.0
    """Sum of the squares of the errors."""
    off_grid: int = 0
    """Results that are no values of the format: more than none is a bug of chopper."""

    @property
    def sqnr(self) -> float:
        """Signal to quantization noise, in decibels."""
        if self.noise == 0:
            return math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal else -math.inf

    def add(self, x: npt.NDArray[Any], q: npt.NDArray[Any], top: npt.NDArray[np.bool_], off: int) -> None:
        """Count a call: elements, results, which results have the largest magnitude there is, how many are off."""
        finite = np.isfinite(x)
        beyond = finite & ((~np.isfinite(q)) | (top & (np.abs(x) > np.abs(q))))
        kept = finite & np.isfinite(q)
        with np.errstate(over="ignore", invalid="ignore"):
            errors = np.where(kept, x - q, 0)
            self.signal += float(np.square(np.where(kept, x, 0)).sum())
            self.noise += float(np.square(errors).sum())
        self.calls += 1
        self.elements += int(finite.sum())
        self.overflows += int(beyond.sum())
        self.saturated += int((beyond & np.isfinite(q)).sum())
        self.underflows += int((finite & (x != 0) & (q == 0)).sum())
        self.off_grid += off


class Watch:
    """Collects measures of every operand that is rounded."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Measure] = {}

    def __call__(
        self, x: torch.Tensor, q: torch.Tensor, text: str, axis: int, other: int | None, call: Call, role: str
    ) -> None:
        """Measure one operand."""
        measure = self.found.setdefault((call.name, role), Measure(call.name, role, text))
        with torch.no_grad():
            before = _array(prepared(x.detach(), text, axis, call.key, role))
            after = _array(q)
        quant = quant_of(text)
        top, off = _looked_at(
            before, after, quant, axis, other, key_of(call.key % (1 << 64), role) if quant.random else None
        )
        measure.add(before.astype(np.float64), after.astype(np.float64), top, off)


def _array(x: torch.Tensor) -> npt.NDArray[Any]:
    return x.detach().cpu().contiguous().numpy()


def _looked_at(
    x: npt.NDArray[Any], q: npt.NDArray[Any], quant: Quant, axis: int, other: int | None, key: int | None
) -> tuple[npt.NDArray[np.bool_], int]:
    """Return where results have the largest magnitude of their block, and how many results are off the grid."""
    fmt = quant.format
    if not fmt.blocked:
        again = chopper.chop(q, fmt)
        off = int(((again != q) & ~np.isnan(q)).sum())
        return np.abs(q) >= min(float(fmt.max), -float(fmt.min) if fmt.min < 0 else math.inf), off
    drawn: dict[str, Any] = {} if key is None else {"key": key, "random_bits": quant.random_bits}
    codes = chopper.encode(
        x, fmt, quant.rounding, overflow=quant.overflow, axis=axes_of(quant, x.ndim, axis, other), **drawn
    )
    assert isinstance(codes, ScaledArray)
    element = codes.fmt.element
    values = chopper.decode(codes.codes, element, np.float64)
    again = codes.decode(q.dtype)
    off = int(((again != q) & ~np.isnan(q)).sum())
    return np.abs(values) >= float(element.max), off
