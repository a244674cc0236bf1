"""What is counted of an operand when it is rounded."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
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


@dataclass(frozen=True)
class Measure:
    """Counts of one operand of one layer, over all calls; elements that are infinite or NaN are not counted."""

    layer: str
    role: str
    quant: str
    calls: int
    elements: int
    overflows: int
    """Elements larger than the largest number of the format, in their block."""
    saturated: int
    """Those among them that became that number."""
    underflows: int
    """Elements other than zero that became zero."""
    signal: float
    """Sum of the squares of the elements, in float64."""
    noise: float
    """Sum of the squares of the errors."""
    off_grid: int
    """Results that are no values of the format: more than none is a bug of chopper."""

    @property
    def sqnr(self) -> float:
        """Signal to quantization noise, in decibels."""
        if self.noise == 0:
            return math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal else -math.inf

    def plus(self, other: Measure) -> Measure:
        """Return the counts of further calls added."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in _COUNTS})


_COUNTS = tuple(field.name for field in fields(Measure) if field.name not in ("layer", "role", "quant"))


class Watch:
    """Collects measures of every operand that is rounded."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Measure] = {}

    def __call__(
        self, x: torch.Tensor, q: torch.Tensor, text: str, axis: int, other: int | None, call: Call, role: str
    ) -> None:
        """Measure one operand."""
        with torch.no_grad():
            before = _array(prepared(x.detach(), text, axis, call.key, role))
            after = _array(q)
        quant = quant_of(text)
        top, off = _looked_at(
            before, after, quant, axis, other, key_of(call.key % (1 << 64), role) if quant.random else None
        )
        counts = _counts(before.astype(np.float64), after.astype(np.float64), top)
        measure = Measure(call.name, role, text, calls=1, off_grid=off, **counts)
        known = self.found.get((call.name, role))
        self.found[call.name, role] = measure if known is None else known.plus(measure)


def _counts(x: npt.NDArray[Any], q: npt.NDArray[Any], top: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Count elements, of their results, and of which results have the largest magnitude there is."""
    finite = np.isfinite(x)
    beyond = finite & ((~np.isfinite(q)) | (top & (np.abs(x) > np.abs(q))))
    kept = finite & np.isfinite(q)
    with np.errstate(over="ignore", invalid="ignore"):
        signal = float(np.square(np.where(kept, x, 0)).sum())
        noise = float(np.square(np.where(kept, x - q, 0)).sum())
    return {
        "elements": int(finite.sum()),
        "overflows": int(beyond.sum()),
        "saturated": int((beyond & np.isfinite(q)).sum()),
        "underflows": int((finite & (x != 0) & (q == 0)).sum()),
        "signal": signal,
        "noise": noise,
    }


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
