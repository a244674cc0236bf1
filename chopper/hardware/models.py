"""How units add: one frozen dataclass for each kind of arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chopper.errors import PolicyError

__all__ = ["FusedSum", "IntegerSum"]


@dataclass(frozen=True)
class FusedSum:
    """Truncated fused sums: blocks of products and an addend, aligned to the largest exponent, added, rounded once.

    A block has the products p_i = a_i b_i of `terms` consecutive k, and c, which is the result of the block before.

    ======== ==========================================================================================================
    decode   x = s 2^e with 1 <= abs(s) < 2; a subnormal number has e = emin and abs(s) < 1
    product  s_a s_b and e_a + e_b, exact, not normalised
    special  a NaN operand, infinity times zero, or infinities of both signs among products and c: NaN, of the code
             0x7FFFFFFF (fp16: 0x7FFF); else an infinity if there is one
    top      the largest e among `floor` and those of products and c that are not zero
    align    t = s 2^(fraction + e - top), each truncated toward zero
    sum      S = sum of all t, exactly; v = S 2^(top - fraction)
    round    v to `precision` bits in the range of the result's format, subnormal numbers kept, in the mode `rounding`;
             beyond the range: an infinity; zero is +0, also where a negative v becomes zero
    ======== ==========================================================================================================

    Parameters
    ----------
    terms : int
        Products in a block; the last one may have fewer.
    fraction : int
        Bits that are kept below the largest exponent.
    precision : int
        Bits of a result's significand, the leading one included.
    rounding : str
        "toward_zero" or "nearest_even".
    floor : int, optional
        What the largest exponent is at least.
    promote : int, optional
        After that many k, a sum is finished: acc = R(acc + sum), R to nearest even in the result's format, acc = c at
        first; the next sum starts from +0.  None: one sum of all k, which starts from c.
    order : str
        "sequential", or "quarters": of each 32 consecutive k, those with k % 4 < 2 come first.

    Raises
    ------
    PolicyError
        If a field is out of range.
    """

    engine: ClassVar[str] = "fused"

    terms: int
    fraction: int
    precision: int = 24
    rounding: str = "toward_zero"
    floor: int | None = None
    promote: int | None = None
    order: str = "sequential"

    def __post_init__(self) -> None:
        for name, low, high in (("terms", 1, 64), ("fraction", 1, 40), ("precision", 2, 24)):
            _check(name, getattr(self, name), low, high)
        if self.rounding not in ("toward_zero", "nearest_even"):
            raise PolicyError(f"rounding={self.rounding!r} is not legal; legal: 'toward_zero', 'nearest_even'")
        if self.order not in ("sequential", "quarters"):
            raise PolicyError(f"order={self.order!r} is not legal; legal: 'sequential', 'quarters'")
        if self.floor is not None:
            _check("floor", self.floor, -1000, 1000)
        if self.promote is not None:
            _check("promote", self.promote, 1, 1 << 30)
            if self.promote % self.terms:
                raise PolicyError(f"promote={self.promote} is no multiple of terms={self.terms}")

    @property
    def options(self) -> tuple[str, ...]:
        """Fields that software chooses."""
        return ("promote",) if self.order == "sequential" else ()


@dataclass(frozen=True)
class IntegerSum:
    """Exact sums of integers in 32 bits.

    Parameters
    ----------
    terms : int
        Products of one instruction.
    overflow : str
        "wrap": modulo 2^32; "saturate": each instruction adds its products to c exactly and saturates once.
    """

    engine: ClassVar[str] = "integers"
    options: ClassVar[tuple[str, ...]] = ()

    terms: int
    overflow: str = "wrap"

    def __post_init__(self) -> None:
        _check("terms", self.terms, 1, 1 << 12)
        if self.overflow not in ("wrap", "saturate"):
            raise PolicyError(f"overflow={self.overflow!r} is not legal; legal: 'wrap', 'saturate'")


def _check(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise PolicyError(f"{name}={value!r} is not legal; legal: an integer from {low} to {high}")
