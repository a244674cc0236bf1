"""Gradients and tangents by their definition, in every way torch has to ask for them; values, not shapes alone."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import torch.autograd.forward_ad as forward_ad  # noqa: E402
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vjp, vmap  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

import chopper  # noqa: E402
import chopper_ext.torch as adapter  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

X = torch.tensor([0.3, -0.3, 448.0, -448.0, 449.0, -1e30, 0.0, -0.0, 1e-45, float("inf"), float("-inf"), float("nan")])
INSIDE = torch.tensor([1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0], dtype=torch.float32)


def half(x, q, g):
    """Pass half of what belongs to results other than zero."""
    return g * torch.where(q != 0, 0.5, 0.0)


MEANINGS = {
    "identity": ("identity", torch.ones(12)),
    "clipped": ("clipped", INSIDE),
    "function": (half, torch.where(chopper.chop(X, "e4m3") != 0, 0.5, 0.0)),
    "none": (None, torch.zeros(12)),
}


def rounded(ste):
    return lambda t: adapter.chop(t, "e4m3", ste=ste)


@pytest.mark.parametrize("meaning", MEANINGS)
def test_definition_backward(meaning):
    ste, slope = MEANINGS[meaning]
    leaf, g = X.clone().requires_grad_(), torch.randn(12)
    y = rounded(ste)(leaf)
    assert same(y, chopper.chop(X, "e4m3"))
    if ste is None:
        assert not y.requires_grad
        return
    (found,) = torch.autograd.grad(y, leaf, g)
    assert torch.equal(found, g * slope)


@pytest.mark.parametrize("meaning", MEANINGS)
def test_definition_forward(meaning):
    ste, slope = MEANINGS[meaning]
    t = torch.randn(12)
    value, tangent = jvp(rounded(ste), (X,), (t,))
    assert same(value, chopper.chop(X, "e4m3"))
    assert torch.equal(tangent, t * slope)
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(rounded(ste)(forward_ad.make_dual(X, t)))
        assert same(dual.primal, chopper.chop(X, "e4m3"))
        assert (ste is None and dual.tangent is None) or torch.equal(dual.tangent, t * slope)


@pytest.mark.parametrize("meaning", MEANINGS)
def test_transforms(meaning):
    ste, slope = MEANINGS[meaning]
    f, q = rounded(ste), chopper.chop(X, "e4m3").nan_to_num()

    def square(t):
        return (f(t).nan_to_num() ** 2).sum()

    finite = torch.isfinite(X)
    batch = torch.stack([X, X.flip(0), 2 * X])
    assert torch.equal(grad(square)(X)[finite], (2 * q * slope)[finite])
    assert torch.equal(vmap(grad(square))(batch)[1].flip(0)[finite], (2 * q * slope)[finite])
    assert torch.equal(jacrev(f)(X), torch.diag(slope))
    assert torch.equal(jacfwd(f)(X), torch.diag(slope))
    assert torch.equal(vjp(f, X)[1](torch.ones(12))[0], slope)
    curvature = hessian(square)(X).diag()
    assert torch.equal(curvature[finite], (2 * slope * slope)[finite])


def test_chop_of_the_core_passes_everything():
    leaf = X.clone().requires_grad_()
    chopper.chop(leaf, "e4m3").backward(torch.ones(12))
    assert torch.equal(leaf.grad, torch.ones(12))
    assert torch.equal(jvp(lambda t: chopper.chop(t, "e4m3"), (X,), (X,))[1].nan_to_num(), X.nan_to_num())


def test_stochastic_values_have_gradients_too():
    leaf = torch.randn(100, requires_grad=True)
    y = chopper.chop(leaf, "e4m3", "stochastic", key=3)
    assert same(y, chopper.chop(leaf.detach(), "e4m3", "stochastic", key=3))
    words = torch.randint(-(2**31), 2**31, (100,)).to(torch.int32)
    given = chopper.chop(leaf, "e4m3", "stochastic", random_words=words)
    assert same(given, chopper.chop(leaf.detach(), "e4m3", "stochastic", random_words=words))
    (y.sum() + given.sum()).backward()
    assert torch.equal(leaf.grad, torch.full((100,), 2.0))


@pytest.mark.parametrize("in_dim", [0, 1, 2])
@pytest.mark.parametrize("mode", ["up", "stochastic"])
def test_vmap_is_the_whole_array_with_the_batch_in_front(mode, in_dim):
    x = torch.randn(3, 4, 5)
    front = x.movedim(in_dim, 0)
    want = chopper.chop(front.contiguous(), "e4m3", mode, key=9)
    assert same(vmap(lambda t: chopper.chop(t, "e4m3", mode, key=9), in_dims=in_dim)(x), want)
    codes = vmap(lambda t: chopper.encode(t, "e4m3", mode, key=9), in_dims=in_dim)(x)
    assert same(codes, chopper.encode(front.contiguous(), "e4m3", mode, key=9))
    assert same(vmap(lambda c: chopper.decode(c, "e4m3"))(codes), want)
    nested = vmap(vmap(lambda t: chopper.chop(t, "e4m3", mode, key=9)))(front)
    assert same(nested, want)


def test_vmap_over_words():
    x, words = torch.randn(5), torch.randint(-(2**31), 2**31, (3, 5)).to(torch.int32)
    found = vmap(lambda w: chopper.chop(x, "e4m3", "stochastic", random_words=w))(words)
    assert same(found, chopper.chop(x.expand(3, 5), "e4m3", "stochastic", random_words=words))
    batch = torch.randn(3, 5)
    one = vmap(lambda t: chopper.chop(t, "e4m3", "stochastic", random_words=words[0]))(batch)
    assert same(one, chopper.chop(batch, "e4m3", "stochastic", random_words=words[0].expand(3, 5)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes(dtype):
    kind = getattr(torch, dtype)
    leaf = torch.tensor([0.3, 500.0, -449.0], dtype=kind, requires_grad=True)
    y = adapter.chop(leaf, "e4m3", ste="clipped")
    y.sum().backward()
    assert (y.dtype, leaf.grad.dtype) == (kind, kind)
    assert leaf.grad.tolist() == [1.0, 0.0, 0.0 if dtype != "bfloat16" else 1.0]  # bfloat16 has no -449 but -448


def test_clipped_where_the_carrier_ends_first():
    leaf = torch.tensor([32768.0, float("inf")], dtype=torch.float16, requires_grad=True)
    adapter.chop(leaf, "bf16", ste="clipped").sum().backward()
    assert leaf.grad.tolist() == [1.0, 0.0]
    low = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    adapter.chop(low, "e8m0<negative=zero>", ste="clipped").sum().backward()
    assert low.grad[2] == 1.0
    assert low.grad[0] == 0.0


def test_double_backward():
    leaf = torch.randn(20, requires_grad=True)
    (first,) = torch.autograd.grad((chopper.chop(leaf, "e4m3") ** 3).sum(), leaf, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), leaf)
    assert torch.equal(second, 6 * chopper.chop(leaf.detach(), "e4m3"))


def test_gradients_by_differences():
    """torch's own check, on points of the format where the rounded function and its stand-in agree."""
    points = chopper.chop(torch.randn(6, dtype=torch.float64), "e4m3").requires_grad_()
    function = lambda t: t * adapter.chop(t.detach(), "e4m3")  # noqa: E731
    assert torch.autograd.gradcheck(function, points)
    assert torch.autograd.gradgradcheck(lambda t: chopper.chop(t, "fp64") ** 3, points, check_batched_grad=True)
    assert torch.autograd.gradcheck(lambda t: chopper.chop(t, "fp64"), points, check_forward_ad=True)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint(reentrant):
    leaf = torch.randn(10, requires_grad=True)
    draw = {"rounding": "stochastic", "key": 4}
    y = checkpoint(lambda t: (chopper.chop(t, "e4m3", **draw) ** 2).sum(), leaf, use_reentrant=reentrant)
    y.backward()
    assert torch.equal(leaf.grad, 2 * chopper.chop(leaf.detach(), "e4m3", **draw))


def test_autocast():
    a, b = torch.randn(4, 4, requires_grad=True), torch.randn(4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        product = a @ b
        y = chopper.chop(product, "e4m3")
        assert (product.dtype, y.dtype) == (torch.bfloat16, torch.bfloat16)
        assert chopper.chop(a, "e4m3").dtype == torch.float32
        assert same(y.view(torch.int16), chopper.chop(product.detach(), "e4m3").view(torch.int16))
        y.float().sum().backward()
    assert a.grad is not None


def test_per_sample_gradients():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    parameters = dict(model.named_parameters())

    def loss(weights, x):
        coarse = {name: chopper.chop(weight, "e4m3") for name, weight in weights.items()}
        return functional_call(model, coarse, (x,)).square().sum()

    batch = torch.randn(5, 3)
    every = vmap(grad(loss), in_dims=(None, 0))(parameters, batch)
    one = grad(loss)(parameters, batch[2])
    assert all(torch.allclose(every[name][2], one[name]) and one[name].any() for name in list(parameters)[:2])


def test_encode_and_decode_have_no_derivative():
    leaf = torch.randn(4, requires_grad=True)
    codes = chopper.encode(leaf, "e4m3")
    assert not codes.requires_grad
    assert not chopper.decode(codes, "e4m3").requires_grad
    with pytest.raises(chopper.UnsupportedInputError, match="function"):
        adapter.chop(leaf, "e4m3", ste=3)


def test_private_names_of_torch_mean_what_is_assumed():
    assert torch._C._are_functorch_transforms_active() is False
    seen = []
    vmap(lambda t: seen.append(torch._C._are_functorch_transforms_active()) or t)(torch.zeros(2))
    assert seen == [True]
    assert forward_ad._current_level == -1
    with forward_ad.dual_level():
        assert forward_ad._current_level == 0
    assert torch._C._len_torch_dispatch_stack() == torch._ops._len_torch_dispatch_stack_pre_dispatch() == 0
    assert not torch._C._get_tracing_state()
