"""Checks on the fields of a format, shared by the families."""

from __future__ import annotations

import enum

from chopper.errors import FormatError

__all__ = ["check_integer", "member", "text"]


def member(kind: type[enum.Enum], value: object, name: str) -> enum.Enum:
    """Return the member of an enum that a field's value names."""
    try:
        return kind(value)
    except ValueError:
        legal = ", ".join(repr(member.value) for member in kind)
        raise FormatError(f"{name}={value!r} is not legal; legal: {legal}") from None


def text(value: object) -> str:
    """Write a field's value as the grammar reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value) if isinstance(value, enum.Enum) else str(value)


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise a `FormatError` unless a field holds an integer in range."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise FormatError(f"{name}={value!r} is not legal; legal: an integer from {low} to {high}")
