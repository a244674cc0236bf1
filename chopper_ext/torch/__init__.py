"""chopper for torch: tensors of every device, gradients that pass straight through, graphs.

`chopper.chop`, `chopper.encode` and `chopper.decode` take tensors once torch is installed.  Import this package to call
them inside `torch.compile`, and for what follows.

``chop``      with a choice of derivative: ``ste="identity"``, ``"clipped"``, a function or None
``as_dtype``  codes as a tensor of torch.float8_e4m3fn and the like
``convert``   let the layers of a model compute by a `chopper.recipes.Recipe`; ``unconvert``, ``report``
``matmul``    one product by a recipe; ``softmax``, ``scaled_dot_product_attention``, ``quant_point`` likewise

The layers are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chopper_ext.torch.calls import chop, show_to_compilers
from chopper_ext.torch.dispatch import TorchBackend
from chopper_ext.torch.dtypes import as_dtype

if TYPE_CHECKING:
    from chopper_ext.torch.layers import (
        LAYERS,
        ChopLayer,
        ChopLinear,
        QuantPoint,
        Report,
        Role,
        convert,
        matmul,
        quant_point,
        random_state,
        replayed,
        report,
        scaled_dot_product_attention,
        set_random_state,
        softmax,
        unconvert,
    )

__all__ = [
    "LAYERS",
    "ChopLayer",
    "ChopLinear",
    "QuantPoint",
    "Report",
    "Role",
    "as_dtype",
    "backend",
    "chop",
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

backend = TorchBackend()
"""What the core calls with tensors."""

show_to_compilers()


def __getattr__(name: str) -> Any:
    """Load the layers on first use."""
    if name in __all__:
        return getattr(import_module("chopper_ext.torch.layers"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
