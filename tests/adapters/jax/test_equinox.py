"""Layers of Equinox by recipes; and those of torch give the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from chopper.errors import PolicyError, RandomKeyError
from chopper.random import Keys
from chopper.recipes import Recipe, preset, presets
from tests.adapters.jax.test_layers import LEFT, SEED, G, K, N, W, X, reference, summed

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
jnp = jax.numpy
SUBJECT = "layers of Equinox, and those of torch"
BIAS = np.random.default_rng(1).standard_normal(N).astype(np.float32)
MLP = eqx.nn.MLP(8, 4, 16, depth=2, key=jax.random.key(0))


def convert(*args, **options):
    from chopper_ext.jax import convert

    return convert(*args, **options)


def layer(bias=None):
    made = eqx.nn.Linear(K, N, use_bias=bias is not None, key=jax.random.key(0))
    made = eqx.tree_at(lambda m: m.weight, made, jnp.asarray(W))
    return made if bias is None else eqx.tree_at(lambda m: m.bias, made, jnp.asarray(bias))


def of_jax(recipe, bias=None, step=0):
    """Return the value and the gradients of input and weight."""

    def both(model, x, g):
        y, pull = jax.vjp(lambda model, x: convert(model, recipe, key=SEED, step=step)(x), model, x)
        of_model, of_x = pull(g)
        return y, of_x, of_model.weight

    return jax.jit(both)(layer(bias), X, G)


def of_torch(recipe, bias=None, calls=1):
    """Return the same from a layer of torch, of its last call."""
    torch = pytest.importorskip("torch")
    from chopper_ext.torch import layers

    made = torch.nn.Linear(K, N, bias=bias is not None)
    made.weight.data = torch.tensor(W)
    if bias is not None:
        made.bias.data = torch.tensor(bias)
    layers.convert(made, recipe, key=SEED)
    for _ in range(calls):
        x = torch.tensor(X, requires_grad=True)
        made.zero_grad()
        y = made(x)
        y.backward(torch.tensor(G))
    return [one.detach().numpy() for one in (y, x.grad, made.weight.grad)]


def test_values_and_gradients(tally):
    recipe = summed(preset("nvfp4"))
    for got, want in zip(of_jax(recipe), reference(recipe, Keys(Keys(SEED).at(0)).at(0)), strict=True):
        tally.same(got, want)


@pytest.mark.parametrize(("name", "bias"), [("mxfp8", None), ("mxfp4_sr_rht", BIAS)])
def test_torch_and_jax_agree(name, bias, tally):
    """Value, gradient of the input, gradient of the weight; with the same key the same words, call by call."""
    agree(name, bias, tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in presets() if name not in LEFT])
@pytest.mark.parametrize("bias", [None, BIAS], ids=["", "bias"])
def test_torch_and_jax_agree_on_every_preset(name, bias, tally):
    agree(name, bias, tally)


def agree(name, bias, tally):
    recipe = summed(preset(name))
    for one, other, part in zip(of_jax(recipe, bias, 1), of_torch(recipe, bias, 2), "yxw", strict=True):
        tally.same(one, other, about=f"{name} {part}")


def test_models(tally):
    """Parameters stay; layers are named; a recipe that rounds nothing changes no bit."""
    x = np.random.default_rng(2).standard_normal((5, 8)).astype(np.float32)
    made = convert(MLP, "mxfp8_e5m2", skip="layers.[02]")
    assert [type(one).__name__ for one in made.layers] == ["Linear", "ChopLinear", "Linear"]
    assert jax.tree.leaves(made)[0] is jax.tree.leaves(MLP)[0]
    tally.same(jax.vmap(convert(MLP, None))(x), jax.vmap(MLP)(x))
    from chopper_ext.jax import unconvert

    tally.same(jax.vmap(unconvert(made))(x), jax.vmap(MLP)(x))
    assert isinstance(unconvert(made), eqx.nn.MLP)
    attention = convert(eqx.nn.MultiheadAttention(2, 8, key=jax.random.key(0)), "hfp8")
    assert attention(x, x, x).shape == (5, 8)
    scalar = convert(eqx.nn.Linear("scalar", "scalar", key=jax.random.key(0)), "bf16")
    assert scalar(jnp.float32(0.3)).shape == ()


def test_words(tally):
    """Layers have words of their own, steps too; a call may bring a key."""
    recipe = summed(Recipe(weight="e4m3:stochastic", input="e4m3:stochastic"))
    model = eqx.nn.Sequential([layer(), eqx.nn.Lambda(lambda y: y[:, :K]), layer()])
    one, other = (jax.jit(lambda x, n: convert(model, recipe, key=SEED, step=n)(x))(X, n) for n in (0, 1))
    assert bool((one != other).any())
    tally.same(convert(model, recipe, key=SEED, step=0)(X), one)
    first, last = (reference(recipe, Keys(Keys(SEED).at(i)).at(0))[0] for i in (0, 1))
    assert (first != last).any()
    tally.same(convert(layer(), recipe)(X, key=7), reference(recipe, 7)[0])
    with pytest.raises(RandomKeyError, match="no key"):
        jax.jit(lambda x: convert(layer(), recipe)(x))(X)


def test_errors():
    with pytest.raises(PolicyError, match="fits no layer"):
        convert(MLP, "bf16", skip="head")
    with pytest.raises(PolicyError, match="no layer is converted"):
        convert(MLP, "bf16", skip="layers")
    with pytest.raises(PolicyError, match="ConvTranspose2d"):
        convert([MLP, eqx.nn.ConvTranspose2d(1, 1, 3, key=jax.random.key(0))], "hfp8")
