"""What comes out: the float64 values of the numbers of a format, and what its ends, zero and NaN become."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.lattice import lattice_of
from chopper.engine.families.logarithms.specials import Specials
from chopper.engine.families.table.ends import ends_of, nan_of
from chopper.engine.plan import Request
from chopper.errors import RangeError
from chopper.formats.lns import LnsFormat
from chopper.formats.takum import TakumFormat
from chopper.rounding import Rounding

__all__ = ["Results", "results_of"]

_Array = npt.NDArray[Any]


class Results:
    """Values by index: the positive numbers, what is beyond them, zero; the same of the negative ones."""

    def __init__(self, request: Request) -> None:
        fmt = cast(LnsFormat | TakumFormat, request.fmt)
        self.request, self.lattice = request, lattice_of(fmt)
        ends = ends_of(fmt, request.rounding, request.overflow or fmt.default_overflow)
        zeros = self.lattice.zeros
        codes = [ends.over_pos, ends.over_neg, ends.inf_pos, ends.inf_neg, nan_of(fmt, zeros[0])]
        self.over_pos, self.over_neg, self.inf_pos, self.inf_neg, self.nan = map(self._value, codes)
        self.zeros = np.array([self.lattice.decoded[code] for code in zeros])
        self.raises = None in codes
        self.size = self.lattice.last + 3
        values = self.lattice.values
        positive = [*values, self.over_pos or np.nan, self.zeros[0]]
        negative = [*(-values), self.over_neg or np.nan, self.zeros[1]]
        self.table = np.array([*positive, *negative])

    def _value(self, code: int | None) -> float | None:
        return None if code is None else float(self.lattice.decoded[code])

    def values(self, index: _Array, negative: _Array, zero: _Array | None, special: Specials | None) -> _Array:
        """Return the values of results: indices as `settle.neighbours` gives them, zeros, and special results."""
        found: _Array = self.table[index + np.where(index < 0, self.size, 0) + negative * self.size]
        settled = None if zero is None and special is None else np.zeros(index.shape, bool)
        if zero is not None and settled is not None:
            found[zero] = self.zeros[int(self.request.rounding is Rounding.DOWN)]
            settled |= zero
        if special is not None and settled is not None:
            found[special.where] = self._special(special.values[special.where])
            settled |= special.where
        if self.raises:
            over = index > self.lattice.last
            over = over if settled is None else over & ~settled
            self._check(over & ~negative, self.over_pos, "overflow")
            self._check(over & negative, self.over_neg, "overflow")
        return found

    def _special(self, x: _Array) -> _Array:
        found: _Array = np.where(np.signbit(x), self.zeros[1], self.zeros[0])
        kinds = ((np.isnan(x), self.nan, "NaN"), (x == np.inf, self.inf_pos, "infinity"))
        for where, value, name in (*kinds, (x == -np.inf, self.inf_neg, "-infinity")):
            self._check(where, value, name)
            found[where] = np.nan if value is None else value
        return found

    def _check(self, where: _Array, value: float | None, name: str) -> None:
        if value is None and where.any():
            raise RangeError(
                f"{name} has no result in {self.request.fmt} ({int(where.sum())} such results): under "
                "overflow='raise' numbers beyond the format's range are errors, under nan_input='raise' NaNs; legal "
                "otherwise: overflow='saturate', 'propagate', 'nan'"
            )


@lru_cache(maxsize=256)
def results_of(request: Request) -> Results:
    """Return what comes out under a request."""
    return Results(request)
