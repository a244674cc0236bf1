"""Names of units and of conversions: how they are compared, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from chopper.errors import UnknownUnitError, nearest_names

__all__ = ["folded", "look_up"]

_T = TypeVar("_T")


def folded(name: str) -> str:
    """Return a name as it is compared: case, ``-`` and spaces for ``_`` make no difference.

    Examples
    --------
    >>> folded(" H100.MMA.e4m3-e5m2 ")
    'h100.mma.e4m3_e5m2'
    """
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def look_up(name: object, known: Mapping[str, _T], kind: str) -> _T:
    """Return what has a name; `known` has folded names, `kind` is "unit" or "conversion".

    Raises
    ------
    UnknownUnitError
        If there is none; the message lists the nearest names.
    """
    if not isinstance(name, str):
        raise UnknownUnitError(f"a {kind} is known by a name, as those of hardware.{kind}s(), not by {name!r}")
    found = known.get(folded(name))
    if found is None:
        near = nearest_names(folded(name), known)
        raise UnknownUnitError(f"unknown {kind} {name!r}; {f'nearest: {near}' if near else f'see hardware.{kind}s()'}")
    return found
