"""The report counts what is lost, and names what is not reached."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import chopper  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, report  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES  # noqa: E402


def test_counts_of_one_operand():
    net = convert(nn.Linear(6, 1, bias=False), Recipe(input="e4m3", weight="e5m2", output="e2m1"))
    x = torch.tensor([[1.0, 500.0, -1e9, 1e-9, 0.0, float("inf")], [0.3, 0.3, 448.0, -0.0, float("nan"), 17.0]])
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1e6, 1.0, 2.0, 3.0, 4.0, 5.0]]))
    found = report(net, lambda: net(x))
    m = found.measure("", "forward.lhs")
    assert (m.calls, m.elements, m.overflows, m.saturated, m.underflows, m.off_grid) == (1, 10, 2, 2, 1, 0)
    kept = x[x.isfinite()].double().numpy()
    errors = kept - chopper.chop(kept, "e4m3")
    assert m.noise == pytest.approx(float(np.square(errors).sum()), rel=1e-12)
    assert m.sqnr == pytest.approx(10 * math.log10(float(np.square(kept).sum()) / m.noise), rel=1e-12)
    w = found.measure("", "forward.rhs")
    assert (w.overflows, w.saturated, w.sqnr) == (1, 0, math.inf)
    with pytest.raises(KeyError, match="dgrad"):
        found.measure("", "dgrad.lhs")


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "backward alone"])
def test_every_operand_is_on_its_grid(name):
    torch.manual_seed(0)
    net = convert(nn.Sequential(nn.Linear(128, 64), nn.GELU(), nn.Linear(64, 64)), RECIPES[name], key=2)
    x = torch.randn(64, 128) * 16
    found = report(net, lambda: net(x.requires_grad_()).square().sum().backward())
    assert all(m.off_grid == 0 for m in found.measures)
    recipe = RECIPES[name]
    wanted = {
        f"{gemm}.{part}"
        for gemm, made in recipe.gemms
        for part in ("lhs", "rhs", "out")
        if getattr(made, part) is not None
    } | ({"bias"} if recipe.bias else set())
    assert {m.role for m in found.measures if m.layer == "2"} == wanted
    assert all(math.isfinite(m.sqnr) or m.noise == 0 for m in found.measures)
    assert "OFF" not in str(found) and "forward" in str(found)


def test_blocks_that_overflow():
    """The scale of the specification lets the largest elements of a block saturate."""
    net = convert(nn.Linear(32, 1, bias=False), Recipe(weight="mxfp4"))
    with torch.no_grad():
        net.weight.fill_(1.0)
        net.weight[0, 0] = 7.9
        net.weight[0, 1] = 1e-3
    m = report(net, lambda: net(torch.ones(1, 32))).measure("", "forward.rhs")
    assert (m.overflows, m.saturated, m.underflows) == (1, 1, 1)


class Functional(nn.Module):
    """A model that computes between its layers."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.ones(8))

    def forward(self, x):
        y = torch.nn.functional.scaled_dot_product_attention(self.inner(x), x, x)
        return torch.nn.functional.gelu(y) * self.scale @ x.mT


def test_what_is_not_reached_is_named():
    net = convert(nn.Sequential(Functional(), nn.ReLU(), nn.GELU()), "mxfp8", skip="2", uncovered="keep")
    found = report(net, lambda: net(torch.randn(2, 4, 8)).sum().backward())
    assert found.layers[0][:2] == ("0.inner", "ChopLinear")
    assert found.uncovered == (("0", "Functional"),)
    assert found.unrounded == (("2", "GELU"),)
    names = {name for name, _ in found.operations}
    assert {"gelu", "mul", "bmm"} <= names
    assert any("attention" in name or "softmax" in name for name in names), names
    assert "addmm" not in names and "mm" not in names
    text = str(found)
    assert "Functional" in text and "gelu" in text


def test_sums_in_place_are_named_and_counters_are_not():
    net = convert(nn.Linear(4, 4), "bf16")
    count = torch.tensor(0)
    found = report(net, lambda: (net(torch.ones(1, 4)).add_(1.0), count.add_(1), count == 1))
    assert dict(found.operations) == {"add_": 1}


def test_a_report_changes_nothing():
    torch.manual_seed(0)
    net = convert(nn.Linear(64, 64), RECIPES["mxfp4"], key=1)
    x = torch.randn(64, 64)
    y = []
    for watched in (False, True):
        net.chop_stream.position.zero_()
        if watched:
            report(net, lambda: y.append(net(x)))
        else:
            y.append(net(x))
    assert same(*y)
    assert not net._forward_hooks and not net._forward_pre_hooks
