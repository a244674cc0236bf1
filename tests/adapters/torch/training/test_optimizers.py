"""Optimizers with few digits against the same steps written out: torch's own in binary32, then rounded operations."""

from __future__ import annotations

import copy
import io
import pickle
from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from chopper import chop, get, ops  # noqa: E402
from chopper.errors import ChopperError, PolicyError, UnsupportedInputError  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper_ext.torch import ChopOptimizer, Collage  # noqa: E402
from tests.oracle import round_value  # noqa: E402

SUBJECT = "optimizers of torch in narrow formats"
SHAPES = ((5, 8), (8,))
MAKERS = {
    "sgd": lambda ps, **o: torch.optim.SGD(ps, lr=0.01, momentum=0.9, weight_decay=0.01, **o),
    "adamw": lambda ps, **o: torch.optim.AdamW(ps, lr=0.01, **o),
    "rmsprop": lambda ps, **o: torch.optim.RMSprop(ps, lr=0.001, **o),
}
STATES = {"sgd": ("momentum_buffer",), "adamw": ("exp_avg", "exp_avg_sq"), "rmsprop": ("square_avg",)}


def numbers(seed, shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def parameters():
    return [torch.nn.Parameter(numbers(i, shape)) for i, shape in enumerate(SHAPES)]


def gradients(step):
    return [numbers(100 + 10 * step + i, shape) for i, shape in enumerate(SHAPES)]


def steps(optimizer, ps, first, last):
    for step in range(first, last):
        for p, g in zip(ps, gradients(step), strict=True):
            p.grad = g.clone()
        optimizer.step()


class ByHand:
    """Weights of one optimizer, every rounding written out."""

    def __init__(self, maker, fmt, update, grad=None, state=None, master=None, key=0, foreach=False):
        self.fmt, self.update, self.grad, self.state, self.master = fmt, update, grad, state or {}, master
        self.keys = Keys(key)
        self.inner = parameters()
        self.optimizer = MAKERS[maker](self.inner, foreach=foreach)
        full = [p.detach().clone() for p in self.inner]
        self.full = full if master in (None, "fp32") else [chop(x, master) for x in full]
        self.weights = [self.rounded(x) for x in self.full]
        self.kept = [
            x - w if update == "expansion" else torch.zeros_like(x) for x, w in zip(full, self.weights, strict=True)
        ]
        if update == "expansion":
            self.kept = [chop(x, fmt) for x in self.kept]

    def rounded(self, x):
        if self.update == "stochastic":
            return chop(x, self.fmt, "stochastic", key=next(self.keys))
        return chop(x, self.fmt)

    def step(self, n):
        for i, g in enumerate(gradients(n)):
            start = self.full[i] if self.master else self.weights[i]
            self.inner[i].data.copy_(start)
            self.inner[i].grad = g if self.grad is None else chop(g, self.grad)
        self.optimizer.step()
        for i, p in enumerate(self.inner):
            self.finish(i, p.detach().clone())
            for name, fmts in self.state.items():
                x = self.optimizer.state[p][name]
                high = chop(x, fmts[0])
                x.copy_(high + chop(x - high, fmts[1]) if len(fmts) > 1 else high)

    def finish(self, i, new):
        w, kept, fmt = self.weights[i], self.kept[i], self.fmt
        if self.master:
            new = self.full[i] = new if self.master == "fp32" else chop(new, self.master)
        if self.update in ("plain", "stochastic"):
            self.weights[i] = self.rounded(new)
            return
        u = ops.sub(new, w, fmt)
        if self.update == "kahan":
            y = ops.sub(u, kept, fmt)
            self.weights[i] = s = ops.add(w, y, fmt)
            self.kept[i] = ops.sub(ops.sub(s, w, fmt), y, fmt)
            return
        r = ops.add(w, u, fmt)
        e = ops.add(kept, ops.sub(u, ops.sub(r, w, fmt), fmt), fmt)
        self.weights[i] = s = ops.add(r, e, fmt)
        self.kept[i] = ops.sub(e, ops.sub(s, r, fmt), fmt)


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("update", ["plain", "stochastic", "kahan", "expansion"])
@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("fmt", ["bf16", "e4m3"])
def test_updates(fmt, maker, update, foreach, tally):
    state = dict.fromkeys(STATES[maker], ("bf16", "bf16") if update == "expansion" else ("e5m2",))
    hand = ByHand(maker, fmt, update, grad="e5m2", state=state, key=7, foreach=foreach)
    ps = parameters()
    optimizer = ChopOptimizer(
        MAKERS[maker](ps, foreach=foreach), weight=fmt, grad="e5m2", state=state, update=update, key=7
    )
    for n in range(5):
        steps(optimizer, ps, n, n + 1)
        hand.step(n)
        for p, inner, w, kept in zip(ps, hand.inner, hand.weights, hand.kept, strict=True):
            tally.same(p.detach().numpy(), w.numpy(), fmt=fmt, about=f"{maker} {update} {n}")
            own = optimizer.state_dict()["chopper"]["own"][0 if p is ps[0] else 1]
            for name in own:
                tally.same(own[name].numpy(), kept.numpy(), fmt=fmt, about=name)
            for name in state:
                got, want = optimizer.state[p][name], hand.optimizer.state[inner][name]
                tally.same(got.numpy(), want.numpy(), about=name)


@pytest.mark.parametrize("update", ["plain", "stochastic"])
@pytest.mark.parametrize("master", ["fp32", "fp16"])
def test_master_copies(master, update, tally):
    hand = ByHand("adamw", "e4m3", update, master=master, key=3)
    ps = parameters()
    optimizer = ChopOptimizer(MAKERS["adamw"](ps), weight="e4m3", master=master, update=update, key=3)
    for n in range(4):
        steps(optimizer, ps, n, n + 1)
        hand.step(n)
    for p, w in zip(ps, hand.weights, strict=True):
        tally.same(p.detach().numpy(), w.numpy(), fmt="e4m3", about=f"{master} {update}")


@pytest.mark.parametrize("update", ["plain", "kahan", "expansion"])
def test_the_definition_in_fractions(update, tally):
    """Gradient descent whose step binary32 computes exactly: nothing but fractions and the oracle on the other side."""
    fmt, rate = get("bf16"), 2.0**-8
    w0 = chop(np.random.default_rng(0).uniform(1, 4, 64), "bf16").astype(np.float32)
    p = torch.nn.Parameter(torch.from_numpy(w0.copy()))
    optimizer = ChopOptimizer(torch.optim.SGD([p], lr=rate), weight="bf16", update=update)

    def near(x):
        return Fraction(round_value(fmt, x, "nearest_even"))

    w, kept = [Fraction(float(x)) for x in w0], [Fraction(0)] * 64
    for n in range(20):
        g = chop(np.random.default_rng(n).standard_normal(64), "e4m3").astype(np.float32)
        p.grad = torch.from_numpy(g.copy())
        optimizer.step()
        for i, slope in enumerate(g):
            new = w[i] - Fraction(rate) * Fraction(float(slope))
            assert Fraction(float(np.float32(float(new)))) == new
            u = near(new - w[i])
            if update == "plain":
                w[i] = near(new)
            elif update == "kahan":
                y = near(u - kept[i])
                s = near(w[i] + y)
                w[i], kept[i] = s, near(near(s - w[i]) - y)
            else:
                r = near(w[i] + u)
                e = near(kept[i] + near(u - near(r - w[i])))
                s = near(r + e)
                w[i], kept[i] = s, near(e - near(s - r))
        tally.same(p.detach().numpy(), np.array([float(x) for x in w], np.float32), fmt="bf16", about=update)
    if update == "expansion":
        own = optimizer.state_dict()["chopper"]["own"][0]["rest"]
        tally.same(own.numpy(), np.array([float(x) for x in kept], np.float32), fmt="bf16")


CASES = [
    {"weight": "bf16", "update": "stochastic"},
    {"weight": "bf16", "update": "kahan", "state": "bf16"},
    {"weight": "bf16", "update": "expansion", "grad": "e5m2:stochastic"},
    {"weight": "e4m3", "master": "fp32", "state": {"exp_avg": "e4m3:stochastic", "exp_avg_sq": ("bf16", "bf16")}},
    {"weight": "mxfp8", "master": "fp16:stochastic"},
]


@pytest.mark.parametrize("case", CASES)
def test_resumed_training_has_the_same_bits(case):
    def begun():
        ps = parameters()
        return ps, ChopOptimizer(MAKERS["adamw"](ps), key=11, **case)

    whole, optimizer = begun()
    steps(optimizer, whole, 0, 3)
    file = io.BytesIO()
    torch.save({"optimizer": optimizer.state_dict(), "weights": whole}, file)
    steps(optimizer, whole, 3, 6)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed, again = begun()
    with torch.no_grad():
        for p, q in zip(resumed, saved["weights"], strict=True):
            p.copy_(q)
    again.load_state_dict(saved["optimizer"])
    steps(again, resumed, 3, 6)
    one, other = optimizer.state_dict(), again.state_dict()
    assert all(torch.equal(p, q) for p, q in zip(whole, resumed, strict=True))
    assert one["chopper"]["keys"] == other["chopper"]["keys"] and optimizer.lost_updates == again.lost_updates
    for i in one["state"]:
        assert all(torch.equal(x, other["state"][i][name]) for name, x in one["state"][i].items())
    for mine, theirs in zip(one["chopper"]["own"], other["chopper"]["own"], strict=True):
        assert all(torch.equal(x, theirs[name]) for name, x in mine.items())


def test_a_copy_and_a_pickle_go_on_alike():
    ps = parameters()
    optimizer = ChopOptimizer(MAKERS["adamw"](ps), weight="bf16", update="kahan", key=1)
    steps(optimizer, ps, 0, 2)
    others, twin = copy.deepcopy((ps, optimizer))
    third, triplet = pickle.loads(pickle.dumps((ps, optimizer)))
    for some, one in ((ps, optimizer), (others, twin), (third, triplet)):
        steps(one, some, 2, 4)
    assert all(torch.equal(p, q) and torch.equal(p, r) for p, q, r in zip(ps, others, third, strict=True))


def test_closures(tally):
    """They see rounded weights; their gradients are rounded; one call gives what a step without a closure gives."""
    for maker, calls in (("sgd", 1), ("lbfgs", 5)):
        ps = parameters()
        if maker == "sgd":
            inner = MAKERS["sgd"](ps)
        else:
            inner = torch.optim.LBFGS(ps, lr=0.1, max_iter=5, tolerance_grad=0, tolerance_change=0)
        optimizer = ChopOptimizer(inner, weight="e4m3", grad="e5m2", master="fp32")
        seen = []

        def closure(ps=ps, optimizer=optimizer, seen=seen):
            optimizer.zero_grad()
            assert torch.is_grad_enabled() and all(torch.equal(chop(p.detach(), "e4m3"), p.detach()) for p in ps)
            loss = sum(((p - 0.3) ** 2).sum() for p in ps)
            loss.backward()
            seen.append(loss.item())
            return loss

        loss = optimizer.step(closure)
        assert loss.item() == seen[0] and len(seen) >= calls
        assert all(torch.equal(chop(p.grad, "e5m2"), p.grad) for p in ps)
        if maker == "sgd":
            others = parameters()
            plain = ChopOptimizer(MAKERS["sgd"](others), weight="e4m3", grad="e5m2", master="fp32")
            sum(((p - 0.3) ** 2).sum() for p in others).backward()
            plain.step()
            for p, q in zip(ps, others, strict=True):
                tally.same(p.detach().numpy(), q.detach().numpy(), fmt="e4m3")


def test_groups_and_schedulers():
    first, second = parameters()
    full = second.detach().clone()
    groups = [{"params": [first]}, {"params": [second], "lr": 0.5, "chopper": {"weight": None, "update": "plain"}}]
    optimizer = ChopOptimizer(torch.optim.SGD(groups, lr=0.1), weight="bf16", update="kahan")
    assert torch.equal(second, full) and torch.equal(chop(first.detach(), "bf16"), first.detach())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    steps(optimizer, (first, second), 0, 1)
    scheduler.step()
    assert [group["lr"] for group in optimizer.optimizer.param_groups] == [0.05, 0.25]
    assert torch.equal(second, full - 0.5 * gradients(0)[1])
    late = torch.nn.Parameter(numbers(9, (3,)))
    optimizer.add_param_group({"params": [late]})
    assert torch.equal(chop(late.detach(), "bf16"), late.detach()) and len(optimizer.param_groups) == 3
    idle = late.detach().clone()
    steps(optimizer, (first, second), 1, 2)
    assert torch.equal(late, idle)


def test_figures():
    """Lost updates, and effective descent quality, from their definitions."""
    for update in ("plain", "kahan", "expansion"):
        p = torch.nn.Parameter(torch.tensor([256.0, 1.0, 4.0, 8.0]))
        optimizer = ChopOptimizer(torch.optim.SGD([p], lr=1.0), weight="bf16", update=update)
        p.grad = torch.tensor([0.5, 0.25, 0.0, 0.01])
        optimizer.step()
        figures = optimizer.figures
        meant = np.array([-0.5, -0.25, 0, float(np.float32(8) - np.float32(0.01)) - 8])
        if update == "plain":
            effective = np.array([0, -0.25, 0, 0.0])
            assert (figures.updates, figures.lost, optimizer.lost_updates) == (3, 2, 2)
        else:
            effective = np.array([-0.5, -0.25, 0, float(chop(meant[3], "bf16"))])
            assert (figures.updates, figures.lost) == (3, 0)
        want = meant @ effective / np.sqrt(meant @ meant)
        assert abs(figures.edq - want) < 1e-15 and abs(figures.quality - want / np.sqrt(meant @ meant)) < 1e-15


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("fmt", ["bf16", "fp16"])
def test_collage(fmt, plus, tally):
    """Each step in operations of the format, written out; it resumes with equal bits."""
    ps = parameters()
    optimizer = Collage(ps, fmt, lr=0.01, weight_decay=0.1, plus=plus)
    a, c = lambda x, y: ops.add(x, y, fmt), lambda x: chop(x, fmt)
    s, m = lambda x, y: ops.sub(x, y, fmt), lambda x, y: ops.mul(x, y, fmt)
    d, f = lambda x, y: ops.div(x, y, fmt), lambda x, y, z: ops.fma(x, y, z, fmt)

    def fast(x, y):
        total = a(x, y)
        return total, s(y, s(total, x))

    def grow(pair, x):
        total, rest = fast(pair[0], x)
        return fast(total, a(pair[1], rest))

    w = [(c(p.detach()), torch.zeros_like(p)) for p in parameters()]
    first = [torch.zeros_like(p) for p in parameters()]
    second = [(x, x) for x in first]
    high = c(0.999)
    low = c(0.999 - high)
    for n in range(6):
        if n == 3:
            others = [torch.nn.Parameter(p.detach().clone()) for p in ps]
            again = Collage(others, fmt, lr=0.01, weight_decay=0.1, plus=plus)
            again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
            ps, optimizer = others, again
        steps(optimizer, ps, n, n + 1)
        for i, g in enumerate(gradients(n)):
            g = c(g)
            first[i] = a(m(first[i], c(0.9)), m(g, c(1 - 0.9)))
            square, (v, e) = m(m(g, g), c(1 - 0.999)), second[i]
            if plus:
                p0 = m(v, high)
                rest = f(v, high, -p0)
                second[i] = grow(fast(p0, f(v, low, f(e, high, rest))), square)
            else:
                second[i] = a(m(v, high), square), e
            root = ops.sqrt(d(second[i][0], c(1 - 0.999 ** (n + 1))), fmt)
            update = d(d(first[i], c(1 - 0.9 ** (n + 1))), a(root, c(1e-8)))
            update = a(update, m(w[i][0], c(0.1)))
            w[i] = grow(w[i], m(update, c(-0.01)))
            state = optimizer.state[ps[i]]
            got = (ps[i].detach(), state["rest"], state["exp_avg"], state["exp_avg_sq"], state["exp_avg_sq_rest"])
            for one, want in zip(got, (*w[i], first[i], *second[i]), strict=True):
                tally.same(one.numpy(), want.numpy(), fmt=fmt, about=f"step {n}")


def test_errors():
    ps = parameters()
    sgd = torch.optim.SGD(ps, lr=0.1)
    for wrong, text in (
        ({"update": "kahann", "weight": "bf16"}, "legal: 'plain'"),
        ({"update": "kahan"}, "give weight="),
        ({"update": "kahan", "weight": "bf16", "master": "fp32"}, "leave master="),
        ({"update": "expansion", "weight": "mxfp8"}, "share scales"),
        ({"weight": "mxfp4:hadamard=32"}, "leave hadamard="),
        ({"state": {"exp_avg": ()}}, "not legal"),
    ):
        with pytest.raises(PolicyError, match=text):
            ChopOptimizer(sgd, **wrong)
    with pytest.raises(UnsupportedInputError, match="no optimizer"):
        ChopOptimizer(ps, weight="bf16")
    with pytest.raises(UnsupportedInputError, match=r"model\.float"):
        ChopOptimizer(torch.optim.SGD([torch.nn.Parameter(torch.ones(2).half())], lr=0.1), weight="bf16")
    with pytest.raises(PolicyError, match="a group may change"):
        ChopOptimizer(torch.optim.SGD([{"params": ps, "chopper": {"weights": "bf16"}}], lr=0.1))
    optimizer = ChopOptimizer(torch.optim.SGD(ps, lr=0.1, momentum=0.9), state={"exp_avg": "bf16"})
    with pytest.raises(ChopperError, match="legal: 'momentum_buffer'"):
        steps(optimizer, ps, 0, 1)
    kahan = ChopOptimizer(torch.optim.SGD(parameters(), lr=0.1), weight="bf16", update="kahan")
    for other in (sgd.state_dict(), ChopOptimizer(torch.optim.SGD(parameters(), lr=0.1)).state_dict()):
        with pytest.raises(UnsupportedInputError, match="same update="):
            kahan.load_state_dict(other)
    with pytest.raises(PolicyError, match="without chance"):
        Collage(parameters(), "bf16", rounding="stochastic")
    with pytest.raises(PolicyError, match="betas below 1"):
        Collage(parameters(), "bf16", betas=(0.9, 1.0))


def test_a_compiled_step_is_refused():
    torch._dynamo.reset()
    for optimizer in (ChopOptimizer(MAKERS["sgd"](parameters()), weight="bf16"), Collage(parameters(), "bf16")):
        with pytest.raises(Exception, match="not in a compiled graph"):
            torch.compile(lambda one=optimizer: one.step(), backend="eager")()
    torch._dynamo.reset()
