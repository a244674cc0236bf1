"""Functions to logarithmic formats against their definition in many bits: irrational operands, numbers, turns."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache

import mpmath
import numpy as np
import pytest

import chopper
from chopper import ops
from chopper.errors import RangeError
from chopper.formats.base import Format
from chopper.formats.policies import Underflow
from chopper.rounding import Rounding
from tests.families.values import middle, real
from tests.functions import truth
from tests.functions.pairs import special_pair
from tests.functions.test_values import DIRECTED, samples
from tests.tally import Tally

SUBJECT = "elementary functions of logarithmic formats"
MP = truth.MP
EQUAL = mpmath.mpf(2) ** -300
"""Numbers this close are taken for equal."""


LIMITED = ("tanh", "erf", "erfc", "sigmoid", "expm1", "gelu", "silu", "softplus")
"""Functions that come so close to a limit that 400 bits do not tell them from it."""

OBLIQUE = ("silu", "gelu", "softplus")
"""Those whose limit is their operand."""

ROOTS = ("log", "log2", "log10", "rsqrt", "cbrt")
"""Functions that at small numbers do not come close to anything, and may be numbers of the format."""


class Definition:
    """The numbers of a format in order, and what others become, one at a time."""

    def __init__(self, fmt: Format) -> None:
        MP.prec = 400
        self.fmt = fmt
        found = [(wide(real(fmt, code)), code) for code in fmt.codes if real(fmt, code) is not None]
        found.sort()
        self.values, self.codes = [v for v, _ in found], [c for _, c in found]
        self.floats = chopper.decode(np.arange(1 << fmt.bits), fmt, np.float64)
        self.operand = {float(self.floats[code]): value for value, code in found}
        self.small = fmt.below_smallest is Underflow.SMALLEST

    def rounded(self, v: mpmath.mpf, mode: Rounding, never: bool = False) -> float:
        """Return what a finite number becomes, if what is too large becomes the largest; `never` is it one already."""
        i = bisect_left(self.values, v)
        for k in (i - 1, i):
            if 0 <= k < len(self.values) and not never and abs(self.values[k] - v) <= abs(v) * EQUAL:
                return self.floats[self.codes[k]]
        if i in (0, len(self.values)):
            return self.floats[self.codes[max(i - 1, 0)]]
        return self.floats[self.codes[i if self._goes_up(v, i, mode) else i - 1]]

    def _goes_up(self, v: mpmath.mpf, i: int, mode: Rounding) -> bool:
        low, high = self.values[i - 1], self.values[i]
        if self.small and (low <= 0 < v or v < 0 <= high):
            return v > 0
        if mode is Rounding.NEAREST_EVEN:
            turn = wide(middle(self.fmt, self.codes[i - 1], self.codes[i]))
            if abs(turn - v) > abs(v) * EQUAL:
                return v > turn
            return (self.codes[i - 1] if v > 0 else self.codes[i]) % 2 == (1 if v > 0 else 0)
        return {Rounding.UP: True, Rounding.DOWN: False, Rounding.TOWARD_ZERO: v < 0}[mode]


def wide(x: object) -> mpmath.mpf:
    """Return a Fraction or another number in 400 bits."""
    return MP.mpf(x.numerator) / x.denominator if hasattr(x, "denominator") else MP.mpf(x)


@lru_cache(maxsize=32)
def definition(fmt: Format) -> Definition:
    """Return the definition of a format."""
    return Definition(fmt)


def expected(name: str, fmt: Format, xs: tuple[float, ...], mode: Rounding) -> float:
    """Return the float of the number that a value becomes."""
    known = truth.special(name, xs[0]) if len(xs) == 1 else special_pair(name, *xs)
    if known is not None and (known == 0 or not math.isfinite(known)):
        if math.isinf(known) and fmt.family == "takum":
            return math.nan
        return chopper.chop(float(known), fmt, mode)
    MP.prec = 600
    of = definition(fmt)
    function = truth.UNARY.get(name) or truth.BINARY[name]
    operands = [of.operand.get(x, MP.mpf(x)) for x in xs]
    if close := len(xs) == 1 and known is None and beside_limit(name, xs[0]):
        MP.prec = 2400 + 8 * abs(math.frexp(xs[0])[1])
        near = truth.limit(name, xs[0])
        if near is not None:
            return of.rounded(wide(near) * (operands[0] / MP.mpf(xs[0]) if name in OBLIQUE else 1), mode, close)
    if known is None and name in ("exp", "exp2", "exp10", "sinh", "cosh", "expm1") and abs(xs[0]) > 1e4:
        far = MP.mpf(2) ** 5000  # beyond every format, as far as the exact value
        below = {"sinh": -far, "cosh": far}.get(name, 1 / far)
        return of.rounded(far if xs[0] > 0 else below, mode)
    v = MP.mpf(known) if known is not None and name != "hypot" else function(*(MP.mpf(x) for x in operands))
    if name == "atan" and math.isinf(xs[0]):
        v = MP.pi / 2 if xs[0] > 0 else -MP.pi / 2
    return of.rounded(v, mode, close)


def beside_limit(name: str, x: float) -> bool:
    """Tell whether the value may be so close to a limit that many bits are needed; it is never equal to it."""
    return (name in LIMITED and abs(x) > 10) or (name not in ROOTS and abs(x) < 1e-30)


def numbers(fmt: Format, count: int) -> np.ndarray:
    """Return numbers of the format, and others."""
    rng = np.random.default_rng(fmt.bits)
    floats = definition(fmt).floats
    own = floats if floats.size <= count else rng.choice(floats, count)
    return np.concatenate(
        [own, samples("float16", count // 4, 8), [0.5, 1, 2, 4, 0.0, -0.0, np.inf, -np.inf, np.nan, 3, -1]]
    )


@pytest.mark.parametrize("name", truth.UNARY)
@pytest.mark.parametrize("fmt", ["lns8", "takum_log8", "lns_madam8_g8", "lns<8,3,nearest=value>", "takum_log12"])
def test_functions(name: str, fmt: str, tally: Tally) -> None:
    """Values at numbers of the format, and at others."""
    target = chopper.get(fmt)
    compare(name, target, numbers(target, 48), tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", truth.UNARY)
def test_every_number(name: str, tally: Tally) -> None:
    """Values at all numbers of the named formats of up to 16 bits."""
    for fmt in chopper.formats():
        if fmt.bits <= 16 and (fmt.family == "lns" or getattr(fmt, "logarithmic", False)):
            compare(name, fmt, definition(fmt).floats, tally)


def compare(name: str, target: Format, xs: np.ndarray, tally: Tally) -> None:
    """Compare values in every mode."""
    for mode in DIRECTED:
        want = np.array([expected(name, target, (x,), mode) for x in xs.tolist()])
        tally.same(getattr(ops, name)(xs, target, mode), want, xs, fmt=target, mode=mode, about=name)


@pytest.mark.parametrize("name", ["hypot", "pow"])
@pytest.mark.parametrize("fmt", ["lns8", "takum_log8", "logsqrt2_5"])
def test_pairs(name: str, fmt: str, tally: Tally) -> None:
    """Functions of two numbers."""
    target = chopper.get(fmt)
    xs, ys = numbers(target, 40), np.random.default_rng(3).permutation(numbers(target, 40))
    ys[::3] = np.random.default_rng(4).choice([0.5, 2, -1, 3, -0.5, 0.25], ys[::3].size)
    for mode in DIRECTED:
        want = np.array([expected(name, target, pair, mode) for pair in zip(xs.tolist(), ys.tolist(), strict=True)])
        tally.same(getattr(ops, name)(xs, ys, target, mode), want, xs, fmt=fmt, mode=mode, about=(name, ys[:4]))


@pytest.mark.parametrize("fmt", ["lns8", "takum_log8", "lns<8,3,stochastic=code>"])
def test_chance(fmt: str) -> None:
    """Words choose one of the neighbours, more often the nearer one; exact values stay."""
    words = np.linspace(0, (1 << 32) - 1, 33).astype(np.uint32)
    for x in (0.3, 1.1, 2.6):
        low, high = (ops.exp(x, fmt, mode) for mode in ("down", "up"))
        got = ops.exp(np.full(33, x), fmt, "stochastic", random_words=words)
        assert set(got.tolist()) == {low, high}
        assert (np.diff(got) >= 0).all()
        place = (math.exp(x) - low) / (high - low) if "code" not in fmt else (x - math.log(low)) / math.log(high / low)
        assert abs((got == high).mean() - place) < 0.05
    assert set(ops.exp2(np.full(33, 0.5), "lns8", "stochastic", random_words=words).tolist()) == {math.sqrt(2)}


def test_limits() -> None:
    """Values beside a limit are not the limit, also where the operand is irrational."""
    below = ops.sub(1.0, 2.0**-30, "lns8", "down")
    for x in (128.0, float(chopper.get("lns8").number(0x2D))):
        for name in ("tanh", "erf", "sigmoid"):
            assert [getattr(ops, name)(x, "lns8", mode) for mode in ("down", "up")] == [below, 1.0]
        assert ops.expm1(-x, "lns8", "up") == -below
        assert ops.erfc(-x, "lns8", "down") == 2 * below
        for name in ("silu", "gelu"):
            assert getattr(ops, name)(x, "lns8", "up") == x
            assert getattr(ops, name)(x, "lns8", "down") < x
        assert ops.softplus(x, "lns8", "down") == x
        assert ops.softplus(x, "lns8", "up") > x or x >= 200
    for exponent in (0x2C, 0x2D, 0x2E):  # -2^5.5, where what is below every number begins
        number = float(chopper.get("lns8").number(exponent))
        assert ops.gelu(-number, "lns8", "toward_zero") == 0 > ops.gelu(-number, "lns8", "down")
    big = float(chopper.get("takum_log12").number(0x7F0))
    assert ops.silu(big, "takum_log12", "up") == big > ops.silu(big, "takum_log12", "down")
    assert ops.softplus(big, "takum_log12", "down") == big < ops.softplus(big, "takum_log12", "up")


def test_errors() -> None:
    """Overflow under ``raise`` is an error."""
    with pytest.raises(RangeError):
        ops.exp(1000.0, "lns8", overflow="raise")
