"""A plan: what a call comes to once names are resolved, as a kernel, its integers and how to feed it.

Each family has a module ``chopper.engine.families.<family>`` that turns a `Request` into a `Plan`; the families need
not know each other, and nothing here knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

from chopper.engine.kernel import Kernel
from chopper.errors import PolicyError, RangeError, RoundingError
from chopper.formats.base import Format
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.rounding import Overflow, Rounding

__all__ = [
    "Family",
    "Plan",
    "Request",
    "Whole",
    "carrier_width",
    "family_of",
    "plan_decode",
    "plan_encode",
    "plan_round",
    "request",
    "whole_of",
]


@dataclass(frozen=True)
class Request:
    """What the user asked for, with every name resolved.

    Parameters
    ----------
    fmt : Format
    rounding : Rounding
    overflow : Overflow or None
        None stands for the default of the format, or of the preset.
    random_bits : int
        1 to 32.
    compat : str or None
        Name of a preset.
    axis : int or tuple of int
        Along which axes blocks lie; formats of single numbers ignore it.
    scale : array or None
        The outermost scales, where the caller brings them; no part of equality.
    """

    fmt: Format
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow | None = None
    random_bits: int = 32
    compat: str | None = None
    axis: int | tuple[int, ...] = -1
    scale: Any = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields


class Plan(NamedTuple):
    """How to run a request on a carrier."""

    kernel: Kernel
    params: Any  # the kernel's NamedTuple of ints
    mark: int | None = None  # the pattern, or code, of a result that must raise a RangeError; None if none can
    slow: bool = False  # whether a table of all results is quicker, for codes of up to 16 bits
    narrow: bool = False  # whether float64 inputs pass through float32 first, as the preset's model does
    twin: Any = None  # the Plan that gives the same results by integer operations alone, where this one does not


class Family(Protocol):
    """What a family module offers.

    A family whose codes may fit a carrier that does not hold their values has a function ``fits_codes`` besides, as
    `fits`: encoding goes by it.  `plan_round` must then still mark what has no result.
    """

    def fits(self, fmt: Format, width: int) -> bool:
        """Whether the carrier of this width holds every value of the format."""

    def why_not(self, fmt: Format, width: int) -> str:
        """Say which field of the format leaves the carrier, and its legal range."""

    def plan_round(self, request: Request, width: int) -> Plan:
        """Plan rounding on a carrier."""

    def plan_encode(self, request: Request, width: int) -> Plan:
        """Plan encoding from a carrier."""

    def plan_decode(self, fmt: Format, width: int) -> Plan:
        """Plan decoding to a carrier."""


class Whole(Protocol):
    """What the module of a family offers whose formats are `blocked`: it runs whole calls, as a backend does."""

    def round_whole(self, x: Any, request: Request, draw: Any, out: Any, threads: int | None) -> Any:
        """Round values to values of the format."""

    def encode_whole(self, x: Any, request: Request, draw: Any, out: Any, threads: int | None) -> Any:
        """Round values to codes of elements and scales."""

    def decode_whole(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes of elements and scales into values."""


def whole_of(fmt: Format) -> Whole:
    """Return the module that runs calls of a blocked format."""
    return cast(Whole, _family(fmt.engine or fmt.family))


def family_of(fmt: Format) -> Family:
    """Return the module that plans for a format."""
    return _family(fmt.engine or fmt.family)


@cache
def _family(name: str) -> Family:
    return cast(Family, import_module(f"chopper.engine.families.{name}"))


@lru_cache(maxsize=1024)
def carrier_width(fmt: Format, wanted: int, codes: bool = False) -> int:
    """Return the width of the carrier that holds the format, or at least its `codes`, `wanted` if possible.

    Raises
    ------
    RangeError
        If float64 does not hold it.
    """
    family = family_of(fmt)
    fits = getattr(family, "fits_codes", family.fits) if codes else family.fits
    for width in (wanted, 64):
        if fits(fmt, width):
            return width
    raise RangeError(f"{fmt} has values that float64 does not hold: {family.why_not(fmt, 64)}")


def request(
    fmt: Format,
    rounding: str | Rounding,
    overflow: str | Overflow | None,
    random_bits: int,
    compat: str | None,
    *,
    axis: int | tuple[int, ...] = -1,
    scaling: Any = None,
    scale: Any = None,
) -> Request:
    """Resolve names; raises what `Rounding.parse` and `Overflow.parse` raise.

    Raises
    ------
    PolicyError
        If `scaling` or `scale` are given for a format whose elements share no scales.
    """
    if not fmt.blocked:
        for name, given in (("scaling", scaling), ("scale", scale)):
            if given is not None:
                raise PolicyError(f"{name}= does not suit {fmt}: its numbers share no scale; leave it out")
    elif scaling is not None:
        fmt = fmt.with_options(scaling=scaling)  # type: ignore[attr-defined]
    try:
        asked = _request(fmt, rounding, overflow, random_bits, compat)
    except TypeError:  # an unhashable argument: no name, so the same call explains what is wrong
        asked = _request.__wrapped__(fmt, rounding, overflow, random_bits, compat)
    if fmt.blocked:
        return replace(asked, fmt=fmt, axis=axis, scale=scale)
    return asked if asked.fmt is fmt else replace(asked, fmt=fmt)  # an equal one that was asked for by another name


@lru_cache(maxsize=4096, typed=True)
def _request(
    fmt: Format,
    rounding: str | Rounding,
    overflow: str | Overflow | None,
    random_bits: int,
    compat: str | None,
) -> Request:
    mode = Rounding.parse(rounding)
    policy = None if overflow is None else Overflow.parse(overflow)
    if isinstance(random_bits, bool) or not isinstance(random_bits, int) or not 1 <= random_bits <= 32:
        raise RoundingError(f"random_bits={random_bits!r} is not legal; legal: an integer from 1 to 32")
    return Request(fmt, mode, policy, random_bits, compat)


@lru_cache(maxsize=512)  # a plan may hold tables of some megabytes
def plan_round(asked: Request, width: int) -> Plan:
    """Plan rounding on a carrier of 32 or 64 bits."""
    return family_of(asked.fmt).plan_round(asked, width)


@lru_cache(maxsize=512)
def plan_encode(asked: Request, width: int) -> Plan:
    """Plan encoding from a carrier of 32 or 64 bits."""
    return family_of(asked.fmt).plan_encode(asked, width)


@lru_cache(maxsize=1024)
def plan_decode(fmt: Format, width: int) -> Plan:
    """Plan decoding to a carrier of 32 or 64 bits."""
    return family_of(fmt).plan_decode(fmt, width)
