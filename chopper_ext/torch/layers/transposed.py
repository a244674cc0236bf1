"""Transposed convolutions by three products of a recipe: see `chopper_ext.torch.layers.convolution`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from chopper.errors import UnsupportedInputError
from chopper_ext.torch.layers.base import ChopLayer, layer_of, widened
from chopper_ext.torch.layers.convolution import Steps, convolved

__all__ = ["ChopConvTranspose1d", "ChopConvTranspose2d", "ChopConvTranspose3d"]


class _ConvTranspose(ChopLayer):
    """What transposed convolutions of 1, 2 and 3 axes have in common."""

    def forward(self: Any, input: torch.Tensor, output_size: Sequence[int] | None = None) -> torch.Tensor:
        """Return the output.

        Raises
        ------
        UnsupportedInputError
            If ``output_padding`` is not smaller than stride or dilation.
        """
        if self.chop_plain:
            return self.plain.forward(self, input, output_size)  # type: ignore[no-any-return]
        x = widened(input, self.weight, self.bias)
        slide = (self.stride, self.padding, self.dilation)
        axes = len(self.kernel_size)
        beyond = tuple(self._output_padding(x, output_size, *slide[:2], self.kernel_size, axes, self.dilation))
        for one, stride, dilation in zip(beyond, self.stride, self.dilation, strict=True):
            if not 0 <= one < max(stride, dilation):
                raise UnsupportedInputError(
                    f"output_padding={beyond} is not legal; legal: from 0 to below the larger one of stride "
                    f"{self.stride} and dilation {self.dilation}, for each axis"
                )
        return convolved(self, x, Steps(*slide, True, beyond, self.groups))


ChopConvTranspose1d = layer_of(nn.ConvTranspose1d, _ConvTranspose, module=__name__)
"""`torch.nn.ConvTranspose1d` by a recipe."""

ChopConvTranspose2d = layer_of(nn.ConvTranspose2d, _ConvTranspose, module=__name__)
"""`torch.nn.ConvTranspose2d` by a recipe."""

ChopConvTranspose3d = layer_of(nn.ConvTranspose3d, _ConvTranspose, module=__name__)
"""`torch.nn.ConvTranspose3d` by a recipe."""
