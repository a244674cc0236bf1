"""How units add: one frozen dataclass for each kind of arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chopper.errors import PolicyError

__all__ = ["FusedSum", "GroupedSum", "IntegerSum", "StagedSum"]


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
        Bits of a result's significand, the leading one included: at most 24, of results in fp16 at most 11.
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
class GroupedSum:
    """Sums of groups of products, each exact and scaled, then aligned and added as in `FusedSum`.

    A group is `group` consecutive k: g = (sum of a_k b_k, exactly) s_a s_b with the significands of its two scales, and
    the exponent e_a + e_b of the scales.  The groups of `terms` k and c are the terms of a block; a scale that is NaN
    makes it NaN.  The sign bit of a scale does not count.

    Parameters
    ----------
    terms, group : int
        Products in a block and in a group.
    fraction, floor
        As for `FusedSum`; results are truncated to float32.

    Raises
    ------
    PolicyError
        If a field is out of range, or `terms` is no multiple of `group`.
    """

    engine: ClassVar[str] = "grouped"
    options: ClassVar[tuple[str, ...]] = ()

    terms: int
    group: int
    fraction: int
    floor: int | None = None

    def __post_init__(self) -> None:
        _check("fraction", self.fraction, 1, 40)
        _check("terms", self.terms, 1, 64)
        _check("group", self.group, 1, self.terms)
        if self.terms % self.group:
            raise PolicyError(f"terms={self.terms} is no multiple of group={self.group}")
        if self.floor is not None:
            _check("floor", self.floor, -1000, 1000)


@dataclass(frozen=True)
class StagedSum:
    """Sums in two stages, the second of which rounds down; the arithmetic of CDNA3.

    ======== ==========================================================================================================
    products as in `FusedSum`, but a product of magnitude 2^128 and more is an infinity; a zero has the exponent -126,
             as c has if it is zero
    first    top is the largest exponent of the products; each is truncated toward zero to `fraction` bits below it, and
             they are added exactly.  If `split`, this is done for even and odd k apart, and both sums are rounded down
             to `fraction` bits below the larger of both exponents, and added
    second   the sum is rounded down to `room` bits, and c to `fraction` bits, below the larger of top and the exponent
             of c; both are added exactly.  If `split`, c is 0 where its exponent is more than fraction + 1 lower
    round    to float32, to nearest even
    ======== ==========================================================================================================

    Parameters
    ----------
    terms : int
        Products in a block.
    fraction, room : int
        Bits that are kept.
    split : bool
        Whether even and odd products are added apart.

    Raises
    ------
    PolicyError
        If a field is out of range, `room` below `fraction`, or `split` no bool.
    """

    engine: ClassVar[str] = "staged"
    options: ClassVar[tuple[str, ...]] = ()

    terms: int
    fraction: int = 24
    room: int = 31
    split: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (("terms", 1, 64), ("fraction", 1, 30), ("room", self.fraction, 40)):
            _check(name, getattr(self, name), low, high)
        if not isinstance(self.split, bool):
            raise PolicyError(f"split={self.split!r} is not legal; legal: True, False")


@dataclass(frozen=True)
class IntegerSum:
    """Exact sums of integers in 32 bits.

    Parameters
    ----------
    terms : int
        Products of one instruction.
    overflow : str
        "wrap": modulo 2^32; "saturate": each instruction adds its products to c exactly and saturates once.

    Raises
    ------
    PolicyError
        If a field is out of range.
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
