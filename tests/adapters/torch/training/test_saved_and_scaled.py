"""Activations kept in narrow formats; scales that follow the data; gradients rounded where they arise."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from chopper import chop, encode, ops  # noqa: E402
from chopper.errors import ChopperError, PolicyError, UnsupportedInputError  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper_ext.torch import saved_activations  # noqa: E402
from chopper_ext.torch.scaling import AutomaticScaling, DelayedScaling, all_reduced, round_gradients  # noqa: E402

SUBJECT = "saved activations and scales of torch"


def numbers(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize(("fmt", "mode"), [("e4m3", "nearest_even"), ("mxfp8", "nearest_even"), ("int8", "up"),
                                           ("nvfp4", "nearest_even"), ("bf16", "stochastic")])  # fmt: skip
def test_backward_finds_rounded_tensors(fmt, mode, tally):
    x, w, slope = numbers(0, 6, 32).requires_grad_(), numbers(1, 32, 8).requires_grad_(), numbers(2, 6, 8)
    with saved_activations(fmt, mode, key=4) as savings:
        hidden = x * 2
        product = hidden @ w
        y = product.exp()
    y.backward(slope)
    keys = Keys(4)
    key = {"key": keys.at(0)} if mode == "stochastic" else {}
    first = chop((x * 2).detach(), fmt, mode, **key)  # saved for the gradient of w
    key = {"key": keys.at(1)} if mode == "stochastic" else {}
    last = chop(y.detach(), fmt, mode, **key)  # exp keeps its result
    g = slope * last
    tally.same(w.grad.numpy(), (first.T @ g).numpy(), fmt=fmt, mode=mode)
    tally.same(x.grad.numpy(), ((g @ w.detach().T) * 2).numpy(), fmt=fmt, mode=mode)
    assert torch.equal(y, ((x * 2) @ w).exp()) and (savings.tensors, savings.values) == (2, 240)
    codes = encode(hidden.detach(), fmt, mode, **key)
    if fmt in ("mxfp8", "nvfp4"):
        assert savings.bits == 8 * (codes.nbytes + encode(y.detach(), fmt, mode).nbytes)
    else:
        assert savings.bits == 240 * {"e4m3": 8, "int8": 8, "bf16": 16}[fmt]


def test_what_is_kept_as_it_is():
    x = numbers(0, 6).requires_grad_()
    with saved_activations("e4m3", smallest=100) as savings:
        (x * 2).exp().sum().backward()
    assert savings.tensors == 0 and repr(savings) == "Savings(tensors=0, values=0, bits=0)"
    assert torch.equal(x.grad, 2 * (x * 2).exp())
    x.grad = None
    with saved_activations("e4m3") as savings:
        ((x * x).sum() + (x * 1).max()).backward()  # leaves, and positions
    assert torch.equal(x.grad, 2 * x + (x == x.max()))
    half = numbers(1, 4).half().requires_grad_()
    with saved_activations("e5m2"):
        (half * 1).square().sum().backward()
    assert half.grad.dtype == torch.float16 and torch.equal(half.grad, 2 * chop(half.detach(), "e5m2"))

    def inside(t):
        with saved_activations("e4m3"):
            return t * t

    with pytest.raises(Exception, match="compiled graph"):
        torch.compile(inside, backend="eager")(x)
    torch._dynamo.reset()


@pytest.mark.parametrize("pow2", [False, True])
@pytest.mark.parametrize("statistic", ["max", "most_recent"])
def test_delayed_scaling(statistic, pow2, tally):
    """The formulas in NumPy's binary32."""
    scaling = DelayedScaling("e4m3", "stochastic", key=2, history=3, margin=1, statistic=statistic, pow2=pow2)
    scale, history, keys = np.float32(1), [np.float32(0)] * 3, Keys(2)
    for n in range(8):
        x = numbers(n, 4, 8) * 10.0 ** (n % 4 - 2) * (n != 5)
        got = scaling(x)
        want = chop(x.numpy() * scale, "e4m3", "stochastic", key=keys.at(n), overflow="saturate") / scale
        tally.same(got.numpy(), want, fmt="e4m3")
        history[0] = max(history[0], np.abs(x.numpy()).max())
        largest = max(history) if statistic == "max" else history[0]
        if largest > 0:
            scale = np.float32(448) / largest / np.float32(2)
            scale = np.float32(2.0 ** np.floor(np.log2(scale.astype(np.float64)))) if pow2 else scale
        history = [np.float32(0), *history[:-1]]
        assert scaling.scale.item() == scale and scaling.history.tolist() == history


def test_delayed_scaling_as_a_module():
    scaling = DelayedScaling("e4m3", every=0)
    x = numbers(0, 8).requires_grad_()
    y = scaling(x)
    (y * numbers(1, 8)).sum().backward()
    assert torch.equal(x.grad, numbers(1, 8)) and scaling.scale.item() == 1 and not scaling.state_dict()
    scaling.update()
    assert scaling.scale.item() == (448 / x.detach().abs().max()).item()
    scaling.eval()
    before = scaling.history.clone()
    scaling(x * 100)
    assert torch.equal(scaling.history, before) and "e4m3" in repr(scaling)
    kept = DelayedScaling("e4m3", persistent=True)
    kept(numbers(1, 4))
    other = DelayedScaling("e4m3", persistent=True)
    other.load_state_dict(kept.state_dict())
    assert other.scale == kept.scale != 1
    for bad in (torch.tensor([float("inf")]), torch.tensor([float("nan")]), torch.zeros(2), torch.empty(0)):
        fresh = DelayedScaling("e4m3", pow2=True)
        fresh(bad)
        assert fresh.scale.item() == 1
    for wrong, text in (({"fmt": "mxfp8"}, "scales already"), ({"fmt": "e4m3", "statistic": "mean"}, "most_recent"),
                        ({"fmt": "e4m3", "margin": 0.5}, "whole margins")):  # fmt: skip
        with pytest.raises(ChopperError, match=text):
            DelayedScaling(**wrong)
    with pytest.raises(UnsupportedInputError, match="pass float32"):
        scaling(x.double())


@pytest.mark.filterwarnings("ignore:.*should not be instantiated")
def test_delayed_scaling_in_a_graph():
    """The same bits compiled, call after call, without compiling anew."""
    torch._dynamo.reset()
    plain, twin = DelayedScaling("e4m3"), DelayedScaling("e4m3")
    graph = torch.compile(twin, backend="eager", fullgraph=True)
    for n in range(4):
        x, y = numbers(n, 8).requires_grad_(), numbers(n, 8).requires_grad_()
        one, other = plain(x), graph(y)
        (one * one).sum().backward()
        (other * other).sum().backward()
        assert torch.equal(one, other) and torch.equal(plain.scale, twin.scale) and torch.equal(x.grad, y.grad)
    torch._dynamo.reset()


def test_automatic_scaling_at_the_bounds():
    """Only the largest value counts where there are no negative ones; the factor stays among the numbers of float32."""
    scaling = AutomaticScaling("uint8")
    scaling.round(torch.tensor([0.0, 3.0, 255.0, 1e9]))
    assert scaling.share == 0.5
    scaling = AutomaticScaling("int8")
    scaling.round(torch.tensor([-127.0, -1e9, 127.0, 0.0]))
    assert scaling.share == 0.5
    scaling = AutomaticScaling("e4m3", mu=2.0**127, patience=1)
    assert scaling.round(torch.zeros(2)).tolist() == [0.0, 0.0]
    scaling.update()
    assert scaling.mu == 2.0**127 and scaling.round(torch.zeros(2)).tolist() == [0.0, 0.0]
    with pytest.raises(ChopperError, match="powers of two from"):
        AutomaticScaling("e4m3", mu=2.0**128)


def test_automatic_scaling(tally):
    scaling = AutomaticScaling("e4m3", mu=4.0, threshold=0.05, patience=2)
    g, large = numbers(0, 100), numbers(0, 100) * 1000
    tally.same(scaling.round(g).numpy(), chop(g.numpy() * 4, "e4m3", overflow="saturate") / 4, fmt="e4m3")
    scaling.update()
    scaling.round(g)
    scaling.update()
    assert scaling.mu == 8
    got = scaling.round(large)
    assert scaling.share == float((chop(large * 8, "e4m3", overflow="saturate").abs() == 448).double().mean()) > 0.05
    assert got.abs().max() == 448 / 8
    scaling.update()
    assert scaling.mu == 4 and scaling.share == 0
    one = AutomaticScaling("e5m2", "stochastic", key=3)
    one.round(g)
    other = AutomaticScaling("e5m2", "stochastic", key=8)
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.round(g), other.round(g))
    with pytest.raises(PolicyError, match="powers of two"):
        AutomaticScaling("e4m3", mu=3.0)
    with pytest.raises(PolicyError, match="patience"):
        AutomaticScaling("e4m3", patience=0)
    with pytest.raises(UnsupportedInputError, match="scales already"):
        AutomaticScaling("mxfp8")


def test_gradients_where_they_arise():
    w, v = numbers(0, 4, 4).requires_grad_(), numbers(1, 4).requires_grad_()
    stop = round_gradients([w, v], "e5m2:stochastic", key=5)
    ((w @ v) ** 2).sum().backward()
    plain = torch.autograd.grad(((w @ v) ** 2).sum(), (w, v))
    rounded = [{chop(g, "e5m2", "stochastic", key=Keys(5).at(n)).numpy().tobytes() for n in (0, 1)} for g in plain]
    assert w.grad.numpy().tobytes() in rounded[0] and v.grad.numpy().tobytes() in rounded[1]
    stop()
    w.grad = v.grad = None
    ((w @ v) ** 2).sum().backward()
    assert torch.equal(w.grad, plain[0])
    scaling = AutomaticScaling("e4m3", mu=2.0)
    w.grad = None
    stop = round_gradients([w], scaling)
    ((w @ v) ** 2).sum().backward()
    assert torch.equal(w.grad, chop(plain[0] * 2, "e4m3", overflow="saturate") / 2)
    stop()


def test_sums_of_workers():
    parts = [numbers(i, 5) for i in range(5)]
    a, b, c, d, e = (part.numpy() for part in parts)

    def add(x, y, n=None):
        chance = ("stochastic",) if n is not None else ()
        return ops.add(x, y, "e4m3", *chance, **({"key": Keys(1).at(n)} if chance else {}))

    assert np.array_equal(all_reduced(parts, "e4m3").numpy(), add(add(add(add(a, b), c), d), e))
    want = add(add(add(a, b), add(c, d)), e)
    assert np.array_equal(all_reduced(parts, "e4m3", order="pairwise").numpy(), want)
    want = add(add(a, b, 0), c, 1)
    assert np.array_equal(all_reduced(parts[:3], "e4m3", "stochastic", key=1).numpy(), want)
    with pytest.raises(PolicyError, match="pairwise"):
        all_reduced(parts, "e4m3", order="ring")
    with pytest.raises(UnsupportedInputError, match="one shape"):
        all_reduced([a, b[:2]], "e4m3")
