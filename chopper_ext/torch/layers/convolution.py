"""Convolutions by three products of a recipe.

=======  ==================================  =====================================================
product  contraction axis of the operands    besides it, the terms of a result run over
=======  ==================================  =====================================================
forward  channels of image and kernel        positions of the kernel
dgrad    channels of the result, of both     positions of the kernel
wgrad    images of the batch, of both        positions of the result
=======  ==================================  =====================================================

Blocks of shared scales lie along the contraction axis, those of results along axis 1.  Transposed convolutions are the
same with other names: their input is the result, their output the image; so their forward product is that of dgrad
here, and their dgrad that of forward.  Without an accumulator each product is torch's own, with one it is that of
`chopper_ext.torch.layers.windows`, whose terms run over the contraction axis slowest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from chopper_ext.torch.layers.base import ChopLayer, layer_of, widened
from chopper_ext.torch.layers.operands import Call, operand, without_autocast
from chopper_ext.torch.layers.products import check_graph, finished, masked
from chopper_ext.torch.layers.spec import Product, Spec, number
from chopper_ext.torch.layers.windows import Adder, Window, correlate, cut, gather, scatter

__all__ = ["ChopConv1d", "ChopConv2d", "ChopConv3d", "Steps", "convolved"]


class Steps(NamedTuple):
    """The arguments of `torch.convolution` behind the tensors."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    transposed: bool
    beyond: tuple[int, ...]  # what torch calls output_padding
    groups: int

    @property
    def window(self) -> Window:
        """How the kernel slides."""
        return Window(self.stride, self.padding, self.dilation, self.groups)


def convolved(layer: Any, x: torch.Tensor, steps: Steps) -> torch.Tensor:
    """Return what a layer makes of an input (N, C, sizes), or (C, sizes)."""
    check_graph()
    single = x.dim() == len(steps.stride) + 1
    batch = x.unsqueeze(0) if single else x
    y = _Convolution.apply(batch, layer.weight, layer.bias, layer.chop_spec, steps, *layer.chop_call())  # type: ignore[no-untyped-call]
    return y.squeeze(0) if single else y  # type: ignore[no-any-return]


class _Convolution(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        spec: Spec,
        steps: Steps,
        key: int,
        position: torch.Tensor | None,
        name: str,
    ) -> torch.Tensor:
        """Convolve."""
        with without_autocast(x):
            return _forward(x, weight, bias, spec, steps, Call(key, position, name))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep the operands, in full precision."""
        x, weight, bias, ctx.spec, ctx.steps, ctx.key, position, ctx.name = inputs
        ctx.save_for_backward(x, weight, position)
        ctx.has_bias = bias is not None

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Return the gradients."""
        x, weight, position = ctx.saved_tensors
        spec, call, steps = ctx.spec, Call(ctx.key, position, ctx.name), ctx.steps
        of_x = of_weight = of_bias = None
        with without_autocast(g):
            if ctx.needs_input_grad[0]:
                of_x = masked(_dgrad(g, weight, x, spec.dgrad, steps, call), x, spec.input_passes)
            if ctx.needs_input_grad[1]:
                of_weight = masked(_wgrad(g, x, weight, spec.wgrad, steps, call), weight, spec.weight_passes)
            if ctx.has_bias and ctx.needs_input_grad[2]:
                of_bias = g.sum([0, *range(2, g.dim())])
        return of_x, of_weight, of_bias, None, None, None, None, None


def _forward(x: Any, weight: Any, bias: Any, spec: Spec, steps: Steps, call: Call) -> torch.Tensor:
    by = spec.forward
    left, right = operand(x, by.lhs, 1, call, "forward.lhs", 0), _kernel(weight, by, steps.transposed, call, "forward")
    added = None if bias is None else operand(bias, spec.bias, -1, call, "bias")
    joined = added if by.gain is None else None
    if by.accumulate is None:
        y = torch.convolution(left, right, joined, *steps)
    else:
        adder = Adder(by.accumulate, call, "forward.accumulate")
        if steps.transposed:
            sizes = _sizes(x.shape[2:], weight.shape[2:], steps)
            y = scatter(left, right, joined, sizes, steps.window, adder)
        else:
            y = gather(left, right, joined, steps.window, adder)
    if by.gain is not None:
        y = y * number(by.gain)
        y = y if added is None else y + added.reshape(-1, *(1,) * (y.dim() - 2))
    return operand(y, by.out, 1, call, "forward.out", 0)


def _dgrad(g: Any, weight: Any, x: Any, by: Product, steps: Steps, call: Call) -> torch.Tensor:
    left, right = operand(g, by.lhs, 1, call, "dgrad.lhs", 0), _kernel(weight, by, not steps.transposed, call, "dgrad")
    if by.accumulate is None:
        made = _backward(left, x, right, steps, 0)
    else:
        adder = Adder(by.accumulate, call, "dgrad.accumulate")
        if steps.transposed:
            made = cut(gather(left, right, None, steps.window, adder), x.shape[2:])
        else:
            made = scatter(left, right, None, x.shape[2:], steps.window, adder)
    return finished(made, by, call, "dgrad", 1)


def _wgrad(g: Any, x: Any, weight: Any, by: Product, steps: Steps, call: Call) -> torch.Tensor:
    left = operand(g, by.lhs, 0, call, "wgrad.lhs", 1)
    right = operand(x, by.rhs, 0, call, "wgrad.rhs", 1)
    if by.accumulate is None:
        made = _backward(left, right, weight, steps, 1)
    else:
        result, image = (right, left) if steps.transposed else (left, right)
        adder = Adder(by.accumulate, call, "wgrad.accumulate")
        made = correlate(result, image, weight.shape[2:], steps.window, adder)
    return finished(made, by, call, "wgrad", 1)


def _kernel(weight: torch.Tensor, by: Product, scattered: bool, call: Call, gemm: str) -> torch.Tensor:
    """Return the kernel rounded along its contraction axis: the channels of the result where these are scattered."""
    return operand(weight, by.rhs, 0 if scattered else 1, call, f"{gemm}.rhs", 1 if scattered else 0)


def _backward(g: Any, x: Any, weight: Any, steps: Steps, of: int) -> torch.Tensor:
    """Return a gradient of torch's own: of the input, 0, or of the weight, 1."""
    mask = [of == 0, of == 1, False]
    return torch.ops.aten.convolution_backward(g, x, weight, None, *steps, mask)[of]  # type: ignore[no-any-return]


def _sizes(positions: Any, kernel: Any, steps: Steps) -> list[int]:
    """Return the sizes of what a transposed convolution makes."""
    parts = zip(positions, kernel, steps.stride, steps.padding, steps.dilation, steps.beyond, strict=True)
    return [(n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, d, e in parts]


class _Conv(ChopLayer):
    """What convolutions of 1, 2 and 3 axes have in common."""

    def forward(self: Any, input: torch.Tensor) -> torch.Tensor:
        """Return the output."""
        if self.chop_plain:
            return self.plain.forward(self, input)  # type: ignore[no-any-return]
        x = widened(input, self.weight, self.bias)
        none = (0,) * len(self.kernel_size)
        padding = self.padding
        if self.padding_mode != "zeros" or isinstance(padding, str):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            x = functional.pad(x, self._reversed_padding_repeated_twice, mode=mode)
            padding = none
        return convolved(self, x, Steps(self.stride, padding, self.dilation, False, none, self.groups))


ChopConv1d = layer_of(nn.Conv1d, _Conv, module=__name__)
"""`torch.nn.Conv1d` by a recipe."""

ChopConv2d = layer_of(nn.Conv2d, _Conv, module=__name__)
"""`torch.nn.Conv2d` by a recipe."""

ChopConv3d = layer_of(nn.Conv3d, _Conv, module=__name__)
"""`torch.nn.Conv3d` by a recipe."""
