"""Codes, formats and roundings of every family, taken apart."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import chopper
from chopper.anatomy import (
    code_of,
    exact_text,
    explain,
    fields,
    kind_of,
    layout,
    number_line,
    positive_codes,
    some_values,
    special_codes,
    split,
    turn_between,
)
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.reals import nearest

SMALL = [fmt for fmt in chopper.formats() if fmt.bits <= 8 and not fmt.blocked]
MORE = ["posit<6,0>", "posit<7,2,nearest=value>", "posit<8,2,underflow=zero>", "posit<3,2>", "takum_linear5",
        "takum_log12", "lns<8,3,nearest=value>", "lns<6,2,zero=false>", "fixed<-1,8>", "fixed<9,-1>", "ufixed<2,3>",
        "nf4<ties=upper>", "lns<8,0>"]  # fmt: skip


NEAREST = ("nearest_even", "nearest_away", "nearest_zero")


class Plain(Format):
    """A family that registers nothing: thirds."""

    family = "plain"

    def __init__(self, width: int = 3) -> None:
        self._width = width

    bits = property(lambda self: self._width)  # type: ignore[assignment]
    max = property(lambda self: Fraction(2))  # type: ignore[assignment]
    min = smallest = eps = property(lambda self: Fraction(1, 3))  # type: ignore[assignment]

    def value(self, code: int) -> Fraction | float:
        """Return code / 3."""
        return math.nan if code == 7 else Fraction(code, 3)

    def __str__(self) -> str:
        return "plain"


@pytest.mark.parametrize("fmt", [*SMALL, *map(chopper.get, MORE)], ids=str)
def test_codes_of_every_family(fmt: Format) -> None:
    """Fields add up to the bits; kinds go with values; special codes have the values that they are named for."""
    for code in fmt.codes:
        value = fmt.value(code)
        assert "".join(field.bits for field in fields(fmt, code)) == f"{code:0{fmt.bits}b}"
        kind = kind_of(fmt, code)
        assert kind == "spare" or (kind in ("nan", "nar")) == (value != value)
        assert code_of(fmt, code).hex == f"0x{code:0{-(-fmt.bits // 4)}x}"
    found = {what.split(",")[0]: fmt.value(code) for what, code in special_codes(fmt)}
    wanted = {"zero": 0, "one": 1, "minus one": -1, "largest": fmt.max, "lowest": fmt.min, "smallest": fmt.smallest}
    assert {what: wanted[what] for what in wanted.keys() & found.keys()} == {
        what: value for what, value in found.items() if what in wanted
    }
    assert "bit" in layout(fmt)


@pytest.mark.parametrize("fmt", [*SMALL, *map(chopper.get, MORE), Plain()], ids=str)
def test_positive_codes_are_in_order(fmt: Format) -> None:
    """They climb from the smallest to the largest number, and none is missing."""
    codes = positive_codes(fmt)
    values = [fmt.value(codes[i]) for i in range(len(codes))]
    assert all(a < b for a, b in pairwise(values))
    every = {value for value in map(fmt.value, fmt.codes) if isinstance(value, Fraction) and value > 0}
    assert set(values) == every
    assert some_values(fmt)
    assert number_line(fmt).count("\n") == (fmt.bits <= 6)


@pytest.mark.parametrize("fmt", [*SMALL, *map(chopper.get, MORE)], ids=str)
def test_rounding_turns_where_it_is_said_to(fmt: Format, tally) -> None:
    """At the point each tie gives its own neighbour; next to it, and around irrational points, all modes agree."""
    values = sorted({float(v): c for c in reversed(fmt.codes) if isinstance(v := fmt.value(c), Fraction)}.items())
    pairs = list(pairwise(values))
    near_zero = [pair for pair in pairs if 0 in (pair[0][0], pair[1][0])]
    for (low, a), (high, b) in [*pairs[:: max(1, len(pairs) // 12)], *near_zero]:
        turn = turn_between(fmt, a, b)
        if turn.point is None:
            assert 0 in (low, high) or (low < 0 < high)
            assert chopper.chop((low + high) / 2, fmt) != 0
            continue
        point = float(nearest(turn.point, 53))
        tries = [
            (float(np.nextafter(point, side)), mode, want)
            for mode in NEAREST
            for side, want in ((-9e99, low), (9e99, high))
        ]
        if Fraction(point) == turn.point and abs(low) != abs(high):
            inner, outer = sorted((low, high), key=abs)
            tries += [(point, "nearest_zero", inner), (point, "nearest_away", outer)]
        wrong = [(x, mode) for x, mode, want in tries if chopper.chop(x, fmt, mode) != want]
        tally.note(len(tries), fmt, wrong=len(wrong))
        assert not wrong, turn


def test_fields_of_longer_codes() -> None:
    """The bits after the last one of a posit or takum have names too."""
    assert [field.name for field in split(chopper.get("posit8"), "011111101")] == ["sign", "regime", "exponent"]
    assert split(chopper.get("takum_linear8"), "011000111")[-1].name == "characteristic"


def test_words() -> None:
    """What is shown of some codes and roundings."""
    assert layout(chopper.get("fixed<-1,8>")) == "7 bits, two's complement, in units of 2^-8"
    assert layout(chopper.get("int8")) == "8 integer bits, two's complement"
    assert layout(chopper.get("lns_madam8_g8")).endswith("unsigned: 4 bits and 3 behind the point")
    assert layout(chopper.get("takum_linear5")) == (
        "1 sign, 1 direction, 3 regime bits; cut short from 12 bits; negative: two's complement"
    )
    assert exact_text(chopper.get("lns8"), 0x83) == "-2^(3/8)"
    assert exact_text(chopper.get("takum_log8"), 0x81) == "-e^(239/2)"
    assert "geometric mean, since exponent bits" in explain(-3e6, "posit8").rule
    assert "characteristic bits are cut off" in explain(3e6, "takum_linear8").rule
    assert explain(1e-12, "takum_log12").rule.startswith("turns")
    assert explain(1e-90, "takum_log12").rule.startswith("never turns")
    assert explain(0.3, "nf4").rule.endswith("the lower value")
    assert explain(0.3, "int8", "nearest_zero").rule.endswith("the one toward zero")
    assert explain(0.25, "int8", "up").rule == "away from zero if nu > 0 and x > 0; nu = 0.25"
    assert explain(1e9, "int8").rule == "beyond the range: the overflow policy decides"
    assert explain(1e-9, "lns_madam8_g8").rule == explain(math.nan, "posit8").rule == explain(2.0, "int8").rule == ""


def test_a_family_that_registers_nothing_is_shown_by_its_values() -> None:
    """Bits in one piece, common kinds, the middle as the turning point; too many codes are not listed."""
    fmt = Plain()
    assert (fields(fmt, 5)[0].name, layout(fmt), kind_of(fmt, 7), kind_of(fmt, 1)) == (
        "code",
        "3 bits",
        "nan",
        "number",
    )
    assert dict(special_codes(fmt)) == {"zero": 0, "smallest": 1, "one": 3, "largest": 6, "lowest": 1, "NaN": 7}
    assert turn_between(fmt, 1, 2).point == Fraction(1, 2)
    assert special_codes(Plain(17)) == []
    with pytest.raises(UnsupportedInputError, match="17 bits"):
        positive_codes(Plain(17))
