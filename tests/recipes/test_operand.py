"""One operand is rounded alike on NumPy arrays, tensors and JAX arrays, and as its definition says."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.random import Keys
from chopper.recipes import ROLES, Quant, axes_of, key_of, quantize, rotated, signs_of
from chopper.rotation import TRANSFORMER_ENGINE_SIGNS, random_signs


def bits(x):
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


def spread(shape, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    with np.errstate(over="ignore", under="ignore"):
        return (rng.standard_normal(shape) * np.exp2(rng.integers(-150, 100, shape))).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("block", [2, 8, 16, 64])
def test_rotations_of_other_arrays(block, axis, dtype):
    """That of tensors is that of the core, subnormal numbers and signs of zeros included."""
    torch = pytest.importorskip("torch")
    x = spread((64, 128, 64), dtype)
    x[0], x[1, ::2] = -0.0, 0.0
    for signs in (None, random_signs(block, 3)):
        wanted = chopper.hadamard(x, block=block, axis=axis, signs=signs)
        found = rotated(torch.from_numpy(x), block, axis, signs, torch.as_tensor).contiguous().numpy()
        assert np.array_equal(bits(found), bits(wanted))
        assert np.array_equal(bits(rotated(x, block, axis, signs)), bits(wanted))


def test_keys_of_roles_are_a_stream():
    assert [key_of(7, role) for role in ROLES] == [Keys(7).at(i) for i in range(len(ROLES))]


def test_signs():
    assert signs_of(Quant("bf16")) is None
    assert signs_of(Quant("bf16", hadamard=8)) is None
    assert signs_of(Quant("bf16", hadamard=8, signs="random"), 5).tolist() == random_signs(8, 5).tolist()
    found = signs_of(Quant("bf16", hadamard=16, signs="transformer_engine"))
    assert tuple(found) == TRANSFORMER_ENGINE_SIGNS


@pytest.mark.parametrize(
    ("fmt", "rank", "axis", "other", "wanted"),
    [
        ("mxfp8", 2, -1, None, 1),
        ("mxfp8", 3, 0, None, 0),
        ("nvfp4_2d", 2, -1, None, (0, 1)),
        ("nvfp4_2d", 2, 0, None, (1, 0)),
        ("nvfp4_2d", 4, -2, None, (3, 2)),
        ("nvfp4_2d", 4, 1, 0, (0, 1)),
        ("nvfp4_2d", 1, -1, None, 0),
        ("fp8_tensor", 2, -1, None, 1),
    ],
)
def test_where_blocks_lie(fmt, rank, axis, other, wanted):
    assert axes_of(Quant(fmt), rank, axis, other) == wanted


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "text",
    [
        "e4m3", "e4m3:stochastic,random_bits=7", "mxfp4:gain=3/4", "mxfp4:stochastic,hadamard=32,signs=random",
        "nvfp4_2d", "fp8_block128x128", "int8_row", "posit8:up", "bf16:hadamard=16,signs=transformer_engine",
    ],
)  # fmt: skip
def test_every_array(text, axis):
    quant, x = Quant.parse(text), np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)
    signs = signs_of(quant, 11)
    y = x * np.float32(float(quant.gain))
    if quant.hadamard:
        y = chopper.hadamard(y, block=quant.hadamard, axis=axis, signs=signs)
    options = {"key": 5, "random_bits": quant.random_bits} if quant.random else {}
    if "2d" in text or ("x" in quant.fmt[-6:] and quant.format.blocked and len(quant.format.block) == 2):
        options["axis"] = (1 - axis, axis)
    elif quant.format.blocked:
        options["axis"] = axis
    wanted = chopper.chop(y, quant.fmt, quant.rounding, **options)
    found = [quantize(x, quant, axis=axis, key=5, signs=signs)]
    torch = pytest.importorskip("torch")
    found.append(quantize(torch.from_numpy(x), quant, axis=axis, key=5, signs=signs, constant=torch.as_tensor).numpy())
    jax = pytest.importorskip("jax")
    found.append(np.asarray(quantize(jax.numpy.asarray(x), quant, axis=axis, key=5, signs=signs)))
    assert all(np.array_equal(bits(one), bits(wanted)) for one in found)


def test_nothing_to_do():
    x = np.ones(3)
    assert quantize(x, None) is x
