"""The fixed-point family: from a request to kernel and integers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, cast

from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark, pattern, power, signed
from chopper.engine.plan import Plan, Request
from chopper.errors import PolicyError
from chopper.formats.fixed import FixedFormat
from chopper.formats.policies import NanInput
from chopper.kernels.carrier import Carrier
from chopper.kernels.fixed import FixedCodes, FixedParams, FixedWide
from chopper.kernels.magic import FixedMagic
from chopper.rounding import Overflow, Rounding

__all__ = ["fits", "fits_codes", "plan_decode", "plan_encode", "plan_round", "why_not"]


def fits(fmt: FixedFormat, width: int) -> bool:
    """Whether the carrier of this width holds every value of the format, as a normal number."""
    c = carrier_of(width)
    return fits_codes(fmt, width) and fmt.bits - fmt.signed <= c.precision


def fits_codes(fmt: FixedFormat, width: int) -> bool:
    """Whether the carrier holds the format's quantum and binades, and integers as wide as it the format's codes."""
    c = carrier_of(width)
    return fmt.bits <= width and fmt.integer_bits - 1 <= c.bias and fmt.fraction_bits <= c.bias - 1


def why_not(fmt: FixedFormat, width: int) -> str:
    """Say which field of the format leaves the carrier, and its legal range."""
    c = carrier_of(width)
    if fmt.integer_bits - 1 > c.bias:
        return f"integer_bits={fmt.integer_bits}; legal: at most {c.bias + 1}"
    if fmt.fraction_bits > c.bias - 1:
        return f"fraction_bits={fmt.fraction_bits}; legal: at most {c.bias - 1}"
    return f"integers of {fmt.bits} bits; legal: at most {c.precision + fmt.signed}"


def plan_round(request: Request, width: int) -> Plan:
    """Plan rounding on a carrier.

    A format whose codes alone fit is only ever asked where errors are due: what is no error may then be any value.
    """
    fmt, c, ends = cast(FixedFormat, request.fmt), carrier_of(width), _ends(request)

    def at(integer: int | None) -> int:
        return mark(c) if integer is None else pattern(integer * fmt.quantum, c)

    raises = mark(c) if None in ends else None
    edges = {"over_pos": at(ends.high), "over_neg": at(ends.low), "nan": at(ends.nan)}
    limits = _limits(fmt, c)
    if request.overflow is Overflow.WRAP:
        limits = dict.fromkeys(limits, c.inf - 1)
        if fits(fmt, width):
            wide = FixedWide(**_grid(fmt, c, request), mask=_mask(fmt, c), sign=_sign(fmt, c), **limits, **edges)
            return Plan(Kernel("fixed", "round_fixed_wrap", request.rounding.value, width), wide, raises)
    params = FixedParams(**_grid(fmt, c, request), quantum=pattern(fmt.quantum, c), mask=0, **limits, **edges)
    plan = Plan(Kernel("fixed", "round_fixed", request.rounding.value, width), params, raises)
    if request.rounding is Rounding.NEAREST_EVEN and request.overflow is not Overflow.WRAP and _is_magic(fmt, c):
        fast = FixedMagic(_magic(fmt, c), **limits, **edges)
        return Plan(Kernel("magic", "round_fixed_magic", "settle", width), fast, raises, twin=plan)
    return plan


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier."""
    fmt, c, ends = cast(FixedFormat, request.fmt), carrier_of(width), _ends(request)
    raises = 0 if None in ends else None
    whole = (1 << c.width) - 1
    over_pos, over_neg, nan = (signed((end or 0) & whole, c) for end in ends)
    edges = {"over_pos": over_pos, "over_neg": over_neg, "nan": nan}
    grid = {**_grid(fmt, c, request), "mask": _mask(fmt, c)}
    wraps = request.overflow is Overflow.WRAP
    if wraps or fmt.bits - fmt.signed > c.precision:
        limits = dict.fromkeys(("max_pos", "max_neg"), c.inf - 1) if wraps else _limits(fmt, c)
        wide = FixedWide(**grid, sign=_sign(fmt, c), **limits, **edges)
        return Plan(Kernel("fixed", "encode_fixed_wide", request.rounding.value, width), wide, raises)
    params = FixedParams(**grid, quantum=0, max_pos=fmt.max_integer, max_neg=-fmt.min_integer, **edges)
    return Plan(Kernel("fixed", "encode_fixed", request.rounding.value, width), params, raises)


@lru_cache(maxsize=1024)
def plan_decode(fmt: FixedFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    c = carrier_of(width)
    magic = _magic(fmt, c) if _is_magic(fmt, c) else 0
    codes = FixedCodes(_origin(fmt, c), _sign(fmt, c), fmt.min_integer, magic)
    plan = Plan(Kernel("fixed", "decode_fixed", "toward_zero", width), codes, slow=True)
    if magic:
        return Plan(Kernel("magic", "decode_fixed_magic", "difference", width), codes, twin=plan)
    return plan


class _Ends(NamedTuple):
    """The integers that overflow and infinity become at either end, and NaN; None stands for a `RangeError`."""

    high: int | None
    low: int | None
    nan: int | None


def _ends(request: Request) -> _Ends:
    """Return the ends of a request; raises a `PolicyError` if its policy or preset does not suit the format."""
    fmt, policy = cast(FixedFormat, request.fmt), request.overflow or Overflow.SATURATE
    if request.compat is not None:
        raise PolicyError(f"compat={request.compat!r} does not suit {fmt}: presets are for float formats; leave it out")
    if policy in (Overflow.INFINITY, Overflow.NAN):
        lacks = "infinity" if policy is Overflow.INFINITY else "NaN"
        wrap = "" if fmt.symmetric else "'wrap', "
        legal = f"'saturate', 'propagate', {wrap}'raise'"
        raise PolicyError(f"overflow={policy.value!r} does not suit {fmt}: it has no {lacks}; use one of {legal}")
    if policy is Overflow.WRAP and fmt.symmetric:
        raise PolicyError(
            f"overflow='wrap' does not suit {fmt}: it leaves a code out; use symmetric=False, or one of 'saturate', "
            "'propagate', 'raise'"
        )
    nan = {NanInput.MAX: fmt.max_integer, NanInput.ZERO: 0, NanInput.RAISE: None}[fmt.nan_input]
    if policy in (Overflow.SATURATE, Overflow.PROPAGATE):
        return _Ends(fmt.max_integer, fmt.min_integer, nan)
    return _Ends(None, None, nan)


def _limits(fmt: FixedFormat, c: Carrier) -> dict[str, int]:
    """Return the patterns of the largest magnitudes of the carrier that lie within the ends of the format."""
    return {"max_pos": _below(fmt, fmt.max_integer, c), "max_neg": _below(fmt, -fmt.min_integer, c)}


def _below(fmt: FixedFormat, integer: int, c: Carrier) -> int:
    held = integer % (1 << max(integer.bit_length() - c.precision, 0)) == 0
    return pattern(integer * fmt.quantum, c) - (not held)


def _origin(fmt: FixedFormat, c: Carrier) -> int:
    return c.bias + c.precision - 1 - fmt.fraction_bits


def _grid(fmt: FixedFormat, c: Carrier, request: Request) -> dict[str, int]:
    return {"origin": _origin(fmt, c), "random_bits": request.random_bits}


def _mask(fmt: FixedFormat, c: Carrier) -> int:
    return signed((1 << fmt.bits) - 1, c)


def _sign(fmt: FixedFormat, c: Carrier) -> int:
    return signed(1 << (fmt.bits - 1), c) if fmt.signed else 0


def _is_magic(fmt: FixedFormat, c: Carrier) -> bool:
    """Whether one addition rounds to the format, and one subtraction decodes it, exactly."""
    room = fmt.bits - fmt.signed <= c.precision - 3
    return room and c.precision - 1 - fmt.fraction_bits < c.bias


def _magic(fmt: FixedFormat, c: Carrier) -> int:
    """Return the pattern of 3/2 of the power of two whose ulp is the quantum."""
    return pattern(3 * power(c.precision - 2 - fmt.fraction_bits), c)
