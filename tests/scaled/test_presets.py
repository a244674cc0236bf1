"""Presets give what other tools give: vectors of theirs, transcriptions of their formulas, and torchao itself."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError
from chopper.formats.registry import get

SUBJECT = "presets of shared scales"
F = np.float32
VECTORS = [  # the leading elements of a block in a tensor whose largest magnitude is 2688, so that the outer scale is 1
    ((6 * 2.0**-8, 2.0**-8), (0x02, [7, 2]), (0x08, [3, 0])),
    ((1e-3, 5e-4), (0x00, [7, 7]), (0x08, [0, 0])),
    ((1, 0.5, 0.25), (0x23, [7, 5, 3]), (0x23, [7, 5, 3])),
]


@pytest.mark.parametrize(("block", "te", "torchao"), VECTORS)
def test_vectors_of_nvfp4(block, te, torchao):
    x = np.zeros((2, 16), F)
    x[0, : len(block)], x[1, 0] = block, 2688
    for compat, (scale, codes) in (("te", te), ("torchao", torchao)):
        got = chopper.encode(x, "nvfp4", compat=compat)
        assert got.scale_codes[0][0, 0] == scale
        assert got.codes[0, : len(block)].tolist() == codes
        assert got.scale_codes[1].view(F).item() == 1


def numbers(seed: int, shape: tuple[int, int], kind: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.standard_normal(shape).astype(F)
    if kind == "lognormal":
        return np.exp(3 * rng.standard_normal(shape)).astype(F)
    if kind == "bits":
        x = rng.integers(0, 1 << 32, shape, np.uint32).view(F)
        return np.where(np.isfinite(x), x, F(1))
    return rng.integers(-8, 9, shape).astype(F)


@pytest.mark.parametrize("kind", ["normal", "integers", "lognormal"])
@pytest.mark.parametrize("name", ["fp8_block128", "fp8_block128_ue8m0"])
def test_deepgemm(name, kind, tally):
    """The formula of deep_gemm/utils/math.py, transcribed."""
    x = numbers(1, (40, 256), kind)
    tops = np.abs(x.reshape(40, 2, 128)).max(-1)
    scale = np.maximum(tops, F(1e-4)) / F(448)
    if name.endswith("ue8m0"):
        bits = scale.view(np.int32)
        scale = (np.clip((bits >> 23) + (bits & 0x7FFFFF != 0), 1, 254) << 23).astype(np.int32).view(F)
    want = chopper.encode((x.reshape(40, 2, 128) * (F(1) / scale)[..., None]).reshape(40, 256), "e4m3")
    got = chopper.encode(x, name, compat="deepgemm")
    tally.same(got.codes, want, x, fmt=name)
    values = chopper.decode(got.scale_codes[0], get(name).scale)
    tally.same(values, scale, fmt=name)


@pytest.mark.parametrize("kind", ["normal", "integers", "lognormal"])
def test_transformer_engine(kind, tally):
    """The formulas of its NVFP4 and of its FP8, transcribed."""
    x = numbers(2, (40, 64), kind)
    top, six, one, most = np.abs(x).max(), F(6), F(1), np.finfo(F).max
    blocks = x.reshape(40, 4, 16)
    factor = min(F(2688) / top, most)
    scales = chopper.encode(np.minimum(np.abs(blocks).max(-1) * (factor * (one / six)), most), "e4m3")
    with np.errstate(divide="ignore"):
        inverse = np.minimum(one / (chopper.decode(scales, "e4m3") * (one / factor)), most)
    want = chopper.encode(blocks * inverse[..., None], "e2m1").reshape(40, 64)
    got = chopper.encode(x, "nvfp4", compat="te")
    tally.same(got.codes, want, x, fmt="nvfp4")
    tally.same(got.scale_codes[0], scales, fmt="nvfp4")
    got = chopper.encode(x, "fp8_token", compat="te")
    factors = F(448) / np.abs(x).max(-1, keepdims=True)
    tally.same(got.codes, chopper.encode(x * factors, "e4m3"), x, fmt="fp8_token")
    tally.same(got.scale_codes[0].view(F), one / factors, fmt="fp8_token")


def test_microxcaling():
    x = np.array([-0.0, 0.3, -2.0, 1.9999], F)
    assert np.signbit(chopper.chop(x, "mxfp4"))[0]
    assert not np.signbit(chopper.chop(x, "mxfp4", compat="microxcaling"))[0]
    assert chopper.chop(x, "mxint8").tolist() == [0, 0.3125, -2.0, 2.0]
    assert chopper.chop(np.array([-1.999, 0.3]), "mxint8", "toward_zero").tolist()[0] == -1.984375
    assert chopper.chop(np.array([-1.999, 0.3]), "mxint8").tolist()[0] == -2
    assert chopper.chop(np.array([-1.999, 0.3]), "mxint8", compat="microxcaling").tolist()[0] == -1.984375


def test_what_a_preset_does_not_know():
    with pytest.raises(PolicyError, match="did you mean 'torchao'"):
        chopper.chop(1.0, "nvfp4", compat="torcha")
    with pytest.raises(PolicyError, match="does not know nf4_block64"):
        chopper.chop(1.0, "nf4_block64", compat="te")
    with pytest.raises(PolicyError, match="leave one out"):
        chopper.chop(1.0, "nvfp4", compat="te", scale=2.0)
    assert chopper.chop(np.zeros((2, 20)), "nvfp4", compat="torchao").tolist() == [[0.0] * 20] * 2
    assert chopper.chop(np.zeros((2, 20)), "nvfp4", compat="te").tolist() == [[0.0] * 20] * 2


# --- torchao itself --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torchao():
    """The package, which warns about its C++ extension."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("torch")
        return pytest.importorskip("torchao.prototype.mx_formats.mx_tensor")


@pytest.mark.parametrize("kind", ["normal", "integers", "lognormal"])
@pytest.mark.parametrize("outer", [True, False])
def test_nvfp4_of_torchao(torchao, kind, outer, tally):
    import torch
    from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize

    x = numbers(3, (64, 256), kind)
    name = "nvfp4" if outer else "scaled<e2m1,ue4m3,16>"
    g = torch.tensor(np.abs(x).max() / F(2688)) if outer else None
    scales, packed = nvfp4_quantize(torch.from_numpy(x), 16, g)
    pairs = packed.numpy().view(np.uint8)
    want = np.stack([pairs & 15, pairs >> 4], -1).reshape(x.shape)
    got = chopper.encode(x, name, compat="torchao")
    tally.same(got.codes, want, x, fmt=name)
    tally.same(got.scale_codes[0], scales.view(torch.uint8).numpy().reshape(64, 16), fmt=name)
