"""What one step of a matrix product does to an accumulator, as a value that a loop is compiled for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["FUSED", "INFINITE", "INSIDE", "MAGIC", "NATIVE", "SATURATED", "Magic", "Step"]

NATIVE = "native"
"""The carrier's own operation."""
MAGIC = "magic"
"""The carrier's own operation, exact or as good, then rounding: to nearest even by adding a power of two, and taking it
away again; in other modes by adding to the pattern what the rule says, and cutting it off."""
FUSED = "fused"
"""The carrier's fused multiply-add."""
INSIDE, INFINITE, SATURATED = "inside", "infinite", "saturated"
"""What overflow becomes: it does not occur; an infinity; the largest number."""


@dataclass(frozen=True)
class Step:
    """How a product is formed and added.

    Parameters
    ----------
    product : str
        `NATIVE` or `MAGIC`.
    total : str
        `NATIVE`, `MAGIC` or `FUSED`.
    edge : str
        `INSIDE`, `INFINITE` or `SATURATED`, of what is rounded by `MAGIC`.
    fine : bool
        Whether sums may have bits below the quantum of their format.
    rule : str
        The rule of `MAGIC`.
    """

    product: str
    total: str
    edge: str = INSIDE
    fine: bool = False
    rule: str = "nearest_even"

    @property
    def random(self) -> bool:
        """Whether random words are used."""
        return self.rule.startswith("stochastic")


class Magic(NamedTuple):
    """A format as `MAGIC` takes it; all are patterns of the carrier."""

    low: int = 0  # exponent field of the smallest normal number
    lift: int = 0  # from the exponent field of a number to 3/2 of the power of two whose ulp is the quantum
    drop: int = 0  # bits of the carrier's significand that the format lacks
    up: int = 0  # infinite: takes the first power of two beyond the format to the first beyond the carrier
    down: int = 0  # infinite: its reciprocal
    top: int = 0  # saturated: the largest number
    bottom: int = 0  # saturated: its negative
    random_bits: int = 0
