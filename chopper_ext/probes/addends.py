"""What a probe of a product without a c does with one."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.errors import UnsupportedInputError

__all__ = ["refuse_addend"]


def refuse_addend(c: Any) -> None:
    """Refuse what a product without a c cannot add.

    Raises
    ------
    UnsupportedInputError
        If a code is not that of +0.
    """
    if np.asarray(c).any():
        raise UnsupportedInputError("c is not zero; this product adds nothing: pass zeros")
