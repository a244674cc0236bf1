"""Rounding modes and overflow policies: the words users write, with the formula each stands for.

Throughout, ``nu`` in [0, 1) is the distance from a value to its neighbour toward zero, in units of the gap between
its two neighbours.  The magnitude steps *away* from zero exactly when the formula of the mode holds.
"""

from __future__ import annotations

import enum
from functools import cache

from chopper.errors import PolicyError, RoundingError, nearest_names

__all__ = ["Overflow", "Rounding"]


class Rounding(enum.Enum):
    """A rounding mode: the rule that decides whether a magnitude steps away from zero.

    Each member carries ``formula`` (when the magnitude steps away from zero), ``ieee`` and ``p3109`` (the names the
    two standards give it, or None), ``matlab`` (the number in MATLAB's chop, or None) and ``aliases``.

    Examples
    --------
    >>> Rounding.parse("RNE")
    <Rounding.NEAREST_EVEN: 'nearest_even'>
    >>> Rounding.parse("roundTowardPositive").formula
    'nu > 0 and x > 0'
    """

    NEAREST_EVEN = (
        "nearest_even", "nu > 1/2, or nu = 1/2 and the code toward zero is odd",
        "roundTiesToEven", "NearestTiesToEven", 1, ("RNE", "nearest", "TiesToEven"),
    )  # fmt: skip
    NEAREST_AWAY = (
        "nearest_away", "nu >= 1/2",
        "roundTiesToAway", "NearestTiesToAway", None, ("RNA", "TiesToAway"),
    )  # fmt: skip
    NEAREST_ZERO = ("nearest_zero", "nu > 1/2", None, None, None, ("RNZ", "TiesToZero"))
    TOWARD_ZERO = ("toward_zero", "never", "roundTowardZero", "TowardZero", 4, ("RTZ", "RZ", "truncate"))
    AWAY_FROM_ZERO = ("away_from_zero", "nu > 0", None, None, None, ("RAZ", "RA"))
    UP = ("up", "nu > 0 and x > 0", "roundTowardPositive", "TowardPositive", 2, ("RU", "RTP", "ceil"))
    DOWN = ("down", "nu > 0 and x < 0", "roundTowardNegative", "TowardNegative", 3, ("RD", "RTN", "floor"))
    TO_ODD = ("to_odd", "nu > 0 and the code toward zero is even", None, "ToOdd", None, ("RTO", "odd"))
    STOCHASTIC = (
        "stochastic", "floor(nu 2^N) + R >= 2^N, R uniform in [0, 2^N)",
        None, "StochasticA", 5, ("SR", "stochastic_a", "StochasticFastest"),
    )  # fmt: skip
    STOCHASTIC_B = (
        "stochastic_b", "floor(nu 2^N + 1/2) + R >= 2^N, R uniform in [0, 2^N)",
        None, "StochasticB", None, ("StochasticFast",),
    )  # fmt: skip
    STOCHASTIC_C = (
        "stochastic_c", "nearest_even(nu 2^N) + R >= 2^N, R uniform in [0, 2^N)",
        None, "StochasticC", None, (),
    )  # fmt: skip
    STOCHASTIC_EQUAL = ("stochastic_equal", "nu > 0 and one random bit is 1", None, None, 6, ("SRE", "SR_equal"))

    formula: str
    ieee: str | None
    p3109: str | None
    matlab: int | None
    aliases: tuple[str, ...]

    def __new__(
        cls,
        value: str,
        formula: str,
        ieee: str | None,
        p3109: str | None,
        matlab: int | None,
        aliases: tuple[str, ...],
    ) -> Rounding:
        member = object.__new__(cls)
        member._value_ = value
        member.formula = formula
        member.ieee = ieee
        member.p3109 = p3109
        member.matlab = matlab
        member.aliases = aliases
        return member

    @property
    def random(self) -> bool:
        """Whether the mode consumes random bits."""
        return str(self.value).startswith("stochastic")

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling `parse` accepts, the canonical one first."""
        standards = (name for name in (self.ieee, self.p3109) if name)
        return (self.value, *self.aliases, *standards)

    @classmethod
    def parse(cls, mode: str | Rounding) -> Rounding:
        """Return the mode that `mode` names; case, ``-``, ``_`` and spaces do not matter.

        Raises
        ------
        RoundingError
            If no mode has this name; the message lists the nearest ones.
        """
        if isinstance(mode, cls):
            return mode
        member = _rounding(mode) if isinstance(mode, str) else None
        if member is None:
            numbers = ", ".join(f"{one.matlab} {one.value}" for one in cls if one.matlab)
            hint = "" if isinstance(mode, str) else f"; the numbers of MATLAB's chop: {numbers}"
            raise RoundingError(_complaint("rounding", mode, cls) + hint)
        return member


class Overflow(enum.Enum):
    """What a magnitude beyond the largest finite value becomes.

    ``infinity``: by the rounding direction, as IEEE 754 defines it: nearest modes give an infinity, directed modes
    give it only in their own direction and the largest finite value otherwise; ``to_odd`` gives whichever of the two
    has the odd code.  Infinite inputs stay infinite.  ``saturate``: finite overflow and infinities become the largest
    finite value.  ``propagate``: finite overflow becomes the largest finite value, infinities stay (NaN in a format
    without infinity).  ``nan``: finite overflow becomes NaN, infinities stay where the format has them, else NaN.
    ``wrap``: two's complement wrap-around, for integers and fixed point only.  ``raise``: a `RangeError`.
    """

    INFINITY = "infinity"
    SATURATE = "saturate"
    PROPAGATE = "propagate"
    NAN = "nan"
    WRAP = "wrap"
    RAISE = "raise"

    @classmethod
    def parse(cls, policy: str | Overflow) -> Overflow:
        """Return the policy that `policy` names.

        Raises
        ------
        PolicyError
            If no policy has this name.
        """
        if isinstance(policy, cls):
            return policy
        spellings = {_fold(member.value): member for member in cls}
        if isinstance(policy, str) and _fold(policy) in spellings:
            return spellings[_fold(policy)]
        raise PolicyError(_complaint("overflow", policy, cls))


@cache
def _rounding(mode: str) -> Rounding | None:
    spellings = {_fold(name): member for member in Rounding for name in member.names}
    return spellings.get(_fold(mode))


def _fold(name: str) -> str:
    return name.lower().translate(str.maketrans("", "", "-_ "))


def _complaint(argument: str, given: object, legal: type[enum.Enum]) -> str:
    values = [member.value for member in legal]
    near = nearest_names(given.lower(), values, 1) if isinstance(given, str) else ""
    hint = f"did you mean {near}? " if near else ""
    return f"unknown {argument} {given!r}; {hint}legal: {', '.join(values)}"
