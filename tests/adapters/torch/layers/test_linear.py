"""Values and gradients of linear layers equal the definition, bit for bit."""

from __future__ import annotations

import copy
from importlib.util import find_spec

import pytest

torch = pytest.importorskip("torch")

from chopper.errors import UnsupportedInputError  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper.recipes import Gemm, Recipe, presets  # noqa: E402
from chopper_ext.torch import convert, matmul  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers import reference  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES  # noqa: E402

NAMES = [name for name in presets() if name != "hopper_fp8" or find_spec("chopper.hardware")]
SUBJECT = "torch layers against chop and matmul"


def data(m=64, k=128, n=64, bias=True, seed=0):
    torch.manual_seed(seed)
    layer = torch.nn.Linear(k, n, bias=bias)
    x = torch.randn(m, k) * torch.exp2(torch.randint(-9, 9, (m, k)).float())
    g = torch.randn(m, n) * torch.exp2(torch.randint(-20, 4, (m, n)).float())
    with torch.no_grad():
        layer.weight *= 8
    return layer, x, g


def ran(layer, x, g):
    leaf = x.clone().requires_grad_()
    y = layer(leaf)
    layer.zero_grad()
    y.backward(g)
    return [y, leaf.grad, *(p.grad for p in layer.parameters())]


def agree(made, wanted):
    return [bool(same(a.contiguous(), b.contiguous())) for a, b in zip(made, wanted, strict=True)]


BARE = ("everything", "stochastic", "accumulator", "mxfp4")


@pytest.mark.parametrize(("name", "bias"), [*((name, True) for name in RECIPES), *((name, False) for name in BARE)])
def test_every_recipe(name, bias):
    layer, x, g = data(bias=bias)
    convert(layer, RECIPES[name], key=5)
    key = Keys(Keys(5).at(0))
    for call in range(2):
        made = ran(layer, x, g)
        weight, added = layer.weight.detach(), layer.bias.detach() if bias else None
        wanted = [t for t in reference.linear(x, weight, added, g, RECIPES[name], key.at(call)) if t is not None]
        assert all(agree(made, wanted)), agree(made, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_every_preset(name):
    layer, x, g = data()
    convert(layer, name, key=3)
    wanted = reference.linear(
        x, layer.weight.detach(), layer.bias.detach(), g, Recipe.of(name), Keys(Keys(3).at(0)).at(0)
    )
    assert all(agree(ran(layer, x, g), wanted))


@pytest.mark.parametrize("shape", [(3, 5, 128), (128,), (0, 128), (1, 2, 3, 128)])
def test_leading_axes_count_as_one(shape):
    layer, _, _ = data(bias=False)
    convert(layer, "mxfp8")
    x = torch.randn(shape)
    g = torch.randn(*shape[:-1], 64)
    y, of_x, of_w = ran(layer, x, g)
    wanted = reference.linear(x.reshape(-1, 128), layer.weight.detach(), None, g.reshape(-1, 64), layer.chop_recipe)
    assert same(y, wanted[0].reshape(*shape[:-1], 64))
    assert same(of_x, wanted[1].reshape(shape))
    assert same(of_w, wanted[2])


@pytest.mark.parametrize("recipe", ["fp32", Recipe()], ids=["preset", "empty"])
def test_an_empty_recipe_is_torch_itself(recipe):
    layer, x, g = data()
    twin = convert(copy.deepcopy(layer), recipe)
    for t in (x, x.reshape(4, 16, 128), x[0], x[:, :128].T.contiguous().T):
        made, wanted = (ran(one, t, g.reshape(*t.shape[:-1], 64) if t.dim() != 1 else g[0]) for one in (layer, twin))
        assert all(agree(made, wanted))


def test_float64_layers():
    layer, x, g = data()
    layer.double()
    convert(layer, RECIPES["formats"])
    made = ran(layer, x.double(), g.double())
    wanted = reference.linear(x.double(), layer.weight.detach(), layer.bias.detach(), g.double(), RECIPES["formats"])
    assert all(agree(made, wanted))


def test_special_values_pass():
    layer, x, g = data()
    x[0, :4] = torch.tensor([float("inf"), float("nan"), -0.0, 1e-45])
    convert(layer, RECIPES["formats"])
    made = ran(layer, x, g)
    wanted = reference.linear(x, layer.weight.detach(), layer.bias.detach(), g, RECIPES["formats"])
    for a, b in zip(made, wanted, strict=True):
        assert torch.equal(a.isnan(), b.isnan())
        assert same(a.nan_to_num(7), b.nan_to_num(7))


@pytest.mark.parametrize("shapes", [((6, 8), (8, 5)), ((2, 6, 8), (8, 5)), ((2, 6, 8), (2, 8, 5)), ((6, 8), (3, 8, 5))])
def test_products_by_hand(shapes):
    """Gradients of a product alone are torch's own at the operands."""
    torch.manual_seed(1)
    a, b = (torch.randn(shape, requires_grad=True) for shape in shapes)
    gemm = Gemm("e4m3", "e5m2", "bf16", "e4m3")
    y = matmul(a, b, gemm=gemm)
    rounded = [reference.rounded(t, q, axis) for t, q, axis in ((a, gemm.lhs, -1), (b, gemm.rhs, -2))]
    wanted = reference.rounded(reference.multiplied(*rounded, gemm, 0, "forward"), gemm.out, -1)
    assert same(y, wanted)
    g = torch.randn_like(y)
    plain = torch.autograd.grad(a @ b, (a, b), g)
    for one, other in zip(torch.autograd.grad(y, (a, b), g), plain, strict=True):
        torch.testing.assert_close(one, other)


def test_products_by_a_recipe_are_those_of_a_layer():
    layer, x, g = data(bias=False)
    recipe = RECIPES["stochastic"]
    leaves = x.clone().requires_grad_(), layer.weight.detach().mT.clone().requires_grad_()
    y = matmul(*leaves, recipe=recipe, key=9)
    y.backward(g)
    wanted = reference.linear(x, layer.weight.detach(), None, g, recipe, 9)
    assert same(y, wanted[0])
    assert same(leaves[0].grad, wanted[1])
    assert same(leaves[1].grad.mT.contiguous(), wanted[2])


def test_matrices_that_do_not_go_together():
    for a, b in (((3,), (3,)), ((2, 3), (4, 2)), ((2, 3, 4), (5, 4, 2))):
        with pytest.raises(UnsupportedInputError, match="do not go together"):
            matmul(torch.ones(a), torch.ones(b), gemm="e4m3 @ e4m3")
