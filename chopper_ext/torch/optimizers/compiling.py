"""What compilers are told."""

from __future__ import annotations

from chopper.errors import UnsupportedInputError
from chopper_ext.torch.compiling import constant

__all__ = ["refuse"]


@constant
def refuse() -> None:
    """Raise while a step is being compiled."""
    raise UnsupportedInputError(
        "a step that rounds runs on the host, not in a compiled graph; compile forward and backward alone, and call "
        "step() outside"
    )
