"""Names become formats, and formats of one's own get names."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from chopper.errors import FormatError, UnknownFormatError
from chopper.formats import registry
from chopper.formats.base import Format
from chopper.formats.float import FloatFormat
from chopper.formats.grammar import FLOAT, Family
from chopper.formats.registry import Registry, formats, get, names, rows
from chopper.formats.tables import FLOATS, Row

MINE = FloatFormat(exponent_bits=3, precision=6, bias=9)


@pytest.fixture
def own():
    """A registry of one's own, so that no test leaves a trace."""
    return Registry()


def test_get_is_cached_and_passes_formats_through():
    assert get("e4m4") is get("e4m4")
    assert get("half") is get("fp16")
    assert get("fp16").name == "fp16"
    assert get(MINE) is MINE


@pytest.mark.parametrize("wrong", [5, None, b"e4m3", ["e4m3"], {"exponent_bits": 4}])
def test_what_is_no_name_is_refused(wrong):
    with pytest.raises(UnknownFormatError, match="a format is a name such as 'e4m3' or a Format, not"):
        get(wrong)


def test_listing():
    assert names()[:2] == ("fp16", "bf16")
    assert [str(fmt) for fmt in formats()] == list(names())
    assert len(names()) == len(set(names()))
    assert all(get(str(fmt)) == fmt for fmt in formats())


def test_register_gives_a_name(own):
    fmt = own.register("My-Format", MINE, aliases=["mine"])
    assert fmt == MINE
    assert str(fmt) == "My-Format"
    assert own.get("my format") is own.get("mine") is own.get(str(fmt)) is fmt
    assert [row.name for row in own.rows()][-1] == "My-Format"
    assert own.get("mine<bias=3>").bias == 3
    assert own.get(str(own.get("mine<bias=3>"))) == own.get("mine<bias=3>")


def test_registering_leaves_other_registries_alone(own):
    own.register("only-here", MINE)
    assert "only-here" not in names()
    with pytest.raises(UnknownFormatError):
        get("only-here")


def test_register_takes_json(own):
    text = json.dumps(get("e4m3fnuz").to_dict())
    assert own.register("theirs", json.loads(text)) == get("e4m3fnuz")
    assert own.register("short", {"exponent_bits": 3, "precision": 2}) == FloatFormat(exponent_bits=3, precision=2)


def test_a_miss_is_forgotten_after_registering(own):
    with pytest.raises(UnknownFormatError):
        own.get("mine")
    own.register("mine", MINE)
    assert own.get("mine") == MINE
    with pytest.raises(UnknownFormatError, match="'mine'"):
        own.get("minee")


def test_replacing_is_explicit(own):
    own.register("mine", MINE, aliases=("m",))
    own.register("mine", MINE)
    with pytest.raises(FormatError, match="pass replace=True"):
        own.register("mine", get("e4m3"))
    assert own.get("mine") == MINE
    own.register("mine", get("e4m3"), replace=True)
    assert own.get("mine") == get("e4m3")
    with pytest.raises(UnknownFormatError):
        own.get("m")


def test_aliases_do_not_steal(own):
    own.register("mine", MINE, aliases=("m",))
    with pytest.raises(FormatError, match="'m' is taken by mine"):
        own.register("other", get("e4m3"), aliases=("m",))
    with pytest.raises(UnknownFormatError):
        own.get("other")
    with pytest.raises(FormatError, match="several names"):
        own.register("other", MINE, aliases="abc")


@pytest.mark.parametrize("name", ["e4m3", "FLOAT16", "bfloat-16", "e4m4", "e99m99", "binary8p3se", "binary99p1ue"])
def test_builtin_names_cannot_be_redefined(own, name):
    for options in ({}, {"replace": True}):
        with pytest.raises(FormatError, match="is built in and cannot be redefined"):
            own.register(name, MINE, **options)
    with pytest.raises(FormatError, match="is built in"):
        own.register("fine", MINE, aliases=[name])


@pytest.mark.parametrize("name", ["", "8bit", "a<b>", "a,b", "a=b", "é", "-", None, 5])
def test_illegal_names(own, name):
    with pytest.raises(FormatError, match="cannot be a name"):
        own.register(name, MINE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("e4m3", "is no format; legal: a Format, or a dict"),
        ({"family": "unum", "exponent_bits": 4}, "family='unum' is not legal; legal: float"),
        ({"family": ["float"]}, "family="),
        ({"exponent_bits": 4}, "needs the field 'precision'"),
        ({"exponent_bits": 4, "precision": "4"}, "precision='4' is not legal"),
        ({"exponent_bits": 4, "precision": 4, "subnormals": []}, "subnormals="),
    ],
)
def test_data_that_is_no_format(own, data, message):
    with pytest.raises(FormatError) as error:
        own.register("mine", data)
    assert message in str(error.value)


def test_module_functions_share_one_registry(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTRY", Registry())
    registry.register("mine", MINE)
    assert registry.get("mine") == MINE
    assert registry.names()[-1] == "mine"
    assert [*registry.formats()][-1] == MINE
    assert [*registry.rows()][-1].source == "registered"


class Unit(Format):
    """A family of one format, to show what a family has to bring."""

    bits = 1
    max = min = smallest = eps = Fraction(1)

    def value(self, code):
        return float(code)

    def __str__(self):
        return "unit"


def test_a_family_is_data():
    unit = Unit()
    family = Family("unit", Unit, (Row("unit", ("u",), unit, "here"),), (), (), lambda data: unit, lambda text: "")
    both = Registry((FLOAT, family))
    assert both.get("U") is unit
    assert both.get("e4m3") is get("e4m3")
    assert both.register("one", {"family": "unit"}) is unit
    with pytest.raises(FormatError, match="takes no options"):
        both.get("unit<x=1>")
    with pytest.raises(FormatError, match="stands for both"):
        Registry((FLOAT, Family("unit", Unit, (Row("half", (), unit, "here"),), (), (), lambda data: unit, str)))


def test_rows_tell_source_and_aliases():
    assert next(rows()) is FLOATS[0]
