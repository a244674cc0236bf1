"""SoftPosit 0.3.4.4: its C functions on doubles and floats, codes bit for bit, and its values of codes.

One thing differs: the double of NaR is +infinity there, save for 32 bits; here it is NaN.  No input is left out:
infinities and NaN become NaR there too.  What SoftPosit is known to have wrong lies elsewhere: `pX2_mulAdd` loses a
sticky bit, and the objects of its Python module swallow exceptions; neither is asked.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chopper
from chopper.formats.posit import PositFormat

SUBJECT = "posits against SoftPosit"
EVERY = 16
"""Bits of a code up to which every threshold is tried."""

PX2 = [(n, 2) for n in range(2, 33)]
LEGACY = [(8, 0), (16, 1), (32, 2)]


@pytest.fixture(scope="module")
def softposit() -> ctypes.CDLL:
    """Return the C library inside of the extension module, which is not initialised for this."""
    spec = importlib.util.find_spec("_softposit")
    if spec is None:
        pytest.skip("no softposit: pip install softposit")
    return ctypes.CDLL(spec.origin)


def function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """Return a C function; a struct of one unsigned integer is passed as the integer."""
    found = library[name]
    found.restype, found.argtypes = result, list(arguments)
    return found


def integer(fmt: PositFormat) -> Any:
    return {8: ctypes.c_uint8, 16: ctypes.c_uint16, 32: ctypes.c_uint32}[fmt.n]


def codes_of(x: np.ndarray, encode: Callable[[float], int], fmt: PositFormat) -> np.ndarray:
    """Return their codes in the dtype of ours."""
    return np.array([*map(encode, x.tolist())], np.uint32).astype(chopper.encode(np.ones(1), fmt).dtype)


def values_of(codes: np.ndarray, decode: Callable[[int], float], fmt: PositFormat) -> np.ndarray:
    """Return their values, NaN for the infinity that NaR may have there."""
    found = np.array([*map(decode, codes.tolist())])
    assert (np.isfinite(found) == (codes != fmt.nar)).all()
    return np.where(codes == fmt.nar, np.nan, found)


def numbers(fmt: PositFormat, dtype: str) -> np.ndarray:
    """Return values, thresholds and means of neighbours, each with the floats beside it; random numbers, and the ends.

    The thresholds are the values of the codes with one bit more.
    """
    kind, rng = np.dtype(dtype).type, np.random.default_rng(fmt.n)
    longer = PositFormat(n=fmt.n + 1, es=fmt.es)
    last = (1 << fmt.n) - 1
    codes = np.arange(1, last + 1) if fmt.n <= EVERY else np.unique(rng.integers(1, last, 4000))
    codes = np.union1d(codes[codes <= last], [*range(1, min(40, last)), *range(max(last - 40, 1), last + 1)])
    points = chopper.decode(codes.astype(np.uint64), longer, np.float64)
    means = (points[:-1] + points[1:]) / 2
    ends = float(fmt.max) * np.array([1.5, 2, 1e3, 1e9])
    wide = np.exp2(rng.uniform(-fmt.emax - 9, fmt.emax + 9, 4000))
    info = np.finfo(kind)
    with np.errstate(all="ignore"):
        x = np.concatenate([points, means, ends, 1 / ends, wide, rng.standard_normal(4000)]).astype(kind)
        around = [np.nextafter(x, kind(side)) for side in (0, np.inf)]
    patterns = np.frombuffer(rng.bytes(4000 * info.bits // 8), dtype)
    special = [0, info.smallest_subnormal, 5 * info.smallest_subnormal, info.tiny, info.max, np.inf, np.nan]
    x = np.concatenate([x, *around, patterns[np.isfinite(patterns)], np.array(special, kind)])
    return np.unique(np.concatenate([x, -x]).view(f"u{x.itemsize}")).view(dtype)


def check(fmt: PositFormat, x: np.ndarray, theirs: np.ndarray, value: Callable[[int], float], tally: Any) -> None:
    """Codes are theirs, and rounded values are their values of these codes."""
    about = x.dtype
    tally.same(chopper.encode(x, fmt), theirs, x, fmt=fmt, mode="nearest_even", about=about)
    distinct, places = np.unique(theirs, return_inverse=True)
    values = values_of(distinct, value, fmt).astype(x.dtype)[places]
    tally.same(chopper.chop(x, fmt), values, x, fmt=fmt, mode="nearest_even", about=about)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("n", "es"), LEGACY)
def test_posits_of_8_16_and_32_bits(softposit, n: int, es: int, dtype: str, tally) -> None:
    """From doubles; for 16 and 32 bits also by the functions that take a float."""
    fmt, x = PositFormat(n=n, es=es), numbers(PositFormat(n=n, es=es), dtype)
    value = function(softposit, f"convertP{n}ToDouble", ctypes.c_double, integer(fmt))
    encode = function(softposit, f"convertDoubleToP{n}", integer(fmt), ctypes.c_double)
    check(fmt, x, codes_of(x, encode, fmt), value, tally)
    if dtype == "f4" and n > 8:
        encode = function(softposit, f"convertFloatToP{n}", integer(fmt), ctypes.c_float)
        check(fmt, x, codes_of(x, encode, fmt), value, tally)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("n", "es"), PX2)
def test_posits_of_any_length(softposit, n: int, es: int, dtype: str, tally) -> None:
    """The posits of the standard, 2 to 32 bits; their codes stand at the upper end of 32 bits."""
    fmt, x = PositFormat(n=n, es=es), numbers(PositFormat(n=n, es=es), dtype)
    encode = function(softposit, "convertDoubleToPX2", ctypes.c_uint32, ctypes.c_double, ctypes.c_int)
    value = function(softposit, "convertPX2ToDouble", ctypes.c_double, ctypes.c_uint32)
    theirs = codes_of(x, lambda number: encode(number, n) >> (32 - n), fmt)
    check(fmt, x, theirs, lambda code: value(code << (32 - n)), tally)


@pytest.mark.parametrize(("n", "es"), LEGACY)
def test_values_of_8_16_and_32_bits(softposit, n: int, es: int, tally) -> None:
    """In both dtypes."""
    fmt = PositFormat(n=n, es=es)
    check_values(fmt, function(softposit, f"convertP{n}ToDouble", ctypes.c_double, integer(fmt)), tally)


@pytest.mark.parametrize(("n", "es"), PX2)
def test_values_of_any_length(softposit, n: int, es: int, tally) -> None:
    """In both dtypes."""
    value = function(softposit, "convertPX2ToDouble", ctypes.c_double, ctypes.c_uint32)
    check_values(PositFormat(n=n, es=es), lambda code: value(code << (32 - n)), tally)


def check_values(fmt: PositFormat, value: Callable[[int], float], tally: Any) -> None:
    """All codes of up to 16 bits, and many of the longer ones, have their values."""
    rng, last = np.random.default_rng(fmt.n), (1 << fmt.n) - 1
    codes = np.arange(last + 1) if fmt.n <= EVERY else rng.integers(0, last, 20000, endpoint=True)
    codes = np.union1d(codes, [0, 1, fmt.nar, last])
    want = values_of(codes, value, fmt)
    tally.same(chopper.decode(codes, fmt, np.float64), want, codes, fmt=fmt)
    if fmt.precision <= 24:
        tally.same(chopper.decode(codes, fmt, np.float32), want.astype(np.float32), codes, fmt=fmt)
