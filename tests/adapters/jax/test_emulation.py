"""Functions whose every operation rounds, against chains written by hand with NumPy and `chopper`."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper import Accumulator, matmul, ops
from chopper.errors import RandomKeyError, UnsupportedInputError
from chopper.random import Keys

jax = pytest.importorskip("jax")
jnp = jax.numpy
lax = jax.lax
SUBJECT = "JAX emulation of every operation"
FORMATS = ("bf16", "posit8")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 9)).astype(np.float32)
Y = (RNG.standard_normal((16, 9)) + 2).astype(np.float32)
SEED = 2**40 + 3


def emulate(*args, **options):
    from chopper_ext.jax import emulate

    return emulate(*args, **options)


def halved(terms):
    """Add the second half to the first until one term is left, along the last axis."""
    terms = np.asarray(terms, np.float32)
    while (count := terms.shape[-1]) > 1:
        half = (count + 1) // 2
        low, high = terms[..., :half], terms[..., half:]
        terms = np.concatenate([low[..., : count - half] + high, low[..., count - half :]], -1)
    return terms[..., 0]


def everywhere(f, *operands):
    """Return the results, eager and compiled; and those of vmap where the function works on rows."""
    return [f(*operands), jax.jit(f)(*operands)]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("rounding", ["nearest_even", "up"])
def test_a_chain(fmt, rounding, tally):
    """Each operation rounds what float32 gives; JAX itself folds, contracts and keeps excess precision."""

    def r(x):
        return chopper.chop(x, fmt, rounding)

    want = r(r(r(r(X * Y) + X) / np.float32(3)) * np.float32(3)) - X
    want = r(np.sqrt(np.abs(r(want))))
    want = r(want[:, ::-1] * want)

    def f(x, y):
        z = jnp.sqrt(jnp.abs((x * y + x) / 3 * 3 - x))
        return z[..., ::-1] * z

    for got in everywhere(emulate(f, fmt, rounding), X, Y):
        tally.same(got, want, fmt=fmt, mode=rounding)
    tally.same(jax.vmap(emulate(f, fmt, rounding))(X, Y), want)
    tally.same(jax.jit(emulate(jax.vmap(f), fmt, rounding))(X, Y), want)


def test_keys_of_equations(tally):
    """Equation n draws from the n-th key, iteration i of a loop from the i-th of its own."""

    def r(x, key):
        return chopper.chop(x, "e4m3", "stochastic", key=key)

    keys, c, rows = Keys(SEED), X[0], []
    want = r(r(X * Y, keys.at(0)) + X, keys.at(1))
    for got in everywhere(emulate(lambda x, y: x * y + x, "e4m3", "stochastic", key=SEED), X, Y):
        tally.same(got, want)

    def loop(first, xs):
        return lax.scan(lambda c, x: (c * x, c + x), first, xs)

    body = emulate(loop, "e4m3", "stochastic", key=SEED)
    for i, x in enumerate(X):
        own = Keys(Keys(keys.at(0)).at(i))
        c, row = r(c * x, own.at(0)), r(c + x, own.at(1))
        rows.append(row)
    for last, ys in everywhere(body, X[0], X):
        tally.same(last, c)
        tally.same(ys, np.stack(rows))


def test_keys_of_while_loops(tally):
    def r(x, key):
        return chopper.chop(x, "e4m3", "stochastic", key=key)

    def f(x):
        return lax.while_loop(lambda c: c[0] * 1.5 < 4.0, lambda c: (c[0] + 1, c[1] * 1.1), (jnp.float32(0), x))

    n, x, i, own = np.float32(0), X, 0, Keys(Keys(SEED).at(0))
    while r(n * np.float32(1.5), Keys(own.at(2 * i)).at(0)) < 4:
        body = Keys(own.at(2 * i + 1))
        n, x = r(n + np.float32(1), body.at(0)), r(x * np.float32(1.1), body.at(1))
        i += 1
    typed = jax.random.wrap_key_data(np.array([SEED >> 32, SEED & 0xFFFFFFFF], np.uint32), impl="threefry2x32")
    assert i > 1
    for key in (SEED, typed):
        for count, got in everywhere(emulate(f, "e4m3", "stochastic", key=key), X):
            tally.same(got, x)
            tally.same(count, n)
    traced = jax.jit(lambda key, x: emulate(f, "e4m3", "stochastic", key=key)(x))
    tally.same(traced(typed, X)[1], x)


@pytest.mark.parametrize("fmt", FORMATS[:1])
def test_bodies(fmt, tally):
    """jit, checkpoint, cond, custom_jvp and custom_vjp are opened."""

    def r(x):
        return chopper.chop(x, fmt)

    @jax.custom_vjp
    def third(x):
        return x / 3

    third.defvjp(lambda x: (third(x), None), lambda _, g: (g * 0.7,))

    def f(x):
        x = jax.jit(lambda x: x * 1.7)(x)
        x = jax.checkpoint(lambda x: x + 0.3)(x)
        x = lax.cond(x.sum() > 1e9, lambda x: x * 2, lambda x: x * 0.3, x)
        return third(jax.nn.relu(x))

    want = r(r(r(X * np.float32(1.7)) + np.float32(0.3)) * np.float32(0.3))
    want = r(np.maximum(want, 0) / np.float32(3))
    for got in everywhere(emulate(f, fmt), X):
        tally.same(got, want, fmt=fmt)
    slope = r(r(r(r(np.float32(0.7)) * np.float32(0.3))) * np.float32(1.7)) * (want > 0)
    for got in everywhere(emulate(jax.grad(lambda x: f(x).sum()), fmt), X):
        tally.same(got, slope.astype(np.float32), fmt=fmt)


def test_straight_through(tally):
    """The derivative of an emulated function is that of JAX at its rounded operands; custom ones are kept."""

    def f(x):
        return jnp.exp(x) * x

    def r(x):
        return chopper.chop(x, "bf16")

    got = jax.grad(lambda x: emulate(f, "bf16")(x).sum())(X)
    e = jnp.exp(X)
    tally.same(got, e * X + r(np.asarray(e)))
    at_zero = jax.grad(emulate(jax.nn.relu, "bf16"))(0.0)
    assert at_zero == 0 == jax.grad(jax.nn.relu)(0.0)

    @jax.custom_vjp
    def odd(x):
        return x * 3

    odd.defvjp(lambda x: (odd(x), None), lambda _, g: (g * 5,))
    for wrap in (lambda f: f, jax.jit):
        tally.same(wrap(jax.grad(lambda x: emulate(odd, "bf16")(x).sum()))(X), np.full_like(X, 5))
    tangent = jax.jvp(emulate(lax.sin, "bf16"), (X,), (X,))[1]
    tally.same(tangent, X * lax.cos(X))


def test_keys_reach_into_every_body(tally):
    """Keys are traced in a loop, also for functions with derivatives of their own inside it."""

    def f(x):
        return lax.scan(lambda c, t: (jax.checkpoint(jax.nn.relu)(c * t) + t, None), x, jnp.ones(2) * 0.7)[0].sum()

    g = emulate(f, "bf16", "stochastic", key=SEED)
    eager, compiled = everywhere(g, X)
    tally.same(compiled, eager)
    tally.same(jax.vmap(g)(np.stack([Y, X]))[1], eager)
    slope = jax.jit(emulate(jax.grad(f), "bf16", "stochastic", key=SEED))(X)
    tally.same(chopper.chop(np.asarray(slope), "bf16"), slope)


@pytest.mark.parametrize("shape", [(0,), (3, 29)])
def test_sums(shape, tally):
    x = RNG.standard_normal(shape).astype(np.float32)
    want = chopper.chop(halved(x.reshape(-1)) if x.size else np.float32(0), "e5m7")
    for got in everywhere(emulate(lambda x: x.sum(), "e5m7"), x):
        tally.same(got, want)
    if x.ndim == 2:
        want = chopper.chop(halved(x.T), "e5m7")
        for got in everywhere(emulate(lambda x: x.sum(0), "e5m7"), x):
            tally.same(got, want)
    tally.same(jax.grad(emulate(lambda x: x.sum(), "e5m7"))(x), np.ones_like(x))


@pytest.mark.parametrize("fmt", ["fp16", "bf16"])
def test_correctly_rounded(fmt, tally):
    """The basic operations on numbers of the format, in float32 and then rounded, are rounded once in effect."""
    numbers = np.ldexp(RNG.standard_normal(20_000), RNG.integers(-6, 7, 20_000)).astype(np.float32)
    x = chopper.chop(numbers, fmt)
    y = RNG.permutation(x)
    for rounding in ("nearest_even", "nearest_away"):
        for name in ("add", "sub", "mul", "div"):
            got = jax.jit(emulate(getattr(lax, name), fmt, rounding))(x, y)
            tally.same(got, getattr(ops, name)(x, y, fmt, rounding), fmt=fmt, mode=rounding, about=name)
        got = jax.jit(emulate(jnp.sqrt, fmt, rounding))(abs(x))
        tally.same(got, ops.sqrt(abs(x), fmt, rounding), fmt=fmt, mode=rounding, about="sqrt")


UNARY = (
    "exp", "exp2", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arcsin", "arccos", "arctan",
    "arcsinh", "arccosh", "arctanh", "sqrt", "cbrt",
)  # fmt: skip
FUNCTIONS = {
    "erf": lambda x: lax.erf(x) * lax.erf_inv(x) - lax.erfc(x),
    "cube": lambda x: x**3 / 3 + x * x,
    "cumsum": lambda x: jnp.cumsum(jnp.maximum(x, 0.1) * 3),
    "gradient": jax.grad(lambda x: (jnp.tanh(x * x[::-1] + 1 / x) * lax.rsqrt(x)).sum()),
    "softmax": lambda x: jax.nn.softmax(x[:5001].reshape(-1, 3), 0),
    "gelu": jax.nn.gelu,
    "lgamma": lax.lgamma,
    "atan2": lambda x: jnp.arctan2(x, x[::-1]),
    "product": lambda x: jnp.exp(x[:4800].reshape(60, 80)).T @ x[:4800].reshape(60, 80),
    "power": lambda x: abs(x) ** 1.3,
}


def compiled_is_eager(functions, fmt, tally, **options):
    """Compare on numbers of all sizes; what comes out is of the format."""
    x = (RNG.standard_normal(5003) * np.exp2(RNG.integers(-20, 6, 5003))).astype(np.float32)
    eager, compiled = everywhere(emulate(lambda x: [f(x) for f in functions], fmt, **options), x)
    for one, other in zip(eager, compiled, strict=True):
        tally.same(other, one)
        tally.same(chopper.chop(np.asarray(one), fmt), one, fmt=fmt)


def test_compiled_is_eager(tally):
    """Also in float32 itself, where nothing hides how the compiler contracts and folds."""
    some = [jnp.arctan, *(FUNCTIONS[name] for name in ("erf", "cube", "gradient"))]
    compiled_is_eager(some, "fp32", tally)
    compiled_is_eager(some[2:3], "bf16", tally, rounding="stochastic", key=7)


@pytest.mark.exhaustive
@pytest.mark.parametrize("fmt", ["fp32", "fp16", "bf16", "e4m3", "posit16"])
@pytest.mark.parametrize("options", [{}, {"rounding": "stochastic", "key": 7}, {"rounding": "up"}])
def test_compiled_is_eager_everywhere(fmt, options, tally):
    compiled_is_eager([getattr(jnp, name) for name in UNARY] + list(FUNCTIONS.values()), fmt, tally, **options)


def test_exact(tally):
    """One rounding of the exact result, in every mode, subnormal numbers included."""
    x, y = (X * np.float32(1e-38)), Y
    unary = {"exp": jnp.exp, "tanh": jnp.tanh, "sigmoid": lax.logistic, "sqrt": jnp.sqrt, "erf": lax.erf}
    for rounding in ("up", "stochastic"):
        options = {"fmt": "bf16", "rounding": rounding}

        def key(n, rounding=rounding):
            return {"key": Keys(SEED).at(n)} if rounding == "stochastic" else {}

        for name in ("add", "sub", "mul", "div"):
            f = emulate(lambda x, y, name=name: getattr(lax, name)(x, y), "bf16", rounding, key=SEED, exact=True)
            for got in everywhere(f, x, y):
                tally.same(got, getattr(ops, name)(x, y, **options, **key(0)), mode=rounding, about=name)
        for name, function in unary.items():
            for got in everywhere(emulate(function, "bf16", rounding, key=SEED, exact=True), X):
                tally.same(got, getattr(ops, name)(X, **options, **key(0)), mode=rounding, about=name)
        cube = emulate(lambda x: x**3, "bf16", rounding, key=SEED, exact=True)
        total = emulate(lambda x: x.sum(1), "bf16", rounding, key=SEED, exact=True)
        sums = Accumulator(sum="exact", result="bf16", rounding=rounding)
        for got, other in zip(everywhere(cube, X), everywhere(total, X), strict=True):
            tally.same(got, ops.power(X, 3, **options, **key(0)), mode=rounding)
            want = matmul(X, np.ones((9, 1), np.float32), accumulate=sums, **key(0))
            tally.same(other, want[:, 0], mode=rounding)
    slope = jax.grad(lambda x: emulate(lambda x: jnp.exp(x) * x, "bf16", exact=True)(x).sum())(X)
    assert slope.shape == X.shape and bool((slope != 0).all())


@pytest.mark.parametrize("accumulate", [Accumulator(sum="bf16"), Accumulator(sum="fp16", rounding="stochastic")])
def test_products(accumulate, tally):
    """General contractions go to an accumulator, and their result is rounded."""
    a, b = RNG.standard_normal((3, 8, 5)).astype(np.float32), RNG.standard_normal((5, 3, 6)).astype(np.float32)
    key = {"key": Keys(SEED).at(0)} if accumulate.rounding == "stochastic" else {}

    def f(a, b):
        return lax.dot_general(a, b, (((2,), (0,)), ((0,), (1,))))

    want = chopper.chop(matmul(a, b.transpose(1, 0, 2), accumulate=accumulate, **key), "e4m3")
    for got in everywhere(emulate(f, "e4m3", key=SEED, accumulate=accumulate), a, b):
        tally.same(got, want)
    exact = Accumulator(sum="exact", result="e4m3")
    for got in everywhere(emulate(f, "e4m3", exact=True), a, b):
        tally.same(got, matmul(a, b.transpose(1, 0, 2), accumulate=exact))
    slope = jax.jit(jax.grad(lambda a: emulate(f, "e4m3", key=SEED, accumulate=accumulate)(a, b).sum()))(a)
    tally.same(slope, jax.jit(jax.grad(lambda a: f(a, b).sum()))(a))


def test_what_is_left(tally):
    """Moves and choices, integers, keys, excluded operations."""

    def moves(x):
        y = jnp.where(x > 0, x.T.reshape(x.shape), jnp.sort(x, 0))
        return jnp.concatenate([jnp.maximum(-y, 0.1), abs(y[::-1])]), jnp.argmax(y), x.astype(jnp.int32) + 1

    for got, want in zip(jax.tree.leaves(emulate(moves, "e4m3")(X)), jax.tree.leaves(moves(X)), strict=True):
        tally.same(got, want)
    left = emulate(lambda x, y: x * y + x, "bf16", exclude={"mul"})
    for got in everywhere(left, X, Y):
        tally.same(got, chopper.chop(X * Y + X, "bf16"))
    lowest = np.array([-8.0], np.float32)
    tally.same(emulate(lambda x: -x, "fixed<4,0>")(lowest), np.array([7.0], np.float32))
    drawn = emulate(lambda key: jax.random.uniform(key, (9,)), "e4m3")(jax.random.key(0))
    tally.same(drawn, chopper.chop(np.asarray(drawn), "e4m3"))


def test_trees_and_names(tally):
    def f(pair, *, scale):
        return {"sum": pair[0] + pair[1] * scale}

    got = emulate(f, "bf16")((X, Y), scale=0.3)
    want = chopper.chop(X + chopper.chop(Y * np.float32(0.3), "bf16"), "bf16")
    tally.same(got["sum"], want)
    half = X.astype(jnp.bfloat16)
    got = emulate(lambda x: x * x, "e4m3")(half)
    assert got.dtype == jnp.bfloat16


def test_shard_map(tally):
    mesh = jax.make_mesh((1,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec("rows")
    f = jax.shard_map(lambda x: x * x + x, mesh=mesh, in_specs=spec, out_specs=spec)
    want = chopper.chop(chopper.chop(X * X, "bf16") + X, "bf16")
    for got in everywhere(emulate(f, "bf16"), X):
        tally.same(got, want)


def test_errors():
    with pytest.raises(UnsupportedInputError, match="no primitive"):
        emulate(jnp.sin, "bf16", exclude={"sine"})
    with pytest.raises(UnsupportedInputError, match="complex"):
        emulate(lambda x: jnp.fft.fft(x).real, "bf16")(X)
    with pytest.raises(RandomKeyError, match="no key"):
        jax.jit(emulate(jnp.sin, "bf16", "stochastic"))(X)
