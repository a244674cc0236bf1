"""Inputs for matrix units: the same for ever, what their names promise, able to tell one arithmetic from another."""

from __future__ import annotations

from fractions import Fraction
from zlib import crc32

import numpy as np
import pytest

from chopper import hardware
from chopper.formats.registry import get
from chopper.verify.hardware import classes, differing, tiles
from chopper.verify.hardware.layouts import is_nan, layout
from chopper.verify.hardware.rivals import rivals

SHAPE = (16, 8, 32)
FLOATS = ("h100.wgmma.e4m3", "h100.mma.fp16", "h100.mma.fp16.fp16", "h100.mma.bf16", "h100.mma.tf32")

EXPECTED = {
    "randn": 0x8828F72A,
    "positive": 0x3DB7514D,
    "spread": 0x23452CE4,
    "gaps": 0xB56E365D,
    "cancel": 0x5AE82C39,
    "tiny": 0x6ADE2452,
    "floor": 0xAF82590D,
    "normal": 0x49D31ACD,
    "large": 0xC04AC83C,
    "dominating": 0x156F5929,
    "subnormal": 0xED848154,
    "zeros": 0x8BB0D2B9,
    "special": 0xC14DCCDB,
    "bits": 0xD1671988,
}


def every(unit: hardware.Unit, count: int = 40, shape: tuple[int, int, int] = SHAPE):
    """Return tiles of every class of a unit."""
    return {name: tiles(unit, shape, name, count) for name in classes(unit)}


def test_for_ever() -> None:
    """The same key gives the same codes in every version; another part, another class or another key does not."""
    unit = hardware.unit("h100.wgmma.e4m3")
    sums = {name: crc32(b"".join(x.tobytes() for x in found)) for name, found in every(unit, 2).items()}
    assert sums == EXPECTED
    first = tiles(unit, SHAPE, "bits", 2)[0]
    for other in (tiles(unit, SHAPE, "bits", 2, key=1), tiles(unit, SHAPE, "bits", 2, part=1)):
        assert not np.array_equal(first, other[0])


@pytest.mark.parametrize("name", FLOATS)
def test_classes(name: str) -> None:
    """Dtypes and shapes fit; all but special numbers and random codes are finite; nothing is one value alone."""
    unit = hardware.unit(name)
    for kind, (a, b, c) in every(unit).items():
        for codes, fmt, shape in ((a, unit.a, (40, 16, 32)), (b, unit.b, (40, 8, 32)), (c, unit.c, (40, 16, 8))):
            here = layout(fmt)
            assert (codes.dtype, codes.shape) == (here.dtype, shape)
            finite = (codes & codes.dtype.type(here.sign - 1)) <= here.max_code
            assert finite.all() or kind in ("special", "bits")
            assert is_nan(codes, fmt).any() == (
                kind in ("special", "bits") and not finite.all() and has_nan(codes, fmt)
            )


def has_nan(codes: np.ndarray, fmt: str) -> bool:
    """Judge by the values that the format itself gives."""
    found = get("fp32" if fmt == "tf32" else fmt)
    return any(found.value(int(code)) != found.value(int(code)) for code in np.unique(codes))


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "fp16", "bf16", "fp32"])
def test_codes_from_parts(name: str) -> None:
    """Codes put together from their parts have the value of the parts, by the format itself."""
    here, fmt = layout(name), get(name)
    assert fmt.value(here.first_normal) == Fraction(2) ** here.emin
    for exponent in (here.lowest, here.emin, 0, here.emax):
        for part in (0, 1, 2) if here.emin <= exponent else (0,):
            codes = here.assemble([False, True], [exponent] * 2, [part << 62] * 2)
            exact = Fraction(2) ** exponent * (1 + Fraction(part, 4))
            assert [fmt.value(int(code)) for code in codes] == [exact, -exact]
    assert fmt.value(int(here.assemble(False, 10**6, (1 << 64) - 1))) == fmt.max


CASES = [(name, what) for name in FLOATS for what in rivals(hardware.unit(name), 32)]
UNSEEN = {("h100.wgmma.e4m3", "floor"), ("h100.mma.fp16", "floor")}
"""No sum of products of these formats reaches the floor of float32."""


@pytest.mark.parametrize(("name", "what"), CASES)
def test_rivals_are_told_apart(name: str, what: str) -> None:
    """Each parameter of a model, changed by one, shows in 5000 results of some class."""
    unit = hardware.unit(name)
    other = rivals(unit, unit.k)[what]
    found = 0
    for operands in every(unit, 40, (16, 8, unit.k)).values():
        found += int(differing(hardware.products(unit, *operands), hardware.products(other, *operands), unit.c).sum())
    seen = not any(name == one and part in what for one, part in UNSEEN)
    assert (found > 0) == seen


def test_integers() -> None:
    """Sums of integers leave the range of the accumulator, so that wrapping and saturating differ."""
    unit = hardware.unit("h100.mma.int8")
    other = hardware.unit("h100.mma.int8.satfinite")
    for name in ("extremes", "one sign"):
        operands = tiles(unit, SHAPE, name, 20)
        assert (hardware.products(unit, *operands) != hardware.products(other, *operands)).mean() > 0.05
