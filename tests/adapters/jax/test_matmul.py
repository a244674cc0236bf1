"""Matrix products of JAX arrays: the bits of NumPy, at once and compiled, and JAX's own derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import Accumulator, OutputError, dot, encode, matmul
from chopper.errors import RandomKeyError, RangeError, UnsupportedInputError
from tests.adapters.operands import ACCUMULATORS, matrices, options

jax = pytest.importorskip("jax")
jnp = jax.numpy
SUBJECT = "matrix products of JAX arrays against NumPy"
BF16 = Accumulator(sum="bf16")
CHANCE = Accumulator(sum="bf16", rounding="stochastic")


@pytest.fixture(autouse=True)
def wide():
    """Let JAX have float64."""
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ACCUMULATORS)
def test_bits(name, dtype, tally):
    chosen = ACCUMULATORS[name]
    arrays = matrices(jnp.dtype(dtype), chosen, (2, 5, 23), (23, 7), (5, 1))
    want = matmul(*arrays, accumulate=chosen, **options(chosen))
    given = [jnp.asarray(x) for x in arrays]

    def product(*operands):
        return matmul(*operands, accumulate=chosen, **options(chosen))

    for call in (product, jax.jit(product)):
        got = call(*given)
        assert isinstance(got, jax.Array)
        tally.same(got, want, about=name)
    tally.same(jax.jit(product)(*given[:2]), product(*arrays[:2]), about=name)


def test_company(tally):
    """Vectors, NumPy arrays, integers, arrays with shared scales."""
    a, b = matrices("float32", BF16, (5, 64), (64, 7))
    x, y, scaled, wide = jnp.asarray(a), jnp.asarray(b), encode(b, "mxfp8", axis=0), b.astype("f8")
    for call in (lambda f, *args: f(*args), lambda f, *args: jax.jit(f)(*args)):
        tally.same(call(lambda x: matmul(x, wide, accumulate=BF16), x), matmul(a, wide, accumulate=BF16))
        tally.same(call(lambda x, y: dot(x[0], y, accumulate=BF16), x, y), dot(a[0], b, accumulate=BF16))
        tally.same(call(lambda x, y: dot(x[0], y[:, 0]), x, y), np.asarray(dot(a[0], b[:, 0])))
        tally.same(call(lambda x: matmul((x * 9).astype("int8"), b), x), matmul((a * 9).astype("int8"), b))
        tally.same(call(lambda x: matmul(x, scaled, accumulate=BF16), x), matmul(a, scaled, accumulate=BF16))


def test_keys(tally):
    """JAX keys, typed and raw, and ints; traced and not."""
    a, b = matrices("float32", CHANCE, (3, 9), (9, 4))
    for seed in (5, 2**40 + 1):
        want = matmul(a, b, accumulate=CHANCE, key=seed)
        raw = np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32)
        typed = jax.random.wrap_key_data(jnp.asarray(raw), impl="threefry2x32")
        for key in (seed, jnp.asarray(raw), typed):
            tally.same(matmul(jnp.asarray(a), b, accumulate=CHANCE, key=key), want)
            tally.same(jax.jit(lambda x, key=key: matmul(x, b, accumulate=CHANCE, key=key))(a), want)
        traced = jax.jit(lambda x, key: matmul(x, b, accumulate=CHANCE, key=key))
        tally.same(traced(a, typed), want)
        tally.same(traced(a, jnp.asarray(raw)), want)
    with pytest.raises(RandomKeyError, match="got no key"):
        jax.jit(lambda x: matmul(x, b, accumulate=CHANCE))(a)


def test_vmap(tally):
    """An example has the bits that it has alone."""
    a, b, c = matrices("float32", BF16, (4, 3, 9), (9, 5), (4, 3, 5))
    tally.same(jax.vmap(lambda x: matmul(x, b, accumulate=BF16))(a), matmul(a, b, accumulate=BF16))
    tally.same(jax.vmap(lambda x, y: matmul(x, b, y, accumulate=BF16))(a, c), matmul(a, b, c, accumulate=BF16))
    tally.same(jax.vmap(lambda x: matmul(x[0], b, accumulate=BF16))(a), matmul(a[:, 0], b, accumulate=BF16))
    keys = jax.random.split(jax.random.key(1), 4)
    got = jax.vmap(lambda x, key: matmul(x, b, accumulate=CHANCE, key=key))(a, keys)
    for one, x, key in zip(got, a, keys, strict=True):
        tally.same(one, matmul(x, b, accumulate=CHANCE, key=np.asarray(jax.random.key_data(key))))


def test_derivatives(tally):
    """They are those of JAX's own product."""
    a, b, c, t = matrices("float32", BF16, (2, 3, 4), (4, 5), (5,), (2, 3, 5))

    def ours(*operands):
        return (matmul(*operands, accumulate=BF16) * t).sum()

    def own(a, b, c):
        return ((jnp.matmul(a, b) + c) * t).sum()

    for wrap in (lambda f: f, jax.jit):
        got, want = (wrap(jax.grad(f, (0, 1, 2)))(a, b, c) for f in (ours, own))
        for x, y in zip(got, want, strict=True):
            tally.same(x, y)
    got, want = (
        jax.jvp(f, (a,), (2 * a,))[1] for f in (lambda x: matmul(x, b, accumulate=BF16), lambda x: jnp.matmul(x, b))
    )
    tally.same(got, want)
    twice = [jax.jacfwd(jax.grad(lambda x, f=f: (x * f(x, x)).sum()))(a[0, :, :3]) for f in (jnp.matmul, matmul)]
    tally.same(twice[1], twice[0])


def test_errors():
    a = jnp.ones((3, 4), jnp.float32)
    with pytest.raises(OutputError, match="do not change"):
        matmul(a, a.T, out=np.empty((3, 3), "f4"))
    for call in (matmul, jax.jit(matmul)):
        with pytest.raises(UnsupportedInputError, match="do not go together"):
            call(a, a)
    with pytest.raises(UnsupportedInputError, match="complex"):
        matmul(a.astype(jnp.complex64), a.T)
    strict = Accumulator(sum="fp16", overflow="raise")
    with pytest.raises(RangeError, match="under tracing"):
        jax.jit(lambda x: matmul(x, x.T, accumulate=strict))(a)
    with jax.enable_x64(False), pytest.raises(UnsupportedInputError, match="jax_enable_x64"):
        matmul(a, a.T, accumulate=Accumulator(sum="fp64"))
    with jax.enable_x64(False), pytest.raises(UnsupportedInputError, match="jax_enable_x64"):
        jax.jit(lambda x: matmul(x, np.ones((4, 2))))(a)
