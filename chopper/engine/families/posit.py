"""The posit family: from a request to kernel and integers."""

from __future__ import annotations

from typing import cast

from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark, pattern, signed
from chopper.engine.plan import Plan, Request
from chopper.errors import PolicyError
from chopper.formats.policies import Metric, Underflow
from chopper.formats.posit import PositFormat
from chopper.kernels.carrier import Carrier
from chopper.kernels.posit import PositCodes, PositParams
from chopper.rounding import Overflow, Rounding

__all__ = ["fits", "plan_decode", "plan_encode", "plan_round", "why_not"]

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO)
_STOCHASTIC = (Rounding.STOCHASTIC, Rounding.STOCHASTIC_B, Rounding.STOCHASTIC_C)


def fits(fmt: PositFormat, width: int) -> bool:
    """Whether the carrier of this width holds every value of the format, as a normal number."""
    c = carrier_of(width)
    return fmt.n <= c.width and fmt.precision <= c.precision and fmt.emax < c.bias


def why_not(fmt: PositFormat, width: int) -> str:
    """Say which field of the format leaves the carrier, and its legal range."""
    c = carrier_of(width)
    most = min(c.width, c.precision + 2 + fmt.es, ((c.bias - 1) >> fmt.es) + 2)
    return f"n={fmt.n}; legal with es={fmt.es}: 2 to {most}"


def plan_round(request: Request, width: int) -> Plan:
    """Plan rounding on a carrier."""
    fmt, shape, width = _shape(request, width)
    c = carrier_of(width)
    top = pattern(fmt.max, c)
    params = _lower(request, fmt, c, (top, top | c.sign, pattern(float("nan"), c), mark(c)))
    raises = mark(c) if request.overflow is Overflow.RAISE else None
    return Plan(Kernel("posit", "round_posit" + shape, request.rounding.value, width), params, raises)


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier."""
    fmt, shape, width = _shape(request, width)
    c = carrier_of(width)
    params = _lower(request, fmt, c, (fmt.nar - 1, signed(fmt.nar + 1, c), signed(fmt.nar, c), 0))
    raises = 0 if request.overflow is Overflow.RAISE else None
    return Plan(Kernel("posit", "encode_posit" + shape, request.rounding.value, width), params, raises)


def plan_decode(fmt: PositFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    c = carrier_of(width)
    params = PositCodes(
        width=c.width,
        precision=c.width - 1,
        one=pattern(fmt.max / fmt.max, c),
        field=c.precision - 1 + fmt.es,
        half=signed(fmt.nar, c),
        body=fmt.n - 2,
        nan=pattern(float("nan"), c),
    )
    return Plan(Kernel("posit", "decode_posit", "toward_zero", width), params, slow=True)


def _shape(request: Request, width: int) -> tuple[PositFormat, str, int]:
    """Return the format, the suffix of the kernel that serves it in this mode, and the width of that kernel."""
    fmt, mode = cast(PositFormat, request.fmt), request.rounding
    if request.compat is not None:
        raise PolicyError(f"compat={request.compat!r} does not suit {fmt}: it is a posit; leave compat out")
    if fmt.underflow is Underflow.ZERO or (_valued(fmt, mode) and mode is not Rounding.STOCHASTIC):
        return fmt, "_general", max(width, 64)
    return fmt, "_valued" if _valued(fmt, mode) else "", width


def _valued(fmt: PositFormat, mode: Rounding) -> bool:
    """Whether code and value differ as measures in this mode."""
    metric = fmt.nearest if mode in _NEAREST else fmt.stochastic if mode in _STOCHASTIC else Metric.CODE
    return metric is Metric.VALUE and fmt.es > 0


def _lower(request: Request, fmt: PositFormat, c: Carrier, results: tuple[int, int, int, int]) -> PositParams:
    """Lower for rounding or encoding; `results` are maxpos, -maxpos, NaR and what marks an error."""
    high, low, nar, error = results
    policy = request.overflow or Overflow.PROPAGATE
    over = {
        Overflow.PROPAGATE: (high, low, nar, nar),
        Overflow.SATURATE: (high, low, high, low),
        Overflow.NAN: (nar, nar, nar, nar),
        Overflow.RAISE: (error, error, error, error),
    }.get(policy)
    if over is None:
        raise PolicyError(
            f"overflow={policy.value!r} does not suit {fmt}: a posit has no infinity and does not wrap; "
            "use one of 'propagate', 'saturate', 'nan', 'raise'"
        )
    field = c.precision - 1 + fmt.es
    return PositParams(
        one=pattern(fmt.max / fmt.max, c),
        low=pattern(fmt.smallest, c),
        top=pattern(fmt.max, c),
        field=field,
        cut=field + 3 - fmt.n,
        rest=fmt.n - 3,
        half=signed(fmt.nar, c),
        mask=signed((1 << fmt.n) - 1, c),
        random_bits=request.random_bits,
        valued=int(_valued(fmt, request.rounding)),
        zero=int(fmt.underflow is Underflow.ZERO),
        over_pos=over[0],
        over_neg=over[1],
        inf_pos=over[2],
        inf_neg=over[3],
        nan=nar,
    )
