"""Transposed convolutions equal the definition, bit for bit: torch's own of rounded operands, or term by term."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from chopper.errors import UnsupportedInputError  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, report, unconvert  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES, finished, passing, rounded  # noqa: E402
from tests.adapters.torch.layers.windows import correlated, gathered, made, operands, scattered  # noqa: E402

KINDS = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
PLAIN = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}
SHAPES = (
    (1, (4, 6, 3), {"padding": 1}, (2, 4, 5)),
    (1, (6, 4, 2), {"stride": 3, "groups": 2, "dilation": 2, "output_padding": 1}, (3, 6, 3)),
    (1, (2, 2, 3), {"stride": 2, "padding": 3, "groups": 2}, (2, 2, 6)),
    (
        2,
        (2, 3, (2, 3)),
        {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "output_padding": (0, 1)},
        (2, 2, 4, 3),
    ),
    (3, (2, 2, 2), {"stride": 2, "output_padding": 1}, (1, 2, 3, 2, 2)),
)


@pytest.mark.parametrize("case", range(len(SHAPES)))
@pytest.mark.parametrize("name", ["everything", "clipped", "stochastic", "mxfp8", "tiles"])
def test_torchs_own_products_of_rounded_operands(name, case):
    (kind, _, options, _), recipe, key = SHAPES[case], RECIPES[name], Keys(Keys(5).at(0)).at(0)
    layer, x, g, found = made(KINDS, *SHAPES[case], recipe)
    weight = layer.weight.detach()
    (xf, wf), (gd, wd), (gw, xw) = operands(layer, x, g, recipe, key)
    bias = rounded(layer.bias.detach(), recipe.bias, -1, key, "bias")
    y = rounded(PLAIN[kind](xf, wf, bias, **options), recipe.forward.out, 1, key, "forward.out", 0)

    def gradient(one, other, of, g):
        leaves = one.clone().requires_grad_(), other.clone().requires_grad_()
        return torch.autograd.grad(PLAIN[kind](*leaves, **options), leaves[of], g)[0]

    of_x = finished(gradient(x, wd, 0, gd), recipe.dgrad, key, "dgrad", 1)
    of_w = finished(gradient(xw, weight, 1, gw), recipe.wgrad, key, "wgrad", 1)
    wanted = (y, passing(of_x, x, recipe.forward.lhs), passing(of_w, weight, recipe.forward.rhs))
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))
    assert same(layer.bias.grad, g.sum([0, *range(2, g.dim())]))


@pytest.mark.parametrize("case", [0, 1, 2, 3])
def test_accumulators_term_by_term(case):
    """The input is what a convolution makes, the output what it reads."""
    adder = "sum=e5m10,order=blocked,block=3"
    recipe = Recipe(weight="e4m3", input="e3m4", grad_output="e5m2", accumulate=adder)
    layer, x, g, (y, of_x, of_w) = made(KINDS, *SHAPES[case], recipe, bias=False)
    (xf, wf), (gd, wd), (gw, xw) = operands(layer, x, g, recipe, 0)
    right = scattered(layer, xf, wf, y, recipe), gathered(layer, gd, wd, of_x, recipe)
    assert (*right, correlated(layer, xw, gw, of_w, recipe)) == (True, True, True)


def test_sums_start_from_the_bias():
    layer = convert(nn.ConvTranspose1d(2, 2, 1), Recipe(input="bf16", accumulate="bf16"))
    with torch.no_grad():
        layer.bias.fill_(256.0)
        layer.weight.fill_(1.0)
    assert layer(torch.ones(2, 3)).tolist() == [[256.0] * 3] * 2  # 256 + 1 + 1, each sum rounded to even
    plain = nn.ConvTranspose1d(2, 2, 1)
    plain.load_state_dict(layer.state_dict())
    assert plain(torch.ones(2, 3)).tolist() == [[258.0] * 3] * 2


@pytest.mark.parametrize("adder", [None, "fp32"])
def test_sizes_and_single_images(adder):
    plain = nn.ConvTranspose2d(2, 3, 3, stride=3)
    layer = convert(copy.deepcopy(plain), Recipe(weight="e4m3", input="e4m3", accumulate=adder))
    x = torch.randn(2, 4, 2)
    for size in (None, (12, 7), [3, 14, 8]):
        assert layer(x, size).shape == plain(x, size).shape
        assert same(layer(x, size), layer(x[None], size and size[-2:])[0])
    layer.output_padding = (3, 0)
    with pytest.raises(UnsupportedInputError, match=r"output_padding=\(3, 0\)"):
        layer(x)


def test_converting_and_the_report():
    net = nn.Sequential(nn.ConvTranspose1d(32, 4, 3), nn.ConvTranspose3d(4, 4, 1))
    keys, parameters = list(net.state_dict()), list(net.parameters())
    convert(net, RECIPES["formats"], skip="1")
    assert list(net.state_dict()) == keys and all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    found = report(net, lambda: net[0](torch.randn(32, 32, 3)).sum().backward())
    assert {m.role for m in found.measures} == {f"{g}.{side}" for g in ("forward", "wgrad") for side in ("lhs", "rhs")}
    assert all(m.off_grid == 0 for m in found.measures) and found.uncovered == (("1", "ConvTranspose3d"),)
    assert [type(m) for m in unconvert(net)] == [nn.ConvTranspose1d, nn.ConvTranspose3d]
