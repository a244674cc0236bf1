"""Figures of formats, and the numbers that they show."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

import chopper
from chopper.anatomy import binades, count_below, gaps, positive_codes
from chopper.errors import UnsupportedInputError

FORMATS = ("e4m3", "posit8", "posit8es0", "takum_linear8", "takum_log8", "lns8", "hif8", "int8", "nf4", "dlfloat8")


@pytest.mark.parametrize("name", FORMATS)
def test_gaps_are_those_that_rounding_leaves(name: str, tally) -> None:
    """No float in a gap is rounded to nearest with a larger error than said, and one close to its turn nearly is."""
    fmt = chopper.get(name)
    every = list(gaps(name))
    assert len(every) == len(positive_codes(fmt)) - 1
    assert all(a.high == b.low for a, b in pairwise(every))
    for gap in every[:: max(1, len(every) // 25)]:
        mean = math.exp((_log(gap.low) + _log(gap.high)) / 2)
        xs = [float(gap.low + (gap.high - gap.low) * k / 64) for k in range(1, 64)]
        xs += [mean * part for part in (1 - 1e-6, 1, 1 + 1e-6)]
        errors = [abs(Fraction(chopper.chop(x, fmt)) - Fraction(x)) / Fraction(x) for x in xs]
        tally.note(len(xs), fmt)
        slack = Fraction(1, 1 << 50) if "l" in name else 0  # values to 53 bits
        assert max(errors) <= gap.error * (1 + slack)
        assert max(errors) >= gap.error * Fraction(3, 4)
        assert math.isclose(10**-gap.decimals, gap.error, rel_tol=1e-9)


def _log(value: Fraction) -> float:
    return math.log(value.numerator) - math.log(value.denominator)


@pytest.mark.parametrize("name", ["fp32", "posit64", "takum_linear16", "int32", "fp16", "e8m0", "uint16"])
def test_many_values_are_sampled_by_binades(name: str) -> None:
    """Each binade has its first and its last gap, and the binades hold all values."""
    fmt = chopper.get(name)
    codes = positive_codes(fmt)
    found, known = list(gaps(name, 3)), list(binades(name))
    assert sum(one.size for one in known) == len(codes)
    assert all(a.high <= b.low for a, b in pairwise(found))
    lows = {gap.low for gap in found}
    for one in known[:-1]:
        assert fmt.value(codes[one.start]) in lows and fmt.value(codes[one.start + one.size - 1]) in lows
    assert count_below(fmt, fmt.smallest) == 0
    assert count_below(fmt, fmt.max + 1) == len(codes)


@pytest.mark.parametrize("names", [FORMATS, ("fp16", "posit16", "int32"), ("binary", "e8m0", "fp32"), ("uint4",)])
def test_figure(names: tuple[str, ...], tmp_path: Path) -> None:
    """It is drawn, for few values and for many."""
    plots = pytest.importorskip("chopper.plots")
    pytest.importorskip("matplotlib")
    plots.plot_formats(names, tmp_path / "x.png", title="Formats")
    assert (tmp_path / "x.png").stat().st_size > 15_000


def test_limits() -> None:
    """All that formats reach, but for one of three that reaches much further; or what is asked for."""
    from chopper.plots.formats import _limits

    assert _limits([(-3, 2), (-70, 70)], None, None) == pytest.approx((-72.8, 72.8))
    assert _limits([(-3, 2), (-4, 3), (-70, 70)], None, None) == pytest.approx((-5, 4))
    assert _limits([(-3, 2)], -1, None) == pytest.approx((-1, 2.2))
    assert _limits([(-3, 2)], -1.5, 1.5) == (-1.5, 1.5)


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    """No format, no range, no figure."""
    plots = pytest.importorskip("chopper.plots")
    pytest.importorskip("matplotlib")
    with pytest.raises(UnsupportedInputError, match="at least one"):
        plots.plot_formats([], tmp_path / "x.png")
    for decades in ((3, -3), (math.nan, 1)):
        with pytest.raises(UnsupportedInputError, match="no range"):
            plots.plot_formats(["e4m3"], tmp_path / "x.png", decades=decades)
    with pytest.raises(UnsupportedInputError, match="legal"):
        plots.plot_formats(["e4m3"], tmp_path / "x.gif")
    assert list(tmp_path.iterdir()) == []
