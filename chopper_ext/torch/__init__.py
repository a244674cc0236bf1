"""chopper for torch: tensors of every device, gradients that pass straight through, graphs.

`chopper.chop`, `chopper.encode` and `chopper.decode` take tensors once torch is installed.  Import this package to call
them inside `torch.compile`, and for what follows.

``chop``      with a choice of derivative: ``ste="identity"``, ``"clipped"``, a function or None
``as_dtype``  codes as a tensor of torch.float8_e4m3fn and the like
"""

from chopper_ext.torch.calls import chop, show_to_compilers
from chopper_ext.torch.dispatch import TorchBackend
from chopper_ext.torch.dtypes import as_dtype

__all__ = ["as_dtype", "backend", "chop"]

backend = TorchBackend()
"""What the core calls with tensors."""

show_to_compilers()
