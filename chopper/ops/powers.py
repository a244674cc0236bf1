"""Integer powers, rounded once."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from chopper.engine.backend import elsewhere
from chopper.engine.inputs import as_real
from chopper.engine.operations.call import Options, operate
from chopper.engine.operations.powers import power_stage
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.rounding import Rounding

__all__ = ["power"]


def power(
    x: Any, n: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x to an integer power, rounded once from the exact power (``pown`` of IEEE 754, 9.2).

    Parameters
    ----------
    x : number or array
    n : int or array of integers
        Negative ones too.  Every x to the power 0 is 1, NaN included; zero to a negative power divides by zero.
    fmt, rounding, options
        As for `chopper.ops.add`.

    Raises
    ------
    UnsupportedInputError
        If `n` holds no integers; otherwise as for `chopper.ops.add`.

    Notes
    -----
    Short powers are exact integers; longer ones are enclosed ever more narrowly until the enclosure lies on one side
    of every turn (Ziv's strategy).  This ends, since a long power of an odd integer is never a short number.

    Examples
    --------
    >>> power(3.0, 5, "fp16"), power(3.0, -1, "bf16", "up"), power(1 + 2.0**-52, 1 << 40, "fp64", "down")
    (243.0, 0.333984375, 1.0002441704297478)
    """
    if elsewhere((x, n)) is not None:
        return operate("power", power_stage, (x, n), fmt, rounding, options)
    exponents = as_real(n)
    if exponents.dtype.kind not in "iu" and not (type(n) is int and np.isfinite(exponents)):
        raise UnsupportedInputError(f"power takes integer exponents, not dtype {exponents.dtype}; pass integers")
    return operate("power", power_stage, (x, n), fmt, rounding, options)
