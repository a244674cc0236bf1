"""Units with scales, CDNA3 and integers, each against its definition in fractions or Python's integers."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import chopper
from chopper import hardware
from chopper.errors import UnsupportedInputError
from chopper.formats.registry import get
from chopper.hardware import FusedSum, GroupedSum, IntegerSum, StagedSum, Unit
from tests.hardware.definition import CLASSES, emin, encoded, exponent, inputs, number
from tests.tally import Tally

SUBJECT = "units with scales, in two stages and of integers, against fractions"
ALL = hardware.units()


def scale(code: int, unit: Unit) -> tuple[Fraction, int] | None:
    """Return the significand and the exponent of a scale, None for a NaN."""
    if unit.scale == "ue4m3":
        code &= 127
    x = get(unit.scale).value(code)
    if isinstance(x, float):
        return None
    e = exponent(x, -127 if unit.scale == "e8m0" else -6) if x else -6
    return x / Fraction(2) ** e, e


def finish(pairs: list[tuple[Fraction, int]], z: Any, model: Any) -> int:
    """Align terms, given with their exponents, add and truncate to fp32."""
    pairs = [(x, e) for x, e in pairs if x]
    if z:
        pairs.append((Fraction(z), exponent(Fraction(z), -126)))
    top = max([e for _, e in pairs] + ([] if model.floor is None else [model.floor]), default=0)
    unit = Fraction(2) ** (top - model.fraction)
    return encoded(sum(math.trunc(x / unit) for x, _ in pairs) * unit, "fp32", 24, "toward_zero")


def with_scales(unit: Unit, a: list[int], b: list[int], s: list[int], r: list[int], c: int) -> int:
    """Return the code of a dot product of a unit with scales."""
    model = unit.model
    group = model.group if isinstance(model, GroupedSum) else 1
    for k in range(0, len(a), model.terms):
        pairs, special, z = [], number(c, "fp32"), number(c, "fp32")
        special = z if isinstance(z, float) and not math.isfinite(z) else 0.0
        for n in range(k, min(k + model.terms, len(a)), group):
            x, y = scale(s[n // unit.block], unit), scale(r[n // unit.block], unit)
            some = range(n, min(n + group, len(a)))
            u, v = [number(a[i], unit.a) for i in some], [number(b[i], unit.b) for i in some]
            if x is None or y is None:
                special += math.nan
                continue
            plain = [(p, q) for p, q in zip(u, v, strict=True) if all(math.isfinite(w) for w in (p, q))]
            for p, q in zip(u, v, strict=True):
                if not (math.isfinite(p) and math.isfinite(q)):
                    special += float(p if not math.isfinite(p) else (p > 0) - (p < 0)) * float(
                        q if not math.isfinite(q) else (q > 0) - (q < 0)
                    )
            total = sum((Fraction(p) * Fraction(q) for p, q in plain), Fraction(0))
            e = x[1] + y[1]
            if group == 1 and plain and plain[0][0] and plain[0][1]:
                pair = zip(plain[0], (unit.a, unit.b), strict=True)
                top = e + sum(exponent(Fraction(w), emin(name)) for w, name in pair)
            else:
                top = e
            pairs.append((total * x[0] * y[0] * Fraction(2) ** e, top))
        if math.isfinite(special):
            c = finish(pairs, z, model)
        else:
            c = encoded(special, "fp32", 24, "toward_zero")
    return c


@pytest.mark.parametrize("unit", [u for u in ALL if u.scale and not u.name.startswith("sm120")], ids=lambda u: u.name)
def test_scales(unit: Unit, tally: Tally) -> None:
    """Every unit with scales, on codes, scales near each other and far apart."""
    rng = np.random.default_rng(6)
    k = unit.model.terms + unit.block
    for seed in range(2):
        a, b = (np.stack([inputs(name, kind, (rows, k), rng) for kind in CLASSES])
                for name, rows in ((unit.a, 1), (unit.b, 2)))  # fmt: skip
        c = np.stack([inputs("fp32", kind, (1, 2), rng) for kind in CLASSES])
        c[::2, :, 0] = 0
        ends = (120, 136) if seed == 0 and unit.scale == "e8m0" else (0, 256)
        scales = tuple(
            rng.integers(*ends, (len(CLASSES), rows, k // unit.block), dtype=np.uint8)
            for rows in (1, 2)
        )  # fmt: skip
        got = hardware.products(unit, a, b, c, scales=scales)
        want = np.empty_like(got)
        for t, m, n in np.ndindex(c.shape):
            lists = (a[t, m], b[t, n], scales[0][t, m], scales[1][t, n])
            want[t, m, n] = with_scales(unit, *(x.tolist() for x in lists), int(c[t, m, n]))
        tally.same(got, want, fmt=unit)


def test_promotion_with_scales() -> None:
    """A sum that is finished every 64 k: each part has the scales of its own k, then float32 adds the parts."""
    rng = np.random.default_rng(9)
    a, b = rng.integers(0x30, 0x40, (2, 4, 160), dtype=np.uint8)
    scales = rng.integers(120, 135, (2, 4, 5), dtype=np.uint8)
    plain = hardware.unit("b200.tcgen05.mx_e4m3")
    total = np.zeros((4, 4), np.float32)
    for k in (0, 64, 128):
        part, blocks = slice(k, k + 64), slice(k // 32, k // 32 + 2)
        given = scales[0][:, blocks], scales[1][:, blocks]
        total += hardware.products(plain, a[:, part], b[:, part], scales=given).view(np.float32)
    got = hardware.products(hardware.unit(plain, promote=64), a, b, scales=tuple(scales))
    assert (got.view(np.float32) == total).all()


def staged(model: StagedSum, a: list[int], b: list[int], c: int, names: tuple[str, str]) -> int:
    """Return the code of a dot product in two stages."""
    for k in range(0, len(a), model.terms):
        c = _staged(model, a[k : k + model.terms], b[k : k + model.terms], c, names)
    return c


def _staged(model: StagedSum, a: list[int], b: list[int], c: int, names: tuple[str, str]) -> int:
    z, special, terms = number(c, "fp32"), 0.0, []
    for x, y in zip(a, b, strict=True):
        u, v = number(x, names[0]), number(y, names[1])
        if not (math.isfinite(u) and math.isfinite(v)):
            special += float(u if not math.isfinite(u) else (u > 0) - (u < 0)) * float(
                v if not math.isfinite(v) else (v > 0) - (v < 0)
            )
            terms.append((Fraction(0), -126))
            continue
        p = Fraction(u) * Fraction(v)
        e = sum(exponent(Fraction(w), emin(n)) for w, n in zip((u, v), names, strict=True)) if p else -126
        if abs(p) >= Fraction(2) ** 128:
            special += math.inf if p > 0 else -math.inf
        terms.append((p, e))
    if not math.isfinite(z):
        special += z
    if not math.isfinite(special):
        return encoded(special, "fp32", 24, "nearest_even")
    parts = [terms[::2], terms[1::2]] if model.split else [terms]
    tops = [max(e for _, e in part) for part in parts if part]
    units = [Fraction(2) ** (top - model.fraction) for top in tops]
    sums = [sum(math.trunc(p / unit) for p, _ in part) * unit for part, unit in zip(parts, units, strict=False)]
    top = max(tops)
    total = sum(math.floor(x / max(units)) * max(units) for x in sums)
    ec = exponent(Fraction(z), -126) if z else -126
    most = max(top, ec)
    total = math.floor(total / Fraction(2) ** (most - model.room)) * Fraction(2) ** (most - model.room)
    unit = Fraction(2) ** (most - model.fraction)
    addend = 0 if model.split and ec < most - model.fraction - 1 else math.floor(Fraction(z) / unit) * unit
    whole = total + addend
    found = encoded(whole, "fp32", 24, "nearest_even")
    return 1 << 31 if found == 0 and whole < 0 else found


@pytest.mark.parametrize("unit", [u for u in ALL if isinstance(u.model, StagedSum)], ids=lambda u: u.name)
def test_stages(unit: Unit, tally: Tally) -> None:
    """Every unit in two stages."""
    rng = np.random.default_rng(7)
    for _ in range(3):
        k = 2 * unit.model.terms + 1
        a, b = (np.stack([inputs(name, kind, (3, k), rng) for kind in CLASSES]) for name in (unit.a, unit.b))
        c = np.stack([inputs("fp32", kind, (3, 3), rng) for kind in CLASSES])
        c[::2, 0] = 0
        got = hardware.products(unit, a, b, c)
        want = np.empty_like(got)
        for t, m, n in np.ndindex(c.shape):
            want[t, m, n] = staged(unit.model, a[t, m].tolist(), b[t, n].tolist(), int(c[t, m, n]), (unit.a, unit.b))
        tally.same(got, want, fmt=unit)


@pytest.mark.parametrize("unit", [u for u in ALL if isinstance(u.model, IntegerSum)], ids=lambda u: u.name)
def test_integers(unit: Unit, tally: Tally) -> None:
    """Every unit of integers, near and beyond the ends of int32 too."""
    rng = np.random.default_rng(8)
    k = 2 * unit.k + 5
    a, b = (rng.integers(0, 256, (4, k), dtype=np.uint8) for _ in range(2))
    a[0], b[0] = (0x80 if name == "int8" else 0xFF for name in (unit.a, unit.b))
    c = rng.choice(np.array([0, 0x7FFFFFFF, 0x80000000, 0x7FFFF000, 0xFFFFFFFF], np.uint32), (4, 4))
    want = np.empty_like(c)
    for m, n in np.ndindex(c.shape):
        x, y = (_signed(row.tolist(), 8) if name == "int8" else row.tolist()
                for row, name in ((a[m], unit.a), (b[n], unit.b)))  # fmt: skip
        total = _signed([int(c[m, n])], 32)[0]
        for first in range(0, k, unit.k):
            total += sum(p * q for p, q in zip(x[first : first + unit.k], y[first : first + unit.k], strict=True))
            if unit.model.overflow == "saturate":
                total = min(max(total, -(1 << 31)), (1 << 31) - 1)
        want[m, n] = total & 0xFFFFFFFF
    tally.same(hardware.products(unit, a, b, c), want, fmt=unit)


def _signed(codes: list[int], bits: int) -> list[int]:
    return [x - (1 << bits) if x >> (bits - 1) else x for x in codes]


@pytest.mark.parametrize(
    ("fmt", "unit"), [("mxfp8", "mx_e4m3"), ("mxfp6_e2m3", "mx_e2m3"), ("mxfp4", "mx_e2m1"), ("mxfp4", "mx4_e2m1")]
)
def test_arrays_with_scales(fmt: str, unit: str) -> None:
    """A product of two arrays with scales is that of their codes."""
    rng = np.random.default_rng(9)
    unit = f"b200.tcgen05.{unit}"
    a, b = rng.standard_normal((2, 5, 96)).astype(np.float32), rng.standard_normal((96, 7)).astype(np.float32)
    x, y = chopper.encode(a, fmt, axis=-1), chopper.encode(b, fmt, axis=-2)
    got = chopper.matmul(x, y, accumulate=unit)
    scales = (x.scale_codes[0], y.scale_codes[0].T)
    want = hardware.products(unit, x.codes, np.ascontiguousarray(y.codes.T), scales=scales)
    assert got.dtype == np.float32
    assert (got.view(np.uint32) == want).all()
    with pytest.raises(UnsupportedInputError, match="axis=-2"):
        chopper.matmul(x, chopper.encode(b.T.copy(), fmt, axis=-1).decode().T, accumulate=unit)


def test_nvfp4() -> None:
    """The scales of whole arrays multiply the result: their product in float32, then one float32 multiplication."""
    rng = np.random.default_rng(10)
    a, b = rng.standard_normal((5, 128)).astype(np.float32), rng.standard_normal((128, 7)).astype(np.float32)
    x, y = chopper.encode(a, "nvfp4", axis=-1), chopper.encode(b, "nvfp4", axis=-2)
    codes = hardware.products("b200.tcgen05.nv_e2m1", x.codes, y.codes.T, scales=(x.scale_codes[0], y.scale_codes[0].T))
    factors = [side.scales[1].astype(np.float32).reshape(()) for side in (x, y)]
    want = codes.view(np.float32) * (factors[0] * factors[1])
    got = chopper.matmul(x, y, accumulate="b200.tcgen05.nv_e2m1")
    assert (got.view(np.uint32) == want.view(np.uint32)).all()
    with pytest.raises(UnsupportedInputError, match="leave c"):
        chopper.matmul(x, y, np.ones((5, 7), np.float32), accumulate="b200.tcgen05.nv_e2m1")


def test_scales_are_asked_for() -> None:
    """A unit with scales needs them, one without takes none, and only MX formats fit its rows."""
    codes = np.zeros((1, 32), np.uint8)
    with pytest.raises(UnsupportedInputError, match="needs scales"):
        hardware.products("b200.tcgen05.mx_e4m3", codes, codes)
    with pytest.raises(UnsupportedInputError, match="has no scales"):
        hardware.products("h100.wgmma.e4m3", codes, codes, scales=(codes, codes))
    with pytest.raises(UnsupportedInputError, match="one for 32"):
        hardware.products("b200.tcgen05.mx_e4m3", codes, codes, scales=(codes, codes))
    assert all(isinstance(u.model, (FusedSum, GroupedSum)) for u in ALL if u.scale)
