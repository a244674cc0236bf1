"""Names of the families beside the floats, their fields, and what is refused."""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.errors import FormatError, PolicyError, UnknownFormatError
from chopper.formats.codebook import CodebookFormat
from chopper.formats.codebooks import power_map, tangent_map
from chopper.formats.posit import PositFormat
from chopper.formats.registry import formats, get, register
from chopper.formats.table import TableFormat

NAMED = [fmt for fmt in formats() if isinstance(fmt, (PositFormat, TableFormat))]


@pytest.mark.parametrize("fmt", NAMED, ids=str)
def test_names_lead_back(fmt):
    assert get(str(fmt)) == fmt
    assert pickle.loads(pickle.dumps(fmt)) == fmt
    kind = type(fmt)
    assert kind.from_dict(json.loads(json.dumps(fmt.to_dict()))) == fmt
    if not isinstance(fmt, CodebookFormat):
        assert get(fmt.spelling) == fmt


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("posit<16,1,underflow=zero>", "posit<16,1,underflow=zero>"),
        ("POSIT12", "posit<12,2>"),
        ("posit9es0", "posit<9,0>"),
        ("takum_linear12<nearest=value>", "takum_linear12<nearest=value>"),
        ("TakumLog7", "takum_log7"),
        ("lns<8,3,zero=false,bias=-4>", "lns<8,3,bias=-4,zero=false>"),
        ("hifloat8", "hif8"),
    ],
)
def test_grammar(name, wanted):
    assert str(get(name)) == wanted
    assert get(wanted) == get(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("takum8", "'takum_linear8' or 'takum_log8'"),
        ("posit", "posit<16,1>"),
        ("lns8x", "lns<8,3>"),
        ("posit<65,2>", "n=65"),
        ("posit<8,9>", "es=9"),
        ("takum_log40", "n=40"),
        ("lns<8,9>", "fraction_bits=9"),
        ("posit<8,2,nearest=odd>", "nearest"),
        ("hif8<x=1>", "takes no options"),
    ],
)
def test_what_is_refused(name, says):
    with pytest.raises((UnknownFormatError, FormatError), match=says.replace("(", r"\(")):
        get(name)


@pytest.mark.parametrize(
    "values", [(), (1,), (1, 1), (0, math.nan), (0, math.inf), (0, "1"), (0, Fraction(1, 3)), "ab", 3]
)
def test_lists_that_are_refused(values):
    with pytest.raises(FormatError):
        CodebookFormat(values=values)


def test_a_list_of_ones_own():
    mine = register("mine-tan", CodebookFormat(values=tangent_map(4, 1.3)))
    x = np.linspace(-2, 2, 101)
    assert get("Mine Tan") is mine
    assert set(chopper.chop(x, mine)) <= set(tangent_map(4, 1.3))
    assert chopper.decode(chopper.encode(x, mine), mine, np.float64).tolist() == chopper.chop(x, mine).tolist()
    assert len(set(power_map(8, 1.7))) == 255


def test_the_example_of_posit_8_2():
    """Where exponent bits are cut off the geometric mean decides, and by value on demand."""
    x = [2.0**21.9, 2.0**22, 2.0**22.1, 2.0**23, 17 * 2.0**19, 18 * 2.0**19]
    low, high = 2.0**20, 2.0**24
    assert chopper.chop(np.array(x), "posit8").tolist() == [low, low, high, high, high, high]
    by_value = chopper.chop(np.array(x), "posit<8,2,nearest=value>").tolist()
    assert by_value == [low, low, low, low, low, high]


def test_policies_name_the_legal_ones():
    with pytest.raises(PolicyError, match="'saturate', 'propagate', 'raise', 'nan'"):
        chopper.chop(1.0, "takum_log8", overflow="infinity")
    with pytest.raises(PolicyError, match="'propagate', 'saturate', 'nan', 'raise'"):
        chopper.chop(1.0, "posit8", overflow="infinity")
    with pytest.raises(PolicyError, match="'saturate', 'propagate', 'raise'"):
        chopper.chop(1.0, "nf4", overflow="wrap")
    with pytest.raises(PolicyError, match="does not suit posit8"):
        chopper.chop(1.0, "posit8", compat="torch")


def test_quire():
    assert get("posit16").quire == (256, -112, 2**31)
