"""Fused operations as programs in torch, whose steps the mode rounds one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from types import MappingProxyType
from typing import Any

import torch

from chopper_ext.torch.emulation import products, reductions

__all__ = ["COMPOSITES", "decomposition"]


def _layer_norm(x: torch.Tensor, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = list(range(x.dim() - len(shape), x.dim()))
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    scale = torch.rsqrt(variance + eps)
    found = (x - mean) * scale
    found = found if weight is None else found * weight
    return (found if bias is None else found + bias), mean, scale


def _group_norm(x: Any, weight: Any, bias: Any, n: int, c: int, size: int, groups: int, eps: float) -> Any:
    rows = x.reshape(n, groups, c // groups * size)
    variance, mean = torch.var_mean(rows, [-1], correction=0, keepdim=True)
    scale = torch.rsqrt(variance + eps)
    found = ((rows - mean) * scale).reshape(x.shape)
    shape = [1, c] + [1] * (x.dim() - 2)
    found = found if weight is None else found * weight.reshape(shape)
    found = found if bias is None else found + bias.reshape(shape)
    return found, mean.reshape(n, groups), scale.reshape(n, groups)


def _gelu(x: torch.Tensor, *, approximate: str = "none") -> Any:
    """Return x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
    return 0.5 * x * (1 + torch.tanh(inner))


def _softplus(x: torch.Tensor, beta: Any = 1, threshold: Any = 20) -> Any:
    scaled = x * beta
    return torch.where(scaled > threshold, x, torch.log1p(torch.exp(scaled)) / beta)


def _leaky_relu(x: torch.Tensor, slope: Any = 0.01) -> Any:
    return torch.where(x > 0, x, x * slope)


def _elu(x: torch.Tensor, alpha: Any = 1, scale: Any = 1, input_scale: Any = 1) -> Any:
    inside = x if input_scale == 1 else x * input_scale
    below = torch.expm1(inside) if alpha == 1 else torch.expm1(inside) * alpha
    found = torch.where(x > 0, x, below)
    return found if scale == 1 else found * scale


def _logaddexp(x: torch.Tensor, y: torch.Tensor) -> Any:
    largest = torch.maximum(x, y)
    found = largest + torch.log1p(torch.exp(-torch.abs(x - y)))
    return torch.where(torch.isinf(largest) & (x == y), x, found)


def _mish(x: torch.Tensor) -> Any:
    return x * torch.tanh(torch.nn.functional.softplus(x))


def _celu(x: torch.Tensor, alpha: Any = 1.0) -> Any:
    return torch.where(x > 0, x, torch.expm1(x / alpha) * alpha)


def _huber_loss(x: torch.Tensor, y: torch.Tensor, reduction: int = 1, delta: float = 1.0) -> Any:
    """Return d^2 / 2 where |d| < delta, delta (|d| - delta / 2) elsewhere; their mean (1) or sum (2)."""
    far = torch.abs(x - y)
    loss = torch.where(far < delta, 0.5 * far * far, delta * (far - 0.5 * delta))
    return torch.mean(loss) if reduction == 1 else torch.sum(loss) if reduction == 2 else loss


def _xlogy(x: Any, y: Any) -> Any:
    if not isinstance(x, torch.Tensor) or not isinstance(y, torch.Tensor):
        return NotImplemented
    return torch.where((x == 0) & ~torch.isnan(y), torch.zeros_like(x), x * torch.log(y))


def _trace(x: torch.Tensor) -> Any:
    return torch.sum(x.diagonal())


def _softshrink(x: torch.Tensor, lambd: Any = 0.5) -> Any:
    return torch.where(x > lambd, x - lambd, torch.where(x < -lambd, x + lambd, x * 0.0))


def _square(x: torch.Tensor) -> Any:
    return x * x


COMPOSITES: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        **products.COMPOSED,
        **reductions.COMPOSED,
        "native_layer_norm": _layer_norm,
        "native_group_norm": _group_norm,
        "gelu": _gelu,
        "softplus": _softplus,
        "leaky_relu": _leaky_relu,
        "elu": _elu,
        "logaddexp": _logaddexp,
        "mish": _mish,
        "celu": _celu,
        "huber_loss": _huber_loss,
        "xlogy": _xlogy,
        "trace": _trace,
        "softshrink": _softshrink,
        "square": _square,
    }
)
"""By name of the aten operation."""


@cache
def decomposition(func: Any) -> Callable[..., Any] | None:
    """Return torch's own decomposition of an operation into others, if it has one that is written in operations."""
    from torch._decomp import decomposition_table  # loads slowly

    found = decomposition_table.get(func)
    inner: Any = found
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    if inner is None or getattr(inner, "__module__", "") != "torch._decomp.decompositions":
        return None
    return found
