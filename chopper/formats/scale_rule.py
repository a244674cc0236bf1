"""How the scale of a block follows from its elements: a statistic, a target, a direction, and a few exceptions.

    scale = round(statistic / target), into the scale format, in the direction

The four named scalings of MX are values of these knobs, not algorithms of their own.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chopper.errors import FormatError, PolicyError, nearest_names
from chopper.formats.base import Format
from chopper.formats.checks import member
from chopper.formats.hashing import hash_once, state_of_fields

__all__ = ["SCALINGS", "Direction", "Loss", "ScaleRule", "Specials", "Statistic", "Target", "scaling", "target_of"]


class Statistic(enum.Enum):
    """What is measured on the finite elements of a block, n of them.

    ``amax``: the largest magnitude.  ``absmean``: the mean magnitude.  ``rms``: sqrt(sum x^2 / n).  ``std``:
    sqrt(sum (x - mean)^2 / n).  ``minmax``: the largest element minus the smallest, zero counted in.  ``given``:
    nothing; every call must bring ``scale=``.
    """

    AMAX = "amax"
    ABSMEAN = "absmean"
    RMS = "rms"
    STD = "std"
    MINMAX = "minmax"
    GIVEN = "given"


class Target(enum.Enum):
    """What the statistic becomes in units of the scale: the largest element, or its largest power of two."""

    MAX = "max"
    POWER = "power"


class Direction(enum.Enum):
    """Where a scale between two values of its format goes; ``nearest`` takes ties to the even code."""

    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"


class Specials(enum.Enum):
    """What NaN and infinities do.

    ``block``: the scale is NaN, and with it the whole block.  ``element``: each stands for itself, as the element
    format has it: NaN stays NaN where there is one, infinity stays or becomes NaN.  ``saturate``: infinities become the
    largest element, NaN poisons the block.  No statistic counts either of them.
    """

    BLOCK = "block"
    ELEMENT = "element"
    SATURATE = "saturate"


class Loss(enum.Enum):
    """How a choice between scales is judged: the sum of |error|^2, the sum of |error|, or the largest |error|.

    The arithmetic is float64: each value and each error is rounded to it, squares and sums too, in the order of the
    elements in the block.
    """

    SQUARES = "squares"
    ABSOLUTE = "absolute"
    LARGEST = "largest"


@dataclass(frozen=True, kw_only=True)
class ScaleRule:
    """The rule that gives a block its scale.

    Parameters
    ----------
    statistic : Statistic, str or number
        What is measured, or a positive number that stands for it in every block.
    target : Target, str or number
        What it is divided by: ``max`` or ``power`` of the element, or a positive number.  On an outer level: what the
        largest scale becomes, likewise of the scale format.
    direction : Direction or str
        How the quotient is rounded into the scale format.  It saturates at both ends.
    before : str, optional
        ``element``: the statistic is rounded to the precision of the element first, ties away from zero.
    floor : number
        The least scale that is stored.
    least : number
        The least statistic.
    choose : tuple of numbers
        Further targets.  The block is rounded with each, and the one of the least loss stays; the first of equals.
    loss : Loss or str
        See `Loss`.

    Raises
    ------
    FormatError
        If a field is not legal.

    Examples
    --------
    >>> ScaleRule(target="max", direction="up") == SCALINGS["rceil"]
    True
    """

    statistic: Statistic | Fraction = Statistic.AMAX
    target: Target | Fraction = Target.MAX
    direction: Direction = Direction.NEAREST
    before: str | None = None
    floor: Fraction = Fraction(0)
    least: Fraction = Fraction(0)
    choose: tuple[Fraction, ...] = ()
    loss: Loss = Loss.SQUARES

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "statistic", _word_or_number(Statistic, self.statistic, "statistic"))
        object.__setattr__(self, "target", _word_or_number(Target, self.target, "target"))
        object.__setattr__(self, "direction", member(Direction, self.direction, "direction"))
        object.__setattr__(self, "loss", member(Loss, self.loss, "loss"))
        if self.before not in (None, "element"):
            raise FormatError(f"before={self.before!r} is not legal; legal: 'element' or None")
        for name in ("floor", "least"):
            object.__setattr__(self, name, _number(getattr(self, name), name, zero=True))
        object.__setattr__(self, "choose", tuple(_number(one, "choose") for one in _split(self.choose)))
        if self.before and self.statistic not in (Statistic.AMAX,):
            raise FormatError("before='element' needs statistic='amax'")


def target_of(target: Target | Fraction, fmt: Format) -> Fraction:
    """Return the number that a target stands for.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> target_of(Target.POWER, get("e2m1")), target_of(Target.MAX, get("e4m3"))
    (Fraction(4, 1), Fraction(448, 1))
    """
    if isinstance(target, Fraction):
        return target
    top = fmt.max
    if target is Target.MAX:
        return top
    exponent = top.numerator.bit_length() - top.denominator.bit_length()
    return Fraction(2) ** (exponent - (Fraction(2) ** exponent > top))


def scaling(name: object) -> ScaleRule:
    """Return the rule of a name; a rule is returned as it is.

    Raises
    ------
    PolicyError
        If there is none.
    """
    if isinstance(name, ScaleRule):
        return name
    found = SCALINGS.get(name.lower()) if isinstance(name, str) else None
    if found is None:
        near = nearest_names(str(name), SCALINGS, 1)
        hint = f"did you mean {near}? " if near else ""
        raise PolicyError(f"unknown scaling {name!r}; {hint}legal: {', '.join(SCALINGS)}, or a ScaleRule")
    return found


def _word_or_number(kind: type[enum.Enum], value: Any, name: str) -> enum.Enum | Fraction:
    words = {one.value for one in kind}
    if isinstance(value, kind) or value in words:
        return kind(value)
    try:
        return _number(value, name)
    except FormatError:
        legal = ", ".join(repr(word.value) for word in kind)
        raise FormatError(f"{name}={value!r} is not legal; legal: {legal}, or a positive number") from None


def _number(value: Any, name: str, zero: bool = False) -> Fraction:
    """Return a number of a rule exactly: an int, a float, a Fraction, or text such as 448, 16/3 and 1e-4."""
    try:
        if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError
        exact = Fraction(value)
    except (TypeError, ValueError, ZeroDivisionError):
        exact = Fraction(-1)
    if exact < 0 or (exact == 0 and not zero):
        raise FormatError(
            f"{name}={value!r} is not legal; legal: a {'number, at least 0' if zero else 'positive number'}"
        )
    return exact


def _split(values: Any) -> tuple[Any, ...]:
    """Return targets given as a tuple, one number, or text such as 4+3."""
    if isinstance(values, str):
        return tuple(values.split("+"))
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


SCALINGS: dict[str, ScaleRule] = {
    "floor": ScaleRule(target=Target.POWER, direction=Direction.DOWN),
    "ceil": ScaleRule(target=Target.POWER, direction=Direction.UP),
    "rceil": ScaleRule(target=Target.MAX, direction=Direction.UP),
    "even": ScaleRule(target=Target.POWER, direction=Direction.DOWN, before="element"),
}
"""The rules that have names; ``floor`` is that of the OCP MX specification 1.0, section 6.3."""
