"""What optimizers that round have in common."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from chopper.errors import UnsupportedInputError
from chopper_ext.torch.compiling import constant

__all__ = ["RoundingOptimizer", "check_dtype", "refuse"]


class RoundingOptimizer(Optimizer):
    """An optimizer whose copies and pickles take along all that it has; torch's own forget what they do not know."""

    def __getstate__(self) -> dict[str, Any]:
        """Return everything."""
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take everything."""
        self.__dict__.update(state)
        self._patch_step_function()


def check_dtype(p: torch.Tensor) -> None:
    """Check that a parameter can hold values of narrow formats.

    Raises
    ------
    UnsupportedInputError
        If its dtype is another one than float32 and float64.
    """
    if p.dtype not in (torch.float32, torch.float64):
        raise UnsupportedInputError(
            f"a parameter has dtype {p.dtype}; legal: float32 and float64, which hold values of narrow formats: call "
            "model.float() first"
        )


@constant
def refuse() -> None:
    """Raise while a step is being compiled."""
    raise UnsupportedInputError(
        "a step that rounds runs on the host, not in a compiled graph; compile forward and backward alone, and call "
        "step() outside"
    )
