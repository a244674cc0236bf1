"""How one operand is rounded: format, mode, rotation, and what stands for the derivative."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

from chopper.errors import FormatError, PolicyError
from chopper.formats.base import Format
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.registry import get
from chopper.recipes.text import check_known, options
from chopper.rounding import Overflow, Rounding

__all__ = ["Quant"]

_STE = ("identity", "clipped", "none")
_SIGNS = ("none", "random", "transformer_engine")
_LARGEST = 1 << 16


@dataclass(frozen=True, repr=False)
class Quant:
    """How one operand of a product, or one tensor, is rounded.

    The operand is multiplied by `gain`, rotated blockwise along its contraction axis if `hadamard` is given, and
    rounded; see `chopper.recipes.quantize`.  Gain and rotation are undone by the product, not by the operand.

    Parameters
    ----------
    fmt : str or Format
        What `chopper.get` takes.  Blocks of a format with shared scales lie along the contraction axis of the product.
    rounding : str or Rounding
        See `Rounding`.
    overflow : str, Overflow or None
        See `Overflow`; None: that of the format.
    hadamard : int, optional
        Rotate blocks of so many elements before rounding, as `chopper.hadamard` does: a power of two from 2 to 65536
        that divides the contraction axis.
    signs : str
        Of the rotation: "none"; "random", new ones for each product, the same for both operands;
        "transformer_engine", the fixed ones of that library, for blocks of 16.
    gain : number or str
        What the operand is multiplied by before it is rounded, rounded to float32.  Scales are found afterwards: 3/4
        with ``mxfp4<target=3,direction=down>`` gives a block the scale that ``mxfp4`` has for it without a gain, and
        keeps its elements below the largest one, 6, so that stochastic rounding has no bias.  The product is multiplied
        by the reciprocal of both gains, rounded to float32.
    ste : str
        What passes for the derivative of the rounding, of operands of the forward product: "identity", everything;
        "clipped", what belongs to operands in
        the range of the format, which must have no shared scales, nor the operand a rotation; "none", nothing.
    random_bits : int
        Bits of a word that a stochastic mode uses, 1 to 32.

    Raises
    ------
    UnknownFormatError, FormatError, RoundingError, PolicyError
        If a field is not legal.

    Examples
    --------
    >>> q = Quant("mxfp4", "stochastic", hadamard=32, signs="random", gain="3/4")
    >>> str(q)
    'mxfp4:stochastic,hadamard=32,signs=random,gain=3/4'
    >>> Quant.parse(str(q)) == q
    True
    """

    fmt: str
    rounding: str = "nearest_even"
    overflow: str | None = None
    hadamard: int | None = None
    signs: str = "none"
    gain: Fraction = Fraction(1)
    ste: str = "identity"
    random_bits: int = 32

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "fmt", _name(self.fmt))
        put(self, "rounding", Rounding.parse(self.rounding).value)
        put(self, "overflow", None if self.overflow is None else Overflow.parse(self.overflow).value)
        put(self, "hadamard", None if self.hadamard is None else _whole("hadamard", self.hadamard, _LARGEST))
        put(self, "gain", _gain(self.gain))
        put(self, "random_bits", _whole("random_bits", self.random_bits, 32))
        _check(self)

    @cached_property
    def format(self) -> Format:
        """The format itself."""
        return get(self.fmt)

    @property
    def random(self) -> bool:
        """Whether the rounding draws random words."""
        return Rounding.parse(self.rounding).random

    @property
    def draws(self) -> bool:
        """Whether anything is drawn: words or signs."""
        return self.random or self.signs == "random"

    @property
    def bare(self) -> bool:
        """Whether it says nothing that concerns operands of products alone: no rotation, gain or derivative."""
        return self.hadamard is None and self.gain == 1 and self.ste == "identity"

    @property
    def rotation(self) -> tuple[int, str] | None:
        """Block and signs of the rotation, which both operands of a product must share; None if there is none."""
        return None if self.hadamard is None else (self.hadamard, self.signs)

    @classmethod
    def of(cls, given: Quant | str | Format | None) -> Quant | None:
        """Return what users pass for a quant: one, its text, a format, or None.

        Raises
        ------
        PolicyError
            If it is something else.
        """
        if given is None or isinstance(given, Quant):
            return given
        if isinstance(given, str):
            return cls.parse(given)
        if isinstance(given, Format):
            return cls(given)  # type: ignore[arg-type]
        raise PolicyError(f"{given!r} does not say how to round; legal: a Quant, text such as 'e4m3:stochastic', None")

    @classmethod
    def parse(cls, text: str) -> Quant:
        """Read ``format``, ``format:rounding``, ``format:rounding,option=value`` or ``format:option=value``.

        Raises
        ------
        UnknownFormatError, FormatError, RoundingError, PolicyError
            If a part is not legal.

        Examples
        --------
        >>> Quant.parse("e5m2:overflow=saturate").overflow
        'saturate'
        """
        fmt, _, rest = text.partition(":")
        head, _, tail = rest.partition(",")
        if "=" in head:
            head, tail = "", rest
        given: dict[str, Any] = options(tail, "a Quant", _OPTIONS)
        if head.strip():
            given["rounding"] = head.strip()
        for name in ("hadamard", "random_bits"):
            if name in given:
                given[name] = int(given[name]) if given[name].isdecimal() else given[name]
        return cls(fmt.strip(), **given)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, as plain values of JSON.

        Examples
        --------
        >>> Quant("e4m3", gain="3/4").to_dict()
        {'fmt': 'e4m3', 'gain': '3/4'}
        """
        found = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {name: str(value) if name == "gain" else value for name, value in found.items()}

    @classmethod
    def from_dict(cls, given: dict[str, Any] | str | None) -> Quant | None:
        """Return the quant of a dict, of a text, or none.

        Raises
        ------
        PolicyError
            If a name is unknown.
        """
        if not isinstance(given, dict):
            return cls.of(given)
        check_known(given, "a Quant", ("fmt", *_OPTIONS))
        if "fmt" not in given:
            raise PolicyError(f"{given!r} names no format; add 'fmt'")
        return cls(**given)

    def __str__(self) -> str:
        given = self.to_dict()
        fmt, rounding = given.pop("fmt"), given.pop("rounding", None)
        parts = [*([rounding] if rounding else []), *(f"{name}={value}" for name, value in given.items())]
        return f"{fmt}:{','.join(parts)}" if parts else str(fmt)

    def __repr__(self) -> str:
        return f"Quant({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"


_OPTIONS = tuple(f.name for f in fields(Quant) if f.name != "fmt")


def _name(fmt: Any) -> str:
    """Return a text that `chopper.get` turns back into an equal format."""
    found = get(fmt)
    if isinstance(fmt, str):
        return fmt
    for text in (str(found), getattr(found, "spelling", None)):
        try:
            if text and get(text) == found:
                return str(text)
        except (FormatError, LookupError):
            continue
    raise FormatError(f"a recipe needs a name for the format {found}; give it one with chopper.register")


def _whole(name: str, given: Any, most: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise PolicyError(f"{name}={given!r} is not legal; legal: an integer from 1 to {most}")
    return given


def _gain(given: Any) -> Fraction:
    try:
        exact = Fraction(given)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        exact = Fraction(0)
    if isinstance(given, bool) or not Fraction(1, 1 << 64) <= exact <= 1 << 64:
        raise PolicyError(f"gain={given!r} is not legal; legal: a number from 2^-64 to 2^64, or text such as 3/4")
    return exact


def _check(q: Quant) -> None:
    if q.ste not in _STE:
        raise PolicyError(f"ste={q.ste!r} is not legal; legal: {', '.join(map(repr, _STE))}")
    if q.signs not in _SIGNS:
        raise PolicyError(f"signs={q.signs!r} is not legal; legal: {', '.join(map(repr, _SIGNS))}")
    if q.hadamard is not None and (q.hadamard < 2 or q.hadamard & (q.hadamard - 1)):
        raise PolicyError(f"hadamard={q.hadamard} is not legal; legal: a power of two from 2 to {_LARGEST}")
    if q.hadamard is None and q.signs != "none":
        raise PolicyError(f"signs={q.signs!r} are those of a rotation; give hadamard=, or leave them out")
    if q.signs == "transformer_engine" and q.hadamard != 16:
        raise PolicyError("signs='transformer_engine' are 16; give hadamard=16")
    if q.ste == "clipped" and (q.format.blocked or q.hadamard or q.gain != 1):
        raise PolicyError("ste='clipped' does not suit shared scales, rotations and gains; use 'identity' or 'none'")
