"""The kernels on symbolic bit-vectors: their own source, executed by an SMT solver's terms instead of numbers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
import z3

from chopper.engine.families.float import fits
from chopper.engine.families.float.edges import default_overflow, edges_of
from chopper.engine.families.float.lower import lower_decode, lower_encode, lower_round, shape_of
from chopper.engine.kernel import Kernel
from chopper.engine.plan import Plan, Request, plan_decode, plan_encode, plan_round
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.kernels.carrier import BINARY32, BINARY64, Carrier
from chopper.rounding import Rounding
from tests.proofs.these import KINDS

__all__ = [
    "MODES",
    "SHIPPED",
    "SORTS",
    "TIMEOUT",
    "Source",
    "as_float",
    "carrier",
    "cases",
    "constant",
    "decoded",
    "encoded",
    "execute",
    "finite",
    "is_nan",
    "pattern",
    "plain",
    "plain_decode",
    "plain_encode",
    "rounded",
    "solve",
]

TIMEOUT = 120
"""Seconds that one proof may take; one that takes longer has failed."""

SORTS = {32: z3.Float32(), 64: z3.Float64()}
FEW = (Rounding.NEAREST_EVEN, Rounding.UP, Rounding.TO_ODD)
MODES = tuple(mode for mode in Rounding if not mode.random)


def cases(
    formats: Iterable[str | FloatFormat],
    modes: Iterable[Rounding],
    widths: tuple[int, ...] = (32, 64),
    full: bool = False,
) -> Any:
    """Parametrize over the formats that fit the carriers, the modes and the carriers.

    Unless `full`, most runs prove a part of this: one format of each kind in all modes from binary32, and in a few
    modes that and everything else from binary32, and one format of each kind from binary64.
    """
    modes, found = tuple(modes), []
    few = [mode for mode in modes if mode in FEW] or modes
    for fmt in map(get, formats):
        assert isinstance(fmt, FloatFormat)
        for width in (width for width in widths if fits(fmt, width)):
            for mode in modes:
                usual = full or (fmt in KINDS, width == 32, mode in few).count(True) >= 2
                marks = () if usual else pytest.mark.exhaustive
                found.append(pytest.param(fmt, mode, width, id=f"{fmt}-{mode.value}-{width}", marks=marks))
    return pytest.mark.parametrize(("fmt", "mode", "width"), found)


def carrier(width: int) -> Carrier:
    """Return the carrier of this width."""
    return BINARY32 if width == 32 else BINARY64


# --- running kernels -------------------------------------------------------------------------------------------------


class Source:
    """Where kernels find their functions and rules: in the library."""

    def function(self, kernel: Kernel) -> Any:
        """Return the function of a kernel."""
        return kernel.function

    def rule(self, kernel: Kernel) -> Any:
        """Return the rounding rule of a kernel."""
        return kernel.rule_function


SHIPPED = Source()


def execute(
    kernel: Kernel, params: Any, x: Any, word: Any = 0, *, source: Source = SHIPPED, flush: bool = False
) -> Any:
    """Run a kernel on terms, its float operations, if any, with subnormal numbers flushed to zero if `flush`.

    Numbers in the dialect are signed, and so are ``<`` and ``>>`` on the solver's bit-vectors.
    """
    width = kernel.width

    def where(condition: Any, a: Any, b: Any) -> Any:
        a, b = (z3.BitVecVal(v, width) if isinstance(v, int) else v for v in (a, b))
        return z3.If(condition, a, b)

    rule = _float_operation(kernel.rule, width, flush) if kernel.module == "magic" else source.rule(kernel)
    return source.function(kernel)(where, rule, x, word, kernel.carrier, params)


def _float_operation(name: str, width: int, flush: bool) -> Callable[[Any, Any], Any]:
    """Return the float operation of this name that a kernel of `chopper.kernels.magic` takes; `flush` as `_flushed`."""
    add, subtract = (_flushed(op, width) if flush else op for op in (_add, _subtract))

    def settle(mag: Any, magic: Any) -> Any:
        c = as_float(magic, width)
        return z3.fpToIEEEBV(subtract(add(as_float(mag, width), c), c))

    def difference(a: Any, b: Any) -> Any:
        return z3.fpToIEEEBV(subtract(as_float(a, width), as_float(b, width)))

    return {"settle": settle, "difference": difference}[name]


def _add(a: Any, b: Any) -> Any:
    return z3.fpAdd(z3.RNE(), a, b)


def _subtract(a: Any, b: Any) -> Any:
    return z3.fpSub(z3.RNE(), a, b)


def _flushed(operation: Callable[[Any, Any], Any], width: int) -> Callable[[Any, Any], Any]:
    """Return the operation on a processor that takes subnormal operands, and gives subnormal results, as zeros."""
    sort = SORTS[width]

    def flush(a: Any) -> Any:
        zero = z3.If(z3.fpIsNegative(a), z3.fpMinusZero(sort), z3.fpPlusZero(sort))
        return z3.If(z3.fpIsSubnormal(a), zero, a)

    return lambda a, b: flush(operation(flush(a), flush(b)))


def rounded(x: Any, fmt: FloatFormat, mode: Rounding, width: int, **options: Any) -> Any:
    """Return what the library rounds x to: the plan it would run, on a term."""
    plan = plan_round(Request(fmt, mode), width)
    return execute(plan.kernel, plan.params, x, **options)


def encoded(x: Any, fmt: FloatFormat, mode: Rounding, width: int, **options: Any) -> Any:
    """Return the code that the library encodes x to."""
    plan = plan_encode(Request(fmt, mode), width)
    return execute(plan.kernel, plan.params, x, **options)


def decoded(code: Any, fmt: FloatFormat, width: int, **options: Any) -> Any:
    """Return what the library decodes a code to."""
    plan = plan_decode(fmt, width)
    return execute(plan.kernel, plan.params, code, **options)


def plain(fmt: FloatFormat, mode: Rounding, width: int, shape: str | None = None) -> Plan:
    """Return the plan with an integer kernel: the one that serves the format in all modes, or one of another shape."""
    params = lower_round(fmt, carrier(width), edges_of(fmt, mode, default_overflow(fmt)), 32)
    return Plan(Kernel("float", "round_float" + _shape(fmt, width, shape), mode.value, width), params)


def plain_encode(fmt: FloatFormat, mode: Rounding, width: int, shape: str | None = None) -> Plan:
    """As `plain`, for encoding."""
    params = lower_encode(fmt, carrier(width), edges_of(fmt, mode, default_overflow(fmt)), 32)
    return Plan(Kernel("float", "encode_float" + _shape(fmt, width, shape), mode.value, width), params)


def plain_decode(fmt: FloatFormat, width: int) -> Plan:
    """As `plain`, for decoding."""
    return Plan(Kernel("float", "decode_float", "toward_zero", width), lower_decode(fmt, carrier(width)))


def _shape(fmt: FloatFormat, width: int, shape: str | None) -> str:
    return shape_of(fmt, carrier(width)).replace("_short", "") if shape is None else shape


# --- terms -----------------------------------------------------------------------------------------------------------


def as_float(bits: Any, width: int) -> Any:
    """Read a pattern as a floating-point number."""
    return z3.fpBVToFP(bits, SORTS[width])


def pattern(value: Fraction | float, width: int) -> int:
    """Return the pattern of a value that the carrier holds, as an unsigned integer."""
    number = float(value)
    assert isinstance(value, float) or Fraction(number) == value
    form, integer = ("<f", "<I") if width == 32 else ("<d", "<Q")
    bits: int = struct.unpack(integer, struct.pack(form, number))[0]
    return bits


def constant(value: Fraction | float, width: int) -> Any:
    """Return the pattern of a value, as a term."""
    return z3.BitVecVal(pattern(value, width), width)


def is_nan(bits: Any, width: int) -> Any:
    """Whether a pattern is a NaN."""
    c = carrier(width)
    return bits & ~c.sign > c.inf


def finite(bits: Any, width: int) -> Any:
    """Whether a pattern is a finite number."""
    c = carrier(width)
    return bits & ~c.sign < c.inf


def solve(*claims: Any, timeout: int = TIMEOUT) -> tuple[str, dict[str, str]]:
    """Look for inputs that satisfy all claims: "unsat", "sat" with the inputs, or "unknown"."""
    solver = z3.SolverFor("QF_BVFP")
    solver.set("timeout", timeout * 1000)
    solver.add(*claims)
    verdict = str(solver.check())
    if verdict != "sat":
        return verdict, {}
    model = solver.model()
    return verdict, {str(name): _shown(model[name]) for name in model.decls()}


def _shown(value: Any) -> str:
    return hex(value.as_long()) if z3.is_bv_value(value) else str(value)
