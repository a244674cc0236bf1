"""All 2^32 float32 patterns, in every deterministic mode, to every named format of at most 16 bits that is no float."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import lru_cache, partial

import numpy as np
import pytest

from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get, rows
from chopper.formats.table import TableFormat
from chopper.rounding import Rounding
from tests.exhaustive.digest import digest, reachable
from tests.exhaustive.lists import as_codes, as_values, precision_of
from tests.exhaustive.patterns import INF, SIGN, at_least
from tests.exhaustive.reals import Power, decided
from tests.exhaustive.sweep import ALL, result_of
from tests.families import fixed_oracle, posit_oracle
from tests.families.definition import Definition

SUBJECT = "tables of all float32 against the definitions of the families"
MODES = [mode for mode in Rounding if not mode.random]
SLOW = ("takum_linear16", "takum_log16", "posit16es1", "uint16")
"""Formats whose tables take seconds to make and are like those of others."""

FEW = (Rounding.NEAREST_EVEN, Rounding.TO_ODD)
"""The modes whose tables are tried in a quick run for formats with many codes."""


def named() -> list[Format]:
    """Return the named formats of single numbers, each once however many names it has, those with few codes first."""
    found = dict.fromkeys(r.format for r in rows() if not (r.format.blocked or isinstance(r.format, FloatFormat)))
    return sorted((fmt for fmt in found if fmt.bits <= 16), key=lambda fmt: fmt.bits)


FORMATS = named()


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_every_float32(fmt: Format, mode: Rounding) -> None:
    """The code of every input, and the value where float32 holds it, are those of the table."""
    result = result_of(fmt, mode, as_codes(fmt, mode), as_values(fmt, mode))
    print(*(f"{key}={value}" for key, value in result.items()), flush=True)
    assert result["compared"] == ALL
    assert result.get("chop differing", 0) == 0, result
    assert result["encode differing"] == 0, result


@lru_cache(maxsize=1)
def definition(fmt: Format):
    """Return the function that gives the code of a number in a mode by the definition of the family."""
    if isinstance(fmt, PositFormat):
        return partial(posit_oracle.round_code, fmt)
    if isinstance(fmt, FixedFormat):
        return partial(fixed_oracle.round_code, fmt)
    assert isinstance(fmt, TableFormat)
    judge = Definition(fmt, precision_of(fmt))
    return lambda x, mode: judge.code(x, mode, None)


CASES = [
    pytest.param(fmt, mode, id=f"{fmt}-{mode.value}", marks=[pytest.mark.exhaustive] if str(fmt) in SLOW else [])
    for fmt in FORMATS
    for mode in (MODES if fmt.bits <= 12 else FEW)
]


@pytest.mark.parametrize(("fmt", "mode"), CASES)
def test_tables_agree_with_the_definition(fmt: Format, mode: Rounding, tally) -> None:
    """The table gives the code of the definition on both sides of steps, and at zero, infinities and NaNs."""
    table, rng = as_codes(fmt, mode), random.Random(0)
    starts = [int(start) for start in table.starts]
    picked = {*rng.sample(starts, min(len(starts), 40)), *starts[:3], *starts[-3:]}
    picked |= {0, SIGN, INF, INF | SIGN, INF + 1, ALL - 1}
    patterns = sorted({p + d for p in picked for d in (-1, 0, 1) if 0 <= p + d < ALL})
    xs = np.array(patterns, np.uint32).view(np.float32)
    want = [definition(fmt)(float(x), mode) for x in xs]
    got = table.want[np.searchsorted(table.starts, patterns, side="right") - 1]
    tally.same(got, np.array(want, np.uint32), xs, fmt=fmt, mode=mode)


def test_values_and_codes_go_together() -> None:
    """The two tables of a format begin their steps in the same places, and one shows the values of the other."""
    for name in ("posit8", "lns8", "hif8", "int4", "fp4_bnb"):
        fmt = get(name)
        codes, shown = as_codes(fmt, Rounding.UP), as_values(fmt, Rounding.UP)
        assert (codes.starts == shown.starts).all()
        assert {int(w) for w in shown.want} >= {at_least(Fraction(1)), 0}
    assert as_values(get("takum_linear8"), Rounding.UP) is None


def test_what_an_enclosure_does_not_decide_is_an_error() -> None:
    """The square root of two, asked for its 400th bit."""
    root = Power(Fraction(1, 2), natural=False, negative=False)
    assert decided(lambda x: int(x * 2**20), root) == 1482910
    with pytest.raises(ArithmeticError, match="do not decide"):
        decided(lambda x: x, root)


def test_the_digest_sees_the_tables() -> None:
    """Modes that come to other integers have another digest, those that come to the same ones have not."""
    fmt = get("lns8")
    assert digest(fmt, Rounding.NEAREST_EVEN) == digest(fmt, Rounding.NEAREST_AWAY)
    assert digest(fmt, Rounding.NEAREST_EVEN) != digest(fmt, Rounding.UP)


def test_the_digest_sees_what_a_loop_needs() -> None:
    """A change of what the root calls, or of what acts by itself, is seen; texts and other functions are not."""
    source = """import x

def f():
    '''F.'''
    return g() + K

def g():
    return 1

K = 2

@on
def h():
    return 3
"""
    before = reachable(source, {"f"})
    assert len(before) == 4
    for old, new in (("return 1", "return 5"), ("K = 2", "K = 5"), ("return 3", "return 5"), ("g() + K", "g() - K")):
        assert reachable(source.replace(old, new), {"f"}) != before
    for old, new in (("F.", "Text."), ("import x", "import y"), ("K = 2", "K = 2\n\n@intrinsic\ndef i():\n    pass")):
        assert reachable(source.replace(old, new), {"f"}) == before
