"""Convolutions to hand to Flax, against `chopper.conv` of rounded operands, in any layout."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import UnsupportedInputError
from chopper.recipes import Recipe, key_of

jax = pytest.importorskip("jax")
lax, SUBJECT = jax.lax, "convolutions of JAX by recipes"
RNG = np.random.default_rng(3)
X = RNG.standard_normal((2, 5, 6, 4)).astype(np.float32)  # N, H, W, C
W = RNG.standard_normal((3, 2, 2, 6)).astype(np.float32)  # H, W, C / groups, O
LAYOUT = ("NHWC", "HWIO", "NHWC")
RECIPE = Recipe(weight="e4m3", input="e3m4:stochastic", grad_output="e5m2", accumulate="sum=bf16")


def conv_general_dilated(*args, **options):
    from chopper_ext.jax import conv_general_dilated

    return conv_general_dilated(*args, **options)


def wanted(x, w, key, **options):
    """Return the value, in Flax's layout."""
    images = chopper.chop(x.transpose(0, 3, 1, 2), "e3m4", "stochastic", key=key_of(key, "forward.lhs"))
    kernels = chopper.chop(w.transpose(3, 2, 0, 1), "e4m3")
    return chopper.conv(images, kernels, accumulate=RECIPE.forward.accumulate, **options).transpose(0, 2, 3, 1)


def test_flax(tally):
    """Layers of linen and of nnx call it; without a recipe it is JAX's own."""
    linen, nnx = pytest.importorskip("flax.linen"), pytest.importorskip("flax.nnx")
    options = {"strides": (2, 1), "padding": 1, "feature_group_count": 2, "use_bias": False}
    layer = linen.Conv(6, (3, 2), **options, conv_general_dilated=conv_general_dilated(RECIPE, key=5))
    variables = {"params": {"kernel": W}}
    y = wanted(X, W, 5, stride=(2, 1), padding=1, groups=2)
    tally.same(jax.jit(layer.apply)(variables, X), y)
    other = nnx.Conv(
        4, 6, (3, 2), **options, conv_general_dilated=conv_general_dilated(RECIPE, key=lambda: 5), rngs=nnx.Rngs(0)
    )
    other.kernel[...] = jax.numpy.asarray(W)
    tally.same(nnx.jit(lambda layer, x: layer(x))(other, X), y)
    plain = linen.Conv(6, (3, 2), **options, conv_general_dilated=conv_general_dilated("elementwise: e4m3:stochastic"))
    tally.same(plain.apply(variables, X), linen.Conv(6, (3, 2), **options).apply(variables, X))


@pytest.mark.exhaustive
def test_gradients_do_not_depend_on_the_layout(tally):
    """Those of the layout of torch are held against torch's by the tests of Equinox."""
    f = conv_general_dilated(RECIPE, key=5)

    def both(x, w, layout):
        y, pull = jax.vjp(lambda x, w: f(x, w, (1, 1), "SAME", None, (1, 2), layout, 2), x, w)
        return y, *pull(jax.numpy.cos(y))

    here = jax.jit(both, static_argnums=2)(X, W, LAYOUT)
    there = jax.jit(both, static_argnums=2)(X.transpose(0, 3, 1, 2), W.transpose(3, 2, 0, 1), None)
    for one, other, axes in zip(here, there, ((0, 2, 3, 1), (0, 2, 3, 1), (2, 3, 1, 0)), strict=True):
        tally.same(one, np.asarray(other).transpose(axes))
    padded = np.pad(X, [(0, 0), (1, 1), (1, 1), (0, 0)])
    tally.same(here[0], wanted(padded, W, 5, dilation=(1, 2), groups=2))


def test_errors():
    f = conv_general_dilated(Recipe(weight="e4m3"))
    for options in ({"lhs_dilation": (2, 1)}, {"batch_group_count": 2}):
        with pytest.raises(UnsupportedInputError, match="not covered"):
            f(X, W, (1, 1), "VALID", dimension_numbers=LAYOUT, feature_group_count=2, **options)
    with pytest.raises(UnsupportedInputError, match="int32"):
        f(X.astype(np.int32), W, (1, 1), "VALID", dimension_numbers=LAYOUT, feature_group_count=2)
