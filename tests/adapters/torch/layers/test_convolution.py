"""Values and gradients of convolutions equal the definition, bit for bit; with accumulators, term by term."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES, finished, passing, rounded  # noqa: E402

KINDS = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
PLAIN = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}
SHAPES = (
    (1, (4, 6, 3), {"padding": 1}, (2, 4, 7)),
    (1, (6, 4, 2), {"stride": 3, "groups": 2, "dilation": 2}, (3, 6, 9)),
    (1, (2, 2, 3), {"stride": 2, "padding": 3, "groups": 2}, (2, 2, 6)),
    (2, (2, 3, (2, 3)), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}, (2, 2, 4, 6)),
    (3, (2, 2, 2), {"stride": 2}, (1, 2, 3, 4, 2)),
)


def made(kind, arguments, options, shape, recipe, bias=True):
    torch.manual_seed(0)
    layer = KINDS[kind](*arguments, bias=bias, **options)
    x = (torch.randn(shape) * 4).requires_grad_()
    convert(layer, recipe, key=5)
    y = layer(x)
    g = torch.randn_like(y)
    y.backward(g)
    return layer, x.detach(), g, (y, x.grad, layer.weight.grad)


def operands(layer, x, g, recipe, key):
    f, d, w = recipe.forward, recipe.dgrad, recipe.wgrad
    weight = layer.weight.detach()
    return (
        (rounded(x, f.lhs, 1, key, "forward.lhs", 0), rounded(weight, f.rhs, 1, key, "forward.rhs", 0)),
        (rounded(g, d.lhs, 1, key, "dgrad.lhs", 0), rounded(weight, d.rhs, 0, key, "dgrad.rhs", 1)),
        (rounded(g, w.lhs, 0, key, "wgrad.lhs", 1), rounded(x, w.rhs, 0, key, "wgrad.rhs", 1)),
    )


@pytest.mark.parametrize("case", range(len(SHAPES)))
@pytest.mark.parametrize(
    "name", ["formats", "everything", "clipped", "stochastic", "mxfp8", "tensorwise", "tiles", "results"]
)
def test_torchs_own_products_of_rounded_operands(name, case):
    kind, _, options, _ = SHAPES[case]
    blocks = Recipe(output="mxfp8", grad_input="jetfire_int8", grad_weight="mxfp4", input="e4m3")
    recipe, key = RECIPES.get(name, blocks), Keys(Keys(5).at(0)).at(0)
    layer, x, g, found = made(*SHAPES[case], recipe)
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


def dotted(terms, gemm):
    """Return a dot product of pairs by the accumulator of a product."""
    a, b = (np.array([pair[i] for pair in terms], np.float32) for i in (0, 1))
    return float(chopper.dot(a, b, accumulate=gemm.accumulate))


@pytest.mark.parametrize("case", [0, 1, 2, 3])
@pytest.mark.parametrize("adder", ["bf16", "sum=e5m10,order=blocked,block=3"])
def test_accumulators_term_by_term(adder, case):
    recipe = Recipe(weight="e4m3", input="e3m4", grad_output="e5m2", accumulate=adder)
    layer, x, g, (y, of_x, of_w) = made(*SHAPES[case], recipe, bias=False)
    (xf, wf), (gd, wd), (gw, xw) = operands(layer, x, g, recipe, 0)
    s, p, d, groups = layer.stride, layer.padding, layer.dilation, layer.groups
    outs, ins = wf.shape[0] // groups, wf.shape[1]
    offsets = list(itertools.product(*map(range, wf.shape[2:])))
    places = list(itertools.product(*map(range, y.shape[2:])))

    def at(array, n, c, i):
        legal = all(0 <= one < size for one, size in zip(i, array.shape[2:], strict=True))
        return array[(n, c, *i)].item() if legal else 0.0

    def source(i, j):
        return tuple(a * b + c * e - f for a, b, c, e, f in zip(i, s, j, d, p, strict=True))

    def result(i, j):
        """Return the position of the result to which the image at i comes by j of the kernel, out of range if none."""
        steps = [divmod(a + f - c * e, b) for a, b, c, e, f in zip(i, s, j, d, p, strict=True)]
        return tuple(a if rest == 0 else -1 for a, rest in steps)

    for n, o, i in itertools.product(range(y.shape[0]), range(y.shape[1]), places):
        first = o // outs * ins
        terms = [(at(wf, o, c, j), at(xf, n, first + c, source(i, j))) for c in range(ins) for j in offsets]
        assert y[(n, o, *i)].item() == dotted(terms, recipe.forward)
    for n, c, i in itertools.product(range(x.shape[0]), range(x.shape[1]), itertools.product(*map(range, x.shape[2:]))):
        first = c // ins * outs
        terms = [
            (at(wd, first + o, c % ins, j), at(gd, n, first + o, result(i, j)))
            for o in range(outs) for j in reversed(offsets)
        ]  # fmt: skip
        assert of_x[(n, c, *i)].item() == dotted(terms, recipe.dgrad)
    for o, c, j in itertools.product(range(wf.shape[0]), range(ins), offsets):
        first = o // outs * ins
        terms = [(at(gw, n, o, i), at(xw, n, first + c, source(i, j))) for n in range(x.shape[0]) for i in places]
        assert of_w[(o, c, *j)].item() == dotted(terms, recipe.wgrad)


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
