"""Layers that are no products: their result is rounded by ``elementwise``, their gradient by ``grad_elementwise``."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from chopper_ext.torch.layers.base import ChopLayer, layer_of
from chopper_ext.torch.layers.points import around, point

__all__ = ["ELEMENTWISE", "ElementwiseLayer"]


class ElementwiseLayer(ChopLayer):
    """A layer that computes as torch does and rounds once.

    The result y is rounded by ``elementwise`` of the recipe; of the gradients, that of the input by
    ``grad_elementwise``.  Gradients of parameters are torch's own, of the rounded result's gradient.
    """

    def forward(self, input: torch.Tensor, *args: Any, **keywords: Any) -> torch.Tensor:
        """Return the output."""
        spec = self.chop_spec
        if spec.elementwise is None and spec.grad_elementwise is None:
            return self.plain.forward(self, input, *args, **keywords)  # type: ignore[no-any-return]
        if not input.is_floating_point():
            made = self.plain.forward(self, input, *args, **keywords)
            return point(made, spec.elementwise, None, self.chop_call())
        return around(lambda x: self.plain.forward(self, x, *args, **keywords), input, spec, self.chop_call())


_MODULES = (
    nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm1d,
    nn.InstanceNorm2d, nn.InstanceNorm3d, nn.Softmax, nn.LogSoftmax, nn.Softmax2d, nn.Softmin, nn.GELU, nn.SiLU,
    nn.Mish, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Softplus, nn.Softsign, nn.ELU, nn.CELU, nn.SELU, nn.LeakyReLU,
    nn.PReLU, nn.Hardswish, nn.Hardsigmoid, nn.Dropout, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.Embedding,
)  # fmt: skip


ELEMENTWISE = tuple(layer_of(plain, ElementwiseLayer, module=__name__) for plain in _MODULES)
"""The layers, one for each module."""


def __getattr__(name: str) -> Any:
    """Return a layer by its name, where pickles look for it."""
    for layer in ELEMENTWISE:
        if layer.__name__ == name:
            return layer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
