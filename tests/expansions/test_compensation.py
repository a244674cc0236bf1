"""Compensated sums and pairs, step by step in fractions with one rounding a step."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from chopper import chop
from chopper.arithmetic import Arithmetic
from chopper.compensation import CollageState, collage_step, grow_pair, kahan_sum, multiply_pairs, neumaier_sum
from chopper.errors import UnsupportedInputError
from chopper.rounding import Rounding
from tests.operations.definition import Results, exact


class Scalar:
    """The operations of a format on single floats, by the definition: fractions, rounded once."""

    def __init__(self, fmt: str) -> None:
        self.fmt = fmt

    def __call__(self, name: str, *xs: float) -> float:
        """Return the rounded result."""
        return float(Results(name, [np.array([x]) for x in xs]).rounded(self.fmt, Rounding.NEAREST_EVEN)[0])


def kahan(x: list[float], do: Any) -> float:
    s = c = 0.0
    for n in x:
        y = do("sub", n, c)
        t = do("add", s, y)
        c, s = do("sub", do("sub", t, s), y), t
    return s


def neumaier(x: list[float], do: Any) -> float:
    s = c = 0.0
    for n in x:
        big, small = (s, n) if abs(s) >= abs(n) else (n, s)
        t = do("add", big, small)
        c, s = do("add", c, do("sub", small, do("sub", t, big))), t
    return do("add", s, c)


@pytest.mark.parametrize("fmt", ["bf16", "e5m2", "fp16"])
@pytest.mark.parametrize(("function", "definition"), [(kahan_sum, kahan), (neumaier_sum, neumaier)])
def test_sums_by_definition(fmt: str, function: Any, definition: Any) -> None:
    x = chop(np.random.default_rng(1).standard_normal((4, 20)).astype(np.float32), fmt)
    wanted = [definition(row, Scalar(fmt)) for row in x.tolist()]
    assert function(x, Arithmetic(fmt)).tolist() == wanted
    assert function(x.T, Arithmetic(fmt), axis=0).tolist() == wanted


def test_sums_that_plain_addition_loses() -> None:
    """Ones in bf16: plain sums stop at 256, as does the sum of the rests alone."""
    ones, ar = np.ones(1000, np.float32), Arithmetic("bf16")
    assert float(kahan_sum(ones, ar)) == 1000
    assert float(neumaier_sum(ones[:400], ar)) == 400 and float(neumaier_sum(ones, ar)) == 512
    assert float(kahan_sum(np.empty(0), Arithmetic("bf16"))) == 0
    for bad, axis in ((np.arange(3), 0), (np.ones(3), 1), (np.array(1.0), 0)):
        with pytest.raises(UnsupportedInputError, match="cannot sum"):
            kahan_sum(bad, Arithmetic("bf16"), axis)


def test_pairs() -> None:
    """Grown pairs are exact where the rests fit; products lack the product of the seconds and two roundings."""
    ar, rng = Arithmetic("bf16"), np.random.default_rng(2)
    m, e, b = (chop(rng.uniform(1, 2, 200) * 2.0**k, "bf16") for k in (4, -6, 0))
    high, low = grow_pair((m, e), b, ar)
    for row in zip(m, e, b, high, low, strict=True):
        a, c, d, h, k = (Fraction(float(n)) for n in row)
        assert abs(h + k - a - c - d) <= Fraction(1, 1 << 10)
    high, low = multiply_pairs((m, e), (m, e), ar)
    for row in zip(m, e, high, low, strict=True):
        a, c, h, k = (Fraction(float(n)) for n in row)
        assert abs(h + k - (a + c) ** 2) <= abs((a + c) ** 2) / (1 << 14)


@pytest.mark.parametrize("plus", [False, True])
def test_collage_by_definition(plus: bool) -> None:
    """Three steps of bf16 against the same in fractions, rounded one operation at a time."""
    do, ar = Scalar("bf16"), Arithmetic("bf16")

    def near(x: float) -> float:
        return float(chop(x, "bf16"))

    def fast(a: float, b: float) -> tuple[float, float]:
        s = do("add", a, b)
        return s, do("sub", b, do("sub", s, a))

    def grow(pair: tuple[float, float], b: float) -> tuple[float, float]:
        s, e = fast(pair[0], b)
        return fast(s, do("add", pair[1], e))

    state, p, v, m = CollageState.of(np.array([200.0])), (200.0, 0.0), (0.0, 0.0), 0.0
    for t, g in enumerate((0.5, -0.25, 0.75), 1):
        state = collage_step(state, np.array([g]), ar, rate=0.3, decay=0.01, plus=plus)
        m = do("add", do("mul", near(0.9), m), do("mul", near(1 - 0.9), g))
        square = do("mul", near(1 - 0.999), do("mul", g, g))
        if plus:
            b2 = near(0.999), near(0.999 - near(0.999))
            q = do("mul", v[0], b2[0])
            rest = do("fma", v[1], b2[0], do("fma", v[0], b2[0], -q))
            v = grow(fast(q, do("fma", v[0], b2[1], rest)), square)
        else:
            v = do("add", do("mul", near(0.999), v[0]), square), v[1]
        root = do("sqrt", do("div", v[0], near(1 - 0.999**t)))
        d = do("div", do("div", m, near(1 - 0.9**t)), do("add", root, near(1e-8)))
        d = do("add", d, do("mul", near(0.01), p[0]))
        p = grow(p, do("mul", near(-0.3), d))
        got = [float(n[0]) for n in (*state.parameter, state.moment, *state.second)]
        assert got == [*p, m, *v] and state.step == t
    assert exact("add", *p) != p[0]


def test_collage_plus_keeps_what_bf16_loses() -> None:
    """0.999 is 1 in bf16, so the second moment only grows; as a pair it decays."""
    light = plus = CollageState.of(np.array([1.0]))
    for g in [1.0] + [0.0] * 50:
        light = collage_step(light, np.array([g]), Arithmetic("bf16"))
        plus = collage_step(plus, np.array([g]), Arithmetic("bf16"), plus=True)
    assert float(light.second[0][0]) == float(chop(1 - 0.999, "bf16"))
    decayed = float(plus.second[0][0]) + float(plus.second[1][0])
    assert abs(decayed / (float(chop(1 - 0.999, "bf16")) * 0.999**50) - 1) < 1e-2
