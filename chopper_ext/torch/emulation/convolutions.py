"""Convolutions and their gradients as matrix products of unfolded images."""

from __future__ import annotations

from math import prod
from types import MappingProxyType
from typing import Any

import torch

from chopper_ext.torch.emulation.reductions import REDUCTIONS
from chopper_ext.torch.emulation.rounder import Rounder, plain

__all__ = ["CONVOLUTIONS"]

_Sizes = tuple[int, ...]


def _windows(x: torch.Tensor, kernel: _Sizes, stride: _Sizes, dilation: _Sizes, groups: int) -> torch.Tensor:
    """Return (groups, channels x positions of the kernel, images x positions) of a padded image."""
    for i, (size, step, apart) in enumerate(zip(kernel, stride, dilation, strict=True)):
        x = x.unfold(2 + i, (size - 1) * apart + 1, step)[..., ::apart]
    axes = len(kernel)
    n, c = x.shape[:2]
    positions = x.shape[2 : 2 + axes]
    split = x.reshape(n, groups, c // groups, *positions, *kernel)
    order = (1, 2, *range(3 + axes, 3 + 2 * axes), 0, *range(3, 3 + axes))
    return split.permute(order).reshape(groups, c // groups * prod(kernel), n * prod(positions))


def _padded(x: torch.Tensor, low: Any, high: Any) -> torch.Tensor:
    """Return an image with zeros around it; negative numbers cut it."""
    pairs = [size for pair in zip(reversed(low), reversed(high), strict=True) for size in pair]
    return torch.constant_pad_nd(x, pairs, 0.0)


def _spread(x: torch.Tensor, stride: _Sizes) -> torch.Tensor:
    """Return an image with stride - 1 zeros between its numbers."""
    if all(step == 1 for step in stride):
        return x
    shape = [(n - 1) * step + 1 for n, step in zip(x.shape[2:], stride, strict=True)]
    wide = torch.zeros(*x.shape[:2], *shape, dtype=x.dtype, device=x.device)
    wide[(slice(None), slice(None), *(slice(None, None, step) for step in stride))] = x
    return wide


def _forward(
    by: Rounder, x: Any, weight: Any, stride: _Sizes, padding: _Sizes, dilation: _Sizes, groups: int
) -> torch.Tensor:
    kernel = tuple(weight.shape[2:])
    return _product(by, _padded(x, padding, padding), weight, stride, dilation, groups, kernel)


def _product(
    by: Rounder, x: Any, weight: Any, stride: _Sizes, dilation: _Sizes, groups: int, kernel: _Sizes
) -> torch.Tensor:
    """Return the convolution of a padded image."""
    unfolded = _windows(x, kernel, stride, dilation, groups)
    rows = weight.reshape(groups, weight.shape[0] // groups, -1)
    positions = [
        (n - (k - 1) * apart - 1) // step + 1
        for n, k, apart, step in zip(x.shape[2:], kernel, dilation, stride, strict=True)
    ]
    found = by.product(rows, unfolded).reshape(weight.shape[0], x.shape[0], *positions)
    return found.transpose(0, 1).contiguous()


def _backward(
    by: Rounder, g: Any, weight: Any, size: Any, stride: _Sizes, padding: _Sizes, dilation: _Sizes, groups: int
) -> Any:
    """Return the adjoint of `_forward`: from gradients, or as a transposed convolution, to images of a size."""
    kernel = tuple(weight.shape[2:])
    wide = _spread(g, stride)
    low = [(k - 1) * apart - edge for k, apart, edge in zip(kernel, dilation, padding, strict=True)]
    reached = zip(size, wide.shape[2:], low, kernel, dilation, strict=True)
    high = [n + (k - 1) * apart - have - before for n, have, before, k, apart in reached]
    split = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    turned = split.transpose(1, 2).flip(tuple(range(3, 3 + len(kernel)))).reshape(-1, split.shape[1], *kernel)
    return _product(by, _padded(wide, low, high), turned, (1,) * len(kernel), dilation, groups, kernel)


def _weight_gradient(
    by: Rounder, g: Any, x: Any, weight: Any, stride: _Sizes, padding: _Sizes, dilation: _Sizes, groups: int
) -> Any:
    kernel = tuple(weight.shape[2:])
    positions = prod(g.shape[2:])
    padded = _padded(x, padding, padding)
    reach = [
        (n - 1) * step + (k - 1) * apart + 1
        for n, step, k, apart in zip(g.shape[2:], stride, kernel, dilation, strict=True)
    ]
    for i, n in enumerate(reach):  # what no window reaches
        padded = padded.narrow(2 + i, 0, n)
    unfolded = _windows(padded, kernel, stride, dilation, groups)
    rows = g.transpose(0, 1).reshape(groups, g.shape[1] // groups, g.shape[0] * positions)
    return by.product(rows, unfolded.transpose(1, 2)).reshape(weight.shape)


def _sizes(given: Any, axes: int) -> _Sizes:
    found = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    return found * axes if len(found) == 1 else found


def _convolution(
    by: Rounder, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool,
    output_padding: Any, groups: int,
) -> Any:  # fmt: skip
    """Return the product, rounded; with a bias, their sum, rounded again."""
    if not x.dtype.is_floating_point:
        return NotImplemented
    axes = weight.dim() - 2
    step, edge, apart, more = (_sizes(one, axes) for one in (stride, padding, dilation, output_padding))
    image, kernels = plain(x), plain(weight)
    if transposed:
        sides = zip(x.shape[2:], step, edge, apart, weight.shape[2:], more, strict=True)
        size = [(n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, s, p, d, k, o in sides]
        found = _backward(by, image, kernels, size, step, edge, apart, groups)
    else:
        found = _forward(by, image, kernels, step, edge, apart, groups)
    return found if bias is None else by.apply("add", found, bias.reshape(-1, *[1] * axes), dtype=found.dtype)


def _convolution_backward(
    by: Rounder, g: Any, x: Any, weight: Any, bias_sizes: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int, wanted: Any,
) -> Any:  # fmt: skip
    axes = weight.dim() - 2
    how: Any = (*(_sizes(one, axes) for one in (stride, padding, dilation)), groups)
    g, image, kernels = plain(g), plain(x), plain(weight)
    for_x = for_weight = for_bias = None
    if wanted[0]:
        for_x = _forward(by, g, kernels, *how) if transposed else _backward(by, g, kernels, x.shape[2:], *how)
        for i, n in enumerate(x.shape[2:]):  # output_padding may leave room for more
            for_x = for_x.narrow(2 + i, 0, n)
    if wanted[1]:
        left, right = (image, g) if transposed else (g, image)
        for_weight = _weight_gradient(by, left, right, kernels, *how)
    if wanted[2]:
        for_bias = REDUCTIONS["sum"](by, g, [0, *range(2, g.dim())])
    return for_x, for_weight, for_bias


CONVOLUTIONS = MappingProxyType({"convolution": _convolution, "convolution_backward": _convolution_backward})
"""By name of the aten operation."""
