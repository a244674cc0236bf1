"""The compiled loops give what NumPy gives without them, which the definition is compared with."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest

import chopper
from chopper.engine import run
from chopper.engine.families.scaled import currents, decode_blocks
from chopper.formats.registry import get
from tests.scaled.inputs import adversarial, special

SUBJECT = "shared scales, compiled loops against NumPy"
ROWS = 320


@contextmanager
def on_numpy():
    """Find no loop, whatever has been compiled."""
    with mock.patch.object(run, "_LOOPS", SimpleNamespace(find=lambda *args: None)):
        yield


def compare(tally, x, fmt, mode, axis=-1):
    """Compare values, codes and scales."""
    options = {"fmt": fmt, "rounding": mode, "key": 11, "axis": axis}
    whole = chopper.chop(x, threads=2, **options)
    codes = chopper.encode(x, threads=2, **options)
    back = decode_blocks(codes.blocks, get(fmt), axis, x.dtype, 2) if x.dtype.itemsize > 2 else whole
    with on_numpy():
        tally.same(whole, chopper.chop(x, **options), x, fmt=fmt, mode=mode)
        plain = chopper.encode(x, **options)
    tally.same(codes.codes, plain.codes, x, fmt=fmt)
    for ours, theirs in zip(codes.scale_codes, plain.scale_codes, strict=True):
        tally.same(ours, theirs, fmt=fmt)
    tally.same(back, whole, x, fmt=fmt)


def numbers(name: str, dtype: str = "float32") -> np.ndarray:
    x = adversarial(get(name), dtype, 3, ROWS // 4, 72)
    return np.concatenate([x, special(dtype, 72), np.zeros((100, 72), dtype)])


@pytest.mark.parametrize("rule", ["floor", "ceil", "rceil", "even"])
@pytest.mark.parametrize("name", ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4"])
def test_powers(name, rule, tally):
    """All use one loop in this mode."""
    compare(tally, numbers(name), f"{name}<scaling={rule}>", "nearest_even")


@pytest.mark.parametrize(
    ("name", "dtype", "mode"),
    [
        ("mxint8", "float32", "nearest_even"),
        ("bfp<6,16>", "float32", "up"),
        ("mxfp4", "float32", "stochastic"),
        ("mxfp8", "float64", "nearest_even"),
        ("mxfp8<specials=element>", "float32", "nearest_even"),
        ("scaled<e2m1,ue5m3,16,outer=level<fp32,all>>", "float32", "down"),
        ("fp8_block128", "float32", "nearest_even"),
        ("int8_token", "float32", "nearest_even"),
        ("nf4_block64", "float32", "nearest_even"),
        ("int4_group128", "float64", "nearest_even"),
        ("scaled<e2m1,ue4m3,16,specials=saturate,outer=level<fp32,all>>", "float32", "stochastic"),
    ],
)
def test_others(name, dtype, mode, tally):
    compare(tally, numbers(name, dtype), name, mode)


@pytest.mark.parametrize("mode", ["nearest_even", "to_odd", "toward_zero"])
@pytest.mark.parametrize(
    "name", ["nvfp4", "nvfp4_ue5m3", "scaled<e2m1,ue4m3,16,direction=up,outer=level<fp32,tensor>>"]
)
def test_ladders(name, mode, tally):
    """Ties are frequent."""
    rng = np.random.default_rng(2)
    x = (rng.standard_normal((ROWS, 130)) * np.exp2(rng.integers(-14, 3, (ROWS, 1)))).astype(np.float32)
    x[::3] = np.round(x[::3] * 4) / 4
    x[::5] = np.float32(2.0**-8) * rng.integers(-50, 50, x[::5].shape)
    for top in (2688.0, 3.7, 1.9e-3):
        scaled = (x * np.float32(top / 2688)).astype(np.float32)
        scaled[:, 0] = np.float32(top)
        compare(tally, scaled, name, mode)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("fp8_row", mode) for mode in ("nearest_even", "nearest_away", "up", "to_odd", "stochastic_equal")),
        ("fp8_row<element=e5m2,scale=bf16>", "toward_zero"),
        ("int8_row", "stochastic"),
        ("int8_token", "nearest_even"),
        ("scaled<e4m3,fp16,24,direction=up>", "nearest_even"),
        ("scaled<e2m1,ue5m3,8,floor=1/8>", "up"),
        ("scaled<int8,fp32,36,least=1/100>", "stochastic"),
        ("scaled<int16,fp32,all,specials=element>", "nearest_even"),
        ("nvfp4", "stochastic"),
        ("scaled<e4m3,ue5m3,16,outer=level<bf16,tensor>>", "nearest_even"),
    ],
)
def test_currents(name, mode, tally):
    compare(tally, numbers(name), name, mode)
    if get(name).outer is not None:
        x = np.random.default_rng(7).standard_normal((300, 100)).astype(np.float32)
        x[:40] *= np.float32(1e-4)
        compare(tally, x, name, mode)
        compare(tally, x * np.float32(1e-37), name, mode)


@pytest.mark.parametrize(("name", "mode"), [("fp8_tensor", "nearest_even"), ("int8_row", "stochastic")])
def test_a_long_row_is_shared_by_threads(name, mode, tally, monkeypatch):
    monkeypatch.setattr(currents, "_LONG", 1 << 10)
    x = np.random.default_rng(4).standard_normal((3, 5000)).astype(np.float32)
    compare(tally, x, name, mode)
    x[1] *= np.float32(2.0**-60)
    x[0] = 0
    compare(tally, x, name, mode)
    x[2, 4999] = np.inf
    compare(tally, x, name, mode)


@pytest.mark.parametrize("name", ["fp8_row", "int8_row", "scaled<e5m2,bf16,all>"])
def test_ties_under_every_kind_of_scale(name, tally):
    """Middles of elements times scales, where float32 holds them, and their neighbours."""
    fmt = get(name)
    rng = np.random.default_rng(5)
    values = np.array(sorted({float(fmt.element.value(code)) for code in range(1 << 7)} - {float("inf")}))
    values = values[np.isfinite(values)]
    middles = (values[1:] + values[:-1]) / 2
    rows = []
    for bits in (1, 5, 9, 14, 18):
        scale = rng.integers(1 << bits - 1, 1 << bits, 40) * np.exp2(rng.integers(-40, 40, 40) - bits)
        exact = np.float32(middles[rng.integers(0, middles.size, (40, 60))] * scale[:, None])
        top = np.float32(scale * float(fmt.element.max))[:, None]
        near = np.nextafter(exact, np.float32(rng.choice([0, 1e30], (40, 60))))
        rows.append(np.concatenate([top, exact, near, -exact], axis=1))
    compare(tally, np.concatenate(rows), name, "nearest_even")


@pytest.mark.parametrize(
    ("name", "mode", "dtype"),
    [
        ("mxfp8", "nearest_even", "float32"),
        ("mxfp4", "nearest_even", "float64"),
        ("mxfp6_e3m2", "stochastic", "float32"),
        ("mxint8", "up", "float32"),
        ("mxfp8_e5m2", "nearest_even", "float16"),
        ("bfp<6,16>", "to_odd", "float32"),
    ],
)
def test_blocks_across_rows_are_rounded_where_they_lie(name, mode, dtype, tally):
    rng = np.random.default_rng(6)
    x = (rng.standard_normal((3, 100, 130)) * np.exp2(rng.integers(-8, 9, (3, 100, 1)))).astype(dtype)
    x[0, 5:40, :70] = 0
    compare(tally, x, name, mode, axis=1)
    compare(tally, x, name, mode, axis=0)
    compare(tally, np.asfortranarray(x[1]), name, mode, axis=0)
    for value in (np.nan, -np.inf):
        x[2, 50, 7] = value
        compare(tally, x, name, mode, axis=-2)
