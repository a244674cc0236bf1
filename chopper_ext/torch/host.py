"""Tensors in the memory of the host: the library's own loops on the same memory, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from chopper import Format
from chopper.engine.backend import Draw, Request, native
from chopper.errors import RangeError

__all__ = ["decode", "encode", "round_"]


def round_(x: torch.Tensor, asked: Request, draw: Draw, out: torch.Tensor | None, threads: int | None) -> torch.Tensor:
    """Round values to values of the format."""
    if x.dtype == torch.bfloat16:
        result = _bfloat16(_deliver(native().round(_array(x), asked, _words(draw), None, threads), None))
        return result if out is None else out.copy_(result)
    rounded: torch.Tensor = _deliver(native().round(_array(x), asked, _words(draw), _target(out), threads), out)
    return rounded


def encode(x: torch.Tensor, asked: Request, draw: Draw, out: torch.Tensor | None, threads: int | None) -> Any:
    """Round values to codes of the format."""
    return _deliver(native().encode(_array(x), asked, _words(draw), _target(out), threads), out)


def decode(codes: torch.Tensor, fmt: Format, wide: bool, out: torch.Tensor | None, threads: int | None) -> torch.Tensor:
    """Turn codes into values."""
    kind = np.float64 if wide else np.float32
    values: torch.Tensor = _deliver(native().decode(_array(codes), fmt, kind, _target(out), threads), out)
    return values


def _array(x: torch.Tensor) -> npt.NDArray[Any]:
    """Return the tensor as a NumPy array of the same memory; bfloat16 is widened, which is exact."""
    x = x.detach()
    if x.is_neg():
        x = x.resolve_neg()
    array: npt.NDArray[Any] = (x.float() if x.dtype == torch.bfloat16 else x).numpy()
    return array


def _target(out: torch.Tensor | None) -> npt.NDArray[Any] | None:
    return None if out is None else out.detach().numpy()


def _words(draw: Draw) -> Draw:
    """Return the draw with its random words, if any, as NumPy reads them."""
    if draw.words is None:
        return draw
    return draw._replace(words=_array(draw.words).view(np.uint32))


def _deliver(result: Any, out: torch.Tensor | None) -> Any:
    """Return what NumPy's backend returned as a tensor; results that are no arrays stay as they are."""
    if out is not None:
        torch.autograd.graph.increment_version(out)
        return out
    return torch.from_numpy(result) if isinstance(result, np.ndarray) else result


def _bfloat16(wide: torch.Tensor) -> torch.Tensor:
    """Return float32 as bfloat16, its upper half, if nothing is lost."""
    bits = wide.view(torch.int32)
    lost = (bits & 0xFFFF != 0) & ~wide.isnan()
    if lost.any():
        raise RangeError(
            f"the rounded value {wide[lost][0].item()} does not fit bfloat16; widen the input first, "
            "for example x.float()"
        )
    return (bits >> 16).to(torch.int16).view(torch.bfloat16)
