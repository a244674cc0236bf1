"""The takums: linear ones by the code by a kernel, the others, of up to 16 bits, as lists of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, cast

from chopper.engine.families import logarithms, table
from chopper.engine.families.table.ends import ends_of
from chopper.engine.families.table.rows import Pair, View, begins
from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark, pattern, signed
from chopper.engine.plan import Plan, Request
from chopper.errors import PolicyError
from chopper.formats.policies import Metric, Underflow
from chopper.formats.takum import TakumFormat
from chopper.kernels.carrier import BINARY64, Carrier
from chopper.kernels.takum import TakumCodes, TakumParams
from chopper.rounding import Rounding

__all__ = ["fits", "fits_codes", "operate", "plan_decode", "plan_encode", "plan_round", "why_not"]

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO)
_UNCUT = 12
"""From so many bits on, no bit of the characteristic is cut off."""
_WIDEST = BINARY64.precision + 4
"""The most bits of a linear takum whose values float64 holds."""
_WIDEST_32 = 4
"""The most bits of one whose range, up to 2^63 and down to 2^-63, float32 holds."""

_Put = Callable[[int | None], int]


def fits(fmt: TakumFormat, width: int) -> bool:
    """Whether the carrier of this width holds every value of the format, or the range of irrational ones."""
    return not why_not(fmt, width)


def fits_codes(fmt: TakumFormat, width: int) -> bool:
    """Whether the kernels for the carrier of this width encode to the format."""
    return fits(fmt, width) or (width == 64 and not fmt.logarithmic)


def why_not(fmt: TakumFormat, width: int) -> str:
    """Say why values leave the carrier; "" if none does."""
    if fmt.logarithmic:
        return table.leaves(fmt, (*fmt.extremes, 1), width)  # irrational values are all rounded to the carrier
    if width == 32:
        return "" if fmt.n <= _WIDEST_32 else f"n={fmt.n}; legal for linear takums in float32: 2 to {_WIDEST_32}"
    return "" if fmt.n <= _WIDEST else f"n={fmt.n}; legal for linear takums: 2 to {_WIDEST}"


def plan_round(request: Request, width: int) -> Plan:
    """Plan rounding on a carrier."""
    fmt = cast(TakumFormat, request.fmt)
    if not _has_kernel(request):
        return table.plan_round(request, width)
    c = carrier_of(max(width, 64))

    def put(code: int | None) -> int:
        if code is None:
            return mark(c)
        return pattern(float("nan") if code == fmt.nan_code else fmt.number(code), c)

    return _plan("round_takum", request, c, put, mark(c))


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier."""
    if not _has_kernel(request):
        return table.plan_encode(request, width)
    return _plan("encode_takum", request, BINARY64, lambda code: signed(code or 0, BINARY64), 0)


def plan_decode(fmt: TakumFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    if fmt.logarithmic or width == 32:
        return table.plan_decode(fmt, width)
    nan = pattern(float("nan"), BINARY64)
    params = TakumCodes(one=pattern(Fraction(1), BINARY64), drop=64 - fmt.n, half=fmt.nan_code, nan=nan)
    return Plan(Kernel("takum", "decode_takum", "toward_zero", 64), params, slow=True)


def operate(name: str, operands: Sequence[Any], request: Request, words: Any = None) -> Any:
    """Return the results of an operation on logarithmic takums; `NotImplemented` for linear ones, binary fractions."""
    if not cast(TakumFormat, request.fmt).logarithmic:
        return NotImplemented
    return logarithms.operate(name, operands, request, words)


def _has_kernel(request: Request) -> bool:
    """Whether the kernel serves the format in this mode; raises where nothing does."""
    fmt, mode = cast(TakumFormat, request.fmt), request.rounding
    if request.compat is not None:
        raise PolicyError(f"compat={request.compat!r} does not know {fmt}; leave it out")
    if fmt.logarithmic:
        return False
    if mode.random and fmt.underflow is Underflow.ZERO:
        if fmt.n > 16:
            raise PolicyError(
                f"rounding={mode.value!r} does not suit {fmt}: chance between zero and the smallest number needs a "
                "table; legal: underflow=smallest, takums of up to 16 bits, modes without chance"
            )
        return False
    metric = fmt.nearest if mode in _NEAREST else fmt.stochastic if mode.random else Metric.CODE
    return metric is Metric.CODE or fmt.n >= _UNCUT


def _plan(name: str, request: Request, c: Carrier, put: _Put, raises: int) -> Plan:
    fmt, mode = cast(TakumFormat, request.fmt), request.rounding
    ends = ends_of(fmt, mode, request.overflow or fmt.default_overflow)
    params = TakumParams(
        low=pattern(fmt.smallest, c),
        top=pattern(fmt.max, c),
        one=pattern(Fraction(1), c),
        drop=c.precision + 11 - fmt.n,
        mask=signed((1 << fmt.n) - 1, c),
        random_bits=request.random_bits,
        under_pos=_under(fmt, mode, c, False),
        under_neg=_under(fmt, mode, c, True),
        over_pos=put(ends.over_pos),
        over_neg=put(ends.over_neg),
        inf_pos=put(ends.inf_pos),
        inf_neg=put(ends.inf_neg),
        nan=put(fmt.nan_code),
    )
    return Plan(Kernel("takum", name, mode.value, c.width), params, raises if None in ends else None)


def _under(fmt: TakumFormat, mode: Rounding, c: Carrier, negative: bool) -> int:
    """Return the pattern where the smallest number of a sign begins."""
    if fmt.underflow is Underflow.SMALLEST:
        return 1
    view, smallest = View(fmt, c, c.precision), (1 << fmt.n) - 1 if negative else 1
    return begins(view, mode, negative)(Pair(0, smallest))
