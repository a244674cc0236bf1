"""The paths of truncated fused sums against each other, and against fractions where all inputs can be tried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chopper import hardware
from chopper.engine import run
from chopper.engine.hardware import floats
from chopper.hardware import Unit
from chopper.kernels import rules
from chopper.kernels.fused import Fused, align, significand, total
from tests.hardware.definition import CLASSES, fused, inputs
from tests.hardware.test_fused import UNITS
from tests.tally import Tally

SUBJECT = "truncated fused sums, path against path"
FP8 = tuple(map(hardware.unit, ("h100.wgmma.e4m3", "h100.wgmma.e4m3_e5m2", "h100.wgmma.e5m2.fp16", "h100.mma.e4m3")))


def test_kernels_on_integers() -> None:
    """The kernels give on Python's integers what they give on arrays."""
    rng = np.random.default_rng(1)
    f = Fused(25, -133, 23, 127, 0x7F800000, 0x7FFFFFFF, 0)
    codes = rng.integers(0, 1 << 32, 200)
    codes = codes[(codes & 0x7FFFFFFF) < f.inf]
    top = rng.integers(-133, 130, codes.size)
    e, s = significand(np.where, codes, f)
    terms = align(np.where, s, np.minimum(e, top), 23, top, f)

    def where(condition: Any, x: Any, y: Any) -> Any:
        return x if condition else y

    for rule in (rules.toward_zero, rules.nearest_even):
        found = total(np.where, rule, terms * 77, top, f, f)
        for n, code in enumerate(codes.tolist()):
            one, size = significand(where, code, f)
            term = align(where, size, min(one, int(top[n])), 23, int(top[n]), f)
            assert (one, size, term) == (e[n], s[n], terms[n])
            assert total(where, rule, term * 77, int(top[n]), f, f) == found[n]


@pytest.mark.exhaustive
@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_floats_and_integers(unit: Unit, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
    """Half a million sums of a unit in floats are those in integers."""
    monkeypatch.setattr(run, "_SMALL", 0)
    rng = np.random.default_rng(2)
    for kind in CLASSES:
        k = (unit.model.promote or unit.model.terms) + unit.model.terms // 2 + 1
        a, b = (inputs(name, kind, (256, k), rng) for name in (unit.a, unit.b))
        c = inputs(unit.c, kind, (256, 256), rng)
        c[::2] = 0
        monkeypatch.setattr(floats, "_LEAST", 0)
        one = hardware.products(unit, a, b, c)
        monkeypatch.setattr(floats, "_LEAST", 1 << 60)
        tally.same(one, hardware.products(unit, a, b, c), fmt=unit, about=kind)


@pytest.mark.exhaustive
@pytest.mark.parametrize("unit", FP8, ids=lambda u: u.name)
def test_every_pair_of_codes(unit: Unit, tally: Tally) -> None:
    """Every product of two codes, alone and beside another product and an addend."""
    codes = np.arange(256, dtype=np.uint8)
    one = 0x38 if unit.a == "e4m3" else 0x3C
    for second, c in ((0, 0), (one, 0x3F9D0123 if unit.c == "fp32" else 0x3CE9)):
        a = np.stack([codes, np.full(256, second, np.uint8)], 1)
        b = np.stack([codes, np.full(256, 0x35, np.uint8)], 1)
        z = np.full((256, 256), c, np.uint32 if unit.c == "fp32" else np.uint16)
        names = (unit.a, unit.b, unit.c)
        want = [[fused(unit.model, x, y, c, names) for y in b.tolist()] for x in a.tolist()]
        tally.same(hardware.products(unit, a, b, z), np.array(want, z.dtype), fmt=unit)
