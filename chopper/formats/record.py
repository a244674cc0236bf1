"""Formats as frozen records of plain fields: names, dicts and changed copies, the same for every family."""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, Self

from chopper.errors import FormatError
from chopper.formats.base import Format
from chopper.formats.checks import text

__all__ = ["Record", "changed"]


class Record(Format):
    """A format that is a frozen dataclass; its last field is ``name``, which is not part of equality."""

    name: str | None

    @property
    @abstractmethod
    def spelling(self) -> str:
        """The grammar string of this format, which `chopper.get` turns back into an equal one."""

    def __str__(self) -> str:
        """Return the name, or a grammar string that `chopper.get` turns back into an equal format."""
        return self.name or self.spelling

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-able values; `from_dict` is the inverse."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {"family": self.family, **{k: v.value if isinstance(v, enum.Enum) else v for k, v in values.items()}}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Build a format from a dict such as `to_dict` returns; missing fields take their defaults.

        Raises
        ------
        FormatError
            If a key is no field, a field without default is missing, or a value is out of range.
        """
        given = {k: v for k, v in data.items() if k != "family"}
        known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
        for key in given:
            if key not in known:
                raise FormatError(f"unknown field {key!r} of a {cls.family} format; legal: {', '.join(known)}")
        for key, field in known.items():
            if field.default is MISSING and key not in given:
                raise FormatError(f"a {cls.family} format needs the field {key!r}")
        return cls(**given)

    def with_options(self, **changes: Any) -> Self:
        """Return a nameless copy with some fields changed."""
        return replace(self, **{"name": None, **changes})  # type: ignore[type-var]


def changed(fmt: Record, implied: Mapping[str, Any] | None = None) -> list[str]:
    """Return ``key=value`` for the fields that differ from their defaults; `implied` overrides defaults.

    Fields without a default are left out: the spelling shows them in its own way.
    """
    usual = implied or {}
    return [
        f"{f.name}={text(getattr(fmt, f.name))}"
        for f in fields(fmt)  # type: ignore[arg-type]
        if f.compare and f.default is not MISSING and getattr(fmt, f.name) != usual.get(f.name, f.default)
    ]
