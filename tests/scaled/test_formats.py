"""The type, its names, its spelling, its dicts, and what it refuses."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction

import pytest

import chopper
from chopper.errors import FormatError, PolicyError, UnknownFormatError
from chopper.formats.finfo import finfo
from chopper.formats.level import Level, block_text, read_block
from chopper.formats.registry import Registry, get, rows
from chopper.formats.scale_rule import SCALINGS, Direction, ScaleRule, Specials, Statistic, Target, target_of
from chopper.formats.scaled import ScaledFormat

ROWS = [row for row in rows() if row.format.blocked]
FORMATS = [row.format for row in ROWS]


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_every_way_of_writing_leads_back(fmt):
    assert get(str(fmt)) == fmt
    assert Registry().register("mine", json.loads(json.dumps(fmt.to_dict()))) == fmt
    assert pickle.loads(pickle.dumps(fmt)) == fmt
    assert hash(pickle.loads(pickle.dumps(fmt))) == hash(fmt)
    assert get(fmt.spelling) == fmt
    nameless = fmt.with_options()
    assert nameless == fmt and str(nameless) == fmt.spelling
    assert get(f"{fmt}<specials=element>").specials is Specials.ELEMENT


def test_rows_say_where_they_come_from():
    assert len(ROWS) >= 30
    for row in ROWS:
        assert row.source and row.format.family == "scaled"
    unsure = {row.name for row in ROWS if "nverified" in row.note}
    assert unsure >= {"msfp12", "msfp16", "mx9", "hif4", "vsq", "nf4_dq", "dfp16", "flex16_5"}


def test_the_grammar():
    plain = get("scaled<e2m1,e8m0,32,scaling=floor>")
    assert plain == get("MXFP4") == get("scaled<E2M1, E8M0, 32, target=power, direction=down>")
    assert get("mxfp4<scaling=rceil>") == get("scaled<e2m1,e8m0,32,direction=up>")
    assert get("mxfp8<block=16>").block == (16,)
    assert get("mxint8<element=fixed<2,6,symmetric=true>>").element == get("fixed<2,6,symmetric=true>")
    assert get("bfp<8,16>") == get("msfp16") and get("bfp<4,4x4,scaling=ceil>").block == (4, 4)
    assert get("scaled<posit<8,1>,e8m0,32>").element == get("posit<8,1>")
    nested = get("scaled<e2m1,e4m3,16,outer=level<bf16,64,target=100,outer=level<fp32,tensor>>,specials=saturate>")
    assert [str(level.scale) for level in nested.levels] == ["e4m3", "bf16", "fp32"]
    assert nested.targets == (6, 600, 600 * get("bf16").max)
    assert get(str(nested)) == get(nested.spelling) == nested
    assert get("scaled<e2m1,ue4m3,16,choose=4+3>").rule.choose == (4, 3)
    assert get("scaled<int8,fp32,all,statistic=7/2,least=1e-4,floor=0.5>").rule.least == Fraction(1, 10000)


@pytest.mark.parametrize(
    "text",
    [
        "scaled", "scaled<>", "scaled<e2m1>", "scaled<e2m1,e8m0>", "scaled<e2m1,e8m0,0>", "scaled<e2m1,e8m0,-2>",
        "scaled<e2m1,e8m0,x>", "scaled<nonsense,e8m0,32>", "scaled<mxfp4,e8m0,32>", "scaled<e2m1,nvfp4,32>",
        "scaled<e2m1,e8m0,32,scaling=nearest>", "scaled<e2m1,e8m0,32,target=-1>", "scaled<e2m1,e8m0,32,target=0>",
        "scaled<e2m1,e8m0,32,direction=sideways>", "scaled<e2m1,e8m0,32,direction=up,direction=up>",
        "scaled<e2m1,e8m0,32,statistic=median>", "scaled<e2m1,e8m0,32,before=scale>", "scaled<e2m1,e8m0,32,what=1>",
        "scaled<e2m1,e8m0,32,statistic=rms,before=element>", "scaled<e2m1,e8m0,32,floor=2e300>",
        "scaled<e2m1,int4,32>", "scaled<e2m1,ue4m3,16,outer=fp32>", "scaled<e2m1,ue4m3,16,outer=level<fp32>>",
        "scaled<e2m1,ue4m3,16,outer=level<fp32,24>>", "scaled<e2m1,ue4m3,tensor,outer=level<fp32,16>>",
        "scaled<e2m1,ue4m3,16,outer=level<fp32,all,before=element>>", "scaled<int8,fp32,all,zero_point=true>",
        "scaled<uint8,fp32,all,zero_point=true>", "scaled<e2m1,ue4m3,16,outer=level<fp32,all,specials=element>>",
        "bfp", "bfp<1,16>", "bfp<40,16>", "bfp<8,x>", "mxfp4<block=0>", "mxfp4<nan=1>", "mxfp4<scaling=x>",
        "scaled<e2m1,e8m0,1x1x1x1x1x1x1x1x1>", "scaled<e2m1,e8m0,32,choose=>", "scaled<e2m1,e8m0,32,choose=4++3>",
    ],
)  # fmt: skip
def test_what_the_grammar_refuses(text):
    with pytest.raises((FormatError, UnknownFormatError, PolicyError)) as caught:
        get(text)
    assert len(str(caught.value)) > 20


def test_the_type_refuses():
    e2m1, e8m0 = get("e2m1"), get("e8m0")
    for fields in (
        {"element": "e2m1"}, {"scale": 3}, {"block": "a"}, {"block": (True,)}, {"rule": 3}, {"zero_point": 1},
        {"name": 7}, {"outer": 3}, {"specials": "some"}, {"element": get("ufixed<0,4>"), "zero_point": True},
    ):  # fmt: skip
        with pytest.raises(FormatError):
            ScaledFormat(**{"element": e2m1, "scale": e8m0, "block": 32, **fields})
    with pytest.raises(FormatError, match="unknown field 'x' of a rule"):
        Registry().register("m", {**get("mxfp4").to_dict(), "rule": {"x": 1}})
    with pytest.raises(FormatError, match="unknown field 'x' of a scaled format"):
        Registry().register("m", {**get("mxfp4").to_dict(), "x": 1})
    with pytest.raises(FormatError, match="unknown field 'x' of a level"):
        Registry().register("m", {**get("mxfp4").to_dict(), "outer": {"x": 1}})
    with pytest.raises(FormatError, match="floor"):
        Level(scale=e8m0, rule=ScaleRule(floor=Fraction(2) ** 200))


def test_scalings_are_values_of_a_rule():
    assert SCALINGS["floor"] == ScaleRule(target=Target.POWER, direction=Direction.DOWN)
    assert SCALINGS["even"] == ScaleRule(target="power", direction="down", before="element")
    assert ScaleRule(target=16 / 3).target == Fraction(16 / 3)
    assert ScaleRule(statistic="6").statistic == 6 and ScaleRule().statistic is Statistic.AMAX
    assert target_of(Target.POWER, get("e4m3")) == 256 and target_of(Fraction(3), get("e4m3")) == 3
    own = get("mxfp4").with_options(scaling=ScaleRule(target=5))
    assert own.rule == ScaleRule(target=5)


def test_blocks():
    for text, block in (("32", (32,)), ("16x16", (16, 16)), ("all", (-1,)), ("2xall", (2, -1)), ("tensor", ())):
        assert read_block(text) == block and block_text(block) == text
    assert read_block(7) == (7,) and read_block([2, 3]) == (2, 3)


def test_the_face_of_a_format():
    fmt = get("mxfp4")
    assert fmt.bits == 4 and fmt.value(7) == 6 and fmt.eps == Fraction(1, 2)
    assert fmt.max == 6 * Fraction(2) ** 127 == -fmt.min
    assert fmt.smallest == Fraction(1, 2) / (1 << 127)
    assert get("nvfp4").max == 6 * 448 * get("fp32").max
    assert get("int8_affine").min == -get("int8_affine").max
    info = finfo("mxfp4")
    assert (info.precision, info.values) == (2, 15)
    for row in ROWS:
        assert finfo(row.format).bits == row.format.bits
    assert chopper.get("mxfp8") is chopper.get("MX-FP8")
