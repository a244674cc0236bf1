"""Whole programs under `emulate` against the same programs written out by hand, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from chopper import chop  # noqa: E402
from chopper_ext.torch import emulate  # noqa: E402
from tests.adapters.torch.training.chains import Chain  # noqa: E402

SUBJECT = "programs of torch in narrow formats against chains of operations"
CASES = [("bf16", "nearest_even"), ("fp16", "nearest_even"), ("e5m2", "up"), ("posit16", "nearest_even"),
         ("e4m3", "toward_zero"), ("bf16", "nearest_away")]  # fmt: skip


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def leaf(x):
    return torch.from_numpy(x.copy()).requires_grad_()


@pytest.mark.parametrize(("fmt", "mode"), CASES)
def test_network(fmt, mode, tally):
    """Two layers with tanh, layer norm and a squared error; operands that are no values of the format."""
    do = Chain(fmt, mode)
    x, target = numbers(0, 6, 5), numbers(1, 6, 3)
    given = [numbers(2, 8, 5), numbers(3, 8), numbers(4, 8), numbers(5, 8), numbers(6, 3, 8), numbers(7, 3)]
    leaves = [leaf(one) for one in given]
    w1, b1, scale, shift, w2, b2 = leaves
    with emulate(fmt, mode) as mode_:
        hidden = torch.tanh(F.linear(torch.from_numpy(x), w1, b1))
        normal = F.layer_norm(hidden, (8,), scale, shift)
        y = F.linear(normal, w2, b2)
        loss = F.mse_loss(y, torch.from_numpy(target))
        loss.backward()
    w1, b1, scale, shift, w2, b2 = given
    h = do.tanh(do.linear(x, w1, b1))
    mean = do.mean(h, -1, True)
    apart = do.sub(h, mean)
    variance = do.div(do.sum(do.mul(apart, apart), -1, True), 8)
    rate = do.rsqrt(do.add(variance, 1e-5))
    hat = do.mul(do.sub(h, mean), rate)
    n = do.add(do.mul(hat, scale), shift)
    out = do.linear(n, w2, b2)
    wrong = do.sub(out, target)
    tally.same(y.detach().numpy(), out, fmt=fmt, mode=mode, about="forward")
    tally.same(loss.detach().numpy(), np.float32(do.mean(do.power(wrong, 2))), fmt=fmt, mode=mode, about="loss")
    g = do.mul(do.mul(2 / 18, wrong), np.float32(1))
    to_n, to_w2, to_b2 = do.linear_backward(g, n, w2)
    to_hat = do.mul(to_n, scale)
    inside = do.sub(do.mul(to_hat, 8.0), do.sum(to_hat, -1, True))
    inside = do.sub(inside, do.mul(hat, do.sum(do.mul(to_hat, hat), -1, True)))
    to_h = do.mul(do.div(rate, 8.0), inside)
    to_scale, to_shift = do.sum(do.mul(to_n, hat), 0), do.sum(to_n, 0)
    to_sum = do.mul(to_h, do.sub(1, do.mul(h, h)))
    _, to_w1, to_b1 = do.linear_backward(to_sum, x, w1)
    for one, want in zip(leaves, (to_w1, to_b1, to_scale, to_shift, to_w2, to_b2), strict=True):
        tally.same(one.grad.numpy(), want, fmt=fmt, mode=mode, about=f"gradient {tuple(one.shape)}")
    assert mode_.report.twice == mode_.report.unrounded == ()


@pytest.mark.parametrize(("fmt", "mode"), CASES)
def test_attention(fmt, mode, tally):
    """Attention with a causal mask: queries and keys are scaled apart, as torch's own steps do."""
    do, axes = Chain(fmt, mode), (0, 2, 1)
    given = [numbers(i, 1, 2, 4, 8)[0] for i in range(3)]
    leaves = [leaf(one) for one in given]
    slope = numbers(4, 2, 4, 8)
    with emulate(fmt, mode) as mode_:
        y = F.scaled_dot_product_attention(*leaves, is_causal=True)
        y.backward(torch.from_numpy(slope))
    q, k, v = given
    factor = 8**-0.25
    mask = np.where(np.tril(np.ones((4, 4), bool)), np.float32(0), -np.float32(np.inf))
    mask = chop(mask, fmt, mode)  # formats without infinities hide by their largest number
    scaled_q, scaled_k = do.mul(q, factor), do.mul(k.transpose(axes), factor)
    weights = do.softmax(do.add(do.mm(scaled_q, scaled_k), mask))
    tally.same(y.detach().numpy(), do.mm(weights, v), fmt=fmt, mode=mode, about="forward")
    to_v = do.mm(weights.transpose(axes), slope)
    to_scores = do.softmax_backward(do.mm(slope, v.transpose(axes)), weights)
    to_q = do.mul(do.mm(to_scores, scaled_k.transpose(axes)), factor)
    to_k = do.mul(do.mm(scaled_q.transpose(axes), to_scores), factor).transpose(axes)
    for one, want in zip(leaves, (to_q, to_k, to_v), strict=True):
        tally.same(one.grad.numpy(), np.ascontiguousarray(want), fmt=fmt, mode=mode, about="gradient")
    assert mode_.report.twice == mode_.report.unrounded == ()


@pytest.mark.parametrize("fmt", ["bf16", "e5m2"])
@pytest.mark.parametrize("case", [{}, {"stride": 2, "padding": 1}, {"groups": 2, "dilation": 2, "padding": 2}])
@pytest.mark.parametrize("transposed", [False, True, "more"])
def test_convolution(case, transposed, fmt, tally):
    """Small integers: binary64 computes every sum exactly, and what is left to do is one rounding."""
    rng = np.random.default_rng(3)
    x = torch.from_numpy(rng.integers(-9, 10, (2, 4, 7, 6)).astype(np.float32)).requires_grad_()
    w = torch.from_numpy(
        rng.integers(-9, 10, (4, 4 // case.get("groups", 1), 3, 2)).astype(np.float32)
    ).requires_grad_()
    if transposed == "more":
        case = {**case, "output_padding": 1, "dilation": 2}
    run = F.conv_transpose2d if transposed else F.conv2d
    wide = [one.detach().double().requires_grad_() for one in (x, w)]
    exact = run(*wide, **case)
    slope = torch.from_numpy(rng.integers(-9, 10, exact.shape).astype(np.float32))
    exact.backward(slope.double())
    with emulate(fmt) as mode:
        y = run(x, w, **case)
        y.backward(slope)
    for got, want in ((y, exact), (x.grad, wide[0].grad), (w.grad, wide[1].grad)):
        tally.same(got.detach().numpy(), chop(want.detach().numpy(), fmt).astype(np.float32), fmt=fmt)
    assert mode.report.twice == ()


def test_classes_and_losses():
    """A cross entropy with its gradient, written out."""
    do = Chain("bf16")
    x, labels = numbers(8, 5, 4), np.array([0, 3, 1, 1, 2])
    logits = leaf(x)
    with emulate("bf16"):
        loss = F.cross_entropy(logits, torch.from_numpy(labels))
        loss.backward()
    shifted = do.sub(x, chop(x.max(-1, keepdims=True), "bf16"))  # the operands are no values of the format
    logs = do.sub(shifted, do.log(do.sum(do.exp(shifted), -1, True)))
    picked = -logs[np.arange(5), labels]
    assert loss.item() == float(do.div(do.sum(picked), np.float32(5)))
    g = np.zeros_like(x)
    g[np.arange(5), labels] = -do.div(np.float32(1), np.float32(5))
    want = do.sub(g, do.mul(do.exp(logs), do.sum(g, -1, True)))
    assert np.array_equal(logits.grad.numpy(), want)


@pytest.mark.parametrize("fmt", ["bf16", "e5m2"])
def test_embeddings(fmt, tally):
    """The gradient of a row is the exact sum at the places where it was looked up, rounded once."""
    rng = np.random.default_rng(3)
    table, rows = leaf(numbers(0, 7, 3)), rng.integers(0, 6, (4, 5))
    slope = rng.integers(-9, 10, (4, 5, 3)).astype(np.float32)
    with emulate(fmt) as mode:
        y = F.embedding(torch.from_numpy(rows), table, padding_idx=2)
        y.backward(torch.from_numpy(slope))
        place = torch.zeros(7)
        place[torch.from_numpy(rows[0])] = 0.1
    want = np.zeros((7, 3))
    np.add.at(want, rows.reshape(-1), slope.reshape(-1, 3).astype(np.float64))
    want[2] = 0
    tally.same(table.grad.numpy(), chop(want, fmt).astype(np.float32), fmt=fmt)
    tally.same(y.detach().numpy(), chop(table.detach().numpy()[rows], fmt), fmt=fmt)
    assert mode.report.twice == () and place.unique().tolist() == [0, chop(0.1, fmt)]


def test_sparse_operands():
    """torch computes with them; what comes out dense is rounded."""
    x, y = torch.from_numpy(numbers(0, 3, 4)), torch.from_numpy(numbers(1, 4, 2))
    with emulate("bf16") as mode:
        product, double = x.to_sparse() @ y, x.to_sparse() * 2
    assert torch.equal(product, chop(x.to_sparse() @ y, "bf16"))
    assert torch.equal(double.to_dense(), x * 2)
    assert mode.report.unrounded == ("_to_sparse", "mul") and mode.report.twice == ("mm",)


def test_products_of_a_single_number():
    with emulate("bf16"):
        assert torch.tensor(3.1).prod(0).item() == torch.tensor(3.1).prod(-1, keepdim=True).item() == chop(3.1, "bf16")


def test_chance_is_a_function_of_the_key():
    """Each operation draws the next key of the stream."""
    from chopper import ops
    from chopper.random import Keys

    x, y = numbers(0, 4, 4), numbers(1, 4, 4)
    a, b = torch.from_numpy(x), torch.from_numpy(y)
    with emulate("e4m3", "stochastic", key=9):
        got = (a * b + a).exp()
    keys = Keys(9)
    want = ops.mul(x, y, "e4m3", "stochastic", key=keys.at(0))
    want = ops.add(want, x, "e4m3", "stochastic", key=keys.at(1))
    want = ops.exp(want, "e4m3", "stochastic", key=keys.at(2))
    assert np.array_equal(got.numpy(), want)
    with emulate("e4m3", "stochastic", key=9):
        again = (a * b + a).exp()
        other = (a * b + a).exp()
    assert torch.equal(got, again) and not torch.equal(got, other)
