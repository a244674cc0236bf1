"""For every input there is, the kernels give what the definition gives, for formats that IEEE 754 does not know."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.proofs.claims import nan_gives_nan, rounds_as_defined, shipped
from tests.proofs.smt import MODES, cases
from tests.proofs.these import IEEE, NAMED, OTHERS

KINDS = [get(name) for name in ("e4m3", "e4m3fnuz", "e2m1", "e8m0", "dlfloat16", "ue4m3", "binary8p3se")]
"""One of each kind, for the carrier on which proofs take longer."""

Prove = Callable[..., None]


def by_the_definition(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Prove it for the kernel that the library runs."""
    plan = shipped(fmt, mode, width)
    prove("definition", fmt, mode, width, *rounds_as_defined(plan, fmt, mode), kernel=plan.kernel.name)


@cases(OTHERS, MODES, (32,))
def test_binary32(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """From binary32."""
    by_the_definition(fmt, mode, width, prove)


@cases(KINDS, MODES, (64,))
def test_binary64(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """From binary64, one format of each kind."""
    by_the_definition(fmt, mode, width, prove)


@pytest.mark.exhaustive
@cases([fmt for fmt in OTHERS if fmt not in KINDS], MODES, (64,))
def test_binary64_of_the_rest(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """From binary64, the other formats."""
    by_the_definition(fmt, mode, width, prove)


@cases(dict.fromkeys([*NAMED, *OTHERS, *map(get, IEEE)]), (Rounding.NEAREST_EVEN, Rounding.UP))
def test_nan_gives_nan(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Every NaN gives a quiet NaN, or what the format takes in its place."""
    plan = shipped(fmt, mode, width)
    prove("NaN gives NaN", fmt, mode, width, *nan_gives_nan(plan, fmt, mode), kernel=plan.kernel.name)
