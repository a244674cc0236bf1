"""Which module stands for which one of Equinox."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from chopper_ext.jax.modules.attention import ChopMultiheadAttention
from chopper_ext.jax.modules.convolution import ChopConv, ChopConv1d, ChopConv2d, ChopConv3d
from chopper_ext.jax.modules.elementwise import ELEMENTWISE
from chopper_ext.jax.modules.linear import ChopLinear
from chopper_ext.jax.modules.recurrent import ChopGRUCell, ChopLSTMCell

__all__ = ["MODULES"]

_PRODUCTS: tuple[Any, ...] = (
    ChopLinear, ChopConv, ChopConv1d, ChopConv2d, ChopConv3d, ChopMultiheadAttention, ChopGRUCell, ChopLSTMCell,
)  # fmt: skip

MODULES: MappingProxyType[Any, Any] = MappingProxyType({one.plain: one for one in (*_PRODUCTS, *ELEMENTWISE)})
"""The converted module of each module; of these classes exactly, since a subclass may compute something else."""
