"""Compiled models give the bits and gradients of eager ones; transforms of torch.func give those of single samples."""

from __future__ import annotations

import copy
import shutil

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.func import functional_call, grad, vmap  # noqa: E402

from chopper.errors import UnsupportedInputError  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, matmul, quant_point, scaled_dot_product_attention  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MODELS = {
    "linear": (lambda: nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64)), (64, 64)),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.GELU(), nn.Conv2d(8, 4, 3)), (4, 4, 6, 6)),
    "transposed": (lambda: nn.ConvTranspose1d(4, 4, 3, stride=2, groups=2, output_padding=1), (4, 4, 6)),
    "encoder": (lambda: nn.TransformerEncoderLayer(64, 2, 64, dropout=0.0), (64, 1, 64)),
    "cell": (lambda: nn.GRUCell(64, 64), (64, 64)),
    "norm": (lambda: nn.Sequential(nn.LayerNorm(64), nn.Softmax(-1)), (64, 64)),
}


def steps(call, net, shape, count):
    """Return what some training steps make of a model."""
    torch.manual_seed(1)
    found = []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(count):
        x = torch.randn(shape, requires_grad=True)
        optimizer.zero_grad()
        y = call(x)
        (y * torch.randn_like(y)).sum().backward()
        found += [y.detach(), x.grad, *(p.grad.clone() for p in net.parameters())]
        optimizer.step()
    return found


QUICK = [
    ("linear", "everything"), ("linear", "mxfp4"), ("linear", "random sums"), ("convolution", "accumulator"),
    ("transposed", "stochastic"), ("cell", "stochastic"), ("norm", "pure"),
]  # fmt: skip
ALL = [(kind, name) for kind in MODELS for name in (*RECIPES, "pure") if kind == "linear" or "nvfp4" not in name]
CASES = [pytest.param(*case, marks=[] if case in QUICK else pytest.mark.exhaustive) for case in ALL]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_compiled_as_eager(kind, name):
    make, shape = MODELS[kind]
    recipe = RECIPES.get(name, Recipe.of("bf16_pure"))
    if kind in ("norm",):
        recipe = recipe.replace(elementwise="e4m3:stochastic", grad_elementwise="e5m2")
    torch.manual_seed(0)
    net = convert(make(), recipe, key=5)
    twin = copy.deepcopy(net)
    torch._dynamo.reset()
    compiled = torch.compile(twin, fullgraph=True, backend="aot_eager")
    for one, other in zip(steps(net, net, shape, 2), steps(compiled, twin, shape, 2), strict=True):
        assert same(one.contiguous(), other.contiguous())


def test_whole_recurrent_networks():
    """torch leaves them out of graphs, unless it is told to try."""
    net = convert(nn.RNN(4, 4), RECIPES["stochastic"], key=5)
    twin = copy.deepcopy(net)
    x = torch.randn(2, 3, 4)
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        made = torch.compile(twin, fullgraph=True, backend="aot_eager")(x)
    wanted = net(x)
    assert all(same(a, b) for a, b in zip(made, wanted, strict=True))
    assert int(net.chop_stream.position) == int(twin.chop_stream.position)


def test_functions_compile():
    recipe = RECIPES["formats"].replace(elementwise="bf16")
    point = quant_point("e4m3", "e5m2:stochastic", key=4)

    def function(a, b):
        return scaled_dot_product_attention(point(a), b, matmul(a, b.mT @ b, recipe=recipe), recipe=recipe)

    torch._dynamo.reset()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.manual_seed(0)
    a, b = torch.randn(2, 3, 4, 8), torch.randn(2, 3, 4, 8)
    results = []
    for call in (function, compiled):
        leaves = a.clone().requires_grad_(), b.clone().requires_grad_()
        y = call(*leaves)
        point.chop_stream.position.zero_()
        results.append((y, *torch.autograd.grad(y.sum(), leaves)))
    assert all(same(one.contiguous(), other.contiguous()) for one, other in zip(*results, strict=True))


@pytest.mark.parametrize("name", ["formats", "everything", "mxfp8", "accumulator", "clipped", "mxfp4_plain"])
def test_gradients_of_single_samples(name):
    recipe = RECIPES.get(name, Recipe.of("mxfp4"))
    net = convert(nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 4)), recipe, types=nn.Linear)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(8)
    parameters = {n: p.detach() for n, p in net.named_parameters()}
    torch.manual_seed(0)
    xs = torch.randn(5, 3, 64)

    def loss(parameters, x):
        return functional_call(net, parameters, (x,)).square().sum()

    found = vmap(grad(loss), in_dims=(None, 0))(parameters, xs)
    for i, x in enumerate(xs):
        net.zero_grad()
        net(x).square().sum().backward()
        for n, p in net.named_parameters():
            if recipe.forward.accumulate is None:  # torch's own batched product may add in another order
                torch.testing.assert_close(found[n][i], p.grad, rtol=1e-5, atol=1e-6)
            else:
                assert same(found[n][i], p.grad)
            if n.startswith("2") and n.endswith("weight"):
                assert p.grad.any()


def test_convolutions_of_single_samples():
    net = convert(nn.Conv1d(4, 4, 3), RECIPES["accumulator"])
    parameters = {n: p.detach() for n, p in net.named_parameters()}
    xs = torch.randn(3, 2, 4, 8)
    found = vmap(grad(lambda p, x: functional_call(net, p, (x,)).sum()), in_dims=(None, 0))(parameters, xs)
    for i, x in enumerate(xs):
        net.zero_grad()
        net(x).sum().backward()
        assert same(found["weight"][i], net.weight.grad)


def test_compiling_a_transform_is_refused():
    """Compilers would drop the gradients without a word."""
    net = convert(nn.Linear(4, 4), "bf16")
    torch._dynamo.reset()
    compiled = torch.compile(grad(lambda x: net(x).sum()), backend="aot_eager", fullgraph=True)
    with pytest.raises((UnsupportedInputError, torch._dynamo.exc.Unsupported), match=r"transform|func"):
        compiled(torch.ones(2, 4))


def test_second_derivatives_pass_straight_through():
    net = convert(nn.Linear(8, 8, bias=False), Recipe(weight="e4m3", input="e4m3", grad_output="e5m2"))
    x = torch.randn(4, 8, requires_grad=True)
    (first,) = torch.autograd.grad(net(x).pow(3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), net.weight)
    assert second.abs().sum() > 0


def test_autocast_does_not_narrow_products():
    net = convert(nn.Linear(64, 64), "mxfp8")
    x = torch.randn(8, 64, requires_grad=True)
    wanted = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        y = net(x)
        assert same(y, wanted)
        assert same(*(torch.autograd.grad(t.sum(), x)[0] for t in (y, wanted)))


def test_single_samples_draw_words_by_their_place():
    """The batch comes first and counts in the index: the first sample draws what it draws alone, others do not."""
    recipe = Recipe(weight="e4m3:stochastic", input="e4m3:stochastic", grad_output="e5m2:stochastic", accumulate="bf16")
    net = convert(nn.Linear(32, 8), recipe, key=3)
    twin = copy.deepcopy(net)
    parameters = {n: p.detach() for n, p in net.named_parameters()}
    x = torch.randn(4, 32).expand(3, 4, 32)
    found = vmap(grad(lambda p, x: functional_call(net, p, (x,)).square().sum()), in_dims=(None, 0))(parameters, x)
    twin(x[0]).square().sum().backward()
    assert same(found["weight"][0], twin.weight.grad)
    assert not torch.equal(found["weight"][0], found["weight"][1])
    assert int(net.chop_stream.position) == int(twin.chop_stream.position) == 1


@pytest.mark.exhaustive
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("c++")), reason="inductor needs a C++ compiler")
@pytest.mark.parametrize("name", ["mxfp8", "mxfp4", "stochastic", "accumulator"])
def test_inductor(name):
    """Bits of results and of gradients of weights, which are products; the sum of a bias has inductor's own order."""
    torch.manual_seed(0)
    layers = nn.Linear(64, 64, bias=False), nn.ReLU(), nn.Linear(64, 64, bias=False)
    net = convert(nn.Sequential(*layers), RECIPES[name], key=5)
    twin = copy.deepcopy(net)
    torch._dynamo.reset()
    compiled = torch.compile(twin, fullgraph=True)
    for _ in range(3):
        x = torch.randn(64, 64)
        results = []
        for call, model in ((net, net), (compiled, twin)):
            model.zero_grad()
            y = call(x)
            y.square().sum().backward()
            results.append((y, *(p.grad.clone() for p in model.parameters())))
        assert all(same(one.contiguous(), other.contiguous()) for one, other in zip(*results, strict=True))


def test_batches_of_every_size():
    net = convert(nn.Linear(64, 64), RECIPES["mxfp4"], key=5)
    twin = copy.deepcopy(net)
    torch._dynamo.reset()
    compiled = torch.compile(twin, fullgraph=True, backend="aot_eager", dynamic=True)
    for size in (64, 128, 192):
        x = torch.randn(size, 64)
        results = []
        for call, model in ((net, net), (compiled, twin)):
            model.zero_grad()
            call(x).sin().sum().backward()
            results.append(model.weight.grad)
        assert same(*(g.contiguous() for g in results))
