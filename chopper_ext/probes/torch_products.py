"""Whole matrix products that torch hands to cuBLAS, as probes of the order in which the libraries chain their blocks.

M and N stay small and K moderate, so that the library does not split K.  None of these calls adds a c.

Products of float32 matrices by way of tf32 are not among them: they are no chain of one instruction.  On an H100 with
torch 2.11 operands are first rounded to tf32 to nearest, and with K = 80 every four products make a block of their own,
as by mma.sync m16n8k4 from zero, which a float32 addition adds; with K = 272 and 512 the order is another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from chopper_ext.probes.addends import refuse_addend
from chopper_ext.probes.tensor_cores import unusable

__all__ = ["TorchProduct", "torch_probes"]

_SIDE = 64
"""Rows and columns of a tile."""

_TYPES = MappingProxyType(
    {"fp16": "float16", "bf16": "bfloat16", "tf32": "float32", "e4m3": "float8_e4m3fn", "e5m2": "float8_e5m2",
     "int8": "int8", "fp64": "float64"}
)  # fmt: skip


@dataclass(frozen=True)
class TorchProduct:
    """One public operation of torch on operands of two formats, with K terms.

    `way` is "mm", "scaled_mm", "scaled_mm_fast" or "int_mm".
    """

    unit: str
    way: str
    a: str
    b: str
    k: int

    adds: bool = False
    """Whether the probe takes a c; None of these does: it must be zero."""

    @property
    def label(self) -> str:
        """The call and K."""
        return f"torch.{_CALLS[self.way]}, K={self.k}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and terms of a tile."""
        return _SIDE, _SIDE, self.k

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        return unusable(((9, 0),))

    def machine(self) -> str:
        """Return what the device calls itself, and the version of torch."""
        import torch

        from chopper_ext.probes import driver

        return f"{driver.device()}, torch {torch.__version__}"

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return d = a b of every tile, in codes of the accumulator; `c` must be +0."""
        refuse_addend(c)
        import torch

        from chopper_ext.probes import driver

        left = driver.to_tensor(a).view(getattr(torch, _TYPES[self.a]))
        right = driver.to_tensor(b).view(getattr(torch, _TYPES[self.b]))
        with _as_written():
            results = [_one(torch, self.way, x, y.t()) for x, y in zip(left, right, strict=True)]
        return driver.from_tensor(torch.stack(results), np.asarray(c).dtype)


_CALLS = MappingProxyType(
    {"mm": "mm", "scaled_mm": "_scaled_mm", "scaled_mm_fast": "_scaled_mm(use_fast_accum=True)", "int_mm": "_int_mm"}
)


def _one(torch: Any, way: str, left: Any, right: Any) -> Any:
    if way == "int_mm":
        return torch._int_mm(left, right)
    if way == "mm":
        if left.dtype in (torch.float32, torch.float64):
            return torch.mm(left, right)
        return torch.mm(left, right, out_dtype=torch.float32)
    one = torch.ones((), device=left.device)
    fast = way == "scaled_mm_fast"
    return torch._scaled_mm(left, right, scale_a=one, scale_b=one, out_dtype=torch.float32, use_fast_accum=fast)


class _as_written:
    """Within it torch sums in full, and multiplies float32 on the tensor cores; what was set before comes back."""

    _NAMES = ("allow_bf16_reduced_precision_reduction", "allow_fp16_reduced_precision_reduction", "allow_tf32")
    _WANTED = (False, False, True)

    def __enter__(self) -> None:
        import torch

        self._place: Any = torch.backends.cuda.matmul
        self._before = [getattr(self._place, name) for name in self._NAMES]
        for name, value in zip(self._NAMES, self._WANTED, strict=True):
            setattr(self._place, name, value)

    def __exit__(self, *problem: object) -> None:
        for name, value in zip(self._NAMES, self._before, strict=True):
            setattr(self._place, name, value)


def torch_probes() -> tuple[TorchProduct, ...]:
    """Return all of them; K is no multiple of a block, a whole number of promotion intervals, and neither."""
    found = []
    for k in (80, 272, 512):
        found += [TorchProduct(f"h100.wgmma.{fmt}", "mm", fmt, fmt, k) for fmt in ("fp16", "bf16")]
        for a, b in (("e4m3", "e4m3"), ("e4m3", "e5m2"), ("e5m2", "e4m3")):
            name = a if a == b else f"{a}_{b}"
            found.append(TorchProduct(f"h100.wgmma.{name}", "scaled_mm_fast", a, b, k))
            found.append(TorchProduct(f"h100.cublas.{name}", "scaled_mm", a, b, k))
        found.append(TorchProduct("h100.wgmma.int8", "int_mm", "int8", "int8", k))
    found.append(TorchProduct("h100.mma.fp64", "mm", "fp64", "fp64", 64))
    return tuple(found)
