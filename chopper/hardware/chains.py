"""Units whose every operation is rounded by itself: chains of fused multiply-adds, trees of sums, integers.

The models are data; `chopper.engine.hardware.chains` runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, final

from chopper.errors import PolicyError

__all__ = ["ARM", "CDNA2", "IEEE", "X86", "EvenOddChain", "ExactSum", "FusedChain", "PairSum", "PairTree", "Rules"]

_ROUNDINGS = ("nearest_even", "to_odd")
_RESULTS = ("gradual", "flush", "flush_rounded")
_SUBNORMALS = ("gradual", "signed_zero", "zero")


def _legal(name: str, value: object, legal: tuple[object, ...]) -> None:
    if not any(type(value) is type(one) and value == one for one in legal):
        raise PolicyError(f"{name}={value!r} is not legal; legal: {', '.join(map(repr, legal))}")


def _legal_terms(terms: object, text: str, legal: Callable[[int], bool]) -> None:
    if isinstance(terms, bool) or not isinstance(terms, int) or not 1 <= terms <= 1 << 12 or not legal(terms):
        raise PolicyError(f"terms={terms!r} is not legal; legal: {text} up to 4096")


@final
@dataclass(frozen=True)
class Rules:
    """How a unit rounds a number between two operations, and what it makes of subnormal numbers.

    Parameters
    ----------
    fmt : str
        Format of all results: "fp32" or "fp64".
    rounding : str
        "nearest_even"; or "to_odd", where overflow becomes infinity.
    results : str
        Results below the smallest normal number: "gradual": they are kept; "flush": a number whose rounding to p
        digits, the exponent unbounded, is that small becomes a zero of its sign; "flush_rounded": the number is rounded
        gradually first.  The last two differ between 2^-126 - 2^-150 and 2^-126 - 2^-151.
    operands, addend : str
        Subnormal factors and subnormal c: "gradual": they are numbers; "signed_zero": zeros of their sign; "zero": +0,
        as -0 is then too.

    Raises
    ------
    PolicyError
        If a field is not legal, or does not suit fp64, which is rounded as IEEE 754 has it.

    Examples
    --------
    >>> Rules(rounding="to_odd").results
    'gradual'
    """

    fmt: str = "fp32"
    rounding: str = "nearest_even"
    results: str = "gradual"
    operands: str = "gradual"
    addend: str = "gradual"

    def __post_init__(self) -> None:
        _legal("fmt", self.fmt, ("fp32", "fp64"))
        _legal("rounding", self.rounding, _ROUNDINGS)
        _legal("results", self.results, _RESULTS)
        _legal("operands", self.operands, _SUBNORMALS)
        _legal("addend", self.addend, _SUBNORMALS)
        rest = (self.rounding, self.results, self.operands, self.addend)
        if self.fmt == "fp64" and rest != ("nearest_even", "gradual", "gradual", "gradual"):
            raise PolicyError("fmt='fp64' is rounded to nearest_even with gradual underflow only; leave the others out")


def _legal_rules(rules: object, *formats: str) -> None:
    if not isinstance(rules, Rules) or rules.fmt not in formats:
        raise PolicyError(f"rules={rules!r} is not legal; legal here: Rules with fmt {' or '.join(map(repr, formats))}")


IEEE = Rules()
"""binary32 of IEEE 754."""
X86 = Rules(results="flush", operands="signed_zero", addend="signed_zero")
"""Intel's matrix instructions: denormals are zeros, tiny results are flushed; MXCSR is not asked."""
ARM = Rules(rounding="to_odd", results="flush", operands="signed_zero", addend="signed_zero")
"""Arm's BFloat16 dot products with FPCR.EBF = 0."""
CDNA2 = Rules(results="flush_rounded", operands="zero", addend="zero")
"""AMD CDNA2's 16-bit matrix instructions.  With products flushed too, no sum has bits in which "flush" would differ."""


class _Steps:
    """What runs a model, and which of its fields software chooses: none."""

    engine: ClassVar[str] = "chains"
    options: ClassVar[tuple[str, ...]] = ()


@final
@dataclass(frozen=True)
class FusedChain(_Steps):
    """A chain of fused multiply-adds: acc = c; for each term in turn acc = R(a_k b_k + acc).

    Parameters
    ----------
    order : tuple of int
        The order of terms in a block of as many: (0,) is that of k, (1, 0) takes the odd one of each pair first.
        The last block is filled up with products of zeros.
    rules : Rules
        What R does.

    Raises
    ------
    PolicyError
        If `order` is no permutation, or any but (0,) in fp64.

    Examples
    --------
    >>> FusedChain((1, 0), X86).terms
    2
    """

    order: tuple[int, ...] = (0,)
    rules: Rules = IEEE

    def __post_init__(self) -> None:
        whole = isinstance(self.order, tuple) and all(type(n) is int for n in self.order)
        if not whole or not self.order or sorted(self.order) != list(range(len(self.order))):
            raise PolicyError(f"order={self.order!r} is not legal; legal: a tuple with a permutation of 0 ... n-1")
        _legal_rules(self.rules, "fp32", "fp64")
        if self.rules.fmt == "fp64" and self.order != (0,):
            raise PolicyError(f"order={self.order!r} does not suit fp64; legal: (0,)")

    @property
    def terms(self) -> int:
        """How many terms a block has."""
        return len(self.order)


@final
@dataclass(frozen=True)
class EvenOddChain(_Steps):
    """Two chains of fused multiply-adds from +0, over the even and the odd terms of a block: acc = R(acc + R(e + o)).

    Parameters
    ----------
    terms : int
        Terms of a block; blocks follow in order of k.
    rules : Rules
        What R does, in fp32.

    Raises
    ------
    PolicyError
        If `terms` is odd or out of range, or `rules` are not in fp32.

    Examples
    --------
    >>> EvenOddChain().terms
    32
    """

    terms: int = 32
    rules: Rules = X86

    def __post_init__(self) -> None:
        _legal_terms(self.terms, "an even number", lambda n: n % 2 == 0)
        _legal_rules(self.rules, "fp32")


@final
@dataclass(frozen=True)
class PairTree(_Steps):
    """Sums of neighbours: of 4 terms R(R(p_0 + p_1) + R(p_2 + p_3)); then acc = R(acc + it), blocks in order of k.

    Parameters
    ----------
    terms : int
        Terms of a block: 1, 2, 4, 8, ...
    fused : bool
        Whether products are exact, so that a sum of two is rounded but once; else p_k = R(a_k b_k).
    rules : Rules
        What R does, in fp32.

    Raises
    ------
    PolicyError
        If `terms` is no power of two, `fused` no bool, or `rules` are not in fp32.

    Examples
    --------
    >>> PairTree(2, fused=True).rules.rounding
    'nearest_even'
    """

    terms: int = 4
    fused: bool = False
    rules: Rules = IEEE

    def __post_init__(self) -> None:
        _legal_terms(self.terms, "a power of two", lambda n: n & (n - 1) == 0)
        _legal("fused", self.fused, (False, True))
        _legal_rules(self.rules, "fp32")


@final
@dataclass(frozen=True)
class ExactSum(_Steps):
    """The exact sum of the products of a block and acc, rounded once to binary32, to nearest even; +0 if it is zero.

    Parameters
    ----------
    terms : int
        Terms of a block; blocks follow in order of k.

    Raises
    ------
    PolicyError
        If `terms` is out of range.

    Examples
    --------
    >>> ExactSum(2).terms
    2
    """

    terms: int = 4

    def __post_init__(self) -> None:
        _legal_terms(self.terms, "a positive integer", lambda n: True)


@final
@dataclass(frozen=True)
class PairSum(_Steps):
    """Products of 8-bit integers, summed by twos into int16, which saturates; int32, which wraps, adds these sums.

    Parameters
    ----------
    terms : int
        Products of one instruction, or of one sequence of instructions.

    Raises
    ------
    PolicyError
        If `terms` is no even number.

    Examples
    --------
    >>> PairSum().terms
    4
    """

    engine: ClassVar[str] = "pairs"

    terms: int = 4

    def __post_init__(self) -> None:
        _legal_terms(self.terms, "an even number", lambda n: n % 2 == 0)
