# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""Tiles of stacks of matrices: which one a program of Triton computes, and how many there are."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
import triton
import triton.language as tl

__all__ = ["launch", "placed"]


@triton.jit
def placed(rows, columns, high: tl.constexpr, wide: tl.constexpr):
    """Return which matrix of a stack a program works on, and its rows and columns; some may lie outside."""
    beside = tl.cdiv(columns, wide)
    tiles = tl.cdiv(rows, high) * beside
    place = tl.program_id(0)
    tile = place % tiles
    at_a = tile // beside * high + tl.arange(0, high)
    at_b = tile % beside * wide + tl.arange(0, wide)
    return (place // tiles).to(tl.int64), at_a, at_b


def launch(kernel: Any, c: torch.Tensor, high: int, wide: int, arguments: Any, constants: dict[str, Any]) -> None:
    """Run a kernel on every tile of a stack c (T, M, N), where it lies."""
    tiles = -(-c.shape[1] // high) * -(-c.shape[2] // wide)
    with torch.cuda.device(c.device) if c.is_cuda else nullcontext():
        kernel[(tiles * c.shape[0],)](*arguments, **constants)
