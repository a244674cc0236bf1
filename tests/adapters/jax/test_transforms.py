"""Transformations of JAX, checked by values: a derivative of the right shape may be a silent zero."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import UnsupportedInputError

jax = pytest.importorskip("jax")
jnp = jax.numpy
SUBJECT = "JAX inside transformations"
NAMES = ("e4m3", "posit8", "nf4")
X = jnp.asarray(np.random.default_rng(0).standard_normal((6, 9)).astype(np.float32))


def rounded(x, fmt, **options):
    """Round with NumPy."""
    return chopper.chop(np.asarray(x), fmt, **options)


@pytest.mark.parametrize("name", NAMES)
def test_vmap(name, tally):
    for axis in (0, 1):
        got = jax.vmap(lambda x: chopper.chop(x, name), in_axes=axis, out_axes=axis)(X)
        tally.same(got, rounded(X, name), X, fmt=name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compiled", [False, True])
def test_derivatives(name, compiled, tally):
    """That of f(chop(x)) is f'(chop(x)), through every way of taking it."""
    wrap = jax.jit if compiled else lambda f: f
    q, row, eye = rounded(X, name), X[0], np.eye(9, dtype=np.float32)

    def square(x):
        return (chopper.chop(x, name) ** 2).sum()

    tally.same(wrap(jax.grad(square))(X), 2 * q)
    tally.same(wrap(jax.vmap(jax.grad(square)))(X), 2 * q)
    value, tangent = wrap(lambda x, t: jax.jvp(lambda x: chopper.chop(x, name), (x,), (t,)))(X, 3 * X)
    tally.same(value, q)
    tally.same(tangent, 3 * X)
    tally.same(wrap(jax.jacfwd(lambda x: chopper.chop(x, name)))(row), eye)
    tally.same(wrap(jax.jacrev(lambda x: chopper.chop(x, name)))(row), eye)
    tally.same(wrap(jax.hessian(square))(row), 2 * eye)
    tally.same(wrap(jax.grad(lambda x: jax.checkpoint(square)(x)))(X), 2 * q)


def test_choice_of_derivative(tally):
    from chopper_ext.jax import chop

    x = jnp.asarray([0.3, -448.0, 448.0, 449.0, -1000.0, jnp.inf, -jnp.inf, jnp.nan, 0.0], jnp.float32)
    ones, inside = np.ones(9, np.float32), np.array([1, 1, 1, 0, 0, 0, 0, 0, 1], np.float32)
    cases = {"identity": ones, "clipped": inside, None: 0 * ones, twice: 2 * ones}
    for ste, want in cases.items():
        value, pull = jax.vjp(lambda x, ste=ste: chop(x, "e4m3", ste=ste), x)
        tally.same(value, rounded(x, "e4m3"))
        tally.same(pull(jnp.ones(9))[0], want)
        push = jax.jit(lambda x, t, ste=ste: jax.jvp(lambda x: chop(x, "e4m3", ste=ste), (x,), (t,))[1])
        tally.same(push(x, jnp.ones(9)), want)
    with pytest.raises(UnsupportedInputError, match="ste='ste' is not legal"):
        chop(x, "e4m3", ste="ste")


def twice(x, q, t):
    return 2 * t


def test_narrow_floats_have_derivatives(tally):
    for kind in (jnp.float16, jnp.bfloat16):
        x = X.astype(kind)
        got = jax.grad(lambda x: (chopper.chop(x, "e4m3") ** 2).sum().astype(jnp.float32))(x)
        assert got.dtype == kind
        want = 2 * rounded(x, "e4m3").astype(np.float32)
        tally.same(np.asarray(got).astype(np.float32), want)


@pytest.mark.parametrize("name", NAMES)
def test_loops_and_branches(name, tally):
    def step(x):
        return chopper.chop(x * 1.5, name)

    want = np.asarray(X)
    for _ in range(3):
        want = rounded(want * np.float32(1.5), name)
    tally.same(jax.jit(lambda x: jax.lax.scan(lambda c, _: (step(c), None), x, None, length=3)[0])(X), want)
    tally.same(jax.lax.fori_loop(0, 3, lambda i, c: step(c), X), want)
    tally.same(jax.jit(lambda x: jax.lax.cond(x[0, 0] > -9, step, lambda x: x, x))(X), rounded(X * 1.5, name))
    slope = jax.grad(lambda x: jax.lax.scan(lambda c, _: (step(c), None), x, None, length=3)[0].sum())(X)
    tally.same(slope, np.full(X.shape, 1.5**3, np.float32))


def test_stochastic_in_a_loop(tally):
    """A key for each step, split inside the loop."""

    def step(x, key):
        return chopper.chop(x * 1.1, "e4m3", "stochastic", key=key), None

    keys = jax.random.split(jax.random.key(0), 4)
    got = jax.jit(lambda x: jax.lax.scan(step, x, keys)[0])(X)
    want = np.asarray(X)
    for key in keys:
        want = rounded(want * np.float32(1.1), "e4m3", rounding="stochastic", key=np.asarray(jax.random.key_data(key)))
    tally.same(got, want)


@pytest.mark.parametrize("name", NAMES)
def test_vmap_with_keys(name, tally):
    """As with jax.random: one key gives every example the same words, a key each gives each its own."""
    x = jnp.broadcast_to(X[0], (4, 9))
    keys = jax.random.split(jax.random.key(1), 4)

    def draw(x, key):
        return chopper.chop(x, name, "stochastic", key=key)

    alike = jax.vmap(draw, in_axes=(0, None))(x, keys[0])
    tally.same(alike, np.broadcast_to(np.asarray(draw(x[0], keys[0])), (4, 9)))
    apart = jax.jit(jax.vmap(draw))(x, keys)
    tally.same(apart, np.stack([np.asarray(draw(x[i], keys[i])) for i in range(4)]))


def test_codes_inside_transformations(tally):
    codes = jax.jit(lambda x: chopper.encode(x, "e4m3"))(X)
    tally.same(codes, chopper.encode(np.asarray(X), "e4m3"))
    back = jax.vmap(lambda c: chopper.decode(c, "e4m3"))(codes)
    tally.same(back, rounded(X, "e4m3"))
    assert not jax.grad(lambda x: chopper.decode(chopper.encode(x, "e4m3"), "e4m3").sum())(X).any()


def test_kernels_of_64_bits_need_no_setting(tally):
    """Tables and stochastic modes of theirs take 64-bit lanes, also where JAX has 32 bits."""
    assert X.dtype == jnp.float32
    assert not jax.config.jax_enable_x64
    for name in ("nf4", "lns8", "hif8"):
        want = rounded(X, name, rounding="stochastic", key=5)
        tally.same(chopper.chop(X, name, "stochastic", key=5), want)
        tally.same(jax.jit(lambda x, name=name: chopper.chop(x, name, "stochastic", key=5))(X), want)


def test_float64_inside_grad(tally):
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(1).standard_normal(50))
        tally.same(jax.jit(jax.grad(lambda x: (chopper.chop(x, "fp32") ** 2).sum()))(x), 2 * rounded(x, "fp32"))


def test_formats_without_a_portable_plan(tally, monkeypatch):
    """They go through NumPy: at once, or by a callback from compiled code."""
    from chopper_ext.jax import dispatch

    monkeypatch.setattr(dispatch, "is_portable", lambda fmt: False)
    for options in ({}, {"rounding": "stochastic", "key": 3}):
        want = rounded(X, "e4m3", **options)

        def chop(x, options=options):
            return chopper.chop(x, "e4m3", **options)

        tally.same(chop(X), want)
        tally.same(jax.jit(chop)(X), want)
        tally.same(jax.grad(lambda x: (chop(x) ** 2).sum())(X), 2 * want)
    tally.same(jax.jit(jax.vmap(lambda x: chopper.chop(x, "e4m3")))(X), rounded(X, "e4m3"))
    tally.same(chopper.encode(X, "e4m3"), chopper.encode(np.asarray(X), "e4m3"))
    with pytest.raises(UnsupportedInputError, match="under tracing"):
        jax.jit(lambda x: chopper.encode(x, "e4m3"))(X)
    with pytest.raises(UnsupportedInputError, match="scales besides"):
        chopper.decode(jnp.zeros(3, jnp.uint8), "e4m3")
