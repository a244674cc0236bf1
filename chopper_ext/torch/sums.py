"""Matrix products that round inside, on the device where the operands lie."""

from __future__ import annotations

from typing import Any

import torch

from chopper import Accumulator
from chopper.engine.backend import portable_product
from chopper.random import as_key
from chopper_ext.torch.dtypes import codes_of, format_of, is_codes
from chopper_ext.torch.operators import perform_decoding
from chopper_ext.torch.stacks import as_matrix, broadcasts, result_shape, stacked
from chopper_ext.torch.sum_tiles import multiply_tiles

__all__ = ["sum_on_device"]

_SMALL = (torch.float32, torch.float16, torch.bfloat16)


def sum_on_device(accumulate: Accumulator, a: Any, b: Any, c: Any, key: Any, most_axes: int | None) -> Any:
    """Return the product, or None where the host has to do it, or to tell why it cannot be done."""
    operands = [a, b] if c is None else [a, b, c]
    if not all(isinstance(x, torch.Tensor) and x.device == a.device for x in operands):
        return None
    if not all(x.dtype in _SMALL or is_codes(x.dtype) for x in operands):
        return None
    roundings = portable_product(accumulate)
    shape = result_shape(a.shape, b.shape, most_axes)
    if roundings is None or shape is None or (c is not None and not broadcasts(c.shape, shape)):
        return None
    x, y = (as_matrix(_numbers(side), i) for i, side in enumerate((a, b)))
    full = (*torch.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])  # type: ignore[no-untyped-call]
    dtype = torch.float32 if roundings.small else torch.float64
    out = torch.empty(full, dtype=dtype, device=a.device)
    depth = x.shape[-1]
    if not out.numel() or not depth:
        return None
    chosen = as_key(key) if roundings.random else None
    z = torch.zeros(full, device=a.device) if c is None else _numbers(c).expand(shape).reshape(full)
    stack = stacked(x, y, z)
    blocks = depth if accumulate.blocks is None else accumulate.blocks
    arguments = (stack[0].transpose(1, 2).contiguous(), stack[1].contiguous(), stack[2].contiguous())
    multiply_tiles(*arguments, out, roundings, blocks, chosen, accumulate.steps(depth), accumulate.words, c is not None)
    return out.reshape(shape)


def _numbers(x: torch.Tensor) -> torch.Tensor:
    """Return floats that Triton reads; the host's decoding of floats of 8 bits and less."""
    x = x.detach()
    if is_codes(x.dtype):
        own = format_of(x.dtype)
        assert own is not None
        return perform_decoding(codes_of(x), own, False)
    return x.resolve_neg()
