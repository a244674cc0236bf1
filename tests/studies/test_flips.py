"""Soft errors: every flip is the one that the definition says, whatever the chunks, in every format."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.anatomy import fields as fields_of
from chopper.errors import RangeError, UnsupportedInputError
from chopper.faults import field_masks, field_names, flip, flip_codes
from chopper.random import Chunk
from tests.studies.flips import candidates, flips, threefry

FORMATS = ("e4m3", "e5m2", "ue4m3", "fp16", "fp32", "fp64", "posit8", "posit16", "posit32", "posit64", "takum_linear16",
           "takum_log16", "takum_linear64", "int8", "fixed<8,4>")  # fmt: skip
PROBABILITIES = (0.25, 1.0, Fraction(1, 3))


def some_codes(name: str, count: int = 40, seed: int = 5) -> np.ndarray:
    """Return random codes of a format, and its special ones."""
    fmt = chopper.get(name)
    top = (1 << fmt.bits) - 1
    edges = [0, top, 1, top >> 1, 1 << (fmt.bits - 1)]
    draws = np.random.default_rng(seed).integers(0, top, count - len(edges), dtype=np.uint64, endpoint=True)
    return np.concatenate([np.array(edges, np.uint64), draws])


def test_words_are_those_of_the_paper() -> None:
    """The known answers of Random123 for Threefry-2x32-20."""
    assert threefry((0, 0), 0) == (0x6B200159, 0x99BA4EFE)
    assert threefry((0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFFFFFFFFFF) == (0x1CB996FC, 0xBB002BE7)


@pytest.mark.parametrize("per", ["element", "bit"])
@pytest.mark.parametrize("name", FORMATS)
def test_flips_are_those_of_the_definition(name: str, per: str, tally) -> None:
    """Every field, three probabilities, all codes of a sample: the same bits as element by element."""
    fmt, codes = chopper.get(name), some_codes(name)
    fixed = name.startswith(("int", "fixed"))
    for field in ("any", "significand") if fixed else ("any", "sign", "exponent", "significand"):
        if field == "sign" and not getattr(fmt, "signed", True):
            continue
        for n, p in enumerate(PROBABILITIES):
            key = (n << 40) + 12345
            got, where = flip_codes(codes, fmt, p, key=key, fields=field, per=per, return_flips=True)
            want = flips(fmt, codes.tolist(), Fraction(p), key, field, per)
            tally.same(where.astype(np.uint64), np.array(want, np.uint64), codes, fmt=fmt, about=(field, p))
            assert (got == (codes ^ where)).all()


@pytest.mark.parametrize(
    "name", ["hif8", "lns8", "nf4", "e8m0", "takum_log8", "posit<6,1>", "posit<2,0>", "takum_linear8"]
)
def test_masks_are_the_fields(name: str) -> None:
    """Every code's fields, as the anatomy of its family tells them, make up the code."""
    fmt, codes = chopper.get(name), np.arange(1 << chopper.get(name).bits)
    for part in field_names(fmt):
        if part == "exponent":
            continue
        want = []
        for code in codes.tolist():
            bits = "".join(("1" if one.name == part else "0") * len(one.bits) for one in fields_of(fmt, code))
            want.append(int(bits, 2))
        assert field_masks(fmt, part, codes).tolist() == want
    whole = [name for name in ("sign", "exponent", "significand", "code") if set(field_names(fmt)) & _meant(name)]
    assert (field_masks(fmt, whole, codes) == (1 << fmt.bits) - 1).all()


def _meant(name: str) -> set[str]:
    return {
        "exponent": {"exponent", "regime", "direction", "characteristic", "dot"},
        "significand": {"fraction", "integer"},
    }.get(name, {name})


STRIDES = [97, pytest.param(1, marks=pytest.mark.exhaustive)]


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("name", ["posit16", "takum_linear16", "posit<9,3>", "fp16", "hif8"])
def test_all_masks_of_a_format(name: str, stride: int, tally) -> None:
    """Every code of up to 16 bits, or some of many."""
    fmt = chopper.get(name)
    codes = np.arange(0, 1 << fmt.bits, stride if fmt.bits > 9 else 1)
    for field in ("exponent", "significand"):
        got = field_masks(fmt, field, codes)
        if name == "hif8":
            want = [_by_anatomy(fmt, code, field) for code in codes.tolist()]
        else:
            want = [sum(1 << b for b in candidates(fmt, code, field)) for code in codes.tolist()]
        tally.same(got, np.array(want, np.uint64), codes, fmt=fmt, about=field)


def _by_anatomy(fmt: chopper.Format, code: int, field: str) -> int:
    bits = "".join(("1" if one.name in _meant(field) else "0") * len(one.bits) for one in fields_of(fmt, code))
    return int(bits, 2)


@pytest.mark.parametrize("per", ["element", "bit"])
def test_chunks_have_the_bits_of_the_whole(per: str) -> None:
    """Rows, and a window inside."""
    codes = some_codes("posit16", 120).reshape(10, 12)
    whole = flip_codes(codes, "posit16", 0.4, key=9, per=per)
    rows = flip_codes(codes[3:7], "posit16", 0.4, key=9, per=per, offset=36)
    window = flip_codes(codes[2:6, 3:8], "posit16", 0.4, key=9, per=per, offset=Chunk((2, 3), (10, 12)))
    assert (rows == whole[3:7]).all() and (window == whole[2:6, 3:8]).all()
    late = flip_codes([5] * 4, "int8", 1, key=3, offset=(1 << 32) - 2)
    want = flips(chopper.get("int8"), [5] * 4, Fraction(1), 3, "any", "element", (1 << 32) - 2)
    assert [int(a) ^ 5 for a in late] == want


@pytest.mark.parametrize("name", ["e4m3", "posit16", "takum_linear16", "lns8", "hif8", "nf4", "fp32", "int8"])
def test_values_are_those_of_the_codes(name: str, tally) -> None:
    """Each value is the format's own of the code that came up; without flips it is what chop gives."""
    fmt = chopper.get(name)
    x = np.random.default_rng(1).normal(size=300) * 3
    x[:4] = 0.0, -0.0, np.nan, 1e30
    codes = chopper.encode(x, fmt)
    values, where = flip(x, fmt, 0.7, key=4, return_flips=True)
    want = [float(fmt.value(int(code) ^ int(bits))) for code, bits in zip(codes, where, strict=True)]
    tally.same(values, np.array(want), x, fmt=fmt)
    assert np.count_nonzero(where) > 150
    tally.same(flip(x, fmt, 0, key=4), chopper.chop(x, fmt), x, fmt=fmt)


@pytest.mark.parametrize("per", ["element", "bit"])
def test_large_arrays(per: str, tally) -> None:
    """Where compiled loops make the words: a sample of the elements, and a chunk."""
    fmt, codes = chopper.get("posit16"), some_codes("posit16", 40000)
    got = flip_codes(codes, fmt, 0.6, key=77, per=per, fields="significand", return_flips=True)[1]
    picked = [0, 1, 39999, *range(17, 40000, 997)]
    want = [flips(fmt, [int(codes[i])], Fraction(0.6), 77, "significand", per, i)[0] for i in picked]
    tally.same(got[picked].astype(np.uint64), np.array(want, np.uint64), picked, fmt=fmt)
    part = flip_codes(codes[100:200], fmt, 0.6, key=77, per=per, fields="significand", offset=100)
    assert (part == codes[100:200] ^ got[100:200]).all()


def test_zeros_flip_like_any_code() -> None:
    """One bit of zero is a power of two, minus zero, or what an exponent bit makes of it: not near 1."""
    values = flip(np.zeros(4096), "fp16", 1, key=0)
    fmt = chopper.get("fp16")
    assert {abs(v) for v in values.tolist()} == {abs(float(fmt.value(1 << b))) for b in range(16)}
    signs = flip(np.zeros(4096), "fp16", 1, key=0, fields="sign")
    assert (signs == 0).all() and np.signbit(signs).all()


def test_rounding_and_flips_do_not_share_words() -> None:
    """Elements rounded up are hit as often as those rounded down."""
    x = np.full(20000, 1.0 + 1 / 16)
    values, where = flip(x, "e4m3", 0.5, key=11, rounding="stochastic", return_flips=True)
    rounded = chopper.chop(x, "e4m3", "stochastic", key=11)
    assert (values[where == 0] == rounded[where == 0]).all()
    up, hit = rounded > 1.0, where != 0
    share = hit[up].mean() - hit[~up].mean()
    assert abs(share) < 5 * math.sqrt(0.5 / 10000)


def test_counts_are_binomial() -> None:
    """As many as asked for, and no bit preferred; five standard deviations."""
    n, p = 40000, 0.1
    where = flip_codes(np.zeros(n, np.uint8), "e4m3", p, key=2, return_flips=True)[1]
    hits = np.count_nonzero(where)
    assert abs(hits - n * p) < 5 * math.sqrt(n * p * (1 - p))
    for bit in range(8):
        assert abs(np.count_nonzero(where >> bit & 1) - hits / 8) < 5 * math.sqrt(hits * 7 / 64)
    each = flip_codes(np.zeros(n, np.uint8), "e4m3", p, key=2, per="bit", return_flips=True)[1]
    for bit in range(8):
        assert abs(np.count_nonzero(each >> bit & 1) - n * p) < 5 * math.sqrt(n * p * (1 - p))


def test_kinds_of_input() -> None:
    """Numbers stay numbers, float32 stays float32, lists and integers become float64; nothing is changed in place."""
    assert type(flip(1.0, "e4m3", 1, key=0)) is float and type(flip_codes(56, "e4m3", 1, key=0)) is int
    assert flip(np.ones(3, np.float32), "e4m3", 0.5, key=0).dtype == np.float32
    assert flip(np.ones(3, np.float16), "e4m3", 0.5, key=0).dtype == np.float16
    assert flip([1, 2], "e4m3", 0.5, key=0).dtype == np.float64
    codes = np.zeros((2, 3), np.uint8)
    assert flip_codes(codes, "e4m3", 1, key=0).shape == (2, 3) and (codes == 0).all()
    assert flip(np.zeros((0, 3)), "e4m3", 1, key=0).shape == (0, 3)
    generator = np.random.default_rng(0)
    one, two = (flip_codes(np.zeros(50, int), "e4m3", 0.5, key=generator) for _ in range(2))
    assert (one != two).any()


def test_what_the_dtype_does_not_hold_is_an_error() -> None:
    """A flipped exponent of posit16 leaves float16."""
    with pytest.raises(RangeError, match="pass x in float64"):
        flip(np.ones(64, np.float16), "posit16", 0.5, key=0, per="bit")


@pytest.mark.parametrize("name", ["mxfp4", "nvfp4", "mxfp8", "nf4_block64", "dfp16"])
def test_shared_scales(name: str) -> None:
    """Flips of elements leave the scales alone, and flips of scales the elements; both are codes of their formats."""
    x = np.random.default_rng(0).normal(size=(4, 96))
    given = chopper.encode(x, name)
    elements, where = flip_codes(given, None, 0.5, key=6, return_flips=True)
    assert (elements.codes == given.codes ^ where).all() and np.count_nonzero(where) > 100
    assert all((a == b).all() for a, b in zip(elements.scale_codes, given.scale_codes, strict=True))
    plain = flip_codes(given.codes, given.fmt.element, 0.5, key=6)
    assert (plain == elements.codes).all()
    scales, changes = flip_codes(given, name, 1, key=6, part="scales", return_flips=True)
    assert (scales.codes == given.codes).all()
    for got, old, change in zip(scales.scale_codes, given.scale_codes, changes, strict=True):
        assert (got == old ^ change).all() and (np.bitwise_count(change) == 1).all()
    values = flip(x, name, 0.5, key=6)
    np.testing.assert_array_equal(values, elements.decode(np.float64))
    np.testing.assert_array_equal(flip(x, name, 0, key=6), chopper.chop(x, name))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"probability": 1.5}, "0 to 1"),
        ({"probability": math.nan}, "0 to 1"),
        ({"probability": "x"}, "0 to 1"),
        ({"fields": "regime"}, "legal: any, sign, exponent, fraction"),
        ({"fields": 8}, "0 to 7"),
        ({"fields": ["sign", "nothing"]}, "nothing"),
        ({"per": "byte"}, "element, bit"),
        ({"part": "scales"}, "ScaledArray"),
        ({"part": "zero points"}, "elements, scales"),
    ],
)
def test_refusals(options: dict, match: str) -> None:
    """Each mistake is named, also where nothing would be hit."""
    with pytest.raises(UnsupportedInputError, match=match):
        flip_codes(np.zeros(3, np.uint8), "e4m3", **{"probability": 0.0, "key": 0, **options})


def test_scales_have_no_offset() -> None:
    """An offset counts elements."""
    with pytest.raises(UnsupportedInputError, match="whole array"):
        flip_codes(chopper.encode(np.ones(64), "mxfp8"), None, 0.5, key=1, part="scales", offset=32)
