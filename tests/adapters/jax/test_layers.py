"""Products by recipes, against products written with NumPy, `chopper.recipes.quantize` and `chopper.matmul`."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper import matmul
from chopper.errors import RandomKeyError, UnsupportedInputError
from chopper.recipes import Gemm, Quant, Recipe, accumulator_of, key_of, preset, presets, quantize, signs_of

jax = pytest.importorskip("jax")
jnp = jax.numpy
lax = jax.lax
SUBJECT = "JAX layers by recipes"
RNG = np.random.default_rng(0)
M, K, N = 64, 128, 192
X = RNG.standard_normal((M, K)).astype(np.float32)
W = (RNG.standard_normal((N, K)) / 8).astype(np.float32)
G = (RNG.standard_normal((M, N)) * 1e-2).astype(np.float32)
DENSE = (((1,), (0,)), ((), ()))
SEED = 2**40 + 3


def dot_general(*args, **options):
    from chopper_ext.jax import dot_general

    return dot_general(*args, **options)


def product(gemm, name, a, b, sides, key):
    """Return a product of a recipe: a by its axis sides[0] with b by sides[1]."""
    parts = []
    for side, quant, x, axis in zip(("lhs", "rhs"), (gemm.lhs, gemm.rhs), (a, b), sides, strict=True):
        drawn = {}
        if quant is not None and quant.random:
            drawn["key"] = key_of(key, f"{name}.{side}")
        if quant is not None and quant.hadamard:
            drawn["signs"] = signs_of(quant, key_of(key, f"{name}.signs") if quant.signs == "random" else None)
        parts.append(quantize(x, quant, axis=axis, **drawn))
    left = parts[0].T if sides[0] == 0 else parts[0]
    right = parts[1].T if sides[1] == -1 else parts[1]
    accumulate = accumulator_of(gemm.accumulate)
    drawn = {"key": key_of(key, f"{name}.accumulate")} if getattr(accumulate, "rounding", "") == "stochastic" else {}
    y = matmul(left, right, accumulate=accumulate, **drawn).astype(np.float32)
    y = y if gemm.gain == 1 else y * np.float32(gemm.gain)
    drawn = {"key": key_of(key, f"{name}.out")} if gemm.out is not None and gemm.out.random else {}
    return quantize(y, gemm.out, **drawn)


def reference(recipe, key=None, x=X, w=W, g=G):
    """Return the value and both gradients."""
    y = product(recipe.forward, "forward", x, w, (-1, -1), key)
    of_x = product(recipe.dgrad, "dgrad", g, w, (-1, 0), key)
    of_w = product(recipe.wgrad, "wgrad", g, x, (0, 0), key)
    return y, of_x, of_w


def ours(recipe, key=None, x=X, w=W, g=G, wrap=lambda f: f):
    """Return the same from JAX, whose weights are (K, N)."""

    def both(x, w, g):
        y, pull = jax.vjp(lambda x, w: dot_general(recipe, key=key)(x, w, DENSE), x, w)
        return y, *pull(g)

    y, of_x, of_w = wrap(both)(x, w.T, g)
    return y, of_x, of_w.T


def summed(recipe, adder="sum=fp32"):
    """Return a recipe whose products all have an accumulator, so that their order is defined."""
    return recipe.replace(
        **{name: gemm.replace(accumulate=gemm.accumulate or adder) for name, gemm in recipe.gemms}, name=recipe.name
    )


def compare(recipe, tally, key=None, *arrays):
    want = reference(recipe, key, *arrays)
    for wrap in (jax.jit, lambda f: f) if arrays and key else (jax.jit,):
        for got, other, name in zip(ours(recipe, key, *arrays, wrap=wrap), want, "yxw", strict=True):
            tally.same(got, other, about=f"{recipe.name or recipe} {name}")


LEFT = ("takum16", "hopper_fp8")
"""One has numbers that float32 does not hold, the other one is a unit of hardware."""
CHOSEN = ("bf16_pure", "mxfp8", "mxfp4_sr_rht")


@pytest.mark.parametrize("name", CHOSEN)
def test_presets(name, tally):
    """Value and gradients, eager and compiled."""
    compare(summed(preset(name)), tally, SEED)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in presets() if name not in (*CHOSEN, *LEFT)])
def test_all_presets(name, tally):
    compare(summed(preset(name)), tally, SEED)


def test_every_part(tally):
    """Accumulators and results that draw, results that are rounded, gains."""
    random = Gemm("e4m3:stochastic,gain=3/4", "e5m2:gain=5", "sum=bf16,rounding=stochastic", "bf16:stochastic")
    small = X[:5, :9], W[:7, :9], G[:5, :7]
    compare(Recipe(random, random, random), tally, SEED, *small)
    short = Recipe(weight="e4m3", input="e4m3", grad_output="e5m2", accumulate="bf16", grad_weight="bf16")
    compare(short, tally, None, *small)


def test_keys(tally):
    """Ints, JAX keys, traced ones, functions; a call without one is refused where it would be frozen."""
    recipe = summed(preset("mxfp4_sr_rht"))
    want = reference(recipe, SEED)[0]
    typed = jax.random.wrap_key_data(np.array([SEED >> 32, SEED & 0xFFFFFFFF], np.uint32), impl="threefry2x32")
    for key in (typed, lambda: typed):
        tally.same(dot_general(recipe, key=key)(X, W.T, DENSE), want)
    unasked = dot_general("elementwise: bf16:stochastic", key=pytest.fail)
    tally.same(unasked(X, W.T, DENSE), lax.dot_general(X, W.T, DENSE))
    traced = jax.jit(lambda key: dot_general(recipe, key=key)(X, W.T, DENSE))
    tally.same(traced(typed), want)
    with pytest.raises(RandomKeyError, match="no key"):
        jax.jit(lambda x: dot_general(recipe)(x, W.T, DENSE))(X)
    with pytest.raises(RandomKeyError, match="no key"):
        jax.grad(lambda x: dot_general(recipe)(x, W.T, DENSE).sum())(X)


def test_framework_product(tally):
    """Without an accumulator the product is that of JAX; a recipe that rounds nothing is JAX's own."""
    f = dot_general("fp32")
    tally.same(f(X, W.T, DENSE), lax.dot_general(X, W.T, DENSE))
    for name in ("mxfp8", "hfp8"):
        recipe = preset(name)
        y, of_x, of_w = ours(recipe)
        rounded = {
            part: quantize(x, getattr(getattr(recipe, gemm), side), axis=axis)
            for part, x, gemm, side, axis in (
                ("x", X, "forward", "lhs", -1),
                ("w", W, "forward", "rhs", -1),
                ("dg", G, "dgrad", "lhs", -1),
                ("dw", W, "dgrad", "rhs", 0),
                ("wg", G, "wgrad", "lhs", 0),
                ("wx", X, "wgrad", "rhs", 0),
            )
        }

        def own(x, w):
            return lax.dot_general(x, w, DENSE, lax.Precision.HIGHEST)

        tally.same(y, own(rounded["x"], rounded["w"].T))
        tally.same(of_x, jax.vjp(own, X, rounded["dw"].T)[1](rounded["dg"])[0])
        tally.same(of_w, jax.vjp(own, rounded["wx"], W.T)[1](rounded["wg"])[1].T)


def test_contractions(tally):
    """Axes in any place; batch axes are kept apart."""
    recipe = summed(preset("mxfp8"))
    x = RNG.standard_normal((3, 2, 8, 64)).astype(np.float32)  # batch 2 in axis 1, contraction in axis 3
    w = RNG.standard_normal((2, 5, 64)).astype(np.float32)
    dims = (((3,), (2,)), ((1,), (0,)))
    got = jax.jit(lambda x, w: dot_general(recipe)(x, w, dims))(x, w)
    rows = quantize(x.transpose(1, 0, 2, 3).reshape(2, 24, 64), recipe.forward.lhs)
    want = matmul(rows, quantize(w, recipe.forward.rhs).swapaxes(1, 2), accumulate=recipe.forward.accumulate)
    tally.same(got, want.reshape(2, 3, 8, 5))
    y = RNG.standard_normal((4, 16, K)).astype(np.float32)
    got, pull = jax.vjp(lambda y, w: dot_general(recipe)(y, w, (((2,), (0,)), ((), ()))), y, W.T)
    g = RNG.standard_normal(got.shape).astype(np.float32)
    want = reference(recipe, x=y.reshape(M, K), g=g.reshape(M, N))
    for one, other in zip((got, *pull(g)), want, strict=True):
        tally.same(np.asarray(one).reshape(other.shape) if one.shape != (K, N) else one.T, other)


def test_straight_through_variants(tally):
    recipe = summed(Recipe(input="e4m3:ste=clipped", weight="int4:ste=none"))
    x = X.copy()
    x[0, :3] = [448, 449, np.nan]
    _, of_x, of_w = ours(recipe, x=x)
    want = reference(recipe, x=x)[1]
    tally.same(of_x, np.where((x >= -448) & (x <= 448), want, np.float32(0)))
    assert not np.asarray(of_w).any()


def test_narrow_dtypes(tally):
    """They are widened, and the result is rounded once."""
    recipe = summed(Recipe(input="e4m3", weight="e4m3"))
    x, w = X.astype(jnp.bfloat16), W.astype(jnp.bfloat16)
    want = matmul(
        chopper.chop(x.astype("f4"), "e4m3"),
        chopper.chop(w.astype("f4"), "e4m3").T,
        accumulate=recipe.forward.accumulate,
    )
    f = dot_general(recipe)
    got = jax.jit(lambda x, w: f(x, w, DENSE))(x, w.T)
    assert got.dtype == jnp.bfloat16
    tally.same(np.asarray(got).astype("f4"), chopper.chop(want, "bf16"))
    tally.same(f(x, w.T, DENSE, preferred_element_type=jnp.float32), want)
    assert jax.grad(lambda x: f(x, w.T, DENSE).astype("f4").sum())(x).dtype == jnp.bfloat16


def test_errors():
    f = dot_general(Recipe(input="e4m3"))
    with pytest.raises(UnsupportedInputError, match="int32"):
        f(jnp.ones((2, 3), jnp.int32), jnp.ones((3, 2)), DENSE)
    with pytest.raises(UnsupportedInputError, match="out_sharding"):
        f(X, W.T, DENSE, out_sharding=jax.sharding.PartitionSpec())
    with pytest.raises(chopper.ChopperError, match="nosuch"):
        dot_general("nosuch")


def test_flax(tally):
    """Layers of linen and of nnx call it with their kernel as the weight."""
    linen, nnx = pytest.importorskip("flax.linen"), pytest.importorskip("flax.nnx")
    recipe = summed(preset("mxfp8"))
    want = reference(recipe)
    variables = {"params": {"kernel": W.T, "bias": np.zeros(N, np.float32)}}
    dense = linen.Dense(N, dot_general=dot_general(recipe))
    y, pull = jax.vjp(jax.jit(dense.apply), variables, X)
    of_variables, of_x = pull(G)
    for got, other in zip((y, of_x, of_variables["params"]["kernel"].T), want, strict=True):
        tally.same(got, other)
    layer = nnx.Linear(K, N, rngs=nnx.Rngs(0), dot_general=dot_general(recipe))
    layer.kernel[...] = jnp.asarray(W.T)
    tally.same(layer(X), want[0])

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            key = lambda: self.make_rng("rounding")  # noqa: E731
            return linen.Dense(N, dot_general=dot_general("forward: e4m3:stochastic @ e4m3", key=key))(x)

    step = jax.jit(lambda v, key: Net().apply(v, X, rngs={"rounding": key}))
    parameters = {"params": {"Dense_0": variables["params"]}}
    one, other, again = (step(parameters, jax.random.key(i)) for i in (1, 2, 1))
    tally.same(again, one)
    assert (one != other).any()


def test_quant_is_frozen_data():
    """Recipes are constants of a compilation: two equal ones share it."""
    f = jax.jit(lambda x, recipe: dot_general(recipe)(x, W.T, DENSE), static_argnums=1)
    f(X, Recipe(input=Quant("e4m3")))
    f(X, Recipe(input="e4m3"))
    assert f._cache_size() == 1
