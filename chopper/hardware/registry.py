"""Names of units."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from chopper.errors import PolicyError, UnknownUnitError
from chopper.hardware.base import Unit
from chopper.hardware.names import folded, look_up
from chopper.hardware.tables import UNITS

__all__ = ["unit", "units"]


def units() -> tuple[Unit, ...]:
    """Return every unit, in the order of the tables.

    Examples
    --------
    >>> [u.name for u in units() if u.name.startswith("h100.wgmma.e4m3")]  # doctest: +ELLIPSIS
    ['h100.wgmma.e4m3', ...]
    """
    return UNITS


def unit(name: str | Unit, **options: Any) -> Unit:
    """Return the unit of a name; a `Unit` is returned as it is.

    Parameters
    ----------
    name : str or Unit
        Names differ neither by case nor by ``-`` and ``_``.  Options may be part of it:
        ``h100.wgmma.e4m3<promote=128>``.
    options
        Fields of the model that software chooses: ``promote=`` of `FusedSum`.

    Raises
    ------
    UnknownUnitError
        If there is none; the message lists the nearest names.
    PolicyError
        If an option is not one of the model, or its value is not legal.

    Examples
    --------
    >>> u = unit("h100.wgmma.e4m3", promote=128)
    >>> u.name, u.model.promote, u == unit(u.name)
    ('h100.wgmma.e4m3<promote=128>', 128, True)
    """
    if isinstance(name, Unit):
        found = name
    elif isinstance(name, str):
        stem, mark, tail = name.partition("<")
        options = {**_options(name, tail), **options} if mark else options
        found = look_up(stem, _names(), "unit")
    else:
        raise UnknownUnitError(f"a unit is a name such as 'h100.wgmma.e4m3' or a Unit, not {name!r}")
    return _with(found, options) if options else found


@cache
def _names() -> MappingProxyType[str, Unit]:
    return MappingProxyType({folded(name): one for one in UNITS for name in (*one.aliases, one.name)})


def _options(name: str, tail: str) -> dict[str, Any]:
    pairs = [part.split("=") for part in tail.strip().removesuffix(">").split(",")]
    found = {pair[0].strip(): pair[-1].strip() for pair in pairs}
    written = tail.strip().endswith(">") and all(len(pair) == 2 for pair in pairs) and len(found) == len(pairs)
    if not written or not all(key and value.isdecimal() and len(value) < 20 for key, value in found.items()):
        raise UnknownUnitError(f"unit {name!r}: options are written as in 'h100.wgmma.e4m3<promote=128>', each once")
    return {key: int(value) for key, value in found.items()}


def _with(found: Unit, options: dict[str, Any]) -> Unit:
    legal = found.model.options
    for key in options:
        if key not in legal:
            raise PolicyError(
                f"{key}={options[key]!r} is no option of {found.name}; legal: {', '.join(legal) or 'none'}"
            )
    stem = found.name.partition("<")[0]
    plain = _names().get(folded(stem), found).model  # a unit of the caller's own is in no table
    model = replace(found.model, **options)
    chosen = {key: value for key in legal if (value := getattr(model, key)) != getattr(plain, key, None)}
    text = ", ".join(f"{key}={value}" for key, value in chosen.items())
    return replace(found, model=model, name=f"{stem}<{text}>" if text else stem, aliases=())
