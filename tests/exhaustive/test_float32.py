"""All 2^32 float32 patterns, in every deterministic mode, to every named format of 4 to 8 bits, fp16 and bf16."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get, rows
from chopper.rounding import Rounding
from tests.exhaustive.expected import as_codes, as_values
from tests.exhaustive.patterns import INF, SIGN, UNIT, at_least, more_than, value_of
from tests.exhaustive.sweep import ALL, CHUNK, differences, result_of
from tests.oracle import round_code

MODES = [mode for mode in Rounding if not mode.random]
BEYOND_THE_TABLES = ("binary8p1se", "binary8p3se", "binary8p4sf", "binary8p1ue", "binary8p3uf")


def named() -> list[FloatFormat]:
    """Return the named formats, each once however many names it has, and some of P3109."""
    found: list[FloatFormat] = []
    for row in rows():
        fmt = row.format
        if isinstance(fmt, FloatFormat) and (4 <= fmt.bits <= 8 or row.name in ("fp16", "bf16")) and fmt not in found:
            found.append(fmt)
    return found + [get(name) for name in BEYOND_THE_TABLES]


FORMATS = named()


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_every_float32(fmt: FloatFormat, mode: Rounding) -> None:
    """The value and the code of every input, NaNs included, are those of the table."""
    result = result_of(fmt, mode, as_codes(fmt, mode), as_values(fmt, mode))
    print(*(f"{key}={value}" for key, value in result.items()), flush=True)
    assert result["compared"] == ALL
    assert result["chop differing"] == 0, result
    assert result["encode differing"] == 0, result


# --- the harness itself ----------------------------------------------------------------------------------------------


def test_patterns_and_values_agree() -> None:
    """The search for a pattern is the inverse of its value, at the ends of binades above all."""
    edges = [field << 23 for field in range(256)]
    for pattern in sorted({p + d for p in edges for d in (-1, 0, 1, 2, 1 << 22) if 0 <= p + d <= INF}):
        value = Fraction(value_of(pattern), UNIT)
        assert value == (2**128 if pattern == INF else float32(pattern))
        assert at_least(value) == pattern
        assert more_than(value) == min(pattern + 1, INF)
        assert at_least(value + Fraction(1, 2 * UNIT)) == more_than(value)
        assert more_than(value + Fraction(1, 2 * UNIT)) == more_than(value)


def float32(pattern: int) -> Fraction:
    return Fraction(float(np.uint32(pattern).view(np.float32)))


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_tables_agree_with_the_definition(fmt: FloatFormat) -> None:
    """The table gives the oracle's code on both sides of steps of every mode."""
    rng = random.Random(0)
    for mode in MODES:
        table = as_codes(fmt, mode)
        starts = [int(s) for s in table.starts]
        picked = set(rng.sample(starts, min(len(starts), 40))) | set(starts[:3]) | set(starts[-3:])
        picked |= {0, SIGN, INF, INF | SIGN, INF + 1, ALL - 1}
        for pattern in sorted({p + d for p in picked for d in (-1, 0, 1) if 0 <= p + d < ALL}):
            at = int(np.searchsorted(table.starts, pattern, side="right")) - 1
            x = float(np.uint32(pattern).view(np.float32))
            negative_nan = x != x and pattern >= SIGN
            assert table.want[at] == round_code(fmt, -float("nan") if negative_nan else x, mode), (hex(pattern), mode)


def test_a_single_wrong_result_is_found() -> None:
    """The comparison sees one wrong bit, wherever it lies."""
    table = as_values(get("e4m3"), Rounding.NEAREST_EVEN)
    starts = table.starts
    for base in (0, 0x3F800000, INF - CHUNK // 2, SIGN, ALL - CHUNK):
        patterns = np.arange(base, base + CHUNK)
        out = table.want[np.searchsorted(starts, patterns, side="right") - 1]
        assert differences(out, base, *table) == (0, -1)
        for place in (0, 1, CHUNK // 3, CHUNK - 1):
            wrong = out.copy()
            wrong[place] ^= 1 << 22
            assert differences(wrong, base, *table) == (1, base + place)
