"""Random words: those of jax.random.bits for the same key, across the wrap of both counter words."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get
from tests.conformance.judge import Judge

SUBJECT = "random words by key against jax.random.bits"
SEEDS = (0, 1, 42, 2**31, 2**32 - 1, 2**32, 2**40 + 17, 2**63, 2**64 - 1)
MODES = ("stochastic", "stochastic_b", "stochastic_c", "stochastic_equal")


def jax_words(seed, shape):
    jax = pytest.importorskip("jax")
    assert jax.config.jax_threefry_partitionable
    data = np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32)
    return np.asarray(jax.random.bits(jax.random.wrap_key_data(data, impl="threefry2x32"), shape, "uint32"))


def test_the_key_of_a_seed_is_jaxs():
    """``key=n`` means ``jax.random.key(n)``, for seeds of 64 bits as well."""
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        for seed in SEEDS:
            signed = seed - (1 << 64) if seed >> 63 else seed
            key = jax.random.key(signed, impl="threefry2x32")
            words = np.asarray(jax.random.bits(key, (5,), "uint32"))
            assert words.tolist() == jax_words(seed, (5,)).tolist()


@pytest.mark.parametrize("shape", [(4097,), (33, 65), (3, 5, 7), ()], ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_keyed_is_given_words(seed, shape, tally):
    words = jax_words(seed, shape)
    for dtype in ("float32", "float64"):
        xs = np.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)
        for mode in MODES:
            keyed = chopper.chop(xs, "e4m3", mode, key=seed)
            tally.same(keyed, chopper.chop(xs, "e4m3", mode, random_words=words), xs, fmt="e4m3", mode=mode)
            codes = chopper.encode(xs, "e4m3", mode, key=seed)
            tally.same(codes, chopper.encode(xs, "e4m3", mode, random_words=words), xs, fmt="e4m3", mode=mode)


def thirty_two_bits(size, **options):
    """Read whole random words from results: 32 bits at a time, by whether nu = j / 2^32 steps away.

    floor(nu 2^32) + R >= 2^32 holds for R >= 2^32 - j; so a bisection with one call for each bit finds R.
    """
    found = np.zeros(size, np.uint64)
    for bit in reversed(range(32)):
        guess = found | np.uint64(1 << bit)
        x = 1.0 + (2.0**32 - guess.astype(np.float64)) * 2.0**-32 * 2.0**-3  # nu = (2^32 - guess) / 2^32, in e4m3
        away = chopper.chop(x, "e4m3", "stochastic", **options) > 1.0
        found = np.where(away, guess, found)
    return found.astype(np.uint32)


def test_words_can_be_read_from_results(tally):
    words = jax_words(7, (600,))
    tally.same(thirty_two_bits(600, key=7), words)
    tally.same(thirty_two_bits(600, random_words=words), words)


@pytest.mark.parametrize("base", [2**32 - 5, 3 * 2**32 - 1, 2**63 - 2])
def test_the_counter_carries_into_its_high_word(base, tally):
    """Elements beyond 2^32 are counted by (high, low); known to jax as the words of a huge array, computed here."""
    prng = pytest.importorskip("jax.extend.random")
    key = np.array([5, 9], np.uint32)
    index = [(base + i) % 2**64 for i in range(10)]
    high, low = (np.array([(n >> s) & 0xFFFFFFFF for n in index], np.uint32) for s in (32, 0))
    both = np.asarray(prng.threefry_2x32(key, np.concatenate([high, low])))
    want = both[:10] ^ both[10:]
    tally.same(thirty_two_bits(10, key=(5 << 32) + 9, offset=base), want)


def test_the_counter_wraps_at_its_end(tally):
    whole = thirty_two_bits(10, key=3, offset=2**64 - 4)
    tally.same(whole[:4], thirty_two_bits(4, key=3, offset=2**64 - 4))
    tally.same(whole[4:], thirty_two_bits(6, key=3, offset=0))


def test_compiled_loops_carry_too(tally):
    xs = np.full((1 << 16) + 9, 1.05, np.float32)
    for offset in (2**32 - 5, 2**32 - 65536, 2**64 - 5):
        whole = chopper.chop(xs, "e4m3", "stochastic", key=1, offset=offset)
        small = [
            chopper.chop(xs[i : i + 1], "e4m3", "stochastic", key=1, offset=(offset + i) % 2**64) for i in range(40)
        ]
        tally.same(whole[:40], np.concatenate(small), fmt="e4m3", mode="stochastic")


def test_the_definition_takes_the_words_in_c_order(tally):
    xs = np.asfortranarray(np.random.default_rng(1).standard_normal((40, 50)))
    judge = Judge(get("e5m2"), xs.ravel())
    want = judge.answer(chopper.Rounding.STOCHASTIC, None, jax_words(11, (2000,)).astype(np.int64)).codes
    tally.same(chopper.encode(xs, "e5m2", "stochastic", key=11), want.astype(np.uint8).reshape(40, 50), xs)
