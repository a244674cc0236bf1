"""Formats with shared scales on tensors: blocks lie where `axis` says, in every way that a call can go."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
import chopper_ext.torch as adapter  # noqa: E402
from chopper.errors import UnsupportedInputError  # noqa: E402

SUBJECT = "torch tensors in formats with shared scales against NumPy"
NAMES = ("mxfp4", "mxfp8", "nvfp4", "int8_affine", "dfp16")


def data():
    return np.random.default_rng(0).standard_normal((6, 64)).astype(np.float32)


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("name", NAMES)
def test_calls(name, axis, tally):
    n = data()
    x = torch.from_numpy(n)
    want = chopper.chop(n, name, axis=axis)
    tally.same(chopper.chop(x, name, axis=axis).numpy(), want, fmt=name, about="eager")
    batch = torch.func.vmap(lambda t: adapter.chop(t, name, axis=axis))(torch.stack([x, 2 * x]))
    tally.same(batch[1].numpy(), chopper.chop(2 * n, name, axis=axis), fmt=name, about="vmap")
    torch._dynamo.reset()
    graph = torch.compile(lambda t: chopper.chop(t, name, axis=axis) * 1, fullgraph=True, backend="aot_eager")
    tally.same(graph(x).numpy(), want, fmt=name, about="graph")
    leaf = x.clone().requires_grad_()
    chopper.chop(leaf, name, axis=axis).sum().backward()
    assert (leaf.grad == 1).all()


def test_codes_and_chance(tally):
    n = data()
    x = torch.from_numpy(n)
    codes = chopper.encode(x, "mxfp4", "stochastic", key=3)
    assert codes == chopper.encode(n, "mxfp4", "stochastic", key=3)
    want = chopper.chop(n, "mxfp4", "stochastic", key=3)
    tally.same(chopper.decode(codes), want, fmt="mxfp4")
    torch._dynamo.reset()
    graph = torch.compile(lambda t: chopper.chop(t, "mxfp4", "stochastic", key=3), fullgraph=True, backend="aot_eager")
    tally.same(graph(x).numpy(), want, fmt="mxfp4", about="graph")


def test_scaling_and_scale(tally):
    n = data()
    x = torch.from_numpy(n)
    want = chopper.chop(n, "mxfp4", scaling="rceil")
    tally.same(adapter.chop(x, "mxfp4", scaling="rceil").numpy(), want, fmt="mxfp4")
    want = chopper.chop(n, "flex16_5", scale=2.0**-10)
    tally.same(adapter.chop(x, "flex16_5", scale=2.0**-10).numpy(), want, fmt="flex16_5")
    with pytest.raises(UnsupportedInputError, match="leave it out in torch"):
        torch.func.vmap(lambda t: adapter.chop(t, "flex16_5", scale=2.0**-10))(x)
