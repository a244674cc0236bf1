"""Products of matrices through the accumulator; those with an addend as a product and a sum."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import torch

from chopper_ext.torch.emulation.rounder import Rounder

__all__ = ["COMPOSED", "PRODUCTS"]


def _mm(rounder: Rounder, a: torch.Tensor, b: torch.Tensor) -> Any:
    return rounder.product(a, b) if a.dtype.is_floating_point else NotImplemented


def _mv(rounder: Rounder, a: torch.Tensor, b: torch.Tensor) -> Any:
    return rounder.product(a, b.unsqueeze(-1)).squeeze(-1) if a.dtype.is_floating_point else NotImplemented


def _dot(rounder: Rounder, a: torch.Tensor, b: torch.Tensor) -> Any:
    if not a.dtype.is_floating_point:
        return NotImplemented
    return rounder.product(a.unsqueeze(0), b.unsqueeze(1)).reshape(())


PRODUCTS = MappingProxyType({"mm": _mm, "bmm": _mm, "mv": _mv, "dot": _dot, "vdot": _dot})
"""By name of the aten operation."""


def _plus(c: torch.Tensor, product: torch.Tensor, beta: Any, alpha: Any) -> torch.Tensor:
    """Return beta c + alpha product; c is not looked at where beta is 0."""
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return (c if beta == 1 else c * beta) + product


def _addmm(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _plus(c, torch.mm(a, b), beta, alpha)


def _addmv(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _plus(c, torch.mv(a, b), beta, alpha)


def _baddbmm(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _plus(c, torch.bmm(a, b), beta, alpha)


def _addbmm(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _plus(c, torch.sum(torch.bmm(a, b), 0), beta, alpha)


def _addr(c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _plus(c, a.unsqueeze(1) * b, beta, alpha)


COMPOSED: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {"addmm": _addmm, "addmv": _addmv, "baddbmm": _baddbmm, "addbmm": _addbmm, "addr": _addr}
)
"""Programs in torch that the mode rounds, by name of the aten operation."""
