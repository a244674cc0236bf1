"""Convolutions of Equinox, by three products of a recipe."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp

from chopper.errors import UnsupportedInputError
from chopper_ext.jax.layers.convolution import Steps, around, convolution
from chopper_ext.jax.modules.base import ChopModule, over, plain_of, widened

__all__ = ["ChopConv", "ChopConv1d", "ChopConv2d", "ChopConv3d"]

_MODES = {"ZEROS": "constant", "REFLECT": "reflect", "REPLICATE": "edge", "CIRCULAR": "wrap"}


class ChopConv(ChopModule, eqx.nn.Conv):
    """`equinox.nn.Conv` by a recipe, of 1 to 3 axes.

    It takes an image (in_channels, *spatial), or a batch of them in front: its images are then one contraction axis in
    the gradient of the kernel.  Zeros that are as many at both ends belong to the convolution; other padding, and
    "SAME", is put around the image first.
    """

    plain: ClassVar[Any] = eqx.nn.Conv

    def __call__(self, x: Any, *, key: Any = None) -> Any:
        """Return the output; `key`, if given, stands for that of the conversion in this call."""
        x, axes = jnp.asarray(x), self.num_spatial_dims
        if x.ndim not in (axes + 1, axes + 2):
            raise UnsupportedInputError(
                f"an image of shape {x.shape} does not suit a convolution of {axes} axes; legal: (channels, *spatial), "
                "or a batch (images, channels, *spatial)"
            )
        if self.plain_products:
            return over(plain_of(self), x, axes + 1)
        call = self.calls(1, key, x, self.weight)()
        mode = _MODES[self.padding_mode]
        x, padding = around(
            widened(x, self.weight, self.bias), self.padding, self.kernel_size, self.stride, self.dilation, mode
        )
        batch = x if x.ndim == axes + 2 else x[None]
        bias = None if self.bias is None else self.bias.reshape(-1)
        steps = Steps(self.stride, padding, self.dilation, self.groups)
        y = convolution(self.recipe, steps, batch, self.weight, bias, call)
        return y if x.ndim == axes + 2 else y[0]


class ChopConv1d(ChopConv, eqx.nn.Conv1d):
    """`equinox.nn.Conv1d` by a recipe; see `ChopConv`."""

    plain: ClassVar[Any] = eqx.nn.Conv1d


class ChopConv2d(ChopConv, eqx.nn.Conv2d):
    """`equinox.nn.Conv2d` by a recipe; see `ChopConv`."""

    plain: ClassVar[Any] = eqx.nn.Conv2d


class ChopConv3d(ChopConv, eqx.nn.Conv3d):
    """`equinox.nn.Conv3d` by a recipe; see `ChopConv`."""

    plain: ClassVar[Any] = eqx.nn.Conv3d
