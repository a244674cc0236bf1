"""Runs of convolutions, and the terms of every element of their three products, in the order of their sums."""

from __future__ import annotations

import itertools

import numpy as np
import torch

import chopper
from chopper_ext.torch import convert
from tests.adapters.torch.layers.reference import rounded

__all__ = ["correlated", "gathered", "made", "operands", "scattered"]


def made(kinds, axes, arguments, options, shape, recipe, bias=True):
    """Return a converted layer, an input, a gradient, and what the layer makes of them."""
    torch.manual_seed(0)
    layer = convert(kinds[axes](*arguments, bias=bias, **options), recipe, key=5)
    x = (torch.randn(shape) * 4).requires_grad_()
    y = layer(x)
    g = torch.randn_like(y)
    y.backward(g)
    return layer, x.detach(), g, (y, x.grad, layer.weight.grad)


def operands(layer, x, g, recipe, key):
    """Return the rounded operands of the three products; a transposed kernel has the channels of the input first."""
    f, d, w = recipe.forward, recipe.dgrad, recipe.wgrad
    weight, first = layer.weight.detach(), 0 if layer.transposed else 1
    return (
        (rounded(x, f.lhs, 1, key, "forward.lhs", 0), rounded(weight, f.rhs, first, key, "forward.rhs", 1 - first)),
        (rounded(g, d.lhs, 1, key, "dgrad.lhs", 0), rounded(weight, d.rhs, 1 - first, key, "dgrad.rhs", first)),
        (rounded(g, w.lhs, 0, key, "wgrad.lhs", 1), rounded(x, w.rhs, 0, key, "wgrad.rhs", 1)),
    )


class Slide:
    """Where a kernel meets an image and a result; what lies outside of them is zero."""

    def __init__(self, layer):
        self.layer = layer
        self.offsets = list(itertools.product(*map(range, layer.kernel_size)))

    def source(self, i, j):
        """Return the position of the image that the kernel meets by its part j when it makes the result at i."""
        a = self.layer
        return tuple(n * s + k * d - p for n, k, s, d, p in zip(i, j, a.stride, a.dilation, a.padding, strict=True))

    def result(self, i, j):
        """Return the position of the result to which the image at i comes by part j, out of range if there is none."""
        a = self.layer
        parts = zip(i, j, a.stride, a.dilation, a.padding, strict=True)
        return tuple(q if rest == 0 else -1 for q, rest in (divmod(n + p - k * d, s) for n, k, s, d, p in parts))


def places(array):
    """Return the indices of an array of (first, second, *sizes) as (first, second, position)."""
    for n, c, *i in itertools.product(*map(range, array.shape)):
        yield n, c, tuple(i)


def at(array, n, c, i):
    legal = all(0 <= one < size for one, size in zip(i, array.shape[2:], strict=True))
    return array[(n, c, *i)].item() if legal else 0.0


def dotted(terms, recipe):
    """Return a dot product of pairs by the accumulator of a recipe."""
    a, b = (np.array([pair[i] for pair in terms], np.float32) for i in (0, 1))
    return float(chopper.dot(a, b, accumulate=recipe.forward.accumulate))


def gathered(layer, image, kernel, result, recipe):
    """Whether a result is that of the definition."""
    slide, (outs, ins) = Slide(layer), (kernel.shape[0] // layer.groups, kernel.shape[1])
    for n, o, i in places(result):
        first = o // outs * ins
        terms = [
            (at(kernel, o, c, j), at(image, n, first + c, slide.source(i, j)))
            for c in range(ins)
            for j in slide.offsets
        ]
        if result[(n, o, *i)].item() != dotted(terms, recipe):
            return False
    return True


def scattered(layer, result, kernel, image, recipe):
    """Whether an image is that of the definition."""
    slide, (outs, ins) = Slide(layer), (kernel.shape[0] // layer.groups, kernel.shape[1])
    for n, c, i in places(image):
        first = c // ins * outs
        terms = [
            (at(kernel, first + o, c % ins, j), at(result, n, first + o, slide.result(i, j)))
            for o in range(outs) for j in reversed(slide.offsets)
        ]  # fmt: skip
        if image[(n, c, *i)].item() != dotted(terms, recipe):
            return False
    return True


def correlated(layer, result, image, kernel, recipe):
    """Whether a kernel is that of the definition."""
    slide, (outs, ins) = Slide(layer), (kernel.shape[0] // layer.groups, kernel.shape[1])
    positions = list(itertools.product(*map(range, result.shape[2:])))
    for o, c, j in places(kernel):
        first = o // outs * ins
        terms = [
            (at(result, n, o, i), at(image, n, first + c, slide.source(i, j)))
            for n in range(len(result)) for i in positions
        ]  # fmt: skip
        if kernel[(o, c, *j)].item() != dotted(terms, recipe):
            return False
    return True
