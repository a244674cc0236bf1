"""Names that describe a format: what they mean, and that every other text is refused politely."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chopper.errors import FormatError, UnknownFormatError
from chopper.formats.codebook import CodebookFormat
from chopper.formats.float import FloatFormat
from chopper.formats.grammar import fold, label, options
from chopper.formats.policies import Negative, Subnormals
from chopper.formats.registry import get


def ieee(w, t, **fields):
    return FloatFormat(exponent_bits=w, precision=t + 1, **fields)


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("e5m10", ieee(5, 10)),
        ("e6m9", ieee(6, 9)),
        ("e4m4", ieee(4, 4)),
        ("e4m4b3", ieee(4, 4, bias=3)),
        ("e4m4fn", ieee(4, 4, infinities=False, top_nans=1)),
        ("e4m4fnuz", ieee(4, 4, bias=8, infinities=False, nan_at_negative_zero=True)),
        ("e4m4b9fnuz", ieee(4, 4, bias=9, infinities=False, nan_at_negative_zero=True)),
        ("e4m4fnu", ieee(4, 4, infinities=False, top_nans=1, signed=False)),
        ("e4m4finite", ieee(4, 4, infinities=False, top_nans=0)),
        ("e4m4ieee", ieee(4, 4)),
        ("e1m2finite", ieee(1, 2, infinities=False, top_nans=0)),
        ("e4m4<bias=-3>", ieee(4, 4, bias=-3)),
        ("e4m4<top-nans=2, sub normals=FLUSH>", ieee(4, 4, top_nans=2, subnormals="flush")),
        ("e4m4fnuz<bias=7>", ieee(4, 4, bias=7, infinities=False, nan_at_negative_zero=True)),
        ("e4m3ieee<nan_at_negative_zero=true>", ieee(4, 3, nan_at_negative_zero=True)),
        ("e4m3ieee", ieee(4, 3)),
        ("e4m3b9", ieee(4, 3, bias=9, infinities=False, top_nans=1)),
        ("e4m3<bias=9>", ieee(4, 3, bias=9, infinities=False, top_nans=1)),
        ("e4m3finite", ieee(4, 3, infinities=False, top_nans=0)),
        ("e2m1b2fn", ieee(2, 1, bias=2, infinities=False, top_nans=0)),
        ("bf16<subnormals=flush>", ieee(8, 7, subnormals=Subnormals.FLUSH)),
        ("half<infinities=false,top_nans=0>", ieee(5, 10, infinities=False, top_nans=0)),
        ("ue4m3<negative=magnitude>", ieee(4, 3, signed=False, infinities=False, top_nans=1, negative="magnitude")),
    ],
)
def test_meaning(text, fmt):
    assert get(text) == fmt
    assert get(str(get(text))) == fmt


@pytest.mark.parametrize("bare", ["e4m3", "e5m2", "e2m1", "e3m2", "e2m3", "e8m0", "e3m4", "e3m0"])
def test_bare_names_of_the_table_mean_its_rows(bare):
    assert get(bare).name == bare


def test_fnu_of_the_scale_format_has_no_zero():
    assert not get("e8m0fnu").zero
    assert not get("e8m0<bias=100>").zero
    assert get("e8m0b100") == get("e8m0<bias=100>")


@pytest.mark.parametrize("text", ["E4M3FN", "e4m3-fn", "e4m3_fn", "E4M3 fn", " float8_e4m3fn ", "Float8-E4M3FN"])
def test_case_and_separators_do_not_matter(text):
    assert get(text) is get("e4m3")


def test_separators_between_digits_matter():
    assert fold("CFloat8-1 4__3") == "cfloat8_1_4_3"
    with pytest.raises(UnknownFormatError):
        get("fp1_6")
    with pytest.raises(UnknownFormatError):
        get("e1_1m2")


def test_p3109_layout():
    signed, unsigned = get("Binary8P3SE"), get("binary8p3uf")
    assert (str(signed), str(unsigned)) == ("binary8p3se", "binary8p3uf")
    assert (signed.exponent_bits, signed.bias, signed.infinities, signed.nan_code) == (5, 16, True, 0x80)
    assert (unsigned.exponent_bits, unsigned.bias, unsigned.infinities, unsigned.nan_code) == (6, 32, False, 0xFF)
    assert unsigned.negative is Negative.OVERFLOW
    assert get("binary8p3ue<negative=zero>").negative is Negative.ZERO


def test_every_p3109_name_leads_back():
    for k in range(3, 17):
        for p in range(1, k + 1):
            for kind in ("se", "sf", "ue", "uf"):
                if kind[0] == "u" or p < k:
                    name = f"binary{k}p{p}{kind}"
                    assert str(get(name)) == name
                    assert get(name).bits == k
                    assert get(get(name).spelling) == get(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e20m3", "exponent_bits=20 is not legal; legal: an integer from 1 to 19"),
        ("e0m3", "exponent_bits=0 is not legal"),
        ("e4m53", "fraction_bits=53 is not legal; legal: an integer from 0 to 52"),
        ("e19m52", "at most 64 bits"),
        ("e1m2", "leaves no normal number"),
        ("binary2p1se", "K=2 is not legal; legal: an integer from 3 to 16"),
        ("binary17p3se", "K=17 is not legal"),
        ("binary8p8se", "P=8 is not legal; legal: an integer from 1 to 7 for a signed format of 8 bits"),
        ("binary8p9ue", "P=9 is not legal; legal: an integer from 1 to 8 for an unsigned format of 8 bits"),
        ("bf16<subnormals=flsh>", "legal: 'gradual', 'round', 'flush'"),
        ("bf16<bais=3>", "did you mean 'bias'?"),
        ("bf16<precision=3>", "option 'precision=3' is not legal"),
        ("bf16<bias=x>", "bias='x' is not legal"),
        ("bf16<bias>", "option 'bias' is not legal"),
        ("bf16<>", "option '' is not legal"),
        ("bf16<bias=1,bias=2>", "option 'bias' is given twice"),
        ("e4m3b8<bias=9>", "the bias is given twice"),
        ("bf16<bias=99999999999999999999>", "bias=99999999999999999999 is not legal"),
        ("bf16<signed=1>", "signed=1 is not legal; legal: True, False"),
    ],
)
def test_impossible_formats_are_named(text, message):
    with pytest.raises(FormatError) as error:
        get(text)
    assert message in str(error.value)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e4m4x", "nearest: 'e4m3'"),
        ("e4m4x", "'e4m4<bias=...>'"),
        ("e4m3f", "'e4m3fn'"),
        ("binary8p3", "'binary8p3se', 'binary8p3sf', 'binary8p3ue', 'binary8p3uf'"),
        ("bfloat61", "'bfloat16'"),
        ("fp8_e4m3", "'fp8_e4m3fn'"),
        ("", "'e5m10'"),
        ("e04m3", "unknown format 'e04m3'"),
        ("e4m3<bias=3", "unknown format"),
        ("e4m3<bias=3>>", "unknown format"),
        ("e9999999999m3", "unknown format"),
        ("nonsense", "a format can be written out, as in 'e5m10', 'binary8p3se'"),
        ("e\u0664m3", "unknown format"),
    ],
)
def test_unknown_names_get_advice(text, message):
    with pytest.raises(UnknownFormatError) as error:
        get(text)
    assert message in str(error.value)


def test_options_and_label_are_inverse():
    given_options = {"bias": -3, "zero": False, "subnormals": "flush"}
    text = label("x", given_options)
    assert text == "x<bias=-3,zero=false,subnormals=flush>"
    assert options(text[2:-1], tuple(given_options)) == given_options


PIECES = (
    "e m b 0 1 3 4 5 8 11 16 20 53 fn fnuz fnu ieee finite binary p s u f < > = , - _ "
    "bias top_nans signed true false subnormals flush e4m3 bf16 e8m0 half"
)
pieces = st.sampled_from(PIECES.split()) | st.just(" ")


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=12))
@example("\u0130e4m3")
@example("\u212a")
@example("e4m3\n")
@settings(max_examples=500)
def test_any_text_is_a_format_or_a_polite_error(text):
    try:
        fmt = get(text)
    except (UnknownFormatError, FormatError) as error:
        assert str(error)
        return
    assert get(str(fmt)) == fmt
    assert isinstance(fmt, CodebookFormat) or get(fmt.spelling) == fmt  # a list is too long to be written
    assert get(text.upper()) == fmt
