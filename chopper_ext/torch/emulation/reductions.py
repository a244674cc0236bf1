"""Sums along axes, as sums of the accumulator; what is made of them, as chains of rounded operations."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from types import MappingProxyType
from typing import Any

import torch

from chopper_ext.torch.emulation.rounder import Rounder, plain

__all__ = ["COMPOSED", "REDUCTIONS", "axes_of"]


def axes_of(x: torch.Tensor, dim: Any) -> tuple[int, ...]:
    """Return the axes that ``dim=`` names, none for all, from 0 on."""
    given = [dim] if isinstance(dim, int) else list(dim or range(x.dim()))
    return tuple(sorted(one % max(x.dim(), 1) for one in given)) if x.dim() else ()


def _sum(rounder: Rounder, x: torch.Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    kind = dtype or (x.dtype if x.dtype.is_floating_point else torch.int64)
    if not kind.is_floating_point:
        return NotImplemented
    axes = axes_of(x, dim)
    kept = [i for i in range(x.dim()) if i not in axes]
    moved = plain(x).to(kind).permute(*kept, *axes) if x.dim() else plain(x).to(kind)
    shape = [x.shape[i] for i in kept]
    found = rounder.total(moved.reshape(*shape, prod(x.shape[i] for i in axes)))
    return found.reshape([1 if i in axes else x.shape[i] for i in range(x.dim())]) if keepdim else found


def _running(name: str, start: float) -> Any:
    """Return a cumulative operation: each element from the one before it."""

    def handler(rounder: Rounder, x: torch.Tensor, dim: int, *, dtype: Any = None) -> Any:
        kind = dtype or x.dtype
        if not kind.is_floating_point:
            return NotImplemented
        rows = plain(x).to(kind)
        if not x.dim() or not x.numel():
            return rounder.round(rows)
        parts: list[torch.Tensor] = []
        total: Any = start
        for row in rows.unbind(dim):
            total = rounder.apply(name, total, row, dtype=kind)
            parts.append(total)
        return torch.stack(parts, dim)

    return handler


def _prod(
    rounder: Rounder, x: torch.Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    kind = dtype or x.dtype
    if not kind.is_floating_point:
        return NotImplemented
    dim = dim if x.dim() else None
    rows = plain(x).to(kind).reshape(-1) if dim is None else plain(x).to(kind).movedim(dim, 0)
    total: Any = torch.ones(rows.shape[1:], dtype=kind, device=x.device)
    for row in rows:
        total = rounder.apply("mul", total, row, dtype=kind)
    return total.unsqueeze(dim) if keepdim and dim is not None else total


REDUCTIONS = MappingProxyType(
    {"sum": _sum, "cumsum": _running("add", 0.0), "cumprod": _running("mul", 1.0), "prod": _prod}
)
"""By name of the aten operation."""


# --- in steps: programs in torch that the mode rounds ----------------------------------------------------------------


def _count(x: torch.Tensor, dim: Any) -> int:
    return prod(x.shape[i] for i in axes_of(x, dim))


def _mean(x: torch.Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Return the sum over the count."""
    return torch.sum(x, list(axes_of(x, dim)), keepdim, dtype=dtype) / _count(x, dim)


def _var_mean(x: torch.Tensor, dim: Any = None, *, correction: Any = None, keepdim: bool = False) -> Any:
    """Return the sum of squares of differences from the mean over the count less the correction, and the mean."""
    axes, less = list(axes_of(x, dim)), 1 if correction is None else correction
    mean = torch.mean(x, axes, True)
    difference = x - mean
    total = torch.sum(difference * difference, axes, keepdim)
    count = max(_count(x, dim) - less, 0)
    return total / count, mean if keepdim else mean.reshape(total.shape)


def _var(x: torch.Tensor, dim: Any = None, *, correction: Any = None, keepdim: bool = False) -> Any:
    return torch.var_mean(x, list(axes_of(x, dim)), correction=correction, keepdim=keepdim)[0]


def _std(x: torch.Tensor, dim: Any = None, *, correction: Any = None, keepdim: bool = False) -> Any:
    return torch.sqrt(torch.var(x, list(axes_of(x, dim)), correction=correction, keepdim=keepdim))


def _std_mean(x: torch.Tensor, dim: Any = None, *, correction: Any = None, keepdim: bool = False) -> Any:
    found, mean = torch.var_mean(x, list(axes_of(x, dim)), correction=correction, keepdim=keepdim)
    return torch.sqrt(found), mean


def _norm(x: torch.Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    axes, x = list(axes_of(x, dim)), x if dtype is None else x.to(dtype)
    if ord == 2:
        return torch.sqrt(torch.sum(x * x, axes, keepdim))
    if ord == 1:
        return torch.sum(torch.abs(x), axes, keepdim)
    if ord in (float("inf"), float("-inf")):
        return (torch.amax if ord > 0 else torch.amin)(torch.abs(x), axes, keepdim)
    return NotImplemented


def _logsumexp(x: torch.Tensor, dim: Any, keepdim: bool = False) -> Any:
    axes = list(axes_of(x, dim))
    largest = torch.amax(x, axes, True)
    largest = torch.where(torch.isfinite(largest), largest, 0.0)
    total = torch.log(torch.sum(torch.exp(x - largest), axes, True)) + largest
    return total if keepdim else total.reshape([n for i, n in enumerate(x.shape) if i not in axes])


COMPOSED: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "mean": _mean,
        "var_mean": _var_mean,
        "var": _var,
        "std": _std,
        "std_mean": _std_mean,
        "linalg_vector_norm": _norm,
        "logsumexp": _logsumexp,
    }
)
"""By name of the aten operation."""
