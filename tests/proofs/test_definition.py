"""For every input there is, the kernels give what the definition gives, for formats that IEEE 754 does not know."""

from __future__ import annotations

from collections.abc import Callable

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.proofs.claims import nan_gives_nan, rounds_as_defined, shipped
from tests.proofs.smt import MODES, cases
from tests.proofs.these import IEEE, NAMED, OTHERS

Prove = Callable[..., None]


@cases(OTHERS, MODES)
def test_the_plan_rounds_by_the_definition(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The kernel that the library runs, overflow, infinities, zeros and negative numbers included."""
    plan = shipped(fmt, mode, width)
    prove("definition", fmt, mode, width, *rounds_as_defined(plan, fmt, mode), kernel=plan.kernel.name)


@cases(dict.fromkeys([*NAMED, *OTHERS, *map(get, IEEE)]), (Rounding.NEAREST_EVEN, Rounding.UP))
def test_nan_gives_nan(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Every NaN gives a quiet NaN, or what the format takes in its place."""
    plan = shipped(fmt, mode, width)
    prove("NaN gives NaN", fmt, mode, width, *nan_gives_nan(plan, fmt, mode), kernel=plan.kernel.name)
