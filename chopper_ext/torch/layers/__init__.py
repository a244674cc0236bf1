"""Layers of torch by a recipe: `convert` a model, or round by hand with `matmul`, `softmax` and `quant_point`."""

from chopper_ext.torch.layers.base import ChopLayer
from chopper_ext.torch.layers.functions import matmul, scaled_dot_product_attention, softmax
from chopper_ext.torch.layers.linear import ChopLinear
from chopper_ext.torch.layers.points import QuantPoint, quant_point
from chopper_ext.torch.layers.reporting import Report, report
from chopper_ext.torch.layers.streams import random_state, replayed, set_random_state
from chopper_ext.torch.layers.swapping import Role, convert, unconvert
from chopper_ext.torch.layers.table import LAYERS

__all__ = [
    "LAYERS",
    "ChopLayer",
    "ChopLinear",
    "QuantPoint",
    "Report",
    "Role",
    "convert",
    "matmul",
    "quant_point",
    "random_state",
    "replayed",
    "report",
    "scaled_dot_product_attention",
    "set_random_state",
    "softmax",
    "unconvert",
]
