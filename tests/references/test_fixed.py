"""Fixed point and integers against NumPy, torch and gfloat, where their arithmetic is exact."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get

SUBJECT = "fixed point and integers against NumPy, torch and gfloat"
NAMES = ("int2", "uint4", "int8", "uint8", "int8<symmetric=true>", "int16", "int32", "uint32", "q3.4", "uq0.8", "q3.-2")
NUMPY = {"nearest_even": np.rint, "toward_zero": np.trunc, "up": np.ceil, "down": np.floor}


def numbers(fmt, size=20000, kind=np.float64):
    """Return numbers within and beyond the range, half of them at multiples of a quarter of the quantum."""
    rng = np.random.default_rng(fmt.bits)
    wide = rng.uniform(1.5 * float(fmt.min) - 2, 1.5 * float(fmt.max) + 2, size)
    near = rng.standard_normal(size) * 3 * float(fmt.quantum)
    quarters = np.round(wide / float(fmt.quantum) * 4) / 4 * float(fmt.quantum)
    return np.concatenate([wide, near, quarters]).astype(kind)


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("name", NAMES)
def test_numpy_rounds_and_clips(name, mode, tally):
    """x / quantum is exact: the quantum is a power of two."""
    fmt = get(name)
    x = numbers(fmt)
    scaled = NUMPY[mode](x / float(fmt.quantum))
    want = np.clip(scaled, fmt.min_integer, fmt.max_integer) * float(fmt.quantum) + 0.0
    tally.same(chopper.chop(x, fmt, mode), want, x, fmt=fmt, mode=mode)


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("name", ["int8", "int16", "int32", "uint8", "uint16", "uint32"])
def test_numpy_wraps(name, mode, tally):
    """A cast of int64 to a narrower integer keeps the low bits."""
    fmt = get(name)
    x = numbers(fmt) * 5
    codes = NUMPY[mode](x).astype(np.int64).astype(f"u{fmt.bits // 8}")
    tally.same(chopper.encode(x, fmt, mode, overflow="wrap"), codes, x, fmt=fmt, mode=mode)
    values = codes.view(name).astype(np.float64)
    tally.same(chopper.chop(x, fmt, mode, overflow="wrap"), values, x, fmt=fmt, mode=mode)


@pytest.mark.parametrize("name", ["int64", "uint64"])
def test_numpy_casts_to_64_bits(name, tally):
    """Inside of the range, a C cast truncates."""
    rng = np.random.default_rng(0)
    x = np.ldexp(rng.uniform(-1 if name == "int64" else 0, 1, 50000), rng.integers(0, 63, 50000))
    tally.same(chopper.encode(x, name, "toward_zero").view(name), x.astype(name), x, fmt=name, mode="toward_zero")


@pytest.mark.parametrize("name", ["int8", "uint8", "int8<symmetric=true>", "q3.4", "uint4"])
def test_torch_quantizes(name, tally):
    """torch rounds x / scale to nearest, ties to even, and saturates; the scale is a power of two."""
    torch = pytest.importorskip("torch")
    fmt = get(name)
    x = numbers(fmt, kind=np.float32)
    ends = (fmt.min_integer, fmt.max_integer)
    theirs = torch.fake_quantize_per_tensor_affine(torch.from_numpy(x), float(fmt.quantum), 0, *ends)
    tally.same(chopper.chop(x, fmt), theirs.numpy() + np.float32(0), x, fmt=fmt, mode="nearest_even")


MODES = {"nearest_even": "TiesToEven", "nearest_away": "TiesToAway", "toward_zero": "TowardZero",
         "up": "TowardPositive", "down": "TowardNegative"}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_gfloat_has_the_integers_of_mx(mode, tally):
    """OCP MX's INT8: two's complement in units of 2^-6."""
    gfloat = pytest.importorskip("gfloat")
    info = pytest.importorskip("gfloat.formats").format_info_ocp_int8
    fmt = get("fixed<2,6>")
    x = numbers(fmt, 2000)
    want = gfloat.round_ndarray(info, x, getattr(gfloat.RoundMode, MODES[mode]), True)
    tally.same(chopper.chop(x, fmt, mode), np.asarray(want, np.float64) + 0.0, x, fmt=fmt, mode=mode)
    values = np.array([gfloat.decode_float(info, code).fval for code in range(256)])
    tally.same(chopper.decode(np.arange(256), fmt, np.float64), values, fmt=fmt)
