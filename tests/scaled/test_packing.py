"""Packed codes: layouts written out by hand, a definition by single bits, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from chopper.engine.packing import _plan
from chopper.errors import RangeError, UnsupportedInputError
from chopper.kernels.packing import fold, unfold
from chopper.packing import pack, packed_size, unpack

WIDTHS = range(1, 9)
ORDERS = ("low", "high")

# bits, codes, bytes in the order "low", bytes in the order "high"
LAYOUTS = [
    (1, "1 0 0 0 0 0 1 1  1", "11000001 00000001", "10000011 10000000"),
    (2, "1 2 3 0  1", "00111001 00000001", "01101100 01000000"),
    (3, "1 2 3 4 5 6 7 0", "11010001 01011000 00011111", "00101001 11001011 10111000"),
    (3, "7", "00000111", "11100000"),
    (4, "1 2  3", "00100001 00000011", "00010010 00110000"),
    (5, "1 2 3 4 5 6 7 8", "01000001 00001100 01010010 11001100 01000001",
     "00001000 10000110 01000010 10011000 11101000"),
    (6, "1 2 3 32", "10000001 00110000 10000000", "00000100 00100000 11100000"),
    (6, "63 0 1", "00111111 00010000 00000000", "11111100 00000000 01000000"),
    (6, "63 1", "01111111 00000000", "11111100 00010000"),
    (7, "1 2", "00000001 00000001", "00000010 00001000"),
    (8, "1 255", "00000001 11111111", "00000001 11111111"),
]  # fmt: skip


def by_bits(codes: np.ndarray, bits: int, order: str) -> list[int]:
    """Return the bytes of a row, bit by bit as the docstring of `pack` says."""
    stream = []
    for code in map(int, codes):
        low_first = [code >> k & 1 for k in range(bits)]
        stream += low_first if order == "low" else low_first[::-1]
    size = -(-len(stream) // 8)
    packed = [0] * size
    for k, bit in enumerate(stream):
        packed[k // 8] |= bit << (k % 8 if order == "low" else 7 - k % 8)
    return packed


@st.composite
def codes_and_bits(draw):
    bits = draw(st.sampled_from(WIDTHS))
    shape = draw(array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=21))
    return draw(arrays(np.uint8, shape, elements=st.integers(0, 2**bits - 1))), bits


@pytest.mark.parametrize(("bits", "codes", "low", "high"), LAYOUTS)
def test_layouts(bits, codes, low, high):
    """The layouts that the docstring describes, written out."""
    row = [int(code) for code in codes.split()]
    for order, text in (("low", low), ("high", high)):
        packed = pack(row, bits, order=order)
        assert [f"{byte:08b}" for byte in packed] == text.split()
        assert unpack(packed, bits, len(row), order=order).tolist() == row


@given(codes_and_bits(), st.sampled_from(ORDERS))
def test_definition_and_round_trip(case, order):
    """Every row is packed as by single bits, and comes back."""
    codes, bits = case
    packed = pack(codes, bits, order=order)
    size = packed_size(codes.shape[-1], bits)
    assert packed.dtype == np.uint8 and packed.shape == (*codes.shape[:-1], size) and packed.flags.c_contiguous
    rows = [by_bits(row, bits, order) for row in codes.reshape(-1, codes.shape[-1] or 1)] if codes.size else []
    assert packed.tolist() == np.array(rows, np.uint8).reshape(packed.shape).tolist()
    assert np.array_equal(unpack(packed, bits, codes.shape[-1], order=order), codes)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("bits", WIDTHS)
def test_every_length(bits, order):
    """Lengths around whole bytes and whole words, and arrays large enough for the compiled loops."""
    rng = np.random.default_rng(bits)
    for count in (*range(70), 1023, 1024, 1025, (1 << 18) + 5, 1 << 19):
        codes = rng.integers(0, 1 << bits, count, dtype=np.uint8)
        packed = pack(codes, bits, order=order)
        shifts = np.arange(bits) if order == "low" else np.arange(bits)[::-1]
        stream = (codes[:, None] >> shifts & 1).astype(np.uint8).reshape(-1)
        want = np.packbits(stream, bitorder="little" if order == "low" else "big")
        assert np.array_equal(packed, want)
        assert np.array_equal(unpack(packed, bits, count, order=order), codes)


@pytest.mark.parametrize("bits", WIDTHS)
def test_every_byte_pattern_unpacks(bits):
    """Any bytes unpack to codes; what stands after the last code is not looked at."""
    rng = np.random.default_rng(bits)
    for order in ORDERS:
        for count in (5, 8, 40):
            packed = rng.integers(0, 256, (50, packed_size(count, bits)), dtype=np.uint8)
            codes = unpack(packed, bits, count, order=order)
            assert codes.max() < 1 << bits
            again = pack(codes, bits, order=order)
            left = packed.shape[-1] * 8 - count * bits
            mask = 0xFF >> left if order == "low" else 0xFF << left & 0xFF
            want = packed.copy()
            want[:, -1] &= mask
            assert np.array_equal(again, want)


def test_the_input_stays():
    """Strided and read-only input of any integer dtype; the result is never a view of it."""
    codes = np.arange(48).reshape(4, 12)
    for layout in (codes, codes[::-1, ::2], codes.T, codes.astype(">i2"), codes.astype(np.uint64)):
        layout.flags.writeable = False
        for bits in (6, 8):
            want = [by_bits(row, bits, "low") for row in layout]
            assert pack(layout, bits).tolist() == want
            packed = np.array(want, np.uint8)
            codes_again = unpack(packed[:, ::1], bits, layout.shape[-1])
            assert np.array_equal(codes_again, layout)
            assert not np.shares_memory(codes_again, packed)
            assert np.array_equal(unpack(np.asfortranarray(packed), bits, layout.shape[-1]), layout)
    eight = codes.astype(np.uint8)
    assert not np.shares_memory(pack(eight, 8), eight)


def test_packed_size():
    assert [packed_size(33, bits) for bits in WIDTHS] == [5, 9, 13, 17, 21, 25, 29, 33]
    assert packed_size(0, 4) == 0


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: pack([16], 4), RangeError, "16 is no code of 4 bits; legal: 0 to 15"),
        (lambda: pack([-1], 4), RangeError, "-1 is no code"),
        (lambda: pack(np.array([-1], np.int8), 8), RangeError, "-1 is no code"),
        (lambda: pack(np.array([256]), 8), RangeError, "256 is no code"),
        (lambda: pack([1], 0), RangeError, "bits=0 is not legal; legal: an integer from 1 to 8"),
        (lambda: pack([1], 9), RangeError, "bits=9"),
        (lambda: pack([1], True), RangeError, "bits=True"),
        (lambda: pack([1], 4, order="big"), RangeError, "order='big' is not legal; legal: 'low'"),
        (lambda: pack([1.0], 4), UnsupportedInputError, "cannot pack dtype float64"),
        (lambda: pack(3, 4), UnsupportedInputError, "0-d"),
        (lambda: unpack(np.zeros(2, np.uint8), 4, 5), RangeError, "5 codes of 4 bits take 3 bytes, not the 2"),
        (lambda: unpack(np.zeros(2, np.uint8), 4, -1), RangeError, "count=-1"),
        (lambda: unpack(np.zeros(2, np.int8), 4, 4), UnsupportedInputError, "pass uint8"),
        (lambda: unpack(np.uint8(1), 4, 2), UnsupportedInputError, "with an axis"),
        (lambda: unpack(np.zeros(2, np.uint8), 4.0, 4), RangeError, "bits=4.0"),
    ],
)  # fmt: skip
def test_errors(call, error, says):
    """Messages name the value, the legal set and the cure."""
    with pytest.raises(error, match=says.replace("(", r"\(")):
        call()


def test_odd_addresses():
    """Codes and bytes that start at any address, in arrays large enough for the compiled loops."""
    raw = np.random.default_rng(3).integers(0, 16, (1 << 19) + 8, dtype=np.uint8)
    for bits in (4, 6):
        want = pack(raw[1:-7].copy(), bits)
        assert np.array_equal(pack(raw[1:-7], bits), want)
        shifted = np.empty(want.size + 1, np.uint8)[1:]
        shifted[...] = want
        assert np.array_equal(unpack(shifted, bits, 1 << 19), raw[1:-7])


@pytest.mark.parametrize("bits", range(1, 8))
def test_the_kernel_is_proved(bits):
    """For all words of eight codes: folding puts code i at bit ``i * bits``, and unfolding undoes it."""
    z3 = pytest.importorskip("z3")
    codes = [z3.BitVec(f"code{i}", bits) for i in range(8)]
    word = z3.Concat(*[z3.ZeroExt(8 - bits, code) for code in reversed(codes)])
    dense = z3.ZeroExt(64 - 8 * bits, z3.Concat(*reversed(codes)))
    f = _plan("fold", bits).params
    solver = z3.SolverFor("QF_BV")
    junk = z3.BitVec("junk", 64)
    above = junk << 8 * bits  # what stands above the codes means nothing to unfold
    solver.add(
        z3.Or(fold(None, None, word, 0, None, f) != dense, unfold(None, None, dense | above, 0, None, f) != word)
    )
    assert solver.check() == z3.unsat
    solver = z3.SolverFor("QF_BV")
    solver.add(fold(None, None, word, 0, None, f._replace(low1=f.low1 ^ 1)) != dense)
    assert solver.check() == z3.sat
