"""Names, fields and numbers of fixed-point formats and integers."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chopper
from chopper.errors import FormatError, UnknownFormatError
from chopper.formats.finfo import finfo
from chopper.formats.fixed import FixedFormat
from chopper.formats.fixed_names import INTEGERS
from chopper.formats.grammar import fold
from chopper.formats.registry import get


def fixed(i, f, **fields):
    return FixedFormat(integer_bits=i, fraction_bits=f, **fields)


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("fixed<8,4>", fixed(8, 4)),
        ("Fixed< 8 , 4 >", fixed(8, 4)),
        ("ufixed<8,4>", fixed(8, 4, signed=False)),
        ("u-fixed<0,8>", fixed(0, 8, signed=False)),
        ("fixed<-2,10>", fixed(-2, 10)),
        ("fixed<10,-2>", fixed(10, -2)),
        ("fixed<4,4,symmetric=true,nan_input=raise>", fixed(4, 4, symmetric=True, nan_input="raise")),
        ("int8", fixed(8, 0)),
        ("INT-8", fixed(8, 0)),
        ("i8", fixed(8, 0)),
        ("u16", fixed(16, 0, signed=False)),
        ("int5", fixed(5, 0)),
        ("uint1", fixed(1, 0, signed=False)),
        ("uint64<nan_input=max>", fixed(64, 0, signed=False, nan_input="max")),
        ("int8<symmetric=true>", fixed(8, 0, symmetric=True)),
        ("int11<symmetric=true>", fixed(11, 0, symmetric=True)),
        ("ternary", fixed(2, 0, symmetric=True)),
        ("q3.4", fixed(4, 4)),
        ("Q3.4", fixed(4, 4)),
        ("q_3.4", fixed(4, 4)),
        ("uq0.8", fixed(0, 8, signed=False)),
        ("UQ 4.4", fixed(4, 4, signed=False)),
        ("q0.15", fixed(1, 15)),
        ("q3.-1", fixed(4, -1)),
        ("q3. -1", fixed(4, -1)),
        ("q-1.8", fixed(0, 8)),
        ("Q -1.8", fixed(0, 8)),
        ("uq-2.10", fixed(-2, 10, signed=False)),
        ("uq 12.-4", fixed(12, -4, signed=False)),
        ("q-1.8<symmetric=true>", fixed(0, 8, symmetric=True)),
    ],
)
def test_meaning(text, fmt):
    found = get(text)
    assert found == fmt
    assert get(str(found)) == get(found.spelling) == fmt
    assert get(str(fmt)) == fmt


def test_minus_and_separator_are_told_apart():
    """The minus of Q notation stays; names of floats lose theirs as before."""
    assert (fold("q3.-4"), fold("Q-3.4"), fold("uq -3.-4")) == ("q3.-4", "q-3.4", "uq-3.-4")
    assert (fold("q-52"), fold("e4m3b-2"), fold("int-8")) == ("q52", "e4m3b-2", "int8")
    assert get("q-52") == get("e5m2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int1", "1 bits are not legal; legal: int2 to int64"),
        ("int65", "65 bits are not legal; legal: int2 to int64"),
        ("uint0", "0 bits are not legal; legal: uint1 to uint64"),
        ("fixed<1,0>", "make 1 bits; legal: 2 to 64 in a signed format"),
        ("ufixed<-3,3>", "make 0 bits; legal: 1 to 64 in an unsigned format"),
        ("fixed<60,5>", "make 65 bits"),
        ("fixed<99999,-99990>", "integer_bits=99999 is not legal; legal: an integer from -4096 to 4096"),
        ("uint8<symmetric=true>", "symmetric=True needs signed=True"),
        ("q3.4<symmetric=2>", "symmetric=2 is not legal; legal: True, False"),
        ("q3.4<nan_input=nan>", "nan_input='nan' is not legal; legal: 'max', 'zero', 'raise'"),
        ("fixed<4,4,signed=false>", "option 'signed=false' is not legal; legal: key=value with a key of symmetric"),
    ],
)
def test_impossible_formats_are_named(text, message):
    with pytest.raises(FormatError, match=message):
        get(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fixed(4,4)", "fixed point is written with integer bits, the sign included, and fraction bits: 'fixed<4,4>'"),
        ("q15", "Q notation needs both parts, the sign not counted: 'q0.15'"),
        ("q3-4", "Q notation has two parts, the sign not counted"),
        ("inte8", "nearest: 'int8'"),
        ("int08", "nearest: 'int8'"),
    ],
)
def test_unknown_names_get_advice(text, message):
    with pytest.raises(UnknownFormatError, match=message):
        get(text)


@pytest.mark.parametrize("text", ["int5", "uq1.1", "fixed<3,3>", "ternary"])
def test_names_cannot_be_taken(text):
    with pytest.raises(FormatError, match=r"built in|cannot be a name"):
        chopper.register(text, get("e4m3"))


@pytest.mark.parametrize("fmt", [fixed(4, 4), fixed(-2, 10), fixed(3, -1, signed=False), fixed(2, 1, symmetric=True)])
def test_values_are_twos_complement(fmt):
    values = [fmt.value(code) for code in fmt.codes]
    quanta = [int(value / fmt.quantum) for value in values]
    for code, k in enumerate(quanta):
        assert k % (1 << fmt.bits) == code or (fmt.symmetric and code == 1 << (fmt.bits - 1) and k == -fmt.max_integer)
    assert (min(values), max(values)) == (fmt.min, fmt.max)
    assert min(value for value in values if value > 0) == fmt.smallest
    with pytest.raises(FormatError, match="is not a code"):
        fmt.value(1 << fmt.bits)


@pytest.mark.parametrize("fields", [{"signed": 1}, {"symmetric": "yes"}, {"name": 5}, {"integer_bits": True}])
def test_fields_are_checked(fields):
    with pytest.raises(FormatError, match="is not legal; legal"):
        FixedFormat(**{"integer_bits": 4, "fraction_bits": 4, **fields})


@pytest.mark.parametrize(("text", "eps"), [("q3.4", Fraction(1, 16)), ("int8", 1), ("ternary", 1), ("q0.7", None)])
def test_eps(text, eps):
    assert get(text).eps == eps
    assert finfo(text).eps == eps


@st.composite
def formats(draw):
    signed = draw(st.booleans())
    bits, f = draw(st.integers(1 + signed, 64)), draw(st.integers(-60, 90))
    nan_input = draw(st.sampled_from(["max", "zero", "raise"]))
    return fixed(bits - f, f, signed=signed, symmetric=signed and draw(st.booleans()), nan_input=nan_input)


@given(formats())
def test_names_dicts_and_pickles_lead_back(fmt):
    assert get(str(fmt)) == fmt
    assert hash(get(str(fmt))) == hash(fmt)
    assert FixedFormat.from_dict(json.loads(json.dumps(fmt.to_dict()))) == fmt
    assert pickle.loads(pickle.dumps(fmt)) == fmt
    assert fmt.with_options(name="x") == fmt


@pytest.mark.parametrize("row", INTEGERS, ids=lambda row: row.name)
def test_rows(row):
    """Numbers of every row: NumPy's for the widths it has."""
    fmt = row.format
    info = finfo(fmt)
    bits = 2 if row.name == "ternary" else int(row.name.lstrip("uint"))
    signed = not row.name.startswith("u")
    assert (info.bits, info.precision) == (bits, bits - signed)
    assert info.max == 2 ** (bits - signed) - 1
    assert info.min == (-1 if row.name == "ternary" else -(2 ** (bits - 1)) if signed else 0)
    assert info.values == 2**bits - (row.name == "ternary")
    assert (info.smallest, info.nans, info.infinities) == (1, 0, 0)
    assert row.source
    for alias in row.aliases:
        assert get(alias) is fmt
