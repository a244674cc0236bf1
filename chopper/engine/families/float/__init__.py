"""The float family: from a request to kernel and integers."""

from __future__ import annotations

from typing import cast

from chopper.engine.families.float.edges import Edges
from chopper.engine.families.float.lower import (
    decodes_by_magic,
    fits_carrier,
    is_magic,
    lower_decode,
    lower_encode,
    lower_magic,
    lower_matlab,
    lower_round,
    shape_of,
)
from chopper.engine.families.float.presets import resolve
from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark
from chopper.engine.plan import Plan, Request
from chopper.errors import PolicyError
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Negative
from chopper.kernels.float import FloatParams
from chopper.rounding import Rounding

__all__ = ["fits", "plan_decode", "plan_encode", "plan_round", "why_not"]


def fits(fmt: FloatFormat, width: int) -> bool:
    """Whether the carrier of this width holds every value of the format."""
    return fits_carrier(fmt, carrier_of(width))


def why_not(fmt: FloatFormat, width: int) -> str:
    """Say which field of the format leaves the carrier, and its legal range."""
    c = carrier_of(width)
    if fmt.precision > c.precision:
        return f"precision={fmt.precision}; legal: 1 to {c.precision}"
    if fmt.half > -c.sign:
        return f"codes of {fmt.bits} bits; legal: at most {c.width if fmt.signed else c.width - 1}"
    low, high = fmt.emax + fmt.bias - c.bias, c.bias + c.precision - 2 + fmt.first_field - fmt.fraction_bits
    if low > high:
        return f"exponent_bits={fmt.exponent_bits} span too many binades; legal: fewer exponent bits"
    return f"bias={fmt.bias}; legal: {low} to {high}"


def plan_round(request: Request, width: int) -> Plan:
    """Plan rounding on a carrier."""
    fmt, c = _float(request), carrier_of(width)
    if request.compat == "matlab_chop":
        return Plan(Kernel("matlab", "round_matlab", request.rounding.value, width), lower_matlab(fmt, c, request))
    fmt, mode, edges, narrow, naive = resolve(fmt, request.rounding, request.overflow, request.compat)
    raises = mark(c) if None in edges else None
    mode = _without_sign(mode, fmt)
    symmetric = _symmetric(edges, fmt)
    shape = "_general" if naive else shape_of(fmt, c)
    if shape == "_short" and not symmetric:
        shape = ""
    kernel = Kernel("float", "round_float" + shape, mode.value, width)
    plan = Plan(kernel, _params(lower_round(fmt, c, edges, request.random_bits), naive), raises, narrow=narrow)
    if mode is Rounding.NEAREST_EVEN and is_magic(fmt, c) and symmetric:
        kernel = Kernel("magic", "round_float_magic", "settle", width)
        return plan._replace(kernel=kernel, params=lower_magic(fmt, c, edges), twin=plan)
    return plan


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier; the shape ``_short`` has no encoder of its own."""
    fmt, c = _float(request), carrier_of(width)
    if request.compat == "matlab_chop":
        raise PolicyError("compat='matlab_chop' rounds values and defines no codes; call chop, then encode")
    fmt, mode, edges, narrow, naive = resolve(fmt, request.rounding, request.overflow, request.compat)
    mode = _without_sign(mode, fmt)
    shape = "_general" if naive else shape_of(fmt, c).replace("_short", "")
    params = _params(lower_encode(fmt, c, edges, request.random_bits), naive)
    kernel = Kernel("float", "encode_float" + shape, mode.value, width)
    return Plan(kernel, params, 0 if None in edges else None, narrow=narrow)


def plan_decode(fmt: FloatFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    c = carrier_of(width)
    short = "_short" if shape_of(fmt, c) == "_short" else ""
    kernel = Kernel("float", "decode_float" + short, "toward_zero", width)
    plan = Plan(kernel, lower_decode(fmt, c), slow=not short)
    if decodes_by_magic(fmt, c):
        return plan._replace(kernel=Kernel("magic", "decode_float_magic", "difference", width), slow=False, twin=plan)
    return plan


def _without_sign(mode: Rounding, fmt: FloatFormat) -> Rounding:
    """Return the mode that does to both signs what `mode` does to positive numbers, where the format ignores signs."""
    if fmt.signed or fmt.negative is not Negative.MAGNITUDE:
        return mode
    return {Rounding.UP: Rounding.AWAY_FROM_ZERO, Rounding.DOWN: Rounding.TOWARD_ZERO}.get(mode, mode)


def _params(f: FloatParams, naive: bool) -> FloatParams:
    return f._replace(single=0) if naive else f


def _symmetric(edges: Edges, fmt: FloatFormat) -> bool:
    """Whether overflow and infinity become the same, and both signs up to the sign."""
    pairs = ((edges.over_pos, edges.over_neg), (edges.nan_pos, edges.nan_neg))
    mirrored = all(p is not None and n is not None and p | fmt.sign_code == n for p, n in pairs)
    return mirrored and edges.over_pos == edges.inf_pos


def _float(request: Request) -> FloatFormat:
    return cast(FloatFormat, request.fmt)
