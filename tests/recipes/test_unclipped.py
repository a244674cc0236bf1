"""The backward operands of the presets in MXFP4 are never clipped, so that stochastic rounding has no bias."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import chopper
from chopper.recipes import Quant, preset, quantize

NAMES = ("mxfp4_sr_rht", "quartet")


def blocks():
    """Return blocks of 32 in which largest elements go through a binade, its ends included, in many binades."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2000, 32)).astype(np.float32)
    tops = 1 + rng.integers(0, 1 << 23, 2000) / 2.0**23
    tops[:8] = 1, 2 - 2.0**-23, 1 + 2.0**-23, 2 - 2.0**-22, 1.5, 1.5 - 2.0**-23, 1.5 + 2.0**-23, 4 / 3
    x[:, 5] = tops
    return x * np.exp2(rng.integers(-60, 60, (2000, 1))).astype(np.float32)


def backward(name):
    """Return the quants of both backward products, rotation left out."""
    recipe = preset(name)
    quants = {q for gemm in (recipe.dgrad, recipe.wgrad) for q in (gemm.lhs, gemm.rhs)}
    return [replace(q, hadamard=None, signs="none") for q in quants]


@pytest.mark.parametrize("name", NAMES)
def test_scales_are_those_before_the_gain(name):
    """X = 2^(floor(log2 amax) - 2) of the block as it was, and 3/4 of no element is above 6 X."""
    x = blocks()
    wanted = np.exp2(np.floor(np.log2(np.abs(x.astype(np.float64)).max(axis=1))) - 2)
    for quant in backward(name):
        gained = x * np.float32(0.75)
        scales = chopper.encode(gained, quant.format).scales[0][:, 0]
        assert np.array_equal(scales, wanted)
        assert (np.abs(gained) < 6 * scales[:, None]).all()


def test_a_gain_alone_does_not_help():
    """The scale of MXFP4 follows the gain, and elements above 6 stay: the test above can fail."""
    x = blocks() * np.float32(0.75)
    scales = chopper.encode(x, "mxfp4").scales[0]
    assert (np.abs(x) > 6 * scales).any()


@pytest.mark.parametrize("name", NAMES)
def test_every_neighbour_in_its_turn(name):
    """With all words in turn, the mean of the rounded values is the element: a sum of integers, exactly."""
    (quant, *_) = backward(name)
    quant = replace(quant, random_bits=6)
    x = (np.arange(-31, 33, dtype=np.float32) / 4).reshape(2, 32)  # 3/4 of it has up to 6 bits below an element
    total = np.zeros_like(x)
    for word in range(64):
        words = np.full(x.shape, word << 26, np.uint32)
        total += chopper.chop(x * 0.75, quant.format, quant.rounding, random_bits=6, random_words=words)
    assert np.array_equal(total, x * 48)


def test_it_is_what_layers_do():
    quant = Quant.parse("mxfp4<target=3,direction=down>:stochastic,gain=3/4")
    x = blocks()
    wanted = chopper.chop(x * np.float32(0.75), quant.format, "stochastic", key=3)
    assert np.array_equal(quantize(x, quant, key=3), wanted)


def largest_errors(fmt, keys):
    """Return the error of the mean over so many keys of the largest element of each block, relative to it."""
    x = np.random.default_rng(1).standard_normal((64, 16)).astype(np.float32)
    mean = np.mean([chopper.chop(x, fmt, "stochastic", key=key) for key in range(keys)], axis=0, dtype=np.float64)
    places = np.arange(64), np.abs(x).argmax(axis=1)
    return mean[places] / x[places] - 1


def test_nvfp4_saturates_unless_scales_go_up():
    """A scale that was rounded down loses of the largest element up to half a step of the scale, 1/17 of it, always.

    One that goes up leaves room: elements that are rounded at random have then an error that shrinks with the draws.
    """
    x = np.random.default_rng(1).standard_normal((64, 16)).astype(np.float32)
    for fmt, fits in (("nvfp4", False), ("nvfp4<direction=up>", True)):
        coded = chopper.encode(x, fmt)
        scales = coded.scales[0].astype(np.float64) * coded.scales[1].astype(np.float64).item()
        assert (np.abs(x) <= 6 * (1 + 2.0**-22) * scales.reshape(64, 1)).all() == fits
    low, none = largest_errors("nvfp4", 400), largest_errors("nvfp4<direction=up>", 400)
    assert -1 / 17 < low.min() < -0.03
    assert -0.02 < low.mean() < -0.005
    assert np.abs(none).max() < 5 * (1 / 6) / np.sqrt(400)  # between 4 and 6, a draw has a deviation of at most 1
    assert abs(none.mean()) < 5 * (1 / 6) / np.sqrt(400 * 64)
