"""The casts of NumPy and JAX, and what JAX does right where others round twice."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get
from tests.oracle import adversarial

SUBJECT = "NumPy and JAX casts"
JAX = {
    "fp16": "float16",
    "e5m2": "float8_e5m2",
    "e4m3": "float8_e4m3fn",
    "e4m3_ieee": "float8_e4m3",
    "e3m4": "float8_e3m4",
    "e4m3fnuz": "float8_e4m3fnuz",
    "e5m2fnuz": "float8_e5m2fnuz",
    "e4m3b11fnuz": "float8_e4m3b11fnuz",
    "e2m1": "float4_e2m1fn",
}


def numbers(name, dtype):
    kind = f"u{np.dtype(dtype).itemsize}"
    rng = np.random.default_rng(3)
    patterns = rng.integers(0, np.iinfo(kind).max, 200_000, kind, endpoint=True).view(dtype)
    normal = (rng.standard_normal(100_000) * 100).astype(dtype)
    return np.concatenate([adversarial(get(name), dtype), patterns, normal])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_float16(dtype, tally):
    x = numbers("fp16", dtype)
    with np.errstate(all="ignore"):
        want = x.astype(np.float16)
    tally.same(chopper.encode(x, "fp16").view(np.float16), want, x, fmt="fp16")
    with np.errstate(all="ignore"):
        tally.same(chopper.chop(x, "fp16"), want.astype(dtype), x, fmt="fp16")


def test_numpy_float32(tally):
    x = numbers("fp32", np.float64)
    with np.errstate(all="ignore"):
        want = x.astype(np.float32)
        tally.same(chopper.chop(x, "fp32"), want.astype(np.float64), x, fmt="fp32")
    tally.same(chopper.encode(x, "fp32").view(np.float32), want, x, fmt="fp32")
    y = numbers("fp32", np.float32)
    tally.same(chopper.chop(y, "fp32"), y, y, fmt="fp32")
    tally.same(chopper.chop(x, "fp64"), x, x, fmt="fp64")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", JAX)
def test_jax(name, dtype, tally):
    """Exact from float64 as well; overflow and NaN by the policies that its dtypes stand for."""
    jax = pytest.importorskip("jax")
    if name == "fp16" and dtype is np.float64:
        return  # through float32 on processors without an instruction of their own: two roundings
    x = numbers(name, dtype)
    fmt = get(name)
    policy = None if fmt.infinities or not fmt.has_nan else "nan"
    if not fmt.has_nan:
        x = x[~np.isnan(x)]
    with jax.enable_x64(True):
        want = np.asarray(jax.numpy.asarray(x).astype(JAX[name]).astype(dtype))
    tally.same(chopper.chop(x, name, overflow=policy), want, x, fmt=name)


def test_jax_bfloat16_from_float32(tally):
    jax = pytest.importorskip("jax")
    x = numbers("bf16", np.float32)
    want = np.asarray(jax.numpy.asarray(x).astype("bfloat16")).view(np.uint16)
    tally.same(chopper.encode(x, "bf16", compat="ml_dtypes"), want, x, fmt="bf16")
