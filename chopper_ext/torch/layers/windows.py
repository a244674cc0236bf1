"""The three products of convolutions by an accumulator: each is a `chopper.conv`.

An image (N, C, sizes), a kernel (O, C / groups, sizes) that slides over it, and a result (N, O, positions):

=========  ==========================================================  ==============================================
product    as a `chopper.conv`                                         the terms of an element run over
=========  ==========================================================  ==============================================
gather     image and kernel give the result                            channels of the image, the kernel
scatter    result and kernel give an image: the result is spread by    channels of the result, the kernel backwards
           the stride, the kernel turned round
correlate  result and image give a kernel: the result is the kernel,   images of the batch, positions of the result
           batch and channels are swapped
=========  ==========================================================  ==============================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from chopper_ext.torch.layers.operands import Call, convolution

__all__ = ["Adder", "Window", "correlate", "cut", "gather", "scatter"]


class Window(NamedTuple):
    """How a kernel slides: a number for each axis, and the groups of channels."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


class Adder(NamedTuple):
    """What adds up the terms of a product."""

    accumulate: str
    call: Call
    role: str

    def convolved(self, x: Any, weight: Any, bias: Any, window: Window) -> torch.Tensor:
        """Return a convolution."""
        return convolution(x, weight, bias, window, self.accumulate, self.call, self.role)


def gather(image: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, w: Window, by: Adder) -> torch.Tensor:
    """Return the result; the sum of an element starts from the bias."""
    return by.convolved(image, kernel, bias, w)


def scatter(
    result: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, sizes: Sequence[int], w: Window, by: Adder
) -> torch.Tensor:
    """Return the image of some sizes; the sum of an element starts from the bias."""
    still = Window((1,) * len(sizes), (0,) * len(sizes), w.dilation, w.groups)
    return by.convolved(_spread(result, sizes, kernel.shape[2:], w), _turned(kernel, w.groups), bias, still)


def correlate(result: torch.Tensor, image: torch.Tensor, sizes: Sequence[int], w: Window, by: Adder) -> torch.Tensor:
    """Return the kernel of some sizes."""
    swapped = Window(w.dilation, w.padding, w.stride, w.groups)
    parts = image.reshape(len(image), w.groups, -1, *image.shape[2:])  # (N, groups, C / groups, ...)
    images = parts.movedim(2, 0).transpose(1, 2).flatten(1, 2)  # (C / groups, groups N, ...)
    made = by.convolved(images, result.transpose(0, 1), None, swapped)
    return cut(made.transpose(0, 1), sizes)


def cut(x: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """Return the beginning of each axis behind the first two, of some sizes."""
    return x[(slice(None), slice(None), *(slice(0, n) for n in sizes))].contiguous()


def _turned(kernel: torch.Tensor, groups: int) -> torch.Tensor:
    """Return a kernel (O, C / groups, sizes) turned round, as (C, O / groups, sizes)."""
    per = kernel.shape[0] // groups
    parts = kernel.reshape(groups, per, *kernel.shape[1:]).transpose(1, 2)
    turned = parts.reshape(-1, per, *kernel.shape[2:])
    return turned.flip(list(range(2, turned.dim())))


def _spread(result: torch.Tensor, sizes: Sequence[int], kernel: Sequence[int], w: Window) -> torch.Tensor:
    """Return a result spread by the stride, with the zeros around it that give an image of some sizes."""
    spans = [(n - 1) * s + 1 for n, s in zip(result.shape[2:], w.stride, strict=True)]
    wide = result.new_zeros((*result.shape[:2], *spans))
    wide[(slice(None), slice(None), *(slice(None, None, s) for s in w.stride))] = result
    pads: list[int] = []
    for i in reversed(range(len(spans))):
        reach = w.dilation[i] * (kernel[i] - 1)
        before = reach - w.padding[i]
        pads += [before, sizes[i] + reach - spans[i] - before]
    return functional.pad(wide, pads)
