"""Convolutions by three products of a recipe.

=======  ==================================  =====================================================
product  contraction axis of the operands    besides it, the terms of a result run over
=======  ==================================  =====================================================
forward  channels of image and kernel        positions of the kernel
dgrad    channels of the result, of both     positions of the kernel
wgrad    images of the batch, of both        positions of the result
=======  ==================================  =====================================================

Blocks of shared scales lie along the contraction axis, those of results along axis 1.  With an accumulator each of the
three is a `chopper.conv`, whose terms run over the contraction axis slowest: dgrad is that of the gradient, spread by
the stride, with the kernel turned round; wgrad is that of the images with the gradient for a kernel, batch and channels
swapped.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from chopper_ext.torch.layers.base import ChopLayer, widened
from chopper_ext.torch.layers.operands import Call, convolution, operand, without_autocast
from chopper_ext.torch.layers.products import check_graph, finished, masked
from chopper_ext.torch.layers.spec import Product, Spec, number

__all__ = ["ChopConv1d", "ChopConv2d", "ChopConv3d"]


class _Steps(NamedTuple):
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


class _Convolution(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        spec: Spec,
        steps: _Steps,
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


def _forward(x: Any, weight: Any, bias: Any, spec: Spec, steps: _Steps, call: Call) -> torch.Tensor:
    by = spec.forward
    left = operand(x, by.lhs, 1, call, "forward.lhs", 0)
    right = operand(weight, by.rhs, 1, call, "forward.rhs", 0)
    added = None if bias is None else operand(bias, spec.bias, -1, call, "bias")
    late = added if by.gain is not None else None
    joined = None if by.gain is not None else added
    if by.accumulate is None:
        y = _plain(left, right, joined, steps)
    else:
        y = convolution(left, right, joined, steps, by.accumulate, call, "forward.accumulate")
    if by.gain is not None:
        y = y * number(by.gain)
    if late is not None:
        y = y + late.reshape(-1, *(1,) * (y.dim() - 2))
    return operand(y, by.out, 1, call, "forward.out", 0)


def _plain(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, steps: _Steps) -> torch.Tensor:
    run = (functional.conv1d, functional.conv2d, functional.conv3d)[x.dim() - 3]
    return run(x, weight, bias, steps.stride, steps.padding, steps.dilation, steps.groups)


def _dgrad(g: Any, weight: Any, x: Any, by: Product, steps: _Steps, call: Call) -> torch.Tensor:
    left = operand(g, by.lhs, 1, call, "dgrad.lhs", 0)
    right = operand(weight, by.rhs, 0, call, "dgrad.rhs", 1)
    if by.accumulate is None:
        made = _torchs_own(left, x, right, steps, (True, False, False))[0]
    else:
        kernel = _turned(right, steps.groups)
        spread = _spread(left, x.shape[2:], weight.shape[2:], steps)
        ones = (1,) * (x.dim() - 2)
        none = (0,) * (x.dim() - 2)
        parts = (ones, none, steps.dilation, steps.groups)
        made = convolution(spread, kernel, None, parts, by.accumulate, call, "dgrad.accumulate")
    return finished(made, by, call, "dgrad", 1)


def _wgrad(g: Any, x: Any, weight: Any, by: Product, steps: _Steps, call: Call) -> torch.Tensor:
    left = operand(g, by.lhs, 0, call, "wgrad.lhs", 1)
    right = operand(x, by.rhs, 0, call, "wgrad.rhs", 1)
    if by.accumulate is None:
        made = _torchs_own(left, right, weight, steps, (False, True, False))[1]
        return finished(made, by, call, "wgrad", 1)
    images, kernels = right.transpose(0, 1), left.transpose(0, 1)
    parts = []
    for i in range(steps.groups):
        chosen = [t.tensor_split(steps.groups)[i] for t in (images, kernels)]
        swapped = (steps.dilation, steps.padding, steps.stride, 1)
        role = "wgrad.accumulate"
        parts.append(convolution(chosen[0], chosen[1], None, swapped, by.accumulate, call, role).transpose(0, 1))
    made = torch.cat(parts)
    return finished(made[_cut(weight.shape[2:])].contiguous(), by, call, "wgrad", 1)


def _torchs_own(g: Any, x: Any, weight: Any, steps: _Steps, mask: tuple[bool, bool, bool]) -> Any:
    none = [0] * (x.dim() - 2)
    return torch.ops.aten.convolution_backward(
        g, x, weight, None, steps.stride, steps.padding, steps.dilation, False, none, steps.groups, list(mask)
    )


def _cut(sizes: Any) -> Any:
    return (slice(None), slice(None), *(slice(0, n) for n in sizes))


def _turned(weight: torch.Tensor, groups: int) -> torch.Tensor:
    """Return kernels (O, C / groups, *kernel) turned round, as (C, O / groups, *kernel)."""
    per = weight.shape[0] // groups
    parts = weight.reshape(groups, per, *weight.shape[1:]).transpose(1, 2)
    turned = parts.reshape(-1, per, *weight.shape[2:])
    return turned.flip(list(range(2, turned.dim())))


def _spread(g: torch.Tensor, sizes: Any, kernel: Any, steps: _Steps) -> torch.Tensor:
    """Return a gradient spread by the stride, with the zeros around it that give the image back its size."""
    spans = [(n - 1) * s + 1 for n, s in zip(g.shape[2:], steps.stride, strict=True)]
    wide = g.new_zeros((*g.shape[:2], *spans))
    wide[(slice(None), slice(None), *(slice(None, None, s) for s in steps.stride))] = g
    pads: list[int] = []
    for i in reversed(range(len(spans))):
        reach = steps.dilation[i] * (kernel[i] - 1)
        before = reach - steps.padding[i]
        pads += [before, sizes[i] + reach - spans[i] - before]
    return functional.pad(wide, pads)


class _Conv(ChopLayer):
    """What convolutions of 1, 2 and 3 axes have in common."""

    def forward(self: Any, input: torch.Tensor) -> torch.Tensor:
        """Return the output."""
        if self.chop_plain:
            return self.plain.forward(self, input)  # type: ignore[no-any-return]
        x = widened(input, self.weight, self.bias)
        padding = self.padding
        if self.padding_mode != "zeros" or isinstance(padding, str):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            x = functional.pad(x, self._reversed_padding_repeated_twice, mode=mode)
            padding = (0,) * len(self.kernel_size)
        steps = _Steps(self.stride, padding, self.dilation, self.groups)
        single = x.dim() == len(self.kernel_size) + 1
        check_graph()
        call = self.chop_call()
        batch = x.unsqueeze(0) if single else x
        y = _Convolution.apply(batch, self.weight, self.bias, self.chop_spec, steps, *call)  # type: ignore[no-untyped-call]
        return y.squeeze(0) if single else y  # type: ignore[no-any-return]


class ChopConv1d(_Conv, nn.Conv1d):
    """`torch.nn.Conv1d` by a recipe."""

    plain: ClassVar[type[nn.Module]] = nn.Conv1d


class ChopConv2d(_Conv, nn.Conv2d):
    """`torch.nn.Conv2d` by a recipe."""

    plain: ClassVar[type[nn.Module]] = nn.Conv2d


class ChopConv3d(_Conv, nn.Conv3d):
    """`torch.nn.Conv3d` by a recipe."""

    plain: ClassVar[type[nn.Module]] = nn.Conv3d
