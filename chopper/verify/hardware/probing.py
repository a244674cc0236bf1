"""Finding what can be probed here: probes are found, not imported, since the core does not know who brings them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, Protocol

from chopper.errors import ChopperError, UnsupportedInputError
from chopper.hardware.processor import machine

__all__ = [
    "ENVIRONMENT",
    "ConversionProbe",
    "Probe",
    "conversion_probes",
    "label_of",
    "machine_of",
    "probes",
    "reason_of",
]

ENVIRONMENT = (ChopperError, RuntimeError, OSError, AttributeError)
"""Errors of a probe that speak of the machine: a driver that refuses, a library that lacks something."""

_OWN = "probes"


class Probe(Protocol):
    """An instruction, or a call that runs some, on codes."""

    @property
    def unit(self) -> str:
        """The name of the unit of `chopper.hardware` that describes it."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and terms (m, n, k) of a tile."""

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return d = a b + c in codes, of tiles [tiles, m, k], [tiles, n, k] and [tiles, m, n]."""


class ConversionProbe(Protocol):
    """An instruction that turns codes of one format into those of another."""

    @property
    def name(self) -> str:
        """What the manufacturer calls it, and how it rounds."""

    @property
    def source(self) -> str:
        """The format of what comes in."""

    @property
    def target(self) -> str:
        """The format of what goes out."""

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""

    def converted(self, codes: Any) -> Any:
        """Return what the instruction makes of codes."""

    def expected(self, codes: Any, threads: int | None = None) -> Any:
        """Return what chopper makes of them."""


def probes() -> tuple[Probe, ...]:
    """Return every probe that is installed, whether or not it can run here.

    Packages name theirs as entry points of the group ``chopper.probes``: ``<name> = "module:function"``, a function
    that returns probes.  Those of this project are found where it is not installed as well.

    Raises
    ------
    UnsupportedInputError
        If those of a package cannot be loaded.
    """
    return tuple(_found("chopper.probes", "probes"))


def conversion_probes() -> tuple[ConversionProbe, ...]:
    """Return every probe of a conversion; entry points of the group ``chopper.conversion_probes``."""
    return tuple(_found("chopper.conversion_probes", "conversions"))


def _found(group: str, function: str) -> Iterator[Any]:
    own = f"chopper_ext.{_OWN}"
    if find_spec(own.partition(".")[0]) and find_spec(own):
        yield from getattr(import_module(own), function)()
    for point in entry_points(group=group):
        if point.value.startswith(f"{own}:"):
            continue
        try:
            found = tuple(point.load()())
        except Exception as error:  # whatever a foreign module raises
            package = point.dist.name if point.dist else "an unknown package"
            raise UnsupportedInputError(
                f"the probes {point.value!r} of {package} cannot be loaded ({reason_of(error)}); "
                f"update or uninstall {package}"
            ) from error
        yield from found


def reason_of(problem: Exception) -> str:
    """Return the first line of what went wrong."""
    return f"{type(problem).__name__}: {problem}".splitlines()[0]


def label_of(probe: Any) -> str:
    """Return what tells a probe from others of its unit, or ""."""
    return str(getattr(probe, "label", ""))


def machine_of(probe: Any) -> str:
    """Return what the device of a probe calls itself; the processor, where the probe does not say."""
    asked = getattr(probe, "machine", None)
    return str(asked()) if asked else machine()
