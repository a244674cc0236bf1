"""Lowering: a float format, a carrier and a policy become the integers that the kernels take, exactly."""

from __future__ import annotations

from functools import lru_cache

from chopper.engine.families.float.edges import Edges
from chopper.engine.patterns import mark, pattern, signed
from chopper.engine.plan import Request
from chopper.errors import PolicyError
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Negative, Subnormals
from chopper.kernels.carrier import Carrier
from chopper.kernels.float import FloatCodes, FloatParams
from chopper.kernels.magic import MagicParams
from chopper.kernels.matlab import MatlabParams
from chopper.rounding import Rounding

__all__ = [
    "decodes_by_magic",
    "fits_carrier",
    "is_magic",
    "lower_decode",
    "lower_encode",
    "lower_magic",
    "lower_matlab",
    "lower_round",
    "shape_of",
]

_NEVER = -(1 << 20)
"""An exponent below every carrier's."""


def fits_carrier(fmt: FloatFormat, c: Carrier) -> bool:
    """Whether the carrier holds every value of the format, and its integers every code."""
    lowest = fmt.emin - fmt.fraction_bits
    return (
        fmt.half <= -c.sign
        and fmt.precision <= c.precision
        and fmt.emax <= c.bias
        and lowest >= 2 - c.bias - c.precision
    )


def shape_of(fmt: FloatFormat, c: Carrier) -> str:
    """Return the suffix of the kernels that serve the format on this carrier.

    ``_wide``: binades go on below the carrier's normal range.  ``_short``: the carrier's own exponent range.
    ``_general``: no -0, no subnormals, unsigned, or precision 1.  The empty suffix: all others.
    """
    origin = fmt.emin + c.bias
    gradual = fmt.subnormals is Subnormals.GRADUAL
    if origin < 1 or (origin == 1 and not gradual):
        return "_wide"
    if not (gradual and fmt.negative_zero and fmt.precision > 1):
        return "_general"
    return "_short" if origin == 1 else ""


def is_magic(fmt: FloatFormat, c: Carrier) -> bool:
    """Whether one addition rounds to the format exactly, even where the processor flushes subnormals to zero."""
    room_above = fmt.emax + 1 + c.precision - fmt.precision <= c.bias
    return shape_of(fmt, c) == "" and room_above and _has_room_below(fmt, c)


def decodes_by_magic(fmt: FloatFormat, c: Carrier) -> bool:
    """Whether one subtraction decodes the format exactly, even where the processor flushes subnormals to zero."""
    return fmt.subnormals is Subnormals.GRADUAL and _has_room_below(fmt, c)


def _has_room_below(fmt: FloatFormat, c: Carrier) -> bool:
    """Whether half the quantum is a normal number of the carrier."""
    return fmt.emin - fmt.precision >= 1 - c.bias


@lru_cache(maxsize=4096)
def lower_magic(fmt: FloatFormat, c: Carrier, edges: Edges) -> MagicParams:
    """Lower for rounding to nearest even by addition."""
    f = lower_round(fmt, c, edges, 0)
    t = c.precision - 1
    return MagicParams(
        low=(fmt.emin + c.bias) << t,
        lift=f.drop << t,
        limit=pattern(fmt.max + fmt._power(fmt.emax - fmt.precision), c) - (fmt.max_code & 1),
        over_pos=f.over_pos,
        nan_pos=f.nan_pos,
    )


@lru_cache(maxsize=4096)
def lower_round(fmt: FloatFormat, c: Carrier, edges: Edges, random_bits: int) -> FloatParams:
    """Lower for rounding: results are carrier patterns."""

    def at(code: int | None) -> int:
        if code is None:
            return mark(c)
        lone_nan = code == fmt.sign_code and fmt.nan_at_negative_zero
        return pattern(fmt.value(code), c) | (c.sign if code & fmt.sign_code and not lone_nan else 0)

    gradual = fmt.subnormals is Subnormals.GRADUAL
    flush = fmt.subnormals is Subnormals.FLUSH
    floor = pattern(fmt.smallest_subnormal or fmt.smallest_normal, c)
    return FloatParams(
        **_shape(fmt, c, random_bits),
        quantum=0 if flush else floor,
        unit=0,
        floor=0,
        smallest=0 if gradual else pattern(fmt.smallest, c),
        under=0 if fmt.zero else pattern(fmt.smallest, c),
        max_pos=pattern(fmt.max, c),
        max_neg=_lower_bound(fmt, c, pattern(fmt.max, c), pattern(fmt.smallest, c)),
        **{name: at(code) for name, code in edges._asdict().items()},
        sign=c.sign if fmt.signed else 0,
        zero_sign=c.sign if fmt.negative_zero else 0,
    )


@lru_cache(maxsize=4096)
def lower_encode(fmt: FloatFormat, c: Carrier, edges: Edges, random_bits: int) -> FloatParams:
    """Lower for encoding: results are codes."""
    one = 1 << fmt.fraction_bits
    gradual = fmt.subnormals is Subnormals.GRADUAL
    sign = signed(fmt.sign_code, c)
    return FloatParams(
        **_shape(fmt, c, random_bits),
        quantum=0,
        unit=1 if gradual or not fmt.zero else one,
        floor=0 if fmt.zero else -1,
        smallest=0 if gradual else fmt.first_code,
        under=0,
        max_pos=fmt.max_code,
        max_neg=_lower_bound(fmt, c, fmt.max_code, fmt.first_code),
        **{name: signed(code or 0, c) for name, code in edges._asdict().items()},
        sign=sign,
        zero_sign=sign if fmt.negative_zero else 0,
    )


@lru_cache(maxsize=1024)
def lower_decode(fmt: FloatFormat, c: Carrier) -> FloatCodes:
    """Lower for decoding: codes to carrier patterns."""
    lone = fmt.value(fmt.sign_code)
    return FloatCodes(
        sign=signed(fmt.sign_code, c),
        mask=fmt.half - 1,
        drop=c.precision - fmt.precision,
        first_field=fmt.first_field,
        origin=fmt.emin + c.bias,
        first_code=fmt.first_code,
        top=fmt.half - 1 - fmt.top_nans,
        inf_code=fmt.infinity_code if fmt.infinity_code is not None else -1,
        inf=c.inf,
        nan=pattern(float("nan"), c),
        lone_code=signed(fmt.sign_code, c),
        lone=pattern(lone, c),
        zero_sign=c.sign if fmt.negative_zero else 0,
    )


def lower_matlab(fmt: FloatFormat, c: Carrier, asked: Request) -> MatlabParams:
    """Lower for MATLAB's chop; anything but gradual subnormals stands for its option ``subnormal=0``.

    Raises
    ------
    PolicyError
        If the format is not IEEE-like, the mode has no number in chop, or an overflow policy was given.
    """
    mode = asked.rounding
    ieee = FloatFormat(exponent_bits=fmt.exponent_bits, precision=fmt.precision, subnormals=fmt.subnormals)
    if fmt != ieee or fmt.precision < 2:
        raise PolicyError(f"compat='matlab_chop' knows IEEE-like formats only; {fmt} is not one")
    if mode.matlab is None or asked.overflow is not None:
        legal = ", ".join(m.value for m in Rounding if m.matlab)
        raise PolicyError(f"compat='matlab_chop' takes no overflow= and only the modes {legal}; got {mode.value}")
    gradual = fmt.subnormals is Subnormals.GRADUAL
    top, inf = pattern(fmt.max, c), c.inf
    least = fmt._power(fmt.emin - fmt.fraction_bits) if gradual else fmt.smallest_normal
    half = pattern(least / 2, c) - (0 if gradual else 1)
    bars = {Rounding.NEAREST_EVEN: (half, half), Rounding.UP: (0, inf), Rounding.DOWN: (inf, 0)}
    bar_pos, bar_neg = bars.get(mode, (inf, inf))
    nearest = mode in (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC_EQUAL)
    limit = pattern(fmt.max + fmt._power(fmt.emax - fmt.precision), c) - 1 if nearest else top
    return MatlabParams(
        drop=c.precision - fmt.precision,
        emin=fmt.emin + c.bias,
        bottom=fmt.emin - fmt.fraction_bits + c.bias,
        random_bits=asked.random_bits,
        least=pattern(least, c),
        bar_pos=bar_pos,
        bar_neg=bar_neg,
        limit_pos=limit,
        limit_neg=limit,
        over_pos=inf if nearest or mode is Rounding.UP else top,
        over_neg=(inf if nearest or mode is Rounding.DOWN else top) | c.sign,
    )


def _shape(fmt: FloatFormat, c: Carrier, random_bits: int) -> dict[str, int]:
    drop = c.precision - fmt.precision
    return {
        "drop": drop,
        "emin": _NEVER if fmt.subnormals is Subnormals.FLUSH else fmt.emin + c.bias,
        "gap": drop if fmt.subnormals is Subnormals.GRADUAL else c.precision - 1,
        "origin": 1 - fmt.bias + c.bias,
        "single": 1 if fmt.precision == 1 else 0,
        "random_bits": random_bits,
    }


def _lower_bound(fmt: FloatFormat, c: Carrier, top: int, smallest: int) -> int:
    """Return the largest magnitude a negative result may have; what is flushed to zero has one below `smallest`."""
    if fmt.signed or fmt.negative is Negative.MAGNITUDE:
        return top
    if not fmt.zero:
        return c.sign
    return smallest - 1 if fmt.subnormals is Subnormals.FLUSH else 0
