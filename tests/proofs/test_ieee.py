"""For every input there is, the kernels give what IEEE 754 gives, overflow included."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chopper.formats.float import FloatFormat
from chopper.rounding import Rounding
from tests.proofs.claims import rounds_as_ieee, shipped
from tests.proofs.smt import MODES, cases, plain
from tests.proofs.these import IEEE

SHAPES = ("", "_general", "_wide")


@cases(IEEE, MODES, full=True)
def test_the_plan_rounds_as_ieee_754(fmt: FloatFormat, mode: Rounding, width: int, prove: Callable[..., None]) -> None:
    """The kernel that the library runs, magic addition included."""
    plan = shipped(fmt, mode, width)
    prove("IEEE 754", fmt, mode, width, *rounds_as_ieee(plan, fmt, mode), kernel=plan.kernel.name)


@pytest.mark.parametrize("shape", SHAPES)
@cases(("e5m2", "bf16", "fp16"), MODES)
def test_every_shape_rounds_as_ieee_754(
    fmt: FloatFormat, mode: Rounding, width: int, shape: str, prove: Callable[..., None]
) -> None:
    """The kernels for odder formats, where they are given a format of IEEE 754."""
    plan = plain(fmt, mode, width, shape)
    prove("IEEE 754, every shape", fmt, mode, width, *rounds_as_ieee(plan, fmt, mode), kernel=plan.kernel.name)
