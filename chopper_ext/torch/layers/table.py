"""Which layer stands for which module of torch."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from torch import nn

from chopper_ext.torch.layers.attention import ChopMultiheadAttention
from chopper_ext.torch.layers.cells import ChopGRUCell, ChopLSTMCell, ChopRNNCell
from chopper_ext.torch.layers.convolution import ChopConv1d, ChopConv2d, ChopConv3d
from chopper_ext.torch.layers.elementwise import ELEMENTWISE
from chopper_ext.torch.layers.linear import ChopLinear
from chopper_ext.torch.layers.recurrent import ChopGRU, ChopLSTM, ChopRNN
from chopper_ext.torch.layers.transformer import ChopTransformerEncoder, ChopTransformerEncoderLayer
from chopper_ext.torch.layers.transposed import ChopConvTranspose1d, ChopConvTranspose2d, ChopConvTranspose3d

__all__ = ["AROUND", "FUSED", "INSIDE", "LAYERS"]

_PRODUCTS: tuple[Any, ...] = (
    ChopLinear,
    ChopConv1d,
    ChopConv2d,
    ChopConv3d,
    ChopConvTranspose1d,
    ChopConvTranspose2d,
    ChopConvTranspose3d,
    ChopMultiheadAttention,
    ChopTransformerEncoderLayer,
    ChopRNNCell,
    ChopLSTMCell,
    ChopGRUCell,
    ChopRNN,
    ChopLSTM,
    ChopGRU,
)

LAYERS: MappingProxyType[type[nn.Module], Any] = MappingProxyType(
    {layer.plain: layer for layer in (*_PRODUCTS, *ELEMENTWISE)}
)
"""The layer of each module; of these classes exactly, since a subclass may compute something else."""

INSIDE: MappingProxyType[Any, tuple[str, ...]] = MappingProxyType({nn.MultiheadAttention: ("out_proj",)})
"""Modules inside of others, which compute with them by themselves."""

FUSED: tuple[type[nn.Module], ...] = (nn.TransformerEncoderLayer,)
"""Modules that compute past the layers in them: where one of these is converted, so are they."""

AROUND: MappingProxyType[type[nn.Module], type[nn.Module]] = MappingProxyType(
    {nn.TransformerEncoder: ChopTransformerEncoder}
)
"""What stands, around converted layers, for modules that hand them what they do not take."""
