"""Attention, cells, normalizations and the like equal a chain of torch's operations with roundings between them."""

from __future__ import annotations

import copy
import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import chopper  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, quant_point, scaled_dot_product_attention, softmax  # noqa: E402
from chopper_ext.torch.layers.attention import attend  # noqa: E402
from chopper_ext.torch.layers.elementwise import ELEMENTWISE  # noqa: E402
from chopper_ext.torch.layers.operands import Call  # noqa: E402
from chopper_ext.torch.layers.spec import spec_of  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import Linear, Rounded  # noqa: E402

RECIPES = {
    "pure": Recipe.of("bf16_pure"),
    "mixed": Recipe(weight="e4m3", input="e3m4", grad_output="e5m2", elementwise="posit16", grad_elementwise="e5m10"),
    "blocks": Recipe(weight="mxfp8", input="mxfp8", grad_output="mxfp8", elementwise="mxfp8"),
    "accumulator": Recipe(weight="e4m3", input="e4m3", grad_output="e5m2", accumulate="bf16", output="bf16"),
}
EXAMPLES = {
    nn.GroupNorm: (nn.GroupNorm(2, 4), (3, 4, 5)),
    nn.LayerNorm: (nn.LayerNorm(5), (3, 4, 5)),
    nn.RMSNorm: (nn.RMSNorm(5), (3, 4, 5)),
    nn.AdaptiveAvgPool1d: (nn.AdaptiveAvgPool1d(2), (3, 4, 5)),
    nn.AdaptiveAvgPool2d: (nn.AdaptiveAvgPool2d(2), (3, 4, 5, 5)),
    nn.AdaptiveAvgPool3d: (nn.AdaptiveAvgPool3d(2), (3, 4, 4, 4, 4)),
    nn.Softmax2d: (nn.Softmax2d(), (3, 4, 5, 5)),
}


def example(plain):
    """Return a module of a class, and the shape of an input."""
    if plain in EXAMPLES:
        return copy.deepcopy(EXAMPLES[plain][0]), EXAMPLES[plain][1]
    name = plain.__name__
    axes = int(name[-2]) if name.endswith("d") and name[-2].isdigit() else 1
    if "Norm" in name:
        return plain(4, affine=True), (3, 4, *(5, 4, 3)[:axes])
    if "Pool" in name:
        return plain(2), (3, 4, *(6, 4, 4)[:axes])
    return (plain(-1) if "oftm" in name else plain()), (3, 4, 5)


@pytest.mark.parametrize("layer", ELEMENTWISE, ids=lambda layer: layer.__name__)
@pytest.mark.parametrize("name", ["pure", "mixed", "blocks"])
def test_layers_that_are_no_products(layer, name):
    recipe, plain = RECIPES[name], layer.plain
    torch.manual_seed(0)
    if plain is nn.Embedding:
        module, x = nn.Embedding(7, 32), torch.randint(0, 7, (3, 4))
    else:
        module, shape = example(plain)
        x = torch.randn(shape) * 4
    twin = convert(copy.deepcopy(module), recipe)
    made, wanted = x.clone(), x.clone()
    if x.is_floating_point():
        made.requires_grad_(), wanted.requires_grad_()
    torch.manual_seed(3)
    y = twin(made)
    torch.manual_seed(3)
    start = Rounded.apply(wanted, None, recipe.grad_elementwise) if x.is_floating_point() else wanted
    z = Rounded.apply(module(start), recipe.elementwise, None)
    g = torch.randn_like(y)
    y.backward(g), z.backward(g)
    assert type(twin) is layer
    assert same(y, z)
    for one, other in zip((made, *twin.parameters()), (wanted, *module.parameters()), strict=True):
        assert one.grad is other.grad is None or same(one.grad, other.grad)


def attended(q, k, v, recipe, mask):
    e, back = recipe.elementwise, recipe.grad_elementwise
    scores = Linear.apply(q * (1 / math.sqrt(q.shape[-1])), k, None, recipe)
    if mask is not None:
        gone = mask == -math.inf
        scores = Rounded.apply((scores + mask).masked_fill(gone, 0), e, None).masked_fill(gone, -math.inf)
    weights = Rounded.apply(torch.softmax(Rounded.apply(scores, None, back), -1), e, None)
    return Linear.apply(weights, v.mT, None, recipe), weights


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("first", [True, False], ids=["batch first", "batch second"])
def test_attention(name, first):
    recipe = RECIPES[name]
    torch.manual_seed(0)
    plain = nn.MultiheadAttention(32, 2, batch_first=first)
    layer = convert(copy.deepcopy(plain), recipe)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    hidden = torch.tensor([[False] * 4 + [True], [False] * 5, [False, True] * 2 + [False]])
    x = torch.randn(3, 5, 32)
    made, wanted = (x if first else x.transpose(0, 1)).clone().requires_grad_(), x.clone().requires_grad_()
    y, weights = layer(made, made, made, attn_mask=mask, key_padding_mask=hidden)
    matrices, biases = plain.in_proj_weight.chunk(3), plain.in_proj_bias.chunk(3)
    heads = [
        Linear.apply(wanted, w, b, recipe).reshape(3, 5, 2, 16).transpose(1, 2)
        for w, b in zip(matrices, biases, strict=True)
    ]
    added = mask + torch.zeros(3, 1, 1, 5).masked_fill(hidden[:, None, None], -math.inf)
    z, shares = attended(*heads, recipe, added)
    z = Linear.apply(z.transpose(1, 2).flatten(2), plain.out_proj.weight, plain.out_proj.bias, recipe)
    assert same((y if first else y.transpose(0, 1)).contiguous(), z)
    assert same(weights, shares.mean(1))
    g = torch.randn_like(z)
    (y if first else y.transpose(0, 1)).backward(g)
    z.backward(g)
    assert same(made.grad if first else made.grad.transpose(0, 1).contiguous(), wanted.grad)
    for one, other in zip(layer.parameters(), plain.parameters(), strict=True):
        assert same(one.grad, other.grad)


@pytest.mark.parametrize(
    "options", [{"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 12, "vdim": 20}, {"bias": False}]
)
def test_attention_of_every_kind(options):
    """Where the recipe rounds by float32 alone, torch's own attention comes out but for the order of its sums."""
    torch.manual_seed(0)
    plain = nn.MultiheadAttention(16, 4, **options)
    layer = convert(copy.deepcopy(plain), Recipe(input="fp32"))
    q, k, v = (
        torch.randn(5, 2, 16),
        torch.randn(7, 2, options.get("kdim", 16)),
        torch.randn(7, 2, options.get("vdim", 16)),
    )
    for mask in (None, torch.rand(5, 7) < 0.3, torch.rand(8, 5, 7)):
        for one, other in zip(layer(q, k, v, attn_mask=mask), plain(q, k, v, attn_mask=mask), strict=True):
            torch.testing.assert_close(one, other)
    single = layer(q[:, 0], k[:, 0], v[:, 0], average_attn_weights=False)
    for one, other in zip(single, plain(q[:, 0], k[:, 0], v[:, 0], average_attn_weights=False), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", RECIPES)
def test_attention_and_softmax_as_functions(name):
    recipe = RECIPES[name]
    torch.manual_seed(0)
    leaves = [torch.randn(2, 3, 8, 32, requires_grad=True) for _ in range(3)]
    copies = [t.detach().clone().requires_grad_() for t in leaves]
    y = scaled_dot_product_attention(*leaves, is_causal=True, recipe=recipe)
    mask = torch.full((8, 8), -math.inf).triu(1)
    z = attended(*copies, recipe, mask)[0]
    g = torch.randn_like(z)
    y.backward(g), z.backward(g)
    assert same(y, z)
    assert all(same(a.grad, b.grad) for a, b in zip(leaves, copies, strict=True))
    x = torch.randn(4, 32)
    e = recipe.elementwise
    assert same(softmax(x, recipe=recipe), x.softmax(-1) if e is None else chopper.chop(x.softmax(-1), e.fmt))


@pytest.mark.parametrize("fmt", ["posit16", "takum_linear16", "e2m1", "lns8", "mxfp4"])
def test_what_is_masked_stays_masked(fmt):
    """Also in a format without infinities, and in one in which an infinity would spoil the scale of its block."""
    recipe = Recipe(input=fmt, weight=fmt, elementwise=fmt)
    q, k, v = torch.randn(3, 1, 2, 8, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    gone = torch.ones(8, 8, dtype=torch.bool).triu(1)
    calls = iter(range(99))
    mask = torch.zeros(8, 8).masked_fill(gone, -math.inf)
    y, weights = attend(q, k, v, spec_of(recipe), lambda: Call(next(calls)), mask)
    scores = Linear.apply(q * (1 / math.sqrt(32)), k, None, recipe).masked_fill(gone, 0)
    wanted = torch.softmax(chopper.chop(scores, fmt).masked_fill(gone, -math.inf), -1)
    assert bool((weights[..., gone] == 0).all()) and bool((weights[..., ~gone] > 0).any())
    assert same(weights, chopper.chop(wanted, fmt))
    (gradient,) = torch.autograd.grad(y.sum(), q)
    assert bool(y.isfinite().all()) and bool(gradient.isfinite().all())


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_cells(kind, name):
    recipe = RECIPES[name]
    torch.manual_seed(0)
    plain = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[kind](32, 32)
    layer = convert(copy.deepcopy(plain), recipe)
    x, h, c = (torch.randn(4, 32, requires_grad=True) for _ in range(3))
    copies = [t.detach().clone().requires_grad_() for t in (x, h, c)]

    def p(t):
        return Rounded.apply(t, recipe.elementwise, recipe.grad_elementwise)

    def cell(x, h, c):
        one = Linear.apply(x, plain.weight_ih, plain.bias_ih, recipe)
        two = Linear.apply(h, plain.weight_hh, plain.bias_hh, recipe)
        if kind == "rnn":
            return (p(torch.tanh(p(one + two))),)
        if kind == "gru":
            r, z = p(torch.sigmoid(p(one[:, :64] + two[:, :64]))).chunk(2, -1)
            n = p(torch.tanh(p(one[:, 64:] + p(r * two[:, 64:]))))
            return (p(n + p(z * p(h - n))),)
        i, f, g, o = p(one + two).chunk(4, -1)
        gates = p(torch.cat((torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)), -1))
        i, f, g, o = gates.chunk(4, -1)
        c = p(p(f * c) + p(i * g))
        return p(o * p(torch.tanh(c))), c

    found = layer(x, (h, c)) if kind == "lstm" else (layer(x, h),)
    wanted = cell(*copies)
    for _ in range(2):  # a second step, so that states have gradients
        assert all(same(a, b) for a, b in zip(found, wanted, strict=True))
        found = layer(x, found) if kind == "lstm" else (layer(x, *found),)
        wanted = cell(copies[0], wanted[0], wanted[-1])
    g = torch.randn(4, 32)
    found[0].backward(g), wanted[0].backward(g)
    assert all(a.grad is None or same(a.grad, b.grad) for a, b in zip((x, h, c), copies, strict=True))
    assert all(same(a.grad, b.grad) for a, b in zip(layer.parameters(), plain.parameters(), strict=True))
    start = layer(x)
    assert same(start[0] if kind == "lstm" else start, cell(x, torch.zeros(4, 32), torch.zeros(4, 32))[0])


def test_points():
    x = torch.randn(4, 32, requires_grad=True)
    y = quant_point("mxfp4", "e5m2")(x)
    g = torch.randn(4, 32)
    y.backward(g)
    assert same(y, chopper.chop(x.detach(), "mxfp4"))
    assert same(x.grad, chopper.chop(g, "e5m2"))
    assert same(quant_point()(x), x)
