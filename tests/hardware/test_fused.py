"""Truncated fused sums against their definition in fractions, on every path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chopper import hardware
from chopper.engine import run
from chopper.engine.hardware import floats
from chopper.engine.hardware import fused as engine
from chopper.hardware import FusedSum, Unit
from tests.hardware.definition import CLASSES, fused, inputs
from tests.tally import Tally

SUBJECT = "truncated fused sums, against fractions"
UNITS = tuple({(u.model, u.a, u.b, u.c): u for u in hardware.units()
               if isinstance(u.model, FusedSum) and not u.scale}.values())  # fmt: skip
PATHS = ("arrays", "integers", "floats")


@pytest.fixture
def along(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes calls take a path, whatever their size."""

    def choose(path: str) -> None:
        monkeypatch.setattr(run, "_SMALL", 0)
        monkeypatch.setattr(floats, "_LEAST", 0 if path == "floats" else 1 << 60)
        monkeypatch.setattr(engine, "loop_for", (lambda *args, **kw: None) if path == "arrays" else run.loop_for)

    return choose


def wanted(unit: Unit, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return what the definition says."""
    names, out = (unit.a, unit.b, unit.c), np.empty_like(c)
    for t, m, n in np.ndindex(c.shape):
        out[t, m, n] = fused(unit.model, a[t, m].tolist(), b[t, n].tolist(), int(c[t, m, n]), names)
    return out


def sample(unit: Unit, m: int, n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a tile of each kind of inputs."""
    rng = np.random.default_rng(seed)
    a, b = (np.stack([inputs(name, kind, (rows, k), rng) for kind in CLASSES])
            for name, rows in ((unit.a, m), (unit.b, n)))  # fmt: skip
    c = np.stack([inputs(unit.c, kind, (m, n), rng) for kind in CLASSES])
    c[::2, :, ::2] = 0
    c[1::2, :, ::3] |= c.dtype.type(1 << (8 * c.itemsize - 1))
    return a, b, c


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_every_unit(unit: Unit, along: Any, tally: Tally) -> None:
    """Every unit of the tables on every path, on every kind of inputs."""
    k = (unit.model.promote or unit.model.terms) + 3
    a, b, c = sample(unit, 3, 16, k, 1)
    want = wanted(unit, a, b[:, ::7], c[..., ::7])  # the quick loop needs more columns than fractions can do in time
    for path in PATHS:
        along(path)
        tally.same(hardware.products(unit, a, b, c)[..., ::7], want, fmt=unit, about=path)


def test_inputs_tell_floors_apart() -> None:
    """Tiny sums differ where the floor does: 2^-133 of Hopper, the smallest normal number, none."""
    unit = hardware.unit("h100.wgmma.tf32")
    a, b, c = sample(unit, 64, 64, 8, 3)
    got = [hardware.products(replace(unit, model=replace(unit.model, floor=floor)), a, b, c)
           for floor in (-133, -126, -134, None)]  # fmt: skip
    assert [int((got[0] != other).sum()) > 0 for other in got] == [False, True, True, True]


def test_floor_of_fp16() -> None:
    """2^-25 is a tie; 2^-46 or 2^-47 beside it lies above the tie, unless a floor cuts it off."""
    unit = hardware.unit("h100.wgmma.fp16.fp16")
    a, b = np.array([[0x0C00, 0x0002]], np.uint16), np.array([[0x0800, 0x0002], [0x0800, 0x0001]], np.uint16)
    found = [hardware.products(replace(unit, model=replace(unit.model, floor=floor)), a, b)[0].tolist()
             for floor in (-20, -21, -22, None)]  # fmt: skip
    assert found == [[0, 0], [1, 0], [1, 1], [1, 1]]


def test_underflow_is_positive_zero() -> None:
    """A negative sum that becomes zero is +0, and so is an exact zero of whatever signs."""
    for name, tiny in (("h100.wgmma.bf16", 0x1900), ("h100.wgmma.fp16.fp16", 0x0001)):
        unit = hardware.unit(name)
        a = np.array([[tiny]], np.uint16)
        sign = np.uint16(0x8000)
        for x, y, c in ((a | sign, a, 0), (a & 0 | sign, a, 1)):
            z = np.full((1, 1), c << (8 * (4 if unit.c == "fp32" else 2) - 1), f"u{4 if unit.c == 'fp32' else 2}")
            assert hardware.products(unit, x, y, z).item() == 0


def test_what_is_added_to_is_rounded(along: Any) -> None:
    """Without any product but zeros too, to as few bits as the model has, on every path."""
    c = np.full((4, 16), 0x3F80FFFF, np.uint32)
    c[1], c[2] = 0x7F7FFFFF, 0x00FFFFFF
    zeros = np.zeros((16, 8), np.uint8)
    for rounding, want in (("nearest_even", [0x3F810000, 0x7F800000, 0x01000000]),
                           ("toward_zero", [0x3F808000, 0x7F7F8000, 0x00FF8000])):  # fmt: skip
        unit = Unit("any", "e4m3", "e4m3", "fp32", 8, FusedSum(8, 30, 9, rounding), "", "literature", "")
        for path in PATHS:
            along(path)
            assert hardware.products(unit, zeros[:4], zeros, c)[:3, 0].tolist() == want, path


def test_subnormal_numbers_that_are_added_to_are_truncated(along: Any) -> None:
    """Their last bits are those of the smallest normal number, in whatever float the sum is made."""
    for fraction, out, code, want in ((13, "fp32", 0x00012345, 0x00012000), (25, "fp32", 0x00012345, 0x00012000),
                                      (25, "fp16", 880, 864)):  # fmt: skip
        model = FusedSum(8, fraction, 14 if out == "fp32" else 6)
        unit = Unit("any", "e4m3", "e4m3", out, 8, model, "", "literature", "")
        c, zeros = np.full((4, 16), code, "u4" if out == "fp32" else "u2"), np.zeros((16, 8), np.uint8)
        for path in PATHS:
            along(path)
            assert (hardware.products(unit, zeros[:4], zeros, c) == want).all(), path


@pytest.mark.parametrize("name", ["h100.mma.e4m3", "h100.wgmma.e4m3", "h100.cublas.e4m3", "a100.mma.tf32"])
@pytest.mark.parametrize("k", [2, 32, 40])
def test_layouts(name: str, k: int, along: Any) -> None:
    """Neither the layout of the operands in memory nor how many rows there are matters on any path."""
    unit, rng = hardware.unit(name), np.random.default_rng(k)
    a, b, c = (inputs(one, "normal", shape, rng) for one, shape in
               ((unit.a, (20, k)), (unit.b, (24, k)), (unit.c, (20, 24))))  # fmt: skip
    along("integers")
    want = np.concatenate([hardware.products(unit, a[m : m + 1], b, c[m : m + 1]) for m in range(20)])
    for path in PATHS:
        along(path)
        for x, y in ((a, b), (np.asfortranarray(a), np.asfortranarray(b)), (np.repeat(a, 2, 1)[:, ::2], b[::-1][::-1])):
            assert (hardware.products(unit, x, y, c) == want).all()


def test_threads_do_not_matter() -> None:
    """Results are the same however rows are shared."""
    rng = np.random.default_rng(4)
    a, b = (rng.integers(0, 256, (256, 512), dtype=np.uint8) for _ in range(2))
    one = hardware.products("h100.wgmma.e5m2", a, b, threads=1)
    assert (hardware.products("h100.wgmma.e5m2", a, b, threads=3) == one).all()


MODELS = st.builds(
    FusedSum,
    terms=st.sampled_from([1, 2, 3, 4, 8, 12, 16]),
    fraction=st.integers(3, 40),
    precision=st.integers(2, 11),
    rounding=st.sampled_from(["toward_zero", "nearest_even"]),
    floor=st.none() | st.integers(-140, 3),
    order=st.sampled_from(["sequential", "quarters"]),
)


@settings(max_examples=60)
@given(
    MODELS, st.sampled_from(["fp16", "bf16", "tf32", "e4m3", "e5m2", "e2m1", "e4m3fnuz"]),
    st.sampled_from(["fp16", "bf16", "e4m3", "e3m2"]), st.sampled_from(["fp32", "fp16"]), st.booleans(),
    st.integers(0, 1 << 30),
)  # fmt: skip
def test_any_model(model: FusedSum, first: str, second: str, third: str, promoted: bool, seed: int) -> None:
    """Any parameters, any pair of formats, also those that no unit has."""
    if promoted:
        model = FusedSum(**{**vars(model), "promote": 2 * model.terms})
    unit = Unit("any", first, second, third, model.terms, model, "", "literature", "")
    a, b, c = sample(unit, 1, 16, 9, seed)
    a, b, c = (x[seed % len(CLASSES)][None] for x in (a, b, c))
    want = wanted(unit, a, b, c)
    patch = pytest.MonkeyPatch()
    try:
        for path in PATHS:
            patch.setattr(run, "_SMALL", 0)
            patch.setattr(floats, "_LEAST", 0 if path == "floats" else 1 << 60)
            patch.setattr(engine, "loop_for", (lambda *args, **kw: None) if path == "arrays" else run.loop_for)
            got = hardware.products(unit, a, b, c)
            assert got.tolist() == want.tolist(), path
            patch.undo()
    finally:
        patch.undo()
