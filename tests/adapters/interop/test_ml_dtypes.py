"""Arrays of ml_dtypes: rounded as the numbers that they hold, decoded as the codes that they are, and given out."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import UnsupportedInputError

ml_dtypes = pytest.importorskip("ml_dtypes")
SUBJECT = "arrays of ml_dtypes"

NAMES = (
    "bfloat16 float8_e3m4 float8_e4m3 float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz "
    "float8_e8m0fnu float6_e2m3fn float6_e3m2fn float4_e2m1fn int2 int4 uint2 uint4"
)


def stored(name):
    """Return every code of a dtype's format, and the array of the dtype with these patterns."""
    fmt = chopper.get(name)
    codes = np.arange(1 << fmt.bits, dtype=np.uint16 if fmt.bits > 8 else np.uint8)
    return fmt, codes, codes.view(getattr(ml_dtypes, name))


@pytest.mark.parametrize("name", NAMES.split())
def test_every_pattern(name, tally):
    fmt, codes, array = stored(name)
    with np.errstate(invalid="ignore"):
        numbers = array.astype(np.float32)
    tally.same(chopper.decode(codes, fmt), numbers, codes, fmt=fmt)
    tally.same(chopper.decode(array, fmt), numbers, codes, fmt=fmt)
    rounded = chopper.chop(array, "e2m1", "up")
    assert rounded.dtype == {"bfloat16": array.dtype}.get(name, np.float64 if "int" in name else np.float32)
    with np.errstate(invalid="ignore"):
        tally.same(rounded.astype("f4"), chopper.chop(numbers, "e2m1", "up"), codes, fmt=fmt)
    tally.same(chopper.encode(array, "e2m1"), chopper.encode(numbers, "e2m1"), codes, fmt=fmt)


@pytest.mark.parametrize("name", NAMES.split())
def test_views(name):
    """Both ways without a copy."""
    from chopper_ext.interop.ml_dtypes import as_dtype, codes_of

    fmt, codes, array = stored(name)
    given = as_dtype(codes, fmt)
    assert given.dtype == array.dtype
    assert np.shares_memory(given, codes)
    back, own = codes_of(given)
    assert np.shares_memory(back, codes)
    assert np.array_equal(back, codes)
    assert own == fmt


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "int8", "uint16", "int64"])
def test_dtypes_of_numpy(name):
    from chopper_ext.interop.ml_dtypes import as_dtype, codes_of

    x = np.array([1, 2, 3]).astype(name)
    codes, fmt = codes_of(x)
    assert str(fmt) == {"float16": "fp16", "float32": "fp32", "float64": "fp64"}.get(name, name)
    assert np.array_equal(as_dtype(codes, fmt), x)
    if name != "int64":
        assert chopper.decode(x, fmt, np.float64).tolist() == [1, 2, 3]
        assert chopper.decode(x.astype(x.dtype.newbyteorder(">")), fmt, np.float64).tolist() == [1, 2, 3]


def test_what_cannot_be_seen_as_another_dtype():
    from chopper_ext.interop.ml_dtypes import as_dtype, codes_of

    with pytest.raises(UnsupportedInputError, match="no dtype that stores posit8"):
        as_dtype(np.zeros(3, np.uint8), "posit8")
    with pytest.raises(UnsupportedInputError, match="codes have dtype int64"):
        as_dtype(np.zeros(3, np.int64), "e4m3")
    with pytest.raises(UnsupportedInputError, match="stores no format"):
        codes_of(np.zeros(3, bool))
    with pytest.raises(UnsupportedInputError, match="cannot decode dtype float8_e5m2"):
        chopper.decode(np.zeros(3, ml_dtypes.float8_e5m2), "e4m3")
