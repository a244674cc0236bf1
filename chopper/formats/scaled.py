"""Formats whose elements share scales: MX, NVFP4, block floating point, dynamic fixed point, scaled integers.

A value is  element * scale * outer scale * ...  Each element has a code of its own; each block of elements shares a
scale, which is a code of a scale format; blocks of blocks may share an outer scale, and so on.  All named formats of
this kind are values of the one type here.

The definition, in rational numbers.  From the outermost level to the innermost:

- The statistic of a level is measured on the elements of its block; its target is the product of the targets of this
  level and of all below it.
- scale = round(statistic / (target * the scales above)), into the scale format, in the direction of the rule, at least
  `floor`, at most the largest number of the scale format.

Then every element is rounded, with the scales as they are *stored*: element = round(x / (scale * outer scale * ...)),
in the rounding mode of the call, magnitudes beyond the largest element becoming that.  Where the scale is zero, the
elements are zeros with the signs of x.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from chopper.errors import FormatError
from chopper.formats.base import Format, Value
from chopper.formats.checks import member
from chopper.formats.fixed import FixedFormat
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.level import Block, Level, block_text, check_scale, plain, read_block, rule_texts
from chopper.formats.record import Record
from chopper.formats.scale_rule import ScaleRule, Specials, Statistic, scaling, target_of

__all__ = ["ScaledFormat"]


@dataclass(frozen=True, kw_only=True)
class ScaledFormat(Record):
    """Elements that share scales.  The codes and values of the format are those of its elements.

    Parameters
    ----------
    element : Format
        What an element is rounded to, in units of the scale.
    scale : Format
        What the scale of a block is rounded to; of a signed format the positive half is used.
    block : tuple of int, int or str
        How many elements share a scale: 32 or ``"32"`` along one axis, (16, 16) or ``"16x16"`` along two, -1 or
        ``"all"`` for a whole axis, () or ``"tensor"`` for the whole array.  They lie along the last axes unless the
        call says otherwise.  A block that the array cuts short is a block of what is left of it.
    rule : ScaleRule
        How the scale of a block follows from its elements.
    outer : Level, optional
        A second level of scales, and more.
    zero_point : bool
        Whether each block has an integer z besides, and stands for (code - z) * scale.  For unsigned integers as
        elements and the statistic ``minmax``: z = round(-min / scale), ties to even, min being the smallest element of
        the block or zero, and code = round(x / scale) + z, within the codes of the element.
    specials : Specials or str
        See `Specials`.
    name : str, optional
        What ``str`` shows; not part of equality.  `chopper.get` must know it.

    Raises
    ------
    FormatError
        If a field is not legal.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> mxfp4 = ScaledFormat(element=get("e2m1"), scale=get("e8m0"), block=32, rule="floor")
    >>> mxfp4 == get("mxfp4"), mxfp4.bits, mxfp4.value(0b0111)
    (True, 4, Fraction(6, 1))
    >>> str(mxfp4)
    'scaled<e2m1,e8m0,32,target=power,direction=down>'
    """

    family: ClassVar[str] = "scaled"
    blocked: ClassVar[bool] = True

    element: Format
    scale: Format
    block: Block
    rule: ScaleRule = field(default_factory=ScaleRule)
    outer: Level | None = None
    zero_point: bool = False
    specials: Specials = Specials.BLOCK
    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "block", read_block(self.block))
        object.__setattr__(self, "specials", member(Specials, self.specials, "specials"))
        if isinstance(self.rule, str):
            object.__setattr__(self, "rule", scaling(self.rule))
        _check(self)

    # --- the levels --------------------------------------------------------------------------------------------------

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The levels of scales, the innermost first."""
        found = [Level(scale=self.scale, block=self.block, rule=self.rule)]
        above = self.outer
        while above is not None:
            found.append(replace(above, outer=None))
            above = above.outer
        return tuple(found)

    @cached_property
    def targets(self) -> tuple[Fraction, ...]:
        """What the statistic of each level is divided by, besides the scales above: the innermost first."""
        below: Format = self.element
        found, product = [], Fraction(1)
        for level in self.levels:
            product *= target_of(level.rule.target, below)
            if level is self.levels[0] and self.zero_point:
                product = Fraction((1 << self.bits) - 1) if not isinstance(level.rule.target, Fraction) else product
            found.append(product)
            below = level.scale
        return tuple(found)

    # --- the face of a format ----------------------------------------------------------------------------------------

    @property
    def bits(self) -> int:
        """Number of bits in the code of an element."""
        return self.element.bits

    def value(self, code: int) -> Value:
        """Return the value of an element's code, in units of the scale."""
        return self.element.value(code)

    @cached_property
    def _most(self) -> Fraction:
        """The largest product of scales."""
        product = Fraction(1)
        for level in self.levels:
            product *= level.scale.max
        return product

    @property
    def max(self) -> Fraction:
        """Largest finite value, with the largest scales."""
        return self.element.max * self._most

    @property
    def min(self) -> Fraction:
        """Lowest finite value, with the largest scales."""
        return (-self.element.max if self.zero_point else self.element.min) * self._most

    @property
    def smallest(self) -> Fraction:
        """Smallest positive value, with the smallest scales."""
        product = self.element.smallest
        for level in self.levels:
            product *= level.scale.smallest
        return product

    @property
    def eps(self) -> Fraction | None:
        """That of the element."""
        return self.element.eps

    # --- writing -----------------------------------------------------------------------------------------------------

    @property
    def spelling(self) -> str:
        """The grammar string: ``scaled<element,scale,block,...>`` and every field that differs from its default."""
        parts = [str(self.element), str(self.scale), block_text(self.block), *rule_texts(self.rule)]
        if self.outer is not None:
            parts.append(f"outer={self.outer}")
        if self.zero_point:
            parts.append("zero_point=true")
        if self.specials is not Specials.BLOCK:
            parts.append(f"specials={self.specials.value}")
        return f"scaled<{','.join(parts)}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-able values, formats as dicts of their own."""
        return {"family": self.family, **plain(self)}

    def with_options(self, **changes: Any) -> ScaledFormat:
        """Return a nameless copy with some fields changed.

        Besides the fields of the format: those of its rule; ``scaling``, a name in `SCALINGS` or a `ScaleRule`, which
        sets target, direction and ``before``; and for ``element`` and ``scale`` the names of formats.
        """
        rule = self.rule
        if "scaling" in changes:
            named = changes.pop("scaling")
            rule = named if isinstance(named, ScaleRule) else _renamed(rule, scaling(named))
        own = {f.name for f in fields(ScaleRule)}
        rule = replace(changes.pop("rule", rule), **{key: changes.pop(key) for key in own & changes.keys()})
        for key in {"element", "scale"} & changes.keys():
            if isinstance(changes[key], str):
                changes[key] = _get(changes[key])
        return super().with_options(**changes, rule=rule)


def _get(name: str) -> Format:
    from chopper.formats.registry import get  # the registry knows this module

    return get(name)


def _renamed(rule: ScaleRule, named: ScaleRule) -> ScaleRule:
    return replace(rule, target=named.target, direction=named.direction, before=named.before)


# --- checks ----------------------------------------------------------------------------------------------------------


def _check(f: ScaledFormat) -> None:
    for name in ("element", "scale"):
        if not isinstance(getattr(f, name), Format) or isinstance(getattr(f, name), ScaledFormat):
            raise FormatError(f"{name}={getattr(f, name)!r} is not legal; legal: a format of single numbers")
    if not isinstance(f.rule, ScaleRule):
        raise FormatError(f"rule={f.rule!r} is not legal; legal: a ScaleRule, or the name of a scaling")
    if not isinstance(f.zero_point, bool):
        raise FormatError(f"zero_point={f.zero_point!r} is not legal; legal: True, False")
    if f.name is not None and not isinstance(f.name, str):
        raise FormatError(f"name={f.name!r} is not legal; legal: a string or None")
    if f.element.max <= 0:
        raise FormatError(f"element={f.element} is not legal: it has no positive number")
    _check_zero_point(f)
    _check_levels(f)
    if f.specials is Specials.BLOCK and not any(_has_nan(level.scale) for level in f.levels):
        raise FormatError("specials='block' needs a scale format with NaN; use specials='element' or 'saturate'")
    check_scale(f.levels[0])


def _check_levels(f: ScaledFormat) -> None:
    above, below = f.outer, f.block
    while above is not None:
        if not isinstance(above, Level):
            raise FormatError(f"outer={above!r} is not legal; legal: a Level or None")
        if not _holds(above.block, below):
            raise FormatError(
                f"a level of blocks {block_text(above.block)} does not fit above blocks {block_text(below)}: "
                "every length must be a multiple of the one below it"
            )
        if above.rule.choose or above.rule.before or above.rule.statistic not in (Statistic.AMAX, Statistic.GIVEN):
            raise FormatError("an outer level takes statistic='amax' or 'given', and neither choose nor before")
        below, above = above.block, above.outer


def _check_zero_point(f: ScaledFormat) -> None:
    is_minmax = f.rule.statistic is Statistic.MINMAX
    whole = isinstance(f.element, FixedFormat) and not f.element.signed and not f.element.fraction_bits
    if f.zero_point and not (whole and f.bits <= 16):
        raise FormatError(f"zero_point=True needs unsigned integers of at most 16 bits as elements, not {f.element}")
    if f.zero_point and (
        f.outer is not None or f.rule.choose or not (is_minmax or f.rule.statistic is Statistic.GIVEN)
    ):
        raise FormatError("zero_point=True needs one level and statistic='minmax' or 'given', without choose")


def _holds(outer: Block, inner: Block) -> bool:
    """Whether blocks of a level are made of whole blocks of the level below."""
    if not outer:
        return True
    if not inner:
        return False
    size = max(len(outer), len(inner))
    pairs = zip((1,) * (size - len(outer)) + outer, (1,) * (size - len(inner)) + inner, strict=True)
    return all(big == -1 or (small != -1 and big % small == 0) for big, small in pairs)


def _has_nan(fmt: Format) -> bool:
    nan = getattr(fmt, "nan_code", None)
    return nan is not None
