"""Tensors of every dtype, shape and layout; ``out``; errors that leave ``out`` untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
import chopper_ext.torch as adapter  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

SPECIAL = [float("inf"), -float("inf"), float("nan"), 0.0, -0.0, 1e-45, -1e-45, 500.0, 0.3]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_of_numpy(dtype):
    x = torch.randn(50).to(getattr(torch, dtype))
    y = chopper.chop(x, "e4m3")
    assert y.dtype == x.dtype
    assert same(y, torch.from_numpy(chopper.chop(x.numpy(), "e4m3")))


def test_bfloat16():
    x = torch.tensor(SPECIAL).to(torch.bfloat16)
    y = chopper.chop(x, "e4m3")
    assert y.dtype == torch.bfloat16
    wide = chopper.chop(x.float(), "e4m3")
    assert torch.equal(y.float().isnan(), wide.isnan())
    assert same(y.float().nan_to_num(), wide.nan_to_num())
    out = torch.empty_like(x)
    assert chopper.chop(x, "e4m3", out=out) is out
    assert same(out.view(torch.int16), y.view(torch.int16))
    assert chopper.encode(x, "e4m3").tolist() == chopper.encode(x.float(), "e4m3").tolist()
    with pytest.raises(chopper.RangeError, match="does not fit bfloat16"):
        chopper.chop(torch.tensor([0.3], dtype=torch.bfloat16), "lns12")


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"])
def test_integers_give_float64(dtype):
    x = torch.tensor([0, 1, 1, 0]).to(getattr(torch, dtype))
    y = chopper.chop(x, "e4m3")
    assert y.dtype == torch.float64
    assert y.tolist() == [0, 1, 1, 0]
    assert chopper.encode(x, "e4m3").tolist() == [0, 56, 56, 0]


def test_an_integer_without_a_float64_is_an_error():
    with pytest.raises(chopper.RangeError, match="no exact float64"):
        chopper.chop(torch.tensor([2**53 + 1]), "e4m3")


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_is_an_error(dtype):
    with pytest.raises(chopper.UnsupportedInputError, match="imaginary"):
        chopper.chop(torch.zeros(2, dtype=getattr(torch, dtype)), "e4m3")


def test_layouts_that_are_not_dense_are_errors():
    with pytest.raises(chopper.UnsupportedInputError, match="layout"):
        chopper.chop(torch.eye(2).to_sparse(), "e4m3")
    with pytest.raises(chopper.UnsupportedInputError, match="tensors"):
        adapter.chop(np.zeros(2), "e4m3")


VIEWS = {
    "transposed": lambda x: x.T,
    "strided": lambda x: x[::2, 1::3],
    "reversed": lambda x: x.flip(0)[1:],
    "expanded": lambda x: x[0].expand(3, -1),
    "channels last": lambda x: x.view(1, 4, 3, 3).contiguous(memory_format=torch.channels_last),
    "0-d": lambda x: x[1, 1],
    "empty": lambda x: x[:0],
    "negated view": lambda x: torch.view_as_complex(x[:, :8].contiguous().view(4, 4, 2)).conj().imag,
}


@pytest.mark.parametrize("mode", ["nearest_even", "stochastic"])
@pytest.mark.parametrize("view", VIEWS)
def test_layouts(view, mode):
    x = VIEWS[view](torch.randn(4, 9))
    want = chopper.chop(x.contiguous().numpy() if not x.is_neg() else x.resolve_neg().numpy(), "e4m3", mode, key=3)
    y = chopper.chop(x, "e4m3", mode, key=3)
    assert y.shape == x.shape
    assert same(y, torch.from_numpy(np.asarray(want)))
    leaf = x.detach().requires_grad_()
    assert same(chopper.chop(leaf, "e4m3", mode, key=3), y)
    out = torch.empty(x.shape)
    chopper.chop(x, "e4m3", mode, key=3, out=out)
    assert same(out, y)
    codes = chopper.encode(x, "e4m3", mode, key=3)
    assert same(chopper.decode(codes, "e4m3"), y)


def test_out_in_place_strided_and_counted():
    x = torch.randn(6, 4)
    want = chopper.chop(x, "e4m3")
    here = x.clone()
    assert chopper.chop(here, "e4m3", out=here) is here
    assert same(here, want)
    wide = torch.zeros(4, 12)
    chopper.chop(x.T, "e4m3", out=wide[:, ::2])
    assert same(wide[:, ::2], want.T)
    assert not wide[:, 1::2].any()
    codes = torch.empty(6, 4, dtype=torch.uint8)
    chopper.encode(x, "e4m3", out=codes)
    values = torch.empty(6, 4, dtype=torch.float64)
    assert chopper.decode(codes, "e4m3", torch.float64, out=values) is values
    assert same(values.float(), want)


def test_writing_to_out_invalidates_what_backward_needs():
    a = torch.randn(3, requires_grad=True)
    saved = torch.randn(3)
    y = (a * saved).sum()
    chopper.chop(saved, "e4m3", out=saved)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


BAD_OUT = {
    "no tensor": lambda: np.zeros(3, np.float32),
    "shape": lambda: torch.zeros(4),
    "dtype": lambda: torch.zeros(3, dtype=torch.float64),
    "requires grad": lambda: torch.zeros(3, requires_grad=True),
    "expanded": lambda: torch.zeros(1).expand(3),
    "device": lambda: torch.zeros(3, device="meta"),
}


@pytest.mark.parametrize("case", BAD_OUT)
def test_bad_out(case):
    with pytest.raises(chopper.OutputError):
        chopper.chop(torch.ones(3), "e4m3", out=BAD_OUT[case]())


def test_out_and_a_derivative_exclude_each_other():
    x, out = torch.randn(3, requires_grad=True), torch.zeros(3)
    with pytest.raises(chopper.OutputError, match="derivative"):
        chopper.chop(x, "e4m3", out=out)
    assert not out.any()
    adapter.chop(x, "e4m3", out=out, ste=None)
    with torch.no_grad():
        assert chopper.chop(x, "e4m3", out=x) is x
    assert same(x, out)
    base = torch.arange(4.0)
    with pytest.raises(chopper.OutputError, match="overlaps"):
        chopper.chop(base[:3], "e4m3", out=base[1:])


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (chopper.UnknownFormatError, {"fmt": "e4m3q"}),
        (chopper.RoundingError, {"rounding": "sideways"}),
        (chopper.RoundingError, {"random_bits": 0, "rounding": "stochastic"}),
        (chopper.PolicyError, {"overflow": "vanish"}),
        (chopper.PolicyError, {"compat": "none"}),
        (chopper.RangeError, {"overflow": "raise"}),
        (chopper.RandomKeyError, {"rounding": "stochastic", "key": -1}),
        (chopper.RandomKeyError, {"rounding": "stochastic", "key": 1, "offset": 2**64}),
        (chopper.RandomKeyError, {"rounding": "stochastic", "random_words": torch.zeros(2, dtype=torch.int32)}),
        (chopper.RandomKeyError, {"rounding": "stochastic", "random_words": torch.zeros(3)}),
        (chopper.UnsupportedInputError, {"threads": 0}),
    ],
)
def test_errors_leave_out_untouched(error, call):
    x, out = torch.tensor([1.0, 2.0, 1e9]), torch.full((3,), 7.0)
    with pytest.raises(error):
        chopper.chop(x, **{"fmt": "e4m3", **call}, out=out)
    assert out.tolist() == [7.0] * 3
    codes = torch.full((3,), 7, dtype=torch.uint8)
    with pytest.raises(error):
        chopper.encode(x, **{"fmt": "e4m3", **call}, out=codes)
    assert codes.tolist() == [7] * 3


def test_errors_of_decode():
    codes = torch.tensor([1, 300])
    out = torch.full((2,), 7.0)
    with pytest.raises(chopper.RangeError, match="300"):
        chopper.decode(codes, "e4m3", out=out)
    assert out.tolist() == [7.0, 7.0]
    with pytest.raises(chopper.UnsupportedInputError):
        chopper.decode(torch.tensor([1.0]), "e4m3")
    with pytest.raises(chopper.UnsupportedInputError, match="dtype"):
        chopper.decode(codes, "e4m3", torch.float16)
    with pytest.raises(chopper.RangeError):
        chopper.decode(torch.tensor([1], dtype=torch.uint64), "fp64", torch.float32)


def test_an_unknown_ste():
    with pytest.raises(chopper.UnsupportedInputError, match="ste="):
        adapter.chop(torch.zeros(2), "e4m3", ste="sideways")


def test_inference_mode_and_subclasses():
    with torch.inference_mode():
        x = torch.tensor([0.3])
        assert chopper.chop(x, "e4m3").item() == 0.3125
        chopper.chop(x, "e4m3", out=x)

    class Mine(torch.Tensor):
        pass

    y = chopper.chop(torch.tensor([0.3]).as_subclass(Mine), "e4m3")
    assert type(y) is Mine
    assert y.item() == 0.3125
    assert chopper.chop(torch.nn.Parameter(torch.tensor([0.3])), "e4m3").item() == 0.3125
    assert chopper.chop(torch.empty(2, 3, device="meta"), "e4m3").shape == (2, 3)


def test_subnormal_numbers_survive_flushing():
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormal numbers")
    try:
        x = torch.tensor([1e-40, -1e-45]).view(torch.int32)
        assert same(chopper.chop(x.view(torch.float32), "fp32").view(torch.int32), x)
        small = torch.tensor([1, 0x8001], dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
        assert same(chopper.chop(small, "bf16").view(torch.int16), small.view(torch.int16))
    finally:
        torch.set_flush_denormal(False)


LOADED = """
import sys, json
import chopper
before = sorted({n.partition('.')[0] for n in sys.modules} & {'torch', 'jax', 'dask', 'triton'})
import torch
chopper.chop(torch.zeros(3), 'e4m3')
names = set(sys.modules)
print(json.dumps([before, sorted({n.partition('.')[0] for n in names} & {'jax', 'dask', 'triton', 'tensorflow'}),
                  sorted(n for n in names if n.startswith('chopper_ext.') and n.count('.') == 1),
                  'torch._dynamo' in names]))
"""


@pytest.mark.parametrize("isolated", [False, True])
def test_what_is_loaded(isolated, root):
    """Nothing of torch by chopper alone; for a tensor torch's adapter alone; also where chopper is not installed."""
    command = [sys.executable, "-W", "error", "-c", LOADED]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    if isolated:
        hide = "import importlib.metadata as m; m.entry_points = lambda **k: ()\n"
        command[-1] = hide + LOADED
    printed = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True).stdout
    before, others, adapters, compiler = json.loads(printed)
    assert (before, others, adapters, compiler) == ([], [], ["chopper_ext.torch"], False)
