"""What holds for every block: identities, symmetries, and what a rule promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import chopper
from chopper.engine.families.scaled import Blocks, decode_blocks
from chopper.formats.registry import get

MX = ("mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4")
BLOCKS = hnp.arrays(np.float32, (3, 40), elements=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a.view(f"u{a.itemsize}"), b.view(f"u{b.itemsize}"))


def finite_codes(fmt) -> np.ndarray:
    return np.array([code for code in fmt.codes if np.isfinite(float(fmt.value(code)))], np.uint8)


@pytest.mark.parametrize("rule", ["floor", "rceil", "even"])
@pytest.mark.parametrize("name", MX)
def test_encoding_undoes_decoding(name, rule):
    """Of every element code under every scale code that float64 can tell apart."""
    fmt = get(f"{name}<block=256>")
    codes = np.tile(finite_codes(fmt.element), (255, 1))
    scales = np.arange(255, dtype=np.uint8)[:, None]
    values = decode_blocks(Blocks(codes, (scales,)), fmt, -1, np.float64, None)
    got = chopper.encode(values, fmt, scaling=rule)
    assert np.array_equal(got.scale_codes[0], scales)
    assert np.array_equal(got.codes, codes)


def test_encoding_undoes_decoding_of_nvfp4():
    """One block with the largest scale makes the outer scale what it was."""
    fmt = get("nvfp4")
    scales = np.arange(1, 127, dtype=np.uint8)[:, None]
    codes = np.tile(np.arange(16, dtype=np.uint8), (126, 1))
    for outer in (1.0, 0.3, 2.0**-20):
        bits = np.full((1, 1), outer, np.float32).view(np.uint32)
        values = decode_blocks(Blocks(codes, (scales, bits)), fmt, -1, np.float64, None)
        got = chopper.encode(values, fmt)
        assert np.array_equal(got.scale_codes[1], bits)
        assert np.array_equal(got.scale_codes[0], scales)
        assert np.array_equal(got.codes, codes)


@pytest.mark.parametrize("name", ["mxfp4", "mxfp8", "mxint8", "msfp12", "mx9", "fp8_token", "int8_token"])
@given(x=BLOCKS, k=st.integers(-20, 20))
@settings(max_examples=20)
def test_powers_of_two_factor_out(name, x, k):
    """While no scale reaches the end of its format, and no value that of the carrier."""
    x = np.where(np.abs(x) < 2.0**-40, 0, x).astype(np.float64) * 2.0**-50
    x[:, ::8] = np.abs(x).max()
    assert same(chopper.chop(np.ldexp(x, k), name), np.ldexp(chopper.chop(x, name), k))


@pytest.mark.parametrize("rule", ["ceil", "rceil"])
@given(x=BLOCKS)
@settings(max_examples=40)
def test_rounding_scales_up_never_saturates(rule, x):
    """No magnitude lies beyond the largest element times the scale, so the error is at most half a unit."""
    for name in MX:
        got = chopper.encode(x, name, scaling=rule)
        scale = np.repeat(got.scales[0], 32, axis=1)[:, : x.shape[1]]
        assert (np.abs(x) <= float(get(name).element.max) * scale).all()


@pytest.mark.parametrize("name", [*MX, "mxint8", "fp8_block128", "nf4_block64", "nvfp4_ue5m3", "int4_group128", "mx9"])
def test_blocks_do_not_touch_one_another(name):
    """Permuting blocks permutes results, and a tail is a block filled up with zeros."""
    rng = np.random.default_rng(8)
    fmt = get(name)
    length = (fmt.outer or fmt).block[-1]
    x = (rng.standard_normal((6, 8, length)) * np.exp2(rng.integers(-9, 9, (6, 8, 1)))).astype(np.float32)
    order = rng.permutation(8)
    whole = chopper.chop(x.reshape(6, -1), fmt)
    moved = chopper.chop(x[:, order].reshape(6, -1), fmt).reshape(x.shape)
    assert same(np.ascontiguousarray(whole.reshape(x.shape)[:, order]), np.ascontiguousarray(moved))
    for short in (1, length // 2 + 1, length):
        cut = x.reshape(6, -1)[:, : length + short]
        full = np.zeros((6, 2 * length), np.float32)
        full[:, : length + short] = cut
        filled = np.ascontiguousarray(chopper.chop(full, fmt)[:, : length + short])
        assert same(chopper.chop(np.ascontiguousarray(cut), fmt), filled)


@pytest.mark.parametrize("name", MX)
def test_zeros(name):
    for rule in ("floor", "ceil", "rceil", "even"):
        x = np.zeros((2, 40), np.float32)
        x[1, 3] = -0.0
        got = chopper.encode(x, name, scaling=rule)
        assert not got.scale_codes[0].any()
        assert same(chopper.chop(x, name, scaling=rule), x)


@pytest.mark.parametrize("mode", ["stochastic", "stochastic_b"])
def test_chance_goes_by_index(mode):
    """A chunk with its offset, any number of threads, and any axis give the bits of the whole array."""
    x = np.random.default_rng(9).standard_normal((64, 64)).astype(np.float32)
    for name in ("mxfp4", "nvfp4_ue5m3", "int4_group128"):
        whole = chopper.chop(x, name, mode, key=3)
        assert same(chopper.chop(x[16:], name, mode, key=3, offset=16 * 64), np.ascontiguousarray(whole[16:]))
        words = np.random.default_rng(1).integers(0, 1 << 32, x.shape, np.uint32)
        one = chopper.chop(x, name, mode, random_words=words)
        other = chopper.chop(x.T, name, mode, random_words=words.T, axis=0).T
        assert same(one, np.ascontiguousarray(other))


def test_the_mean_of_chance():
    """Where scales are rounded up nothing saturates, so stochastic rounding keeps the mean; else it does not."""
    x = np.full((4000, 32), 0.7, np.float32)
    x[:, 0] = 7.9
    got = chopper.chop(x, "mxfp4", "stochastic", key=1, scaling="rceil")
    assert abs(got[:, 1:].mean() - 0.7) < 0.004
    assert abs(got[:, 0].mean() - 7.9) < 0.03
    assert abs(chopper.chop(x, "mxfp4", "stochastic", key=1)[:, 0].mean() - 7.9) > 1.5
