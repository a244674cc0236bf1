"""Rounded weights and rounded states of optax, against the formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError, RandomKeyError, UnsupportedInputError
from chopper.random import Keys
from chopper.recipes import quantize

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
jnp = jax.numpy
SUBJECT = "optimizers of optax"
RNG = np.random.default_rng(0)
SEED = 2**40 + 3


def chop_updates(*args, **options):
    from chopper_ext.jax import chop_updates

    return chop_updates(*args, **options)


def chop_state(*args, **options):
    from chopper_ext.jax import chop_state

    return chop_state(*args, **options)


def weights(fmt, size=400):
    """Return weights and updates of all relative sizes, some of which cancel."""
    w = {name: chopper.chop(RNG.standard_normal(size).astype("f4"), fmt) for name in ("a", "b")}
    u = {
        name: (x * np.exp2(RNG.integers(-30, 11, size)) * RNG.choice([-1, 1], size)).astype("f4")
        for name, x in w.items()
    }
    for name in w:
        u[name][:50] = -w[name][:50] * (1 + RNG.choice([0, 2**-9, -(2**-23), 2**-12], 50).astype("f4"))
    return w, u


@pytest.mark.parametrize("fmt", ["bf16", "e4m3", "e5m10"])
@pytest.mark.parametrize("update", ["plain", "stochastic", "kahan"])
@pytest.mark.parametrize("compiled", [False, True])
def test_weights(fmt, update, compiled, tally):
    """The sum that optax makes is the rounded weight."""
    rule = chop_updates(fmt, update, key=SEED if update == "stochastic" else None)
    w, _ = weights(fmt)
    state, c = rule.init(w), {name: np.zeros_like(x) for name, x in w.items()}
    got = jax.tree.map(jnp.asarray, w)

    def step(u, state, w):
        u, state = rule.update(u, state, w)
        return optax.apply_updates(w, u), state

    step = jax.jit(step) if compiled else step

    def r(x, **options):
        return chopper.chop(x, fmt, **options)

    for n in range(3):
        _, u = weights(fmt)
        got, state = step(u, state, got)
        for i, name in enumerate(w):
            if update == "kahan":
                y = r(r(u[name]) - c[name])
                s = r(w[name] + y)
                c[name] = r(r(s - w[name]) - y)
                tally.same(state.correction[name], c[name])
            elif update == "plain":
                s = r(w[name] + u[name])
            else:
                s = r(w[name] + u[name], rounding="stochastic", key=Keys(Keys(SEED).at(n)).at(i))
            w[name] = s + np.float32(0)  # a zero is +0
            tally.same(got[name], w[name], fmt=fmt, about=update)


def test_contraction(tally):
    """The product with the step size is rounded before it is added, compiled or not."""
    optimizer = optax.chain(optax.sgd(0.3), chop_updates("tf32"))
    w = chopper.chop(RNG.standard_normal(5000).astype("f4"), "tf32")
    g = RNG.standard_normal(5000).astype("f4")
    want = chopper.chop(w + g * np.float32(-0.3), "tf32")
    for wrap in (lambda f: f, jax.jit):
        updates, _ = wrap(optimizer.update)(g, optimizer.init(w), w)
        tally.same(optax.apply_updates(jnp.asarray(w), updates), want)


def test_resumed(tally):
    """A saved state goes on with the same bits."""
    optimizer = optax.chain(
        chop_state(optax.adam(1e-2), {"mu": "bf16", "nu": "bf16:stochastic"}, key=1),
        chop_updates("bf16", "stochastic", key=2),
    )
    target = RNG.standard_normal((8, 4)).astype("f4")

    @jax.jit
    def step(w, state):
        g = jax.grad(lambda w: ((w - target) ** 2).sum())(w)
        updates, state = optimizer.update(g, state, w)
        return optax.apply_updates(w, updates), state

    w = jnp.zeros((8, 4))
    state = optimizer.init(w)
    for _ in range(5):
        w, state = step(w, state)
    saved = [np.asarray(x) for x in jax.tree.leaves((w, state))]
    for _ in range(5):
        w, state = step(w, state)
    again, back = jax.tree.unflatten(jax.tree.structure((w, state)), [jnp.asarray(x) for x in saved])
    for _ in range(5):
        again, back = step(again, back)
    for one, other in zip(jax.tree.leaves((again, back)), jax.tree.leaves((w, state)), strict=True):
        tally.same(one, other)
    tally.same(w, chopper.chop(np.asarray(w), "bf16"))
    assert 0 < float(abs(w - target).max()) < 5


def test_states(tally):
    """Each field is rounded after the step; updates are those of the optimizer on rounded states."""
    inner = optax.adam(1e-2)
    rule = chop_state(inner, {"mu": "mxfp8", "nu": "e5m2:stochastic"}, key=SEED)
    w = {"a": RNG.standard_normal((4, 32)).astype("f4"), "b": RNG.standard_normal((2, 64)).astype("f4")}
    state, plain = rule.init(w), inner.init(w)
    for n in range(3):
        g = jax.tree.map(lambda x: (x * RNG.standard_normal(x.shape)).astype("f4"), w)
        updates, state = jax.jit(rule.update)(g, state, w)
        want, plain = jax.jit(inner.update)(g, plain, w)
        for one, other in zip(jax.tree.leaves(updates), jax.tree.leaves(want), strict=True):
            tally.same(one, other)
        key = Keys(Keys(SEED).at(n))
        mu = jax.tree.map(lambda x: quantize(np.asarray(x), chopper.recipes.Quant("mxfp8")), plain[0].mu)
        nu = {
            name: chopper.chop(np.asarray(x), "e5m2", "stochastic", key=key.at(2 + i))
            for i, (name, x) in enumerate(plain[0].nu.items())
        }
        plain = (plain[0]._replace(mu=mu, nu=nu), *plain[1:])
        for one, other in zip(jax.tree.leaves(state.inner), jax.tree.leaves(plain), strict=True):
            tally.same(one, other)


def test_every_state(tally):
    rule = chop_state(optax.sgd(0.1, momentum=0.9), "e4m3")
    w = RNG.standard_normal(9).astype("f4")
    _, state = rule.update(w, rule.init(w), w)
    tally.same(state.inner[0].trace, chopper.chop(w, "e4m3"))


def test_errors():
    with pytest.raises(PolicyError, match="'nu'"):
        chop_state(optax.sgd(0.1, momentum=0.9), {"nu": "bf16"}).init(jnp.ones(3))
    with pytest.raises(PolicyError, match="does not suit"):
        chop_state(optax.adam(0.1), "mxfp8:hadamard=32")
    with pytest.raises(RandomKeyError, match="key="):
        chop_state(optax.adam(0.1), {"mu": "bf16:stochastic"})
    with pytest.raises(PolicyError, match="legal"):
        chop_updates("bf16", "sloppy")
    with pytest.raises(PolicyError, match="legal"):
        chop_updates("mxfp8")
    with pytest.raises(PolicyError, match="too precise"):
        chop_updates("posit16").init(jnp.ones(3))
    with pytest.raises(RandomKeyError, match="key="):
        chop_updates("bf16", "stochastic")
    with pytest.raises(UnsupportedInputError, match="params"):
        chop_updates("bf16").update(jnp.ones(3), chop_updates("bf16").init(jnp.ones(3)))
