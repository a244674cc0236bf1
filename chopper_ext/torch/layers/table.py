"""Which layer stands for which module of torch."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from torch import nn

from chopper_ext.torch.layers.linear import ChopLinear

__all__ = ["INSIDE", "LAYERS"]

LAYERS: MappingProxyType[type[nn.Module], Any] = MappingProxyType({layer.plain: layer for layer in (ChopLinear,)})
"""The layer of each module; of these classes exactly, since a subclass may compute something else."""

INSIDE: MappingProxyType[Any, tuple[str, ...]] = MappingProxyType({nn.MultiheadAttention: ("out_proj",)})
"""Modules inside of others that compute with them by themselves."""
