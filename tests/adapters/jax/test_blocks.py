"""Formats with shared scales on JAX: the NumPy backend rounds, at once or by a callback."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import UnsupportedInputError

jax = pytest.importorskip("jax")
jnp = jax.numpy
SUBJECT = "JAX, formats with shared scales"
XS = np.random.default_rng(0).standard_normal((40, 70)).astype(np.float32)
X = jnp.asarray(XS)
NAMES = [str(fmt) for fmt in chopper.formats() if fmt.blocked and str(fmt) != "flex16_5"]  # which measures no scale


@pytest.mark.parametrize("fmt", NAMES)
def test_every_format(fmt, tally):
    for options in ({}, {"rounding": "stochastic", "key": 3}):
        want = chopper.chop(XS, fmt, **options)
        tally.same(chopper.chop(X, fmt, **options), want, fmt=fmt)
        tally.same(jax.jit(lambda x, options=options: chopper.chop(x, fmt, **options))(X), want, fmt=fmt)


@pytest.mark.parametrize("axis", [0, 1, (0,)])
def test_axes(axis, tally):
    want = chopper.chop(XS, "mxfp4", axis=axis)
    tally.same(chopper.chop(X, "mxfp4", axis=axis), want)
    tally.same(jax.jit(lambda x: chopper.chop(x, "mxfp4", axis=axis))(X), want)


def test_derivatives(tally):
    from chopper_ext.jax import chop

    want = chopper.chop(XS, "mxfp4")
    tally.same(jax.grad(lambda x: (chopper.chop(x, "mxfp4") ** 2).sum())(X), 2 * want)
    up = chopper.chop(XS, "mxfp4", scaling="ceil")
    tally.same(jax.jit(jax.grad(lambda x: (chop(x, "mxfp4", scaling="ceil") ** 2).sum()))(X), 2 * up)
    tally.same(jax.vmap(lambda x: chopper.chop(x, "mxfp4"))(X), want)


def test_given_scales(tally):
    """A scale may be traced, and is no part of what is compiled."""
    for scale in (0.01, 0.02):
        want = chopper.chop(XS, "nvfp4", scale=scale)
        tally.same(chopper.chop(X, "nvfp4", scale=scale), want)
        tally.same(jax.jit(lambda x, scale=scale: chopper.chop(x, "nvfp4", scale=scale))(X), want)
    traced = jax.jit(lambda x, scale: chopper.chop(x, "nvfp4", scale=scale))
    tally.same(traced(X, np.float32(0.02)), chopper.chop(XS, "nvfp4", scale=np.float32(0.02)))


def test_codes(tally):
    """They and their scales are NumPy's."""
    there = chopper.encode(X, "mxfp4")
    assert type(there) is type(chopper.encode(XS, "mxfp4"))
    tally.same(chopper.decode(there), chopper.chop(XS, "mxfp4"))
    with pytest.raises(UnsupportedInputError, match="cannot encode to mxfp4 under tracing"):
        jax.jit(lambda x: chopper.encode(x, "mxfp4"))(X)
    with pytest.raises(UnsupportedInputError, match="mxfp4 has scales besides its codes"):
        chopper.decode(jnp.zeros(32, jnp.uint8), "mxfp4")
