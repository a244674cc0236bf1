"""The next values of every short format of the registry, against its sorted values."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chopper
from chopper import ops
from chopper.errors import RangeError
from tests.operations.definition import differing

FORMATS = [str(fmt) for fmt in chopper.formats() if not fmt.blocked and fmt.bits <= 12]


def _sorted(name: str) -> list[float]:
    """Return all finite values in order, zero once."""
    fmt = chopper.get(name)
    found = {float(fmt.value(code)) + 0.0 for code in fmt.codes}
    return sorted(x for x in found if math.isfinite(x))


@pytest.mark.parametrize("name", FORMATS)
def test_next_values(name: str) -> None:
    """Up, down and the gap, at every value."""
    fmt, line = chopper.get(name), _sorted(name)
    x = np.array(line)
    last = chopper.chop(math.inf, fmt)
    rounds = fmt.family in ("posit", "takum")
    above = math.nan if rounds else math.inf if last == math.inf else line[-1]
    below = math.nan if rounds else -math.inf if last == math.inf and line[0] < 0 else line[0]
    up, down = ops.nextup(x, fmt), ops.nextdown(x, fmt)
    assert differing(up + 0.0, np.array([*line[1:], above])) == 0
    assert differing(down + 0.0, np.array([below, *line[:-1]])) == 0
    assert differing(ops.nextafter(x, np.inf, fmt), up) == 0
    assert differing(ops.nextafter(x, -np.inf, fmt), down) == 0


@pytest.mark.parametrize("name", ["fp16", "bf16", "posit16", "fp64", "fp32"])
def test_the_units_of_wide_formats(name: str) -> None:
    """One step up from x is one unit, except at powers of two on the way to zero."""
    x = chopper.chop(np.random.default_rng(1).standard_normal(500), name)
    up = ops.nextafter(x, np.copysign(np.inf, x), name)
    assert (np.abs(up - x) == ops.ulp(x, name)).all()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_numpy_agrees(kind: type) -> None:
    """IEEE formats step as numpy.nextafter and numpy.spacing do, zeros, infinities and NaN included."""
    name, bits = f"fp{np.dtype(kind).itemsize * 8}", np.dtype(kind).itemsize * 8
    draw = np.random.default_rng(2).integers(0, 1 << min(bits, 63), 4000, dtype=np.uint64)
    x = draw.astype(f"u{bits // 8}").view(kind)
    x = np.concatenate([x, -x, np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(kind).max], kind)])
    with np.errstate(all="ignore"):
        x = np.where(np.isnan(x), kind(np.nan), x)
        for side in (np.inf, -np.inf):
            wanted = np.nextafter(x, kind(side))
            got = ops.nextup(x, name) if side > 0 else ops.nextdown(x, name)
            keep = np.isfinite(x)
            assert differing(got[keep], wanted.astype(np.float64)[keep]) == 0
        finite = np.abs(x[np.isfinite(x)])[:-1]  # NumPy has none for the largest
        assert (ops.ulp(finite, name) == np.spacing(finite).astype(np.float64)).all()
    top = float(np.finfo(kind).max)
    assert ops.nextdown(math.inf, name) == top and ops.nextup(-math.inf, name) == -top
    assert math.copysign(1, ops.nextup(-float(np.finfo(kind).smallest_subnormal), name)) == -1


def test_other_numbers_are_refused() -> None:
    """A number that is no value of the format has no neighbours here."""
    with pytest.raises(RangeError, match="round it first"):
        ops.nextup(0.1, "e4m3")


def test_numbers_of_a_ring() -> None:
    """Posits go round by way of NaR."""
    assert ops.nextup(math.nan, "posit8") == -(2.0**24) and ops.nextdown(math.nan, "posit8") == 2.0**24
    assert math.isnan(ops.nextup(math.nan, "e4m3"))
