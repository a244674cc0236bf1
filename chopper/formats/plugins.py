"""Formats that other installed packages bring, found by entry points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from chopper.errors import FormatError
from chopper.formats.base import Format

__all__ = ["GROUP", "Brought", "brought"]

GROUP = "chopper.formats"
"""The group of entry points; each names a Format, the fields of one, or a mapping from names to either."""


class Brought(NamedTuple):
    """A format of another package."""

    name: str
    fmt: Format | dict[str, Any]
    package: str


def brought() -> Iterator[Brought]:
    """Yield the formats of all installed packages that name some.

    Raises
    ------
    FormatError
        If one cannot be loaded, or is no format.
    """
    from importlib.metadata import entry_points  # slow to import

    for point in entry_points(group=GROUP):
        package = point.dist.name if point.dist else "an unknown package"
        try:
            found = point.load()
        except Exception as error:  # whatever a foreign module raises
            raise FormatError(
                f"the formats {point.value!r} of {package} cannot be loaded ({type(error).__name__}: {error}); "
                f"update or uninstall {package}"
            ) from error
        for name, fmt in _named(point.name, found):
            if not isinstance(fmt, Format | dict):
                raise FormatError(
                    f"{point.value!r} of {package} is {fmt!r}; legal: a Format, the fields of one, or a mapping of them"
                )
            yield Brought(name, fmt, package)


def _named(name: str, found: object) -> Iterator[tuple[str, Any]]:
    if isinstance(found, dict) and found and all(isinstance(one, Format | dict) for one in found.values()):
        yield from found.items()
    else:
        yield name, found
