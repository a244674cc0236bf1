"""A level of scales: what blocks of elements, or of blocks, share."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

from chopper.errors import FormatError
from chopper.formats.base import Format
from chopper.formats.checks import text
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.record import Record
from chopper.formats.scale_rule import ScaleRule

__all__ = ["Block", "Level", "block_text", "check_scale", "plain", "read_block", "rule_texts"]

Block = tuple[int, ...]
"""Lengths of a block along trailing axes, -1 for a whole axis; the empty tuple is the whole array."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """A level of scales above the blocks of a `ScaledFormat`.

    Parameters
    ----------
    scale : Format
        What the scales of this level are rounded to.
    block : tuple of int, int or str
        How many *elements* share one, as for `ScaledFormat`: every length a multiple of that of the level below.
    rule : ScaleRule
        Its target is what the largest scale of the level below becomes.
    outer : Level, optional
        The level above.
    """

    scale: Format
    block: Block = ()
    rule: ScaleRule = field(default_factory=ScaleRule)
    outer: Level | None = None

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "block", read_block(self.block))
        check_scale(self)

    def __str__(self) -> str:
        """Return ``level<scale,block,options>``."""
        parts = [str(self.scale), block_text(self.block), *rule_texts(self.rule)]
        return f"level<{','.join(parts + ([f'outer={self.outer}'] if self.outer else []))}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-able values."""
        return plain(self)


def read_block(block: Any) -> Block:
    """Return a block from a tuple, a length, or text such as ``32``, ``1x16``, ``all`` and ``tensor``.

    Examples
    --------
    >>> read_block("16x16"), read_block(32), read_block("all"), read_block("tensor")
    ((16, 16), (32,), (-1,), ())
    """
    parts: tuple[Any, ...]
    if isinstance(block, str):
        parts = () if block == "tensor" else tuple(-1 if part == "all" else part for part in block.split("x"))
        parts = tuple(int(part) if isinstance(part, str) and part.isdecimal() else part for part in parts)
    else:
        parts = tuple(block) if isinstance(block, (tuple, list)) else (block,)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, int) or not (part == -1 or 1 <= part < 1 << 40):
            raise FormatError(
                f"block={block!r} is not legal; legal: positive lengths or -1, as in 32, (16, 16), '1x16', 'all', "
                "'tensor'"
            )
    if len(parts) > 8:
        raise FormatError(f"block={block!r} is not legal; legal: at most 8 axes")
    return parts


def block_text(block: Block) -> str:
    """Write a block as the grammar reads it.

    Examples
    --------
    >>> block_text((16, 16)), block_text((-1,)), block_text(())
    ('16x16', 'all', 'tensor')
    """
    return "x".join("all" if part == -1 else str(part) for part in block) or "tensor"


def rule_texts(rule: ScaleRule) -> list[str]:
    """Return ``key=value`` for what differs from the defaults."""
    found = []
    for f in fields(rule):
        value = getattr(rule, f.name)
        if value != f.default:
            joined = "+".join(map(str, value)) if isinstance(value, tuple) else text(value)
            found.append(f"{f.name}={joined}")
    return found


def plain(record: Any) -> dict[str, Any]:
    """Return the fields of a level or a rule as JSON-able values."""
    found: dict[str, Any] = {}
    for f in fields(record):
        value = getattr(record, f.name)
        if isinstance(value, Record):
            value = value.to_dict()
        elif isinstance(value, (Level, ScaleRule)):
            value = plain(value)
        elif isinstance(value, tuple):
            value = [str(part) if isinstance(part, Fraction) else part for part in value]
        elif isinstance(value, Fraction):
            value = str(value)
        else:
            value = getattr(value, "value", value)
        found[f.name] = value
    return found


def check_scale(level: Level) -> None:
    """Raise a `FormatError` unless the scale format and the rule of a level are usable."""
    if not isinstance(level.scale, Format) or level.scale.blocked or level.scale.max <= 0:
        raise FormatError(f"scale={level.scale!r} is not legal; legal: a format with positive numbers")
    if not isinstance(level.rule, ScaleRule):
        raise FormatError(f"rule={level.rule!r} is not legal; legal: a ScaleRule")
    if level.rule.floor > level.scale.max:
        raise FormatError(f"floor={level.rule.floor} is not legal; legal: at most the largest scale {level.scale.max}")
