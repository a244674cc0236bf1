"""Matrix products of tensors: the bits of NumPy, and torch's own gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from chopper import Accumulator, OutputError, ScaledArray, dot, encode, matmul  # noqa: E402
from chopper.errors import UnsupportedInputError  # noqa: E402
from tests.adapters.operands import ACCUMULATORS, matrices, options  # noqa: E402

SUBJECT = "matrix products of torch tensors against NumPy"
BF16 = Accumulator(sum="bf16")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ACCUMULATORS)
def test_bits(name, dtype, tally):
    chosen = ACCUMULATORS[name]
    a, b, c = matrices(dtype, chosen, (2, 5, 23), (23, 7), (5, 1))
    for addend in (None, c):
        want = matmul(a, b, addend, accumulate=chosen, **options(chosen))
        tensors = [None if x is None else torch.from_numpy(x) for x in (a, b, addend)]
        tally.same(matmul(*tensors, accumulate=chosen, **options(chosen)).numpy(), want, about=name)


@pytest.mark.parametrize("name", ACCUMULATORS)
def test_bfloat16(name, tally):
    chosen = ACCUMULATORS[name]
    a, b = (torch.from_numpy(x).bfloat16() for x in matrices("float32", chosen, (5, 23), (23, 7)))
    want = matmul(a.float().numpy(), b.float().numpy(), accumulate=chosen, **options(chosen))
    tally.same(matmul(a, b, accumulate=chosen, **options(chosen)).numpy(), want, about=name)


def test_layouts_and_company(tally):
    """Strided tensors, vectors, NumPy arrays, integers, arrays with shared scales, torch's narrow dtypes."""
    a, b = (torch.from_numpy(x) for x in matrices("float32", BF16, (23, 10), (64, 23)))
    want = matmul(a.numpy().T, b.numpy().T[:, ::2], accumulate=BF16)
    tally.same(matmul(a.mT, b.mT[:, ::2], accumulate=BF16).numpy(), want)
    tally.same(matmul(a.mT.numpy(), b.mT[:, ::2], accumulate=BF16).numpy(), want)
    tally.same(matmul(a[0], b.mT[:10].double()).numpy(), matmul(a[0].numpy(), b.numpy().T[:10].astype("f8")))
    tally.same(dot(b[0], b[1], accumulate=BF16).numpy(), dot(b[0].numpy(), b[1].numpy(), accumulate=BF16))
    whole = (a * 8).to(torch.int8)
    tally.same(matmul(whole.mT, whole).numpy(), matmul(whole.numpy().T, whole.numpy()))
    scaled = encode(b.numpy(), "mxfp8", axis=0)
    assert isinstance(scaled, ScaledArray)
    tally.same(matmul(b[:, :5].mT, scaled).numpy(), matmul(b.numpy()[:, :5].T, scaled))
    narrow = a.to(torch.float8_e4m3fn)
    tally.same(matmul(narrow.mT, a).numpy(), matmul(narrow.float().mT.numpy(), a.numpy()))


def test_out_shares_memory(tally):
    a, b = (torch.from_numpy(x) for x in matrices("float32", BF16, (3, 4), (4, 5)))
    out = torch.empty(3, 5)
    version = out._version
    assert matmul(a, b, accumulate=BF16, out=out) is out
    assert out._version > version
    tally.same(out.numpy(), matmul(a.numpy(), b.numpy(), accumulate=BF16))
    for bad in (
        torch.empty(3, 4),
        torch.empty(3, 5).bfloat16(),
        np.empty((3, 5), "f4"),
        torch.empty(1, 1).expand(3, 5),
    ):
        with pytest.raises(OutputError):
            matmul(a, b, out=bad)
    with pytest.raises(OutputError, match="derivative"):
        matmul(a.requires_grad_(), b, out=out)


@pytest.mark.parametrize(
    "dtypes", [("float32",) * 3, ("float64",) * 3, ("bfloat16",) * 3, ("bfloat16", "float32", "float64")]
)
def test_gradients(dtypes):
    """They are those of torch's own product, in its dtype, also twice."""
    arrays = matrices("float32", BF16, (2, 3, 4), (4, 5), (5,))
    leaves = [
        torch.from_numpy(x).to(getattr(torch, kind)).requires_grad_() for x, kind in zip(arrays, dtypes, strict=True)
    ]
    kind = leaves[2].dtype

    def plain(a, b, c):
        return c.to(kind) + a.to(kind) @ b.to(kind)

    g = torch.from_numpy(matrices("float32", BF16, (2, 3, 5))[0])
    ours = matmul(*leaves, accumulate=BF16)
    own = plain(*leaves)
    got = torch.autograd.grad(ours, leaves, g.to(ours.dtype))
    want = torch.autograd.grad(own, leaves, g.to(own.dtype))
    assert all(torch.equal(x, y) and x.dtype == y.dtype for x, y in zip(got, want, strict=True))


def test_second_gradients_and_functional_ones():
    a, b = (torch.from_numpy(x).requires_grad_() for x in matrices("float64", BF16, (3, 4), (4, 5)))
    (first,) = torch.autograd.grad(matmul(a, b, accumulate=BF16).sum(), a, create_graph=True)
    (second,) = torch.autograd.grad((first**2).sum(), b)
    (own,) = torch.autograd.grad((a @ b).sum(), a, create_graph=True)
    (want,) = torch.autograd.grad((own**2).sum(), b)
    assert torch.equal(second, want)
    found = torch.func.grad(lambda x: matmul(x, b.detach(), accumulate=BF16).sum())(a.detach())
    assert torch.equal(found, own.detach())
    assert not matmul(a, b).detach().requires_grad
    with torch.no_grad():
        assert not matmul(a, b).requires_grad


def test_errors():
    a = torch.ones(3, 4)
    with pytest.raises(UnsupportedInputError, match="do not go together"):
        matmul(a, a)
    with pytest.raises(UnsupportedInputError, match="layout"):
        matmul(a.to_sparse(), a)
    with pytest.raises(UnsupportedInputError, match="complex"):
        matmul(a.to(torch.complex64), a)
    with pytest.raises(UnsupportedInputError, match="vmap"):
        torch.func.vmap(lambda x: matmul(x, a.mT))(a[None])
    with pytest.raises(UnsupportedInputError, match="one device"):
        matmul(a, torch.ones(4, 3, device="meta"))
