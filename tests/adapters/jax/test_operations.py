"""Operations on JAX arrays: the bits of NumPy, at once and compiled."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import chop, ops
from chopper.errors import OutputError, RandomKeyError, UnsupportedInputError
from tests.adapters.operands import ELEMENTWISE

jax = pytest.importorskip("jax")
jnp = jax.numpy
SUBJECT = "operations on JAX arrays against NumPy"
A, B = (chop(np.random.default_rng(i).standard_normal((4, 6)), "bf16") for i in range(2))


@pytest.fixture(autouse=True)
def wide():
    """Let JAX have float64."""
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_bits(name, dtype, tally):
    function, count = getattr(ops, name), ELEMENTWISE[name]
    fmt = "fp64" if "next" in name or name == "ulp" else "bf16"
    rest = () if name in ("compare", "less_equal") else (fmt,)
    arrays = [np.abs(x).astype(jnp.dtype(dtype)) for x in (A, B, A[0])][:count]
    want = function(*arrays, *rest)

    def call(*operands):
        return function(*operands, *rest)

    given = [jnp.asarray(x) for x in arrays]
    tally.same(call(*given), want, about=name)
    tally.same(jax.jit(call)(*given), want, about=name)
    if name not in ("softmax", "logsumexp"):
        tally.same(jax.vmap(call, (0, 0, None)[:count])(*given), want, about=name)


@pytest.mark.parametrize("fmt", ["e4m3", "posit16", "takum_log8", "lns8", "q8.8"])
def test_modes(fmt, tally):
    for name in ("add", "div", "exp"):
        function, count = getattr(ops, name), ELEMENTWISE[name]
        arrays = (A, B)[:count]
        want = function(*arrays, fmt, "stochastic", key=3)
        for key in (3, jax.random.key(3)):
            tally.same(function(*map(jnp.asarray, arrays), fmt, "stochastic", key=key), want, fmt=fmt)
            jitted = jax.jit(lambda *xs, f=function, key=key: f(*xs, fmt, "stochastic", key=key))
            tally.same(jitted(*arrays), want, fmt=fmt)


def test_company(tally):
    """Numbers keep their digits, whatever JAX would make of them."""
    with jax.enable_x64(False):
        x = jnp.asarray(A, jnp.float32)
        for other in (0.1, 3, B.astype("f4"), np.float32(0.1), [1, 2, 3, 4, 5, 6]):
            want = ops.mul(np.asarray(x), other, "bf16")
            if want.dtype == np.float32:
                tally.same(ops.mul(x, other, "bf16"), want)
                tally.same(jax.jit(lambda x, other=other: ops.mul(x, other, "bf16"))(x), want)
        tally.same(jax.jit(lambda x: ops.power(x, 3, "bf16"))(x), ops.power(np.asarray(x), 3, "bf16"))
        tally.same(jax.jit(lambda x: ops.less(x, 0.1))(x), ops.less(np.asarray(x), 0.1))


def test_random_words_and_vmap(tally):
    words = np.random.default_rng(5).integers(0, 1 << 32, A.shape, np.uint32)
    want = ops.add(A, B, "e4m3", "stochastic", random_words=words)
    tally.same(ops.add(jnp.asarray(A), B, "e4m3", "stochastic", random_words=jnp.asarray(words)), want)
    call = jax.jit(lambda x, w: ops.add(x, B, "e4m3", "stochastic", random_words=w))
    tally.same(call(A, words), want)
    got = jax.vmap(lambda x, w: ops.add(x, 1, "e4m3", "stochastic", random_words=w))(A, words)
    tally.same(got, ops.add(A, 1, "e4m3", "stochastic", random_words=words))
    alike = jax.vmap(lambda x: ops.add(x, 1, "e4m3", "stochastic", key=9))(jnp.asarray(A))
    for one, x in zip(alike, A, strict=True):
        tally.same(one, ops.add(x, 1, "e4m3", "stochastic", key=9))
    tally.same(jax.vmap(lambda x, y: ops.add(x, y, "bf16"), (0, None))(A, B), ops.add(A[:, None], B, "bf16"))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "fma", "sqrt"])
def test_derivatives(name, tally):
    own = {"sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide, "fma": lambda x, y, z: x * y + z}
    operands = [jnp.asarray(np.abs(A)), jnp.asarray(B), 2.5][: ELEMENTWISE[name]]
    functions = (lambda *xs: getattr(ops, name)(*xs, "e4m3"), own.get(name) or getattr(jnp, name))
    at = tuple(range(min(2, len(operands))))
    got, want = (jax.grad(lambda *xs, f=f: (f(*xs) * A).sum(), at)(*operands) for f in functions)
    for x, y in zip(got, want, strict=True):
        tally.same(x, y)


def test_errors():
    x = jnp.asarray(A)
    with pytest.raises(UnsupportedInputError, match=r"exp has no derivative.*stop_gradient"):
        jax.grad(lambda x: ops.exp(x, "bf16").sum())(x)
    with pytest.raises(OutputError):
        ops.add(x, 1, "bf16", out=A)
    with pytest.raises(UnsupportedInputError, match="flags"):
        jax.jit(lambda x: ops.add(x, 1, "bf16", flags=ops.Flags()))(x)
    with pytest.raises(UnsupportedInputError, match="do not go together"):
        jax.jit(lambda x: ops.add(x, A[:, :5], "bf16"))(x)
    with pytest.raises(RandomKeyError):
        jax.jit(lambda x: ops.add(x, 1, "bf16", "stochastic"))(x)
    flags = ops.Flags()
    ops.div(x, 0.0, "bf16", flags=flags)
    assert flags.divide_by_zero
