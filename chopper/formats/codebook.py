"""Codebooks: formats that are nothing but a list of values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from chopper.errors import FormatError
from chopper.formats.checks import member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import NanInput, Ties
from chopper.formats.reals import Real
from chopper.formats.table import TableFormat

__all__ = ["CodebookFormat"]


@dataclass(frozen=True, kw_only=True)
class CodebookFormat(TableFormat):
    """A list of values; the code of a value is its place in the list, which need not be in order.

    See `chopper.formats.table` for how a list is rounded to.  The list may be up to 2^16 long.

    Parameters
    ----------
    values : iterable of float or Fraction
        The values, each exactly a float64.  Of equal ones the first is what numbers are rounded to.
    ties : Ties or str
        What ``nearest_even`` does in the middle of two neighbours: ``even``, ``lower``, ``upper``.
    nan_input : NanInput or str
        See `NanInput`; ``zero`` is what zero is rounded to.
    name : str, optional
        What ``str`` shows; `chopper.get` must know it: `chopper.register` it.

    Raises
    ------
    FormatError
        If there are fewer than two values or more than 65536, all are the same, or one is no float64.

    Examples
    --------
    >>> ternary = CodebookFormat(values=(0, 1, -1))
    >>> ternary.bits, ternary.max, ternary.value(2)
    (2, Fraction(1, 1), Fraction(-1, 1))
    """

    family: ClassVar[str] = "codebook"

    values: tuple[Fraction, ...]
    ties: Ties = Ties.EVEN
    nan_input: NanInput = NanInput.ZERO
    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(map(_exact, _listed(self.values))))
        object.__setattr__(self, "ties", member(Ties, self.ties, "ties"))
        object.__setattr__(self, "nan_input", member(NanInput, self.nan_input, "nan_input"))
        if not 2 <= len(self.values) <= 1 << 16:
            raise FormatError(f"{len(self.values)} values are not legal; legal: 2 to 65536")
        if len(set(self.values)) < 2:
            raise FormatError("all values are the same; give two different ones at least")

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return (len(self.values) - 1).bit_length()

    @cached_property
    def ascending(self) -> tuple[int, ...]:
        """The codes in the order of their values; of equal values the first."""
        first: dict[Fraction, int] = {}
        for code, value in enumerate(self.values):
            first.setdefault(value, code)
        return tuple(first[value] for value in sorted(first))

    def is_finite(self, code: int) -> bool:
        """Whether a code stands for a value."""
        return code < len(self.values)

    def compute(self, code: int) -> Real:
        """Return the value of a code."""
        return self.values[code]

    def middle(self, low: int, high: int) -> Real:
        """Return the mean of two neighbours."""
        return (self.values[low] + self.values[high]) / 2

    def tie_goes_up(self, low: int, high: int) -> bool | None:
        """Whether a tie goes to the upper neighbour."""
        return {Ties.EVEN: None, Ties.LOWER: False, Ties.UPPER: True}[self.ties]

    @property
    def without_nan(self) -> NanInput:
        """What NaN becomes."""
        return self.nan_input

    @property
    def spelling(self) -> str:
        """A description; a list is too long to be a name, so `chopper.get` does not read it."""
        return f"codebook of {len(self.values)} values"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-able values."""
        return {**super().to_dict(), "values": [float(value) for value in self.values]}


def _listed(values: object) -> Iterable[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise FormatError(f"values={values!r} is not legal; legal: numbers, as in (-1, 0, 1)")
    return values


def _exact(value: Any) -> Fraction:
    try:
        exact = Fraction(value)
        known = Fraction(float(exact)) == exact
    except (TypeError, ValueError, OverflowError):
        known = False
    if not known or isinstance(value, str):
        raise FormatError(f"the value {value!r} is no float64; pass finite floats, for example float(value)")
    return exact
