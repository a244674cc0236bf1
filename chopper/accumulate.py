"""How the terms of a dot product are added up: formats, rounding, order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from chopper.errors import PolicyError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["Accumulator"]

_ORDERS = ("sequential", "blocked", "pairwise", "tree")
_COMPENSATED = (None, "kahan", "neumaier")
_BASE = 8
"""Terms that a pairwise sum adds one after another, by default."""


@dataclass(frozen=True, repr=False)
class Accumulator:
    """How `chopper.matmul` forms and adds the products ``a_k b_k`` of one element of its result, k = 0 ... K-1.

    In its place `chopper.matmul` and `chopper.dot` take a `chopper.hardware.Unit` too: what a real matrix unit does.

    R_F(x) is the exact number x, rounded once to the format F in the mode `rounding`.  S is `sum`.

    ========== ========================================================================================================
    product    p_k = R_P(a_k b_k) with P = `product`, S by default; p_k = a_k b_k exactly where `fused` is true or
               `product` is "exact"
    sequential acc = R_S(c), or +0 without c; for each k in turn: acc = R_S(acc + p_k)
    fused with a `block` of n: acc = R_S(acc + p_k + ... + p_(k+n-1)): one rounding for each n terms, in turn
    blocked    blocks of `block` terms, the last one maybe shorter, are each added sequentially in S from +0; their sums
               s_j are added in turn in the format F = `flush`, S by default: acc = R_F(c) or +0; acc = R_F(acc + s_j)
    pairwise   the same blocks, 8 terms each by default; neighbouring sums are added, R_F(s_0 + s_1), R_F(s_2 + s_3),
               ..., a last one without a partner is taken over, and so on until one is left; then R_F(R_F(c) + it)
    tree       pairwise with blocks of one term
    kahan      sequential with a correction e, +0 at first: y = R_S(p_k - e); t = R_S(acc + y); d = R_S(t - acc);
               e = R_S(d - y); acc = t
    neumaier   t = R_S(acc + p_k); with h the larger of acc and p_k in magnitude (acc if they tie) and l the other one:
               d = R_S(h - t); f = R_S(d + l); e = R_S(e + f); acc = t; at the end acc = R_S(acc + e)
    exact      ``sum="exact"``: the sum of c and all p_k as an integer multiple of a power of two, as a Kulisch
               accumulator or a quire holds it; rounded once, to `result`
    ========== ========================================================================================================

    At the end acc is rounded to `result`, which by default is the format that it is in.  Infinities, NaNs and the signs
    of zeros follow IEEE 754 in every operation, and then the format; a sum of several products that is rounded but once
    is +0 if it is exactly zero.

    A random mode takes the word of rounding s of element e of the result, in C order, from the index ``e * steps + s``
    of the key; ``steps`` and s are those of `steps`.  So results depend neither on threads nor on how the work is cut.

    Parameters
    ----------
    product : str, Format or None
        Format of the products; None: that of `sum`; "exact": none.
    sum : str or Format
        Format of the sums, or "exact".
    rounding : str or Rounding
        Mode of every rounding.
    order : str
        "sequential", "blocked", "pairwise" or "tree".
    block : int, optional
        Terms in a block.
    fused : bool
        Leave products exact.
    compensated : str, optional
        "kahan" or "neumaier", in sequential order.
    overflow : str, Overflow or None
        Policy of `sum`, and of products in the same format; of integers "wrap", "saturate" or "raise".  An exact sum
        does not overflow: the policy is then that of `result`.
    random_bits : int
        Bits of a word that a stochastic mode uses, 1 to 32.
    flush : str or Format, optional
        Format in which the sums of blocks are added: ``Accumulator(sum="int32", order="blocked", block=16,
        flush="fp32")`` adds 16 products in integers, and these sums in float32.
    result : str or Format, optional
        Format of the result; "exact" needs one.

    Raises
    ------
    PolicyError, UnknownFormatError, RoundingError
        If fields do not exist or do not go together.

    Examples
    --------
    >>> Accumulator(sum="bf16", order="blocked", block=32)
    Accumulator(sum='bf16', order='blocked', block=32)
    >>> eval(repr(Accumulator(product="bf16", fused=False))) == Accumulator(product="bf16")
    True
    """

    product: Any = None
    sum: Any = "fp32"
    rounding: Any = "nearest_even"
    order: str = "sequential"
    block: int | None = None
    fused: bool = False
    compensated: str | None = None
    overflow: Any = None
    random_bits: int = 32
    flush: Any = None
    result: Any = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        for name in ("product", "sum", "flush", "result"):
            put(self, name, _name(name, getattr(self, name)))
        put(self, "rounding", Rounding.parse(self.rounding).value)
        put(self, "overflow", None if self.overflow is None else Overflow.parse(self.overflow).value)
        if self.order == "pairwise" and self.block is None:
            put(self, "block", _BASE)
        _check_names(self)
        _check_block(self)
        _check_fused(self)
        _check_exact(self)

    @property
    def exact_products(self) -> bool:
        """Whether products are not rounded."""
        return self.fused or self.product == "exact" or (self.product is None and self.sum == "exact")

    @property
    def blocks(self) -> int | None:
        """Terms in a block whose sum is added to others, None if there are no blocks."""
        if self.order == "tree":
            return 1
        return None if self.order == "sequential" else self.block

    def steps(self, k: int) -> int:
        """Return how many random words each element of a product over k terms has to itself.

        Of T terms (groups, if one rounding serves `block` terms) each has L words: one if its product is rounded, then
        those of its additions: one, four if `compensated`, none if exact; term t has the words t L ... t L + L - 1.
        From T L on follow those of the m additions of blocks, as many as there are blocks, in the order in which a loop
        over them can do them; then that of the last addition, that of the rounding of c, that of the result.

        Examples
        --------
        >>> Accumulator().steps(10), Accumulator(fused=True).steps(10), Accumulator(order="tree").steps(10)
        (24, 14, 33)
        """
        blocks = self.blocks
        return self.terms(k) * self.words + (1 if blocks is None else -(-k // blocks)) + 3

    @property
    def words(self) -> int:
        """Random words of a term."""
        additions = 0 if self.sum == "exact" else 4 if self.compensated else 1
        return (not self.exact_products) + additions

    def terms(self, k: int) -> int:
        """Return how many terms of k have additions of their own."""
        return -(-k // self.block) if self.order == "sequential" and self.block else k

    def __repr__(self) -> str:
        given = (f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default)
        return f"Accumulator({', '.join(given)})"


def _name(field: str, fmt: str | Format | None) -> str | None:
    if fmt is None or (fmt == "exact" and field in ("product", "sum")):
        return fmt
    found = get(fmt)
    if found.blocked:
        raise PolicyError(f"{field}={fmt!r} shares scales between numbers; legal: formats of single numbers")
    return fmt if isinstance(fmt, str) else str(found)


def _check_names(a: Accumulator) -> None:
    if a.order not in _ORDERS:
        raise PolicyError(f"order={a.order!r} is not legal; legal: {', '.join(map(repr, _ORDERS))}")
    if a.compensated not in _COMPENSATED:
        raise PolicyError(f"compensated={a.compensated!r} is not legal; legal: None, 'kahan', 'neumaier'")
    bits = a.random_bits
    if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= 32:
        raise PolicyError(f"random_bits={bits!r} is not legal; legal: an integer from 1 to 32")


def _check_block(a: Accumulator) -> None:
    block = a.block
    if block is not None and (isinstance(block, bool) or not isinstance(block, int) or block < 1):
        raise PolicyError(f"block={block!r} is not legal; legal: a positive integer or None")
    if a.order == "blocked" and block is None:
        raise PolicyError("order='blocked' needs block=, the number of terms in a block")
    if a.order == "tree" and block is not None:
        raise PolicyError("order='tree' has no blocks; leave block= out, or use order='pairwise'")
    if a.order == "sequential" and block is not None and not a.fused:
        raise PolicyError(
            "order='sequential' has blocks with fused=True only; use order='blocked', or leave block= out"
        )
    if a.flush is not None and a.order == "sequential":
        raise PolicyError("flush= is the format in which sums of blocks are added; use order='blocked' or 'pairwise'")


def _check_fused(a: Accumulator) -> None:
    if a.fused and a.product is not None:
        raise PolicyError(f"fused=True leaves products exact; leave product={a.product!r} out")
    if a.compensated and (a.order != "sequential" or a.exact_products):
        raise PolicyError("compensated= adds rounded products in sequential order; leave order=, fused= out")


def _check_exact(a: Accumulator) -> None:
    if a.sum != "exact":
        return
    if a.result is None:
        raise PolicyError("sum='exact' is rounded at the end alone; pass result=, the format to round to")
    if a.order != "sequential" or a.fused or a.compensated:
        raise PolicyError("sum='exact' does not depend on the order; leave order=, fused=, compensated= out")
