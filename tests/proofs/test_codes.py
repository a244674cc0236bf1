"""For every input and every code there is, codes and values say the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.proofs.claims import codes_are_values, codes_return, flush_does_not_matter, shipped
from tests.proofs.smt import cases
from tests.proofs.these import IEEE, NAMED, OTHERS

ALL = list(dict.fromkeys([*NAMED, *OTHERS, *map(get, IEEE)]))
MAGIC = [fmt for fmt in ALL if shipped(fmt, Rounding.NEAREST_EVEN, 64).kernel.module == "magic"]
NEAREST = Rounding.NEAREST_EVEN
Prove = Callable[..., None]


@cases(ALL, (NEAREST, Rounding.UP, Rounding.TO_ODD))
def test_the_value_of_the_code_is_the_rounded_value(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """decode(encode(x)) = chop(x), and no code has bits beyond the format's."""
    prove("decode(encode(x)) = chop(x)", fmt, mode, width, *codes_are_values(fmt, mode, width))


@cases(ALL, (NEAREST, Rounding.DOWN))
def test_the_code_of_a_value_is_its_code(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """encode(decode(code)) = code, whether or not the processor flushes subnormals to zero while decoding."""
    prove("encode(decode(code)) = code", fmt, mode, width, *codes_return(fmt, mode, width))


@cases(MAGIC, (NEAREST,))
def test_magic_addition_does_not_mind_flushed_subnormals(
    fmt: FloatFormat, mode: Rounding, width: int, prove: Prove
) -> None:
    """Rounding by an addition on a processor that flushes subnormals to zero equals rounding by integers."""
    if shipped(fmt, mode, width).kernel.module != "magic":
        pytest.skip("rounded by integers on this carrier")
    prove("magic addition with subnormals flushed to zero", fmt, mode, width, *flush_does_not_matter(fmt, width))
