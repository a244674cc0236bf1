"""For every input there is, the kernels give what IEEE 754 gives, overflow included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import z3

from chopper.engine.plan import Request, plan_round
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get, rows
from chopper.rounding import Rounding
from tests.proofs.definition import definition, ieee, nan_result
from tests.proofs.smt import MODES, cases, execute, is_nan, plain

IEEE = (
    "e5m2", "e3m4", "e4m3_ieee", "ms_fp9", "fp16", "bf16", "tf32", "e7m16", "pxr24", "fp32", "e11m20", "fp64", "e2m2ieee",
)  # fmt: skip
NAMED = [row.format for row in rows() if isinstance(row.format, FloatFormat)]
P3109 = ("binary8p1se", "binary8p3se", "binary8p4sf", "binary8p1ue", "binary8p3uf", "binary6p2ue", "binary16p11se")
SHAPES = ("", "_general", "_wide")


@cases(IEEE, MODES)
def test_the_plan_rounds_as_ieee_754(fmt: FloatFormat, mode: Rounding, width: int, prove: Callable[..., None]) -> None:
    """The kernel that the library runs, magic addition included."""
    plan = plan_round(Request(fmt, mode), width)
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x)
    want = ieee(x, fmt.exponent_bits, fmt.precision, mode, width)
    prove("IEEE 754", fmt, mode, width, z3.Not(is_nan(x, width)), y != want, kernel=plan.kernel.name)


@pytest.mark.parametrize("shape", SHAPES)
@cases(("e5m2", "bf16", "fp16"), MODES)
def test_every_shape_rounds_as_ieee_754(
    fmt: FloatFormat, mode: Rounding, width: int, shape: str, prove: Callable[..., None]
) -> None:
    """The kernels for odder formats, where they are given a format of IEEE 754."""
    plan = plain(fmt, mode, width, shape)
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x)
    want = ieee(x, fmt.exponent_bits, fmt.precision, mode, width)
    prove("IEEE 754, every shape", fmt, mode, width, z3.Not(is_nan(x, width)), y != want, kernel=plan.kernel.name)


@cases([fmt for fmt in dict.fromkeys(NAMED) if fmt not in map(get, IEEE)], MODES)
def test_the_plan_rounds_by_the_definition(
    fmt: FloatFormat, mode: Rounding, width: int, prove: Callable[..., None]
) -> None:
    """Formats that IEEE 754 does not know."""
    _by_the_definition(fmt, mode, width, prove)


@cases(P3109, MODES)
def test_p3109(fmt: FloatFormat, mode: Rounding, width: int, prove: Callable[..., None]) -> None:
    """Formats of IEEE P3109."""
    _by_the_definition(fmt, mode, width, prove)


def _by_the_definition(fmt: FloatFormat, mode: Rounding, width: int, prove: Callable[..., None]) -> None:
    plan = plan_round(Request(fmt, mode), width)
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x)
    want = definition(x, fmt, mode, width)
    right = z3.If(is_nan(want, width), nan_result(y, fmt, width, False), y == want)
    prove("definition", fmt, mode, width, z3.Not(is_nan(x, width)), z3.Not(right), kernel=plan.kernel.name)


@cases([*dict.fromkeys(NAMED), *map(get, P3109)], (Rounding.NEAREST_EVEN, Rounding.UP))
def test_nan_gives_nan(fmt: FloatFormat, mode: Rounding, width: int, prove: Callable[..., None]) -> None:
    """Every NaN gives a quiet NaN, or what the format takes in its place."""
    plan = plan_round(Request(fmt, mode), width)
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x)
    right = z3.If(x < 0, nan_result(y, fmt, width, True), nan_result(y, fmt, width, False))
    prove("NaN gives NaN", fmt, mode, width, is_nan(x, width), z3.Not(right), kernel=plan.kernel.name)
