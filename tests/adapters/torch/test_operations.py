"""Operations on tensors: the bits of NumPy, and torch's own gradients where there are any."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
from chopper import Accumulator, OutputError, chop, matmul, ops  # noqa: E402
from chopper.errors import UnsupportedInputError  # noqa: E402
from tests.adapters.operands import ELEMENTWISE  # noqa: E402

SUBJECT = "operations on torch tensors against NumPy"
A, B = (chop(np.random.default_rng(i).standard_normal((4, 6)), "bf16") for i in range(2))


def arguments(name, fmt="bf16"):
    return () if name in ("compare", "less_equal") else (fmt,)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_bits(name, dtype, tally):
    function, count = getattr(ops, name), ELEMENTWISE[name]
    tensors = [torch.from_numpy(np.abs(x)).to(getattr(torch, dtype)) for x in (A, B, A[0])]
    arrays = [x.float().numpy() if dtype == "bfloat16" else x.numpy() for x in tensors]
    fmt = "fp64" if "next" in name or name == "ulp" else "bf16"
    got = function(*tensors[:count], *arguments(name, fmt))
    assert isinstance(got, torch.Tensor)
    tally.same(got.numpy(), function(*arrays[:count], *arguments(name, fmt)), about=name)


@pytest.mark.parametrize("fmt", ["e4m3", "posit16", "takum_log8", "lns8", "q8.8"])
@pytest.mark.parametrize("mode", ["nearest_even", "stochastic"])
def test_formats(fmt, mode, tally):
    key = {"key": 3} if mode == "stochastic" else {}
    for name in ("add", "div", "exp"):
        function, count = getattr(ops, name), ELEMENTWISE[name]
        tensors = [torch.from_numpy(x) for x in (A, B)][:count]
        want = function(*(A, B)[:count], fmt, mode, **key)
        tally.same(function(*tensors, fmt, mode, **key).numpy(), want, fmt=fmt, mode=mode, about=name)


def test_company(tally):
    """Numbers, NumPy arrays, scalars, integers; strides and signs that are pending."""
    x = torch.from_numpy(A).float()
    for other in (0.1, 3, B, torch.tensor(0.1), torch.arange(6)):
        plain = other.numpy() if isinstance(other, torch.Tensor) else other
        tally.same(ops.mul(x, other, "bf16").numpy(), ops.mul(x.numpy(), plain, "bf16"))
        tally.same(ops.sub(other, x, "bf16").numpy(), ops.sub(plain, x.numpy(), "bf16"))
    tally.same(ops.add(x[:, ::2].mT, 1, "bf16").numpy(), ops.add(x.numpy()[:, ::2].T, 1, "bf16"))
    tally.same(ops.power(x, 3, "bf16").numpy(), ops.power(x.numpy(), 3, "bf16"))
    pending = torch.view_as_complex(torch.stack([x, x], -1)).conj().imag
    assert pending.is_neg()
    tally.same(ops.add(pending, 1, "bf16").numpy(), ops.add(-x.numpy(), 1, "bf16"))
    words = np.random.default_rng(5).integers(0, 1 << 32, A.shape, np.uint32)
    want = ops.add(A, B, "e4m3", "stochastic", random_words=words)
    for given in (words, torch.from_numpy(words), torch.from_numpy(words).view(torch.int32)):
        tally.same(ops.add(torch.from_numpy(A), B, "e4m3", "stochastic", random_words=given).numpy(), want)


def test_out_and_flags(tally):
    x, flags = torch.from_numpy(A.copy()), ops.Flags()
    assert ops.div(x, 0.0, "bf16", out=x, flags=flags) is x
    tally.same(x.numpy(), ops.div(A, 0.0, "bf16"))
    assert flags.divide_by_zero
    with pytest.raises(OutputError, match="float32"):
        ops.add(x, 1, "bf16", out=torch.empty(4, 6))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "fma", "sqrt"])
def test_gradients(name):
    own = {"fma": lambda x, y, z: x * y + z}.get(name) or getattr(torch, name)
    for others in ((B, 2.5), (torch.from_numpy(B).requires_grad_(), 2)):
        leaf = torch.from_numpy(np.abs(A)).requires_grad_()
        operands = [leaf, *others][: ELEMENTWISE[name]]
        ours = getattr(ops, name)(*operands, "e4m3")
        plain = own(*(torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in operands))
        leaves = [x for x in operands if isinstance(x, torch.Tensor)]
        got, want = (torch.autograd.grad(y, leaves, torch.from_numpy(A)) for y in (ours, plain))
        assert all(torch.equal(x, y) for x, y in zip(got, want, strict=True))


def test_no_gradient():
    """What has none says so, and comparisons need none."""
    leaf = torch.from_numpy(A).requires_grad_()
    with pytest.raises(UnsupportedInputError, match=r"exp has no derivative.*detach\(\)"):
        ops.exp(leaf, "bf16")
    with pytest.raises(OutputError, match="derivative"):
        ops.add(leaf, 1, "bf16", out=torch.empty(4, 6, dtype=torch.float64))
    assert torch.equal(ops.less(leaf, 0), leaf < 0)
    assert not ops.exp(leaf.detach(), "bf16").requires_grad


def test_one_package():
    jnp = pytest.importorskip("jax").numpy
    with pytest.raises(UnsupportedInputError, match="two packages"):
        ops.add(torch.ones(3), jnp.ones(3), "bf16")


ACCUMULATOR = Accumulator(sum="bf16", rounding="stochastic")


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: matmul(2 * x, y.T, accumulate=ACCUMULATOR, key=5) + 1,
        lambda x, y: matmul(chopper.chop(x, "e4m3"), chopper.chop(y.T, "e4m3"), accumulate="h100.wgmma.e4m3"),
        lambda x, y: matmul(x, y[0], y[:, 0].sum()),
        lambda x, y: ops.mul(x, y, "bf16", "stochastic", key=2**63 + 1) + ops.add(x, 1.5, "e4m3", overflow="saturate"),
        lambda x, y: ops.div(ops.fma(x, y, 2, "fp16"), ops.sub(7, y, "bf16"), "e5m10", "up"),
        lambda x, y: ops.sqrt(x.abs() + 1, "bf16"),
    ],
)
def test_graphs(call):
    """In a graph, operations and products have the bits and the gradients that they have outside."""
    import chopper_ext.torch  # noqa: F401

    x, y = torch.from_numpy(A).float(), torch.from_numpy(B).float()
    torch._dynamo.reset()
    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(x, y), call(x, y))
    inside, outside = ([t.clone().requires_grad_() for t in (x, y)] for _ in range(2))
    compiled(*inside).sum().backward()
    call(*outside).sum().backward()
    for one, other in zip(inside, outside, strict=True):
        assert (one.grad is None) == (other.grad is None)
        assert one.grad is None or torch.equal(one.grad, other.grad)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: ops.exp(x, "bf16"), "no derivative"),
        (lambda x: ops.add(x, 1, "bf16", "stochastic"), "needs a key"),
        (lambda x: ops.add(x.detach(), 1, "bf16", offset=3), "offset= of operations"),
    ],
)
def test_what_graphs_refuse(call, match):
    import chopper_ext.torch  # noqa: F401

    torch._dynamo.reset()
    errors = (chopper.ChopperError, torch._dynamo.exc.TorchDynamoException)
    with pytest.raises(errors, match=match):
        torch.compile(call, backend="eager", fullgraph=True)(torch.from_numpy(A).requires_grad_())
