"""Linear layers, by three products of a recipe."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from chopper_ext.torch.layers.base import ChopLayer, widened
from chopper_ext.torch.layers.operands import Call
from chopper_ext.torch.layers.products import three_products
from chopper_ext.torch.layers.spec import Spec

__all__ = ["ChopLinear", "linear"]


def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: Spec, call: Call) -> torch.Tensor:
    """Return what `torch.nn.functional.linear` computes, by a recipe; leading axes of `x` count as one."""
    x = widened(x, weight, bias)
    rows = x.reshape(-1, x.shape[-1])
    y = three_products(rows, weight, bias, spec, call)
    return y.reshape(*x.shape[:-1], weight.shape[0])


class ChopLinear(ChopLayer, nn.Linear):
    """`torch.nn.Linear` by a recipe.

    forward: the input and the weight are rounded along the features of the input; dgrad: the gradient and the weight
    along the features of the output; wgrad: the gradient and the input along all leading axes, flattened to one.  The
    gradient of the bias is the sum of the gradient over these, in torch's order, not rounded.
    """

    plain: ClassVar[type[nn.Module]] = nn.Linear

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the output."""
        if self.chop_plain:
            return nn.Linear.forward(self, input)
        return linear(input, self.weight, self.bias, self.chop_spec, self.chop_call())
