"""finfo against numpy, ml_dtypes and plain counting."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from chopper.errors import UnknownFormatError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.float import FloatFormat
from chopper.formats.registry import formats, get

SMALL = [fmt for fmt in formats() if fmt.bits <= 16] + [get("binary8p3se"), get("binary6p2ue"), get("binary5p4sf")]


@pytest.mark.parametrize(("name", "dtype"), [("fp16", np.float16), ("fp32", np.float32), ("fp64", np.float64)])
def test_same_as_numpy(name, dtype):
    ours, theirs = finfo(name), np.finfo(dtype)
    for field in ("bits", "eps", "max", "min", "smallest_normal", "smallest_subnormal", "tiny"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert ours.precision == theirs.nmant + 1
    assert ours.exponent_bits == theirs.nexp
    assert ours.unit_roundoff == theirs.epsneg
    assert (ours.emin, ours.emax) == (theirs.minexp, theirs.maxexp - 1)


@pytest.mark.parametrize("fmt", SMALL, ids=str)
def test_counts(fmt):
    info, values = finfo(fmt), [fmt.value(code) for code in fmt.codes]
    assert info.values == len({v for v in values if math.isfinite(v)})
    assert info.nans == sum(math.isnan(v) for v in values)
    assert info.infinities == sum(math.isinf(v) for v in values)


@pytest.mark.parametrize("fmt", list(formats()), ids=str)
def test_numbers_are_exact(fmt):
    info = finfo(fmt)
    floats = ("unit_roundoff", "smallest_normal") if isinstance(fmt, FloatFormat) else ()
    for field in ("eps", "max", "min", "smallest", *floats):
        exact = getattr(fmt, field)
        if exact is None:
            assert (field, getattr(info, field)) == ("eps", None)
            continue
        assert Fraction(getattr(info, field)) == exact, field
        assert isinstance(getattr(info, field), float) or Fraction(float(exact)) != exact
    assert info.format is fmt
    assert str(info).startswith(str(fmt))


def test_dynamic_range():
    assert finfo("e8m0").binades == 254
    assert finfo("fp64").binades == pytest.approx(math.log2(2 - 2**-52) + 1023 + 1074)
    assert finfo("e4m3").decades == pytest.approx(math.log10(448 * 512))


def test_beyond_float64_nothing_is_lost():
    info = finfo("binary12p1ue")
    assert info.max == Fraction(2) ** 2045
    assert isinstance(info.max, Fraction)
    assert isinstance(info.smallest, Fraction)
    assert info.eps == 1.0
    assert "2^2045" in str(info)
    assert finfo(FloatFormat(exponent_bits=19, precision=40)).binades > 500_000


def test_no_subnormals():
    assert finfo("e8m0").smallest_subnormal is None
    assert "none" in str(finfo("e8m0"))


def test_unknown_formats():
    class Other(Format):
        bits = 17
        max = min = smallest = eps = Fraction(1)

        def value(self, code):
            return 0.0

        def __str__(self):
            return "other"

    with pytest.raises(UnsupportedInputError, match="other"):
        finfo(Other())
    with pytest.raises(UnknownFormatError):
        finfo("e4m33x")
