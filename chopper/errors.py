"""Every error chopper raises: one class per kind of mistake; a message names the value, the legal set and the cure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ChopperError",
    "FormatError",
    "OutputError",
    "PolicyError",
    "RandomKeyError",
    "RangeError",
    "RoundingError",
    "UnknownFormatError",
    "UnknownUnitError",
    "UnsupportedInputError",
    "nearest_names",
]


class ChopperError(Exception):
    """Base of all errors raised by chopper."""


class UnknownFormatError(ChopperError, LookupError):
    """A format name is in no table and matches no grammar."""


class UnknownUnitError(ChopperError, LookupError):
    """A name is that of no matrix unit."""


class FormatError(ChopperError, ValueError):
    """A format is impossible: one of its fields lies outside the legal range."""


class RoundingError(ChopperError, ValueError):
    """A rounding mode, or an option of one, does not exist."""


class PolicyError(ChopperError, ValueError):
    """An overflow policy or preset does not exist, or does not suit the format."""


class RangeError(ChopperError, ValueError):
    """A value does not fit: the format into the carrier, or a number into the format under ``overflow="raise"``."""


class UnsupportedInputError(ChopperError, TypeError):
    """The input has a kind or dtype that cannot be rounded."""


class OutputError(ChopperError, ValueError):
    """``out`` has the wrong kind, dtype, shape or memory."""


class RandomKeyError(ChopperError, ValueError):
    """A random key, generator, word or counter is unusable."""


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> str:
    """List the known names closest to `name` for a message, quoted and joined by commas; empty when none is close.

    Names that begin it, or that it begins, come first.

    Examples
    --------
    >>> nearest_names("inf", ["infinity", "nan"]), nearest_names("up_", ["up", "down"])
    ("'infinity'", "'up'")
    """
    words = list(known)
    alike = [word for word in words if len(name) > 2 and (word.startswith(name) or name.startswith(word))]
    alike.sort(key=lambda word: abs(len(word) - len(name)))
    found = dict.fromkeys([*alike, *get_close_matches(name, words, count, 0.6)])
    return ", ".join(map(repr, list(found)[:count]))
