"""torchao 0.18.0 on the CPU: MX in four scalings and five elements, and NVFP4, bit for bit where it is right.

Left out, and each shown to be wrong there: blocks whose scale has code 0, of which torchao returns half or nothing;
blocks with an infinity, which it keeps; and under ``rceil`` blocks whose largest magnitude lies within 16 ulps of a
power of two times the largest element, where its float32 logarithm fails.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch")
    mx = pytest.importorskip("torchao.prototype.mx_formats.mx_tensor")

SUBJECT = "torchao, codes and values"
ELEMENTS = {
    "mxfp8_e4m3": "float8_e4m3fn",
    "mxfp8_e5m2": "float8_e5m2",
    "mxfp6_e3m2": "DTYPE_FP6_E3M2",
    "mxfp6_e2m3": "DTYPE_FP6_E2M3",
    "mxfp4": "float4_e2m1fn_x2",
}
RULES = ("floor", "ceil", "rceil", "even")
F = np.float32


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def numbers(kind: str, rows: int = 300) -> np.ndarray:
    rng = np.random.default_rng(6)
    shape = (rows, 64)
    if kind == "normal":
        return rng.standard_normal(shape).astype(F)
    if kind == "integers":
        return rng.integers(-8, 9, shape).astype(F)
    if kind == "bits":
        return rng.integers(0, 1 << 32, shape, np.uint32).view(F)
    tops = rng.choice([1, 1.75, 1.875, 1.9375, 2, 6, 7, 7.5, 28, 448, 57344], (rows, 1)) * np.exp2(
        rng.integers(-60, 60, (rows, 1))
    )
    steps = (tops.astype(F).view(np.int32) + rng.integers(-300, 300, (rows, 1), np.int32)).view(F)
    return (steps * np.where(rng.random(shape) < 0.2, 1, rng.random(shape))).astype(F)


def theirs(x: np.ndarray, name: str, rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Return torchao's scale codes and values."""
    attribute = ELEMENTS[name]
    dtype = getattr(torch, attribute) if hasattr(torch, attribute) else getattr(mx, attribute)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scale, data = mx.to_mx(torch.from_numpy(x), dtype, 32, mx.ScaleCalculationMode(rule))
        values = mx.to_dtype(data, scale, dtype, 32, torch.float32)
    return scale.view(torch.uint8).numpy(), values.numpy()


def right(x: np.ndarray, scales: np.ndarray, name: str, rule: str) -> np.ndarray:
    """Return the blocks in which torchao is right."""
    tops = np.abs(x.reshape(-1, 32)).max(1)
    fine = ~np.isinf(x.reshape(-1, 32)).any(1) & (scales.reshape(-1) > 0)
    if rule == "rceil":
        mantissa = tops.view(np.int32) & 0x7FFFFF
        border = int(np.array([get(name).element.max], F).view(np.int32)[0]) & 0x7FFFFF
        fine &= (np.abs(mantissa - border) > 16) & (np.abs(mantissa - border) < (1 << 23) - 16)
    return fine


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ELEMENTS)
def test_mx(name, rule, tally):
    for kind in ("normal", "integers", "bits", "borders"):
        x = numbers(kind)
        codes = chopper.encode(x, name, scaling=rule).scale_codes[0]
        scales, values = theirs(x, name, rule)
        fine = right(x, codes, name, rule)
        assert fine.mean() > 0.5
        tally.same(codes.reshape(-1)[fine], scales.reshape(-1)[fine], fmt=name, about=(rule, kind))
        ours = chopper.chop(x, name, scaling=rule)
        tally.same(
            ours.reshape(-1, 32)[fine],
            values.reshape(-1, 32)[fine],
            x.reshape(-1, 32)[fine],
            fmt=name,
            about=(rule, kind),
        )


def test_what_is_left_out_is_wrong():
    """Scale code 0 halves or loses the values, and an infinity leaves a finite scale."""
    tiny = np.full((1, 32), 2.0**-125, F)
    for rule, factor in (("floor", 0.5), ("ceil", 0.5), ("even", 0.5), ("rceil", 0.0)):
        assert (chopper.chop(tiny, "mxfp4", scaling=rule) == tiny).all()
        assert (theirs(tiny, "mxfp4", rule)[1] == tiny * F(factor)).all()
    infinite = np.array([[np.inf] + [1.0] * 31], F)
    assert chopper.encode(infinite, "mxfp4").scale_codes[0] == 255
    assert theirs(infinite, "mxfp4", "floor")[0] != 255


@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("kind", ["normal", "integers", "borders"])
def test_nvfp4(kind, outer, tally):
    """The preset, with the outer scale that torchao is usually given, and without."""
    from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize

    x = numbers(kind)
    name = "nvfp4" if outer else "scaled<e2m1,ue4m3,16>"
    scales, packed = nvfp4_quantize(torch.from_numpy(x), 16, torch.tensor(np.abs(x).max() / F(2688)) if outer else None)
    pairs = packed.numpy().view(np.uint8)
    want = np.stack([pairs & 15, pairs >> 4], -1).reshape(x.shape)
    got = chopper.encode(x, name, compat="torchao")
    tally.same(got.codes, want, x, fmt=name, about=kind)
    tally.same(got.scale_codes[0], scales.view(torch.uint8).numpy().reshape(len(x), -1), fmt=name, about=kind)
