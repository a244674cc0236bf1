"""Gradients of tables that are looked up: sums of rows, as a product with ones and zeros."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import torch

from chopper_ext.torch.emulation.rounder import Rounder, plain

__all__ = ["LOOKUPS"]


def _embedding(by: Rounder, g: torch.Tensor, indices: torch.Tensor, rows: int, padding: int, by_count: bool) -> Any:
    """Return for each row of the table the sum of the gradients at the places where it was looked up."""
    if by_count:
        return NotImplemented
    slopes = plain(g).reshape(-1, g.shape[-1])
    used, which = torch.unique(indices.reshape(-1), return_inverse=True)
    ones = torch.zeros(len(used), len(which), dtype=g.dtype, device=g.device)
    ones[which, torch.arange(len(which), device=g.device)] = 1
    table = torch.zeros(rows, g.shape[-1], dtype=g.dtype, device=g.device)
    if len(used):
        table[used] = by.product(ones, slopes)
    if padding >= 0:
        table[padding] = 0
    return table


LOOKUPS = MappingProxyType({"embedding_dense_backward": _embedding})
"""By name of the aten operation."""
