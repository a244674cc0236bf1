"""The Hadamard transform: bit for bit the operations that its docstring lists, and what follows from them."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chopper
from chopper.errors import ChopperError, OutputError, RandomKeyError, RangeError, UnsupportedInputError
from chopper.kernels.threefry import threefry
from chopper.rotation import TRANSFORMER_ENGINE_SIGNS, hadamard, random_signs

BLOCKS = (2, 4, 8, 16, 32, 64, 128)
CONSTANTS = {np.float32: "0x1.6a09e6p-1", np.float64: "0x1.6a09e667f3bcdp-1"}  # 1 / sqrt(2), rounded to nearest


def listed(x, block, signs, inverse=False):
    """Return the transform of a vector: one operation after the other, on NumPy scalars."""
    kind = x.dtype.type
    order = block.bit_length() - 1
    c = kind(math.ldexp(float.fromhex(CONSTANTS[kind]) if order % 2 else 1.0, -(order // 2)))
    done = []
    with np.errstate(all="ignore"):
        for start in range(0, len(x), block):
            part = list(x[start : start + block])
            sign = [kind(s) for s in (signs if len(signs) == block else signs[start : start + block])]
            if not inverse:
                part = [a * s for a, s in zip(part, sign, strict=True)]
            h = 1
            while h < block:
                for i in range(block):
                    if not i & h:
                        part[i], part[i + h] = part[i] + part[i + h], part[i] - part[i + h]
                h *= 2
            part = [a * c for a in part]
            if inverse:
                part = [a * s for a, s in zip(part, sign, strict=True)]
            done += part
    return np.array(done, kind)


def same(got, want):
    assert got.dtype == want.dtype and got.shape == want.shape
    kind = f"u{got.itemsize}"
    assert ((got.view(kind) == want.view(kind)) | (np.isnan(got) & np.isnan(want))).all()


def numbers(kind, size, seed):
    """Return numbers of many sizes, zeros of both signs, subnormals and, in the last quarter, anything at all."""
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal(size) * 2.0 ** rng.integers(-30, 30, size)).astype(kind)
    x[rng.random(size) < 0.1] = 0.0
    x[rng.random(size) < 0.05] *= -0.0
    x[rng.random(size) < 0.05] = np.finfo(kind).smallest_subnormal * 3
    tail = size // 4
    x[-tail:] = np.frombuffer(rng.bytes(tail * x.itemsize), kind)
    return x


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("kind", CONSTANTS)
@pytest.mark.parametrize("block", BLOCKS)
def test_the_operations(block, kind, inverse):
    """NumPy's path and the compiled loop do what the docstring lists, bit for bit."""
    x = numbers(kind, 128 * 32, block)
    for signs in ([1] * block, random_signs(block, 5), random_signs(x.size, 6)):
        want = listed(x, block, signs, inverse)
        same(hadamard(x, block=block, signs=signs, inverse=inverse), want)
        twice = np.concatenate([x] * 9)  # long enough to be worth a compiler
        long = signs if len(signs) == block else np.concatenate([signs] * 9)
        same(hadamard(twice, block=block, signs=long, inverse=inverse), np.concatenate([want] * 9))


@pytest.mark.parametrize("kind", CONSTANTS)
def test_constants(kind):
    """1 / sqrt(2) lies between the middles to both neighbours: decided in integers."""
    root = Fraction(float.fromhex(CONSTANTS[kind]))
    ulp = Fraction(float(np.spacing(kind(root))))
    assert 2 * (root - ulp / 2) ** 2 < 1 < 2 * (root + ulp / 2) ** 2


def matrix(block):
    return np.array([[1 - 2 * ((i & j).bit_count() & 1) for j in range(block)] for i in range(block)], float)


@pytest.mark.parametrize("block", BLOCKS)
def test_matrix(block):
    """On unit vectors it is the Sylvester-Hadamard matrix, column by column; blocks do not mix."""
    scale = hadamard(np.eye(block), block=block)[0, 0]
    assert np.array_equal(hadamard(np.eye(block), block=block) / scale, matrix(block))
    signs = random_signs(block, 9)
    assert np.array_equal(hadamard(np.eye(block), block=block, signs=signs) / scale, signs[:, None] * matrix(block))
    two = np.zeros((2, block))
    two[1] = np.arange(block)
    assert not hadamard(two.reshape(-1), block=block)[:block].any()


def test_transformer_engine():
    """The product with the matrix of TransformerEngine, ``diag(signs) H16 / 4``, on integers: every sum is exact."""
    x = np.random.default_rng(1).integers(-99, 100, (50, 16)).astype(np.float32)
    want = x @ (np.diag(TRANSFORMER_ENGINE_SIGNS) @ matrix(16) / 4).astype(np.float32)
    assert np.array_equal(hadamard(x, signs=TRANSFORMER_ENGINE_SIGNS), want)
    mask = sum((sign < 0) << i for i, sign in enumerate(TRANSFORMER_ENGINE_SIGNS))
    assert mask == 0xD7E8


@given(st.sampled_from([4, 16, 64, 256]), st.integers(0, 2**64 - 1), st.data())
def test_integers_come_back_exactly(block, key, data):
    """Blocks of a power of four, float64, integers as large as the docstring says."""
    most = 2**53 // block**2
    x = np.array(data.draw(st.lists(st.integers(-most, most), min_size=block, max_size=block)), np.float64)
    y = hadamard(x, block=block, key=key)
    assert np.array_equal(hadamard(y, block=block, key=key, inverse=True), x)
    whole = x.astype(np.int64)
    assert np.array_equal(hadamard(whole, block=block, key=key), y)


@pytest.mark.parametrize("kind", CONSTANTS)
@pytest.mark.parametrize("block", BLOCKS)
def test_bound_of_the_round_trip(block, kind):
    """The error of a block, exactly, against the bound in the docstring."""
    rng = np.random.default_rng(block)
    u = Fraction(1, 2**24 if kind is np.float32 else 2**53)
    bound = (2 * (block.bit_length() - 1) + 5) * u
    x = (rng.standard_normal((40, block)) * 2.0 ** rng.integers(-20, 20, (40, block))).astype(kind)
    back = hadamard(hadamard(x, block=block, key=1), block=block, key=1, inverse=True)
    for row, again in zip(x, back, strict=True):
        error = sum((Fraction(float(a)) - Fraction(float(b))) ** 2 for a, b in zip(row, again, strict=True))
        assert error <= bound**2 * sum(Fraction(float(a)) ** 2 for a in row)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("order", "CF")
def test_axes_and_layouts(axis, order):
    x = np.asarray(np.random.default_rng(2).standard_normal((16, 32, 48)), order=order)
    x.flags.writeable = False
    signs = random_signs(16, 3)
    want = np.moveaxis(hadamard(np.moveaxis(x, axis, -1).copy(), signs=signs), -1, axis)
    got = hadamard(x, axis=axis, signs=signs)
    same(got, np.ascontiguousarray(want))
    same(hadamard(x[::-1], axis=axis, signs=signs), np.ascontiguousarray(want[::-1] if axis not in (0, -3) else
         hadamard(x[::-1].copy(), axis=axis, signs=signs)))  # fmt: skip
    for out in (np.empty_like(x), np.empty((16, 32, 96))[..., ::2], np.empty(x.shape, order="F")):
        assert hadamard(x, axis=axis, signs=signs, out=out) is out
        assert np.array_equal(out, want)
    own = x.copy(order="K")
    assert hadamard(own, axis=axis, signs=signs, out=own) is own
    assert np.array_equal(own, want)


def test_dtypes():
    """The dtype of the input; 16-bit floats are computed in float32 and rounded once."""
    x = np.random.default_rng(4).standard_normal(64).astype(np.float32)
    for kind in (np.float16, ml_dtypes.bfloat16):
        narrow = x.astype(kind)
        got = hadamard(narrow, block=32, key=2)
        assert got.dtype == kind
        assert np.array_equal(got, hadamard(narrow.astype(np.float32), block=32, key=2).astype(kind))
        out = np.empty_like(narrow)
        assert hadamard(narrow, block=32, key=2, out=out) is out and np.array_equal(out, got)
    assert np.isinf(hadamard(np.full(16, 60000, np.float16))[0])
    for kind in (">f4", ">f8"):
        got = hadamard(x.astype(kind), key=2)
        assert got.dtype == kind and np.array_equal(got, hadamard(x.astype(kind[1:]), key=2))
    assert hadamard([1, 1]  , block=2).dtype == np.float64  # fmt: skip
    assert hadamard(np.arange(16, dtype=np.uint8)).dtype == np.float64
    assert hadamard(np.zeros((3, 0))).shape == (3, 0)
    assert hadamard(np.zeros((0, 16), np.float32)).dtype == np.float32


def test_signs():
    """A key gives the highest bit of words that no array is rounded with."""
    for key in (0, 7, 2**63 + 5):
        signs = random_signs(100, key)
        k0, k1 = key >> 32, key & 0xFFFFFFFF
        for i, sign in enumerate(signs):
            x0, x1 = threefry_words(k0, k1, 1 << 31, i)
            assert sign == (-1 if (x0 ^ x1) >> 31 else 1)
        assert np.array_equal(random_signs(40, key), signs[:40])
        x = np.random.default_rng(5).standard_normal(64)
        assert np.array_equal(hadamard(x, key=key), hadamard(x, signs=random_signs(16, key)))
    assert random_signs(0, 1).shape == (0,)
    assert abs(int(random_signs(1 << 16, 1).sum())) < 1500
    generator = np.random.default_rng(6)
    first = random_signs(64, generator)
    assert not np.array_equal(first, random_signs(64, generator))
    assert not np.array_equal(random_signs(64, None), random_signs(64, None))
    assert np.array_equal(random_signs(64, chopper.random.as_key(3, 11)), random_signs(64, 3))


def threefry_words(*block):
    words = [np.array([word], np.uint32).view(np.int32) for word in block]
    with np.errstate(over="ignore"):
        return [int(word.view(np.uint32)[0]) for word in threefry(*words)]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"block": 24}, RangeError, "block=24 is not legal; legal: a power of two from 2 to 65536"),
        ({"block": 1}, RangeError, "block=1"),
        ({"block": 16.0}, RangeError, "block=16.0"),
        ({"block": 64}, RangeError, "an axis of length 48 does not end at a block of 64; cut it, or append 16 zeros"),
        ({"axis": 2}, UnsupportedInputError, "axis=2 is not legal; legal: -2 to 1"),
        ({"axis": None}, UnsupportedInputError, "axis=None"),
        ({"signs": [1] * 15}, RangeError, "signs has shape (15,); legal: (16,) or (48,)"),
        ({"signs": [0] * 16}, RangeError, "0 is no sign"),
        ({"signs": [1] * 16, "key": 1}, RangeError, "both given"),
        ({"key": -1}, RandomKeyError, "key=-1"),
        ({"out": np.empty((2, 47), np.float32)}, OutputError, "shape (2, 48)"),
        ({"out": np.empty((2, 48))}, OutputError, "float32"),
    ],
)
def test_errors(options, error, says):
    """Messages name the value and the cure, and `out` stays."""
    out = np.full((2, 48), 7, np.float32)
    with pytest.raises(error) as caught:
        hadamard(np.zeros((2, 48), np.float32), **{"out": out, **options})
    assert says in str(caught.value)
    assert (out == 7).all()


@pytest.mark.parametrize("x", [1.0, np.float32(1), "text", None, object(), np.array(3.0), [1j] * 16, {1: 2}])
def test_refused_inputs(x):
    with pytest.raises(ChopperError):
        hadamard(x)


@pytest.mark.parametrize("count", [-1, 1.0, True, None, 2**32 + 1])
def test_refused_counts(count):
    with pytest.raises(RangeError, match="count="):
        random_signs(count, 1)
