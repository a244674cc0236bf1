"""Proofs by an SMT solver that the kernel of floats rounds as IEEE 754 defines it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from chopper.engine.plan import plan_round, request
from chopper.errors import UnsupportedInputError
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get

__all__ = ["MODES", "can_prove", "proof_check"]

MODES: dict[str, str] = {
    "nearest_even": "RNE",
    "nearest_away": "RNA",
    "toward_zero": "RTZ",
    "up": "RTP",
    "down": "RTN",
}
"""The modes proved, and what the solver calls them."""


def can_prove() -> bool:
    """Whether z3 is installed."""
    return find_spec("z3") is not None


def proof_check(name: str, mode: str, width: int, seconds: int = 60) -> tuple[int, int]:
    """Prove with z3 that the kernel rounds as IEEE 754 defines it, for every pattern of the carrier but NaN.

    For nearest even it is the general kernel that is proved, not the short cut that rounds by a float addition.

    Raises
    ------
    UnsupportedInputError
        If the solver cannot say it: another format than those of IEEE 754's own shape, another mode or width, or z3 is
        not installed.
    ArithmeticError
        If z3 finds no answer in time.
    """
    fmt = get(name)
    if not isinstance(fmt, FloatFormat) or fmt != FloatFormat(exponent_bits=fmt.exponent_bits, precision=fmt.precision):
        raise UnsupportedInputError(
            f"{fmt} has not the shape of IEEE 754's formats; legal: fp16, bf16, e5m2 and the like"
        )
    if mode not in MODES or width not in (32, 64):
        raise UnsupportedInputError(f"mode={mode!r}, width={width!r}; legal: {', '.join(MODES)}; 32, 64")
    if not can_prove():
        raise UnsupportedInputError("z3 is not installed; run: pip install z3-solver")
    import z3

    asked = request(fmt, mode, None, 32, None)
    plan = plan_round(asked, width)
    if plan.kernel.rule == "settle":
        plan = plan_round(request(fmt, "nearest_away", None, 32, None), width)
        plan = plan._replace(kernel=type(plan.kernel)(plan.kernel.module, plan.kernel.name, mode, width))
    sort = z3.Float32() if width == 32 else z3.Float64()
    x = z3.BitVec("x", width)

    def vector(a: Any) -> Any:
        return z3.BitVecVal(a, width) if isinstance(a, int) else a

    result = plan.kernel(lambda c, a, b: z3.If(c, vector(a), vector(b)), x, z3.BitVecVal(0, width), plan.params)
    number = z3.fpBVToFP(x, sort)
    small = z3.FPSort(fmt.exponent_bits, fmt.precision)
    wanted = z3.fpToFP(z3.RNE(), z3.fpToFP(getattr(z3, MODES[mode])(), number, small), sort)
    solver = z3.SolverFor("QF_BVFP")
    solver.set("timeout", 1000 * seconds)
    solver.add(z3.Not(z3.fpIsNaN(number)), result != z3.fpToIEEEBV(wanted))
    verdict = solver.check()
    if verdict == z3.unknown:
        raise ArithmeticError(f"z3 gave no answer in {seconds} s")
    return 1 << width, int(verdict == z3.sat)
