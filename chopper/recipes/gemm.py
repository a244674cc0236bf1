"""One matrix product: how its operands are rounded, how its terms are added, how its result is rounded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from chopper.accumulate import Accumulator
from chopper.errors import PolicyError
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.recipes.accumulation import accumulation, accumulation_from, accumulation_text, is_random
from chopper.recipes.quant import Quant
from chopper.recipes.text import check_known

__all__ = ["Gemm"]

_FIELDS = ("lhs", "rhs", "accumulate", "out")


@dataclass(frozen=True, repr=False)
class Gemm:
    """A product of two matrices: both operands are rounded from full precision along the contraction axis.

    Parameters
    ----------
    lhs, rhs : Quant, str or None
        How the left and the right operand are rounded; None: not at all.
    accumulate : Accumulator, unit of hardware, str or None
        See `chopper.recipes.accumulation`.
    out : Quant, str or None
        How the result is rounded.

    Raises
    ------
    PolicyError
        If a field is not legal, or one operand is rotated and the other one is not, or by another block or signs.

    Examples
    --------
    >>> g = Gemm("mxfp8", "mxfp8", accumulate="bf16")
    >>> print(g)
    mxfp8 @ mxfp8 by sum=bf16
    >>> Gemm.parse(str(g)) == g
    True
    """

    lhs: Quant | None = None
    rhs: Quant | None = None
    accumulate: Accumulator | str | None = None
    out: Quant | None = None

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        for name in ("lhs", "rhs", "out"):
            object.__setattr__(self, name, Quant.of(getattr(self, name)))
        object.__setattr__(self, "accumulate", accumulation(self.accumulate))
        sides = [None if side is None else side.rotation for side in (self.lhs, self.rhs)]
        if sides[0] != sides[1]:
            raise PolicyError(
                f"{self.lhs} and {self.rhs} are not rotated alike, so that the rotation would stay in the product; "
                "give both operands the same hadamard= and signs="
            )
        if self.out is not None and not self.out.bare:
            raise PolicyError(f"out={self.out} is a result; leave hadamard=, gain= and ste= out")

    @property
    def plain(self) -> bool:
        """Whether it is the framework's own product of unrounded operands."""
        return self == Gemm()

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        quants = any(q is not None and q.draws for q in (self.lhs, self.rhs, self.out))
        return quants or is_random(self.accumulate)

    @property
    def gain(self) -> Fraction:
        """What the product is multiplied by: the reciprocal of the gains of its operands."""
        found = Fraction(1)
        for side in (self.lhs, self.rhs):
            found /= 1 if side is None else side.gain
        return found

    def replace(self, **changes: Any) -> Gemm:
        """Return a copy with some fields changed."""
        check_known(changes, "a Gemm", _FIELDS)
        return replace(self, **changes)

    @classmethod
    def of(cls, given: Gemm | str | None) -> Gemm:
        """Return what users pass for a product: one, its text, or None for the framework's own.

        Raises
        ------
        PolicyError
            If it is something else.
        """
        if given is None:
            return cls()
        if isinstance(given, Gemm):
            return given
        if isinstance(given, str):
            return cls.parse(given)
        raise PolicyError(f"{given!r} is no product; legal: a Gemm, text such as 'e4m3 @ e4m3 by bf16 to bf16', None")

    @classmethod
    def parse(cls, text: str) -> Gemm:
        """Read ``lhs @ rhs by accumulator to format``; a dash stands for full precision, the last two may be missing.

        Raises
        ------
        PolicyError
            If there is no ``@``, or a part is not legal.
        """
        operands, _, out = text.partition(" to ")
        operands, _, adder = operands.partition(" by ")
        left, at, right = operands.partition("@")
        if not at:
            raise PolicyError(f"{text!r} is no product; legal: 'lhs @ rhs', then ' by accumulator', ' to format'")
        sides = [None if part.strip() in ("", "-") else part.strip() for part in (left, right, out)]
        return cls(sides[0], sides[1], adder.strip() or None, sides[2])  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values of JSON; those that are None are left out."""
        found: dict[str, Any] = {
            name: str(quant) for name in ("lhs", "rhs", "out") if (quant := getattr(self, name)) is not None
        }
        return found | ({} if self.accumulate is None else {"accumulate": accumulation_text(self.accumulate)})

    @classmethod
    def from_dict(cls, given: Any) -> Gemm:
        """Return the product of what `to_dict` makes, or of what `of` takes; an unknown name is a `PolicyError`."""
        if isinstance(given, dict):
            check_known(given, "a Gemm", _FIELDS)
            quants = {name: Quant.from_dict(given.get(name)) for name in ("lhs", "rhs", "out")}
            return cls(**quants, accumulate=accumulation_from(given.get("accumulate")))
        return cls.of(given)

    def __str__(self) -> str:
        text = f"{self.lhs or '-'} @ {self.rhs or '-'}"
        text += "" if self.accumulate is None else f" by {accumulation_text(self.accumulate)}"
        return text + ("" if self.out is None else f" to {self.out}")

    def __repr__(self) -> str:
        return f"Gemm.parse({str(self)!r})"
