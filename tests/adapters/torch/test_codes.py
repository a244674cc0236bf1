"""Codes as tensors of torch's own dtypes, and those as codes and values."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
from chopper_ext.torch import as_dtype  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

OWN = {
    "e4m3": "float8_e4m3fn",
    "e5m2": "float8_e5m2",
    "e4m3fnuz": "float8_e4m3fnuz",
    "e5m2fnuz": "float8_e5m2fnuz",
    "e8m0": "float8_e8m0fnu",
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp32": "float32",
    "fp64": "float64",
}
FLOAT8 = {name: dtype for name, dtype in OWN.items() if "8" in dtype}


@pytest.mark.parametrize("name", OWN)
def test_a_view_without_a_copy(name):
    x = torch.randn(40, dtype=torch.float64 if name == "fp64" else torch.float32)
    x = x.abs() if name == "e8m0" else x
    codes = chopper.encode(x, name)
    native = as_dtype(codes, name)
    assert native.dtype == getattr(torch, OWN[name])
    assert native.data_ptr() == codes.data_ptr()
    want = chopper.chop(x, name)
    assert same(native.to(x.dtype), want)
    assert same(chopper.decode(native, name, x.dtype), want)


@pytest.mark.parametrize("name", FLOAT8)
def test_every_code_of_float8(name, tally):
    codes = torch.arange(256, dtype=torch.uint8)
    native = codes.view(getattr(torch, FLOAT8[name]))
    tally.same(chopper.decode(native, name).numpy(), native.float().numpy(), codes.numpy(), fmt=name)
    tally.same(chopper.chop(native, "fp32").numpy(), native.float().numpy(), codes.numpy(), fmt=name)
    assert chopper.chop(native, "e4m3").dtype == torch.float32
    assert same(chopper.encode(native, "bf16"), chopper.encode(native.float(), "bf16"))
    out = torch.empty(256)
    assert chopper.chop(native, "e4m3", out=out) is out


def test_float4_holds_two_codes_to_a_byte():
    x = torch.tensor([[0.5, -1.0, 6.0, 3.0], [100.0, 0.0, -0.0, 2.0]])
    codes = chopper.encode(x, "e2m1")
    packed = as_dtype(codes, "e2m1")
    assert packed.dtype == torch.float4_e2m1fn_x2
    assert packed.shape == (2, 2)
    assert packed.view(torch.uint8)[0, 0] == codes[0, 0] | codes[0, 1] << 4
    want = chopper.chop(x, "e2m1")
    assert same(chopper.decode(packed, "e2m1"), want)
    assert same(chopper.chop(packed, "fp32"), want)
    assert same(chopper.chop(packed, "fp32", "stochastic", key=1), want)
    assert same(chopper.encode(packed, "e2m1"), codes)


def test_what_is_refused():
    codes = chopper.encode(torch.randn(3), "e4m3")
    with pytest.raises(chopper.UnsupportedInputError, match="no dtype"):
        as_dtype(codes, "posit8")
    with pytest.raises(chopper.UnsupportedInputError, match="uint16"):
        as_dtype(codes, "bf16")
    with pytest.raises(chopper.UnsupportedInputError, match="pairs"):
        as_dtype(chopper.encode(torch.randn(3), "e2m1"), "e2m1")
    with pytest.raises(chopper.UnsupportedInputError, match="holds codes of e5m2"):
        chopper.decode(torch.zeros(2, dtype=torch.float8_e5m2), "e4m3")


def test_the_format_may_be_an_equal_one():
    native = torch.tensor([0.5]).to(torch.float8_e4m3fn)
    assert chopper.decode(native, chopper.get("e4m3ieee<infinities=false,top_nans=1>")).item() == 0.5
    assert chopper.decode(native, "e4m3", np.float64).dtype == torch.float64
