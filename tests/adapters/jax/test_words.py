"""Random words, keys and places: those of jax.random.bits, and those of NumPy for the same key and index."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import RandomKeyError
from chopper.random import Chunk

jax = pytest.importorskip("jax")
jnp = jax.numpy
SUBJECT = "JAX: random words"
X = jnp.asarray(np.random.default_rng(0).standard_normal((33, 5)).astype(np.float32))


def draw(x, **options):
    return chopper.chop(x, "e4m3", "stochastic", **options)


@pytest.mark.parametrize("shape", [(), (0,), (4097,), (33, 65), (3, 5, 7)], ids=str)
def test_words_are_jaxs(shape, tally):
    from chopper_ext.jax.words import key_words, place, random_words

    assert jax.config.jax_threefry_partitionable
    for seed in (0, 7, 2**31 + 5):
        key = jax.random.key(seed)
        base, strides = place(0, shape)
        words = random_words(key_words(key, False), base, shape, strides)
        tally.same(words, jax.random.bits(key, shape, "uint32"))
        x = jnp.full(shape, 1.05)
        tally.same(draw(x, key=key), draw(x, random_words=jax.random.bits(key, shape, "uint32")))


def test_every_kind_of_key(tally):
    """Typed and raw keys of JAX, ints and generators, here and under tracing."""
    typed, want = jax.random.key(9), chopper.chop(np.asarray(X), "e4m3", "stochastic", key=9)
    raw = jax.random.key_data(typed)
    for key in (typed, raw, np.asarray(raw), 9, np.int64(9)):
        tally.same(draw(X, key=key), want)
        tally.same(jax.jit(lambda x, key=key: draw(x, key=key))(X), want)
    tally.same(jax.jit(lambda x, key: draw(x, key=key))(X, typed), want)
    tally.same(jax.jit(lambda x, key: draw(x, key=key))(X, raw), want)
    tally.same(chopper.chop(np.asarray(X), "e4m3", "stochastic", key=np.asarray(raw)), want)
    seed = int(np.random.default_rng(3).integers(0, 1 << 64, dtype=np.uint64))
    tally.same(draw(X, key=np.random.default_rng(3)), draw(X, key=seed))
    assert not np.array_equal(draw(X), draw(X))
    assert not np.array_equal(draw(X, key=1), draw(X, key=2))


@pytest.mark.parametrize("key", [1.5, "1", -1, 2**64, True, jnp.ones(3, jnp.uint32)], ids=str)
def test_bad_keys(key):
    with pytest.raises(RandomKeyError, match="key="):
        draw(X, key=key)


def test_keys_of_other_generators_are_refused():
    with pytest.raises(RandomKeyError, match="impl='threefry2x32'"):
        draw(X, key=jax.random.key(0, impl="rbg"))
    with pytest.raises(RandomKeyError, match="pass one key"):
        draw(X, key=jax.random.split(jax.random.key(0)))


@pytest.mark.parametrize("transform", [jax.jit, jax.vmap, lambda f: jax.grad(lambda x: f(x).sum())])
def test_tracing_needs_a_key(transform):
    with pytest.raises(RandomKeyError, match=r"got no key.*pass a JAX key \(jax.random.key"):
        transform(draw)(X)
    with pytest.raises(RandomKeyError, match="got a generator"):
        transform(lambda x: draw(x, key=np.random.default_rng(0)))(X)


def test_a_constant_inside_jit_needs_a_key_too():
    with pytest.raises(RandomKeyError, match="got no key"):
        jax.jit(lambda: draw(X))()


def test_traced_numbers_are_no_keys():
    with pytest.raises(RandomKeyError, match="is no key"):
        jax.jit(lambda x, n: draw(x, key=n))(X, 3)


def test_given_words_are_checked():
    for words in (jnp.zeros(5, jnp.uint32), jnp.zeros((33, 5), jnp.int32)):
        with pytest.raises(RandomKeyError, match="random_words has dtype"):
            draw(X, random_words=words)


@pytest.mark.parametrize("offset", [0, 5, 2**32 - 7, 2**40 + 1, 2**64 - 3])
def test_offsets(offset, tally):
    want = chopper.chop(np.asarray(X), "e4m3", "stochastic", key=3, offset=offset)
    tally.same(draw(X, key=3, offset=offset), want)
    if offset < 2**31:
        tally.same(jax.jit(lambda x, n: draw(x, key=3, offset=n))(X, offset), want)


def test_chunks(tally):
    """Boxes of an array, with indices that are known or traced."""
    whole = np.asarray(draw(X, key=3))
    for row, column in ((0, 0), (2, 1), (30, 2)):
        part, want = X[row : row + 3, column : column + 3], whole[row : row + 3, column : column + 3]
        tally.same(draw(part, key=3, offset=Chunk((row, column), X.shape)), want)
        moving = jax.jit(lambda x, i, j: draw(x, key=3, offset=Chunk((i, j), X.shape)))
        tally.same(moving(part, row, column), want)


def test_chunks_of_arrays_larger_than_memory(tally):
    shape = (2**20, 2**20, 2**12)
    x = np.full((2, 3, 4), 1.05, np.float32)
    place = Chunk((7, 2**20 - 3, 11), shape)
    want = chopper.chop(x, "e4m3", "stochastic", key=3, offset=place)
    tally.same(draw(jnp.asarray(x), key=3, offset=place), want)
    traced = jax.jit(lambda x, i: draw(x, key=3, offset=Chunk((i, 2**20 - 3, 11), shape)))
    tally.same(traced(x, 7), want)


@pytest.mark.parametrize("offset", [-1, 2**64, 1.5, Chunk((30, 4), (33, 5)), Chunk((0,), (33,))], ids=str)
def test_bad_offsets(offset):
    with pytest.raises(RandomKeyError, match="offset="):
        draw(X, key=1, offset=offset)
