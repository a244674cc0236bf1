"""Values and gradients of convolutions equal the definition, bit for bit; with accumulators, term by term."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from chopper.random import Keys  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES, finished, passing, rounded  # noqa: E402
from tests.adapters.torch.layers.windows import correlated, gathered, made, operands, scattered  # noqa: E402

KINDS = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
PLAIN = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}
SHAPES = (
    (1, (4, 6, 3), {"padding": 1}, (2, 4, 7)),
    (1, (6, 4, 2), {"stride": 3, "groups": 2, "dilation": 2}, (3, 6, 9)),
    (1, (2, 2, 3), {"stride": 2, "padding": 3, "groups": 2}, (2, 2, 6)),
    (2, (2, 3, (2, 3)), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}, (2, 2, 4, 6)),
    (3, (2, 2, 2), {"stride": 2}, (1, 2, 3, 4, 2)),
)


@pytest.mark.parametrize("case", range(len(SHAPES)))
@pytest.mark.parametrize(
    "name", ["formats", "everything", "clipped", "stochastic", "mxfp8", "tensorwise", "tiles", "results"]
)
def test_torchs_own_products_of_rounded_operands(name, case):
    kind, _, options, _ = SHAPES[case]
    blocks = Recipe(output="mxfp8", grad_input="jetfire_int8", grad_weight="mxfp4", input="e4m3")
    recipe, key = RECIPES.get(name, blocks), Keys(Keys(5).at(0)).at(0)
    layer, x, g, found = made(KINDS, *SHAPES[case], recipe)
    (xf, wf), (gd, wd), (gw, xw) = operands(layer, x, g, recipe, key)
    bias = rounded(layer.bias.detach(), recipe.bias, -1, key, "bias")
    y = rounded(PLAIN[kind](xf, wf, bias, **options), recipe.forward.out, 1, key, "forward.out", 0)

    def gradient(one, other, of):
        leaves = one.clone().requires_grad_(), other.clone().requires_grad_()
        return torch.autograd.grad(PLAIN[kind](*leaves, **options), leaves[of], gd if of == 0 else gw)[0]

    of_x = passing(finished(gradient(x, wd, 0), recipe.dgrad, key, "dgrad", 1), x, recipe.forward.lhs)
    of_w = finished(gradient(xw, layer.weight.detach(), 1), recipe.wgrad, key, "wgrad", 1)
    of_w = passing(of_w, layer.weight.detach(), recipe.forward.rhs)
    assert all(same(a, b) for a, b in zip(found, (y, of_x, of_w), strict=True))
    assert same(layer.bias.grad, g.sum([0, *range(2, g.dim())]))


@pytest.mark.parametrize("case", [0, 1, 2, 3])
@pytest.mark.parametrize("adder", ["bf16", "sum=e5m10,order=blocked,block=3"])
def test_accumulators_term_by_term(adder, case):
    recipe = Recipe(weight="e4m3", input="e3m4", grad_output="e5m2", accumulate=adder)
    layer, x, g, (y, of_x, of_w) = made(KINDS, *SHAPES[case], recipe, bias=False)
    (xf, wf), (gd, wd), (gw, xw) = operands(layer, x, g, recipe, 0)
    assert gathered(layer, xf, wf, y, recipe)
    assert scattered(layer, gd, wd, of_x, recipe)
    assert correlated(layer, gw, xw, of_w, recipe)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "circular", "replicate"])
def test_padding_of_every_mode(mode):
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(2, 3, 3, padding="same", padding_mode=mode)
    x = torch.randn(2, 2, 5, 5)
    pads = (1, 1, 1, 1)
    padded = torch.nn.functional.pad(x, pads, mode="constant" if mode == "zeros" else mode)
    convert(layer, "bf16")
    wanted = rounded(
        torch.nn.functional.conv2d(
            *(rounded(t, layer.chop_recipe.forward.lhs, 1) for t in (padded, layer.weight)), layer.bias
        ),
        layer.chop_recipe.forward.out, 1,
    )  # fmt: skip
    assert same(layer(x), wanted)


def test_groups_draw_words_of_their_own():
    """Of equal data they make different weight gradients, and the same ones again."""
    recipe = Recipe(accumulate="sum=e5m2,rounding=stochastic")
    x, g = (torch.randn(2, 3, 6).repeat(1, 2, 1) for _ in range(2))
    found = []
    for _ in range(2):
        layer = convert(torch.nn.Conv1d(6, 6, 3, padding=1, groups=2, bias=False), recipe, key=1)
        layer(x).backward(g)
        found.append(layer.weight.grad)
    assert same(*found) and not torch.equal(*found[0].chunk(2))
