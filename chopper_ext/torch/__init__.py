"""chopper for torch: tensors of every device, gradients that pass straight through, graphs.

`chopper.chop`, `chopper.encode` and `chopper.decode` take tensors once torch is installed.  Import this package to call
them inside `torch.compile`, and for what follows.

``chop``      with a choice of derivative: ``ste="identity"``, ``"clipped"``, a function or None
``as_dtype``  codes as a tensor of torch.float8_e4m3fn and the like
``convert``   let the layers of a model compute by a `chopper.recipes.Recipe`; ``unconvert``, ``report``
``matmul``    one product by a recipe; ``softmax``, ``scaled_dot_product_attention``, ``quant_point`` likewise
``emulate``   a mode in which every operation of torch rounds, backward included
``saved_activations``  what autograd keeps for backward, kept in a narrow format
``ChopOptimizer``      any optimizer of torch with weights, gradients and states of few digits
``Collage``   AdamW in a narrow format, parameters and second moments kept as pairs
``scaling``   scales that follow the data from step to step

All but the first two are loaded on first use.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chopper_ext.torch.calls import chop, show_to_compilers
from chopper_ext.torch.dispatch import TorchBackend
from chopper_ext.torch.dtypes import as_dtype

if TYPE_CHECKING:
    from chopper_ext.torch import scaling
    from chopper_ext.torch.emulation import emulate
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
    from chopper_ext.torch.optimizers import ChopOptimizer, Collage
    from chopper_ext.torch.saved import saved_activations

__all__ = [
    "LAYERS",
    "ChopLayer",
    "ChopLinear",
    "ChopOptimizer",
    "Collage",
    "QuantPoint",
    "Report",
    "Role",
    "as_dtype",
    "backend",
    "chop",
    "convert",
    "emulate",
    "matmul",
    "quant_point",
    "random_state",
    "replayed",
    "report",
    "saved_activations",
    "scaled_dot_product_attention",
    "scaling",
    "set_random_state",
    "softmax",
    "unconvert",
]

backend = TorchBackend()
"""What the core calls with tensors."""

show_to_compilers()

_ELSEWHERE = MappingProxyType(
    {"ChopOptimizer": "optimizers", "Collage": "optimizers", "emulate": "emulation", "saved_activations": "saved"}
)
"""What does not lie with the layers."""


def __getattr__(name: str) -> Any:
    """Load on first use what rounding alone does not need."""
    if name == "scaling":
        return import_module("chopper_ext.torch.scaling")
    if name in __all__:
        return getattr(import_module(f"chopper_ext.torch.{_ELSEWHERE.get(name, 'layers')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
