"""Hashes computed once: for frozen dataclasses that serve as keys of caches on every call."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

__all__ = ["hash_once", "state_of_fields"]


def hash_once(self: Any) -> int:
    """Return the hash of the fields that equality compares, kept on the instance after the first time."""
    cached: int | None = self.__dict__.get("_hash")
    if cached is None:
        cached = hash(tuple(getattr(self, f.name) for f in fields(self) if f.compare))
        object.__setattr__(self, "_hash", cached)
    return cached


def state_of_fields(self: Any) -> dict[str, Any]:
    """Return what is pickled: the fields alone, since hashes of strings differ between processes."""
    return {f.name: getattr(self, f.name) for f in fields(self)}
