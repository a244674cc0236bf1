"""Which layer stands for which module of torch."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from torch import nn

from chopper_ext.torch.layers.attention import ChopMultiheadAttention, ChopTransformerEncoderLayer
from chopper_ext.torch.layers.convolution import ChopConv1d, ChopConv2d, ChopConv3d
from chopper_ext.torch.layers.elementwise import ELEMENTWISE
from chopper_ext.torch.layers.linear import ChopLinear
from chopper_ext.torch.layers.recurrent import ChopGRUCell, ChopLSTMCell, ChopRNNCell

__all__ = ["INSIDE", "LAYERS"]

_PRODUCTS: tuple[Any, ...] = (
    ChopLinear,
    ChopConv1d,
    ChopConv2d,
    ChopConv3d,
    ChopMultiheadAttention,
    ChopTransformerEncoderLayer,
    ChopRNNCell,
    ChopLSTMCell,
    ChopGRUCell,
)

LAYERS: MappingProxyType[type[nn.Module], Any] = MappingProxyType(
    {layer.plain: layer for layer in (*_PRODUCTS, *ELEMENTWISE)}
)
"""The layer of each module; of these classes exactly, since a subclass may compute something else."""

INSIDE: MappingProxyType[Any, tuple[str, ...]] = MappingProxyType({nn.MultiheadAttention: ("out_proj",)})
"""Modules inside of others, which compute with them by themselves."""
