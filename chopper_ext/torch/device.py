"""Tensors in the memory of a device: values and codes around a program that runs there."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from chopper import Format
from chopper import decode as decode_codes
from chopper.engine.backend import Draw, Request
from chopper.errors import RangeError
from chopper_ext.torch import host
from chopper_ext.torch.dtypes import code_dtype
from chopper_ext.torch.programs import Program, program, run, uses_triton

__all__ = ["decode", "encode", "round_"]

_HALVES = (torch.float16, torch.bfloat16)


def round_(x: torch.Tensor, asked: Request, draw: Draw, out: torch.Tensor | None = None) -> torch.Tensor:
    """Round values to values of the format."""
    if _is_left_to_the_host(x, asked.fmt):
        return _delivered(host.round_(x.cpu(), asked, _on_host(draw), None, None).to(x.device), out)
    carried, chosen = _carry(x, asked, "round")
    if chosen.plan.mark is None and carried.dtype == x.dtype:
        return run(chosen, carried, x.dtype, draw, out)
    result = run(chosen, carried, chosen.carrier, draw)
    _check_mark(chosen, result, x, asked)
    return _delivered(_narrow(result, x.dtype, asked.fmt), out)


def encode(x: torch.Tensor, asked: Request, draw: Draw, out: torch.Tensor | None = None) -> Any:
    """Round values to codes of the format."""
    if not _is_left_to_the_host(x, asked.fmt):
        carried, chosen = _carry(x, asked, "encode")
        if chosen.plan.mark is None:
            return run(chosen, carried, code_dtype(asked.fmt), draw, out)
    codes = host.encode(x.cpu(), asked, _on_host(draw), None, None)  # also what may raise: codes do not show it
    return _delivered(codes.to(x.device), out) if isinstance(codes, torch.Tensor) else codes


def decode(codes: torch.Tensor, fmt: Format, wide: bool, out: torch.Tensor | None = None) -> torch.Tensor:
    """Turn codes into values."""
    legal = code_dtype(fmt)
    if getattr(fmt, "blocked", False) or codes.dtype != legal:
        return _delivered(host.decode(codes.cpu(), fmt, wide, None, None).to(codes.device), out)
    chosen = program("decode", Request(fmt), 64 if wide else 32, codes.device)
    if fmt.bits < 8 * legal.itemsize:
        _check_codes(codes, fmt)
    return run(chosen, codes, chosen.carrier, Draw(), out)


def _is_left_to_the_host(x: torch.Tensor, fmt: Format) -> bool:
    """Whether the host does it: shared scales, and integers, whose exactness is to be checked."""
    return bool(getattr(fmt, "blocked", False)) or not x.dtype.is_floating_point


def _on_host(draw: Draw) -> Draw:
    return draw if draw.words is None else draw._replace(words=draw.words.cpu())


def _carry(x: torch.Tensor, asked: Request, task: str) -> tuple[torch.Tensor, Program]:
    """Return the tensor as floats that the program for its carrier reads, with that program."""
    chosen = program(task, asked, 64 if x.dtype == torch.float64 else 32, x.device)
    if chosen.plan.narrow and x.dtype == torch.float64:
        x = x.to(torch.float32)
        chosen = program(task, asked, 32, x.device)
    if x.dtype in _HALVES and chosen.plan.mark is None and uses_triton(x.device) and _holds(x.dtype, asked.fmt):
        return x.detach(), chosen
    return _widened(x.detach(), chosen.carrier), chosen


def _widened(x: torch.Tensor, carrier: torch.dtype) -> torch.Tensor:
    wide = x.to(carrier)
    if x.dtype == torch.float16 and x.is_cuda:  # whose conversion forgets the sign of a NaN
        nan = torch.full_like(wide, torch.nan)
        wide = torch.where(x.isnan(), torch.where(x.view(torch.int16) < 0, -nan, nan), wide)
    return wide


def _delivered(result: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
    return result if out is None else out.copy_(result)


def _check_mark(chosen: Program, result: torch.Tensor, x: torch.Tensor, asked: Request) -> None:
    if chosen.plan.mark is None:
        return
    bad = result.view(chosen.lanes) == chosen.plan.mark
    if bad.any():
        raise RangeError(
            f"{x[bad][0].item()} has no result in {asked.fmt} ({int(bad.sum())} such values); legal otherwise: "
            "overflow='saturate', 'propagate', 'infinity', 'nan'"
        )


def _check_codes(codes: torch.Tensor, fmt: Format) -> None:
    top = int(codes.view(-1).to(torch.int64).max()) if codes.numel() else 0
    if top >= 1 << fmt.bits:
        raise RangeError(f"{top} is not a code of {fmt}; legal: 0 to {(1 << fmt.bits) - 1}")


def _narrow(result: torch.Tensor, dtype: torch.dtype, fmt: Format) -> torch.Tensor:
    """Return the result in the dtype of the input, if that holds it."""
    if result.dtype == dtype:
        return result
    final = result.to(dtype)
    if not _holds(dtype, fmt):
        bits = torch.int32 if result.dtype == torch.float32 else torch.int64
        lost = (final.to(result.dtype).view(bits) != result.view(bits)) & ~result.isnan()
        if lost.any():
            raise RangeError(
                f"the rounded value {result[lost][0].item()} does not fit {str(dtype).removeprefix('torch.')}; "
                "widen the input first, for example x.double()"
            )
    return final


@lru_cache(maxsize=1024)
def _holds(dtype: torch.dtype, fmt: Format) -> bool:
    """Whether a dtype is known to hold every value of a format, so that no result need be looked at."""
    if fmt.bits > 16:
        return False
    values = torch.from_numpy(decode_codes(np.arange(1 << fmt.bits), fmt, np.float64))
    again = values.to(dtype).to(torch.float64)
    return bool(((again.view(torch.int64) == values.view(torch.int64)) | values.isnan()).all())
