"""Rounding to odd: the kernels on three carriers against fractions, and the processor's way against the kernels."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import numpy as np
import pytest

from chopper.engine.operations.catalogue import OPERATIONS
from chopper.engine.operations.enclosure import odd_between, odd_pattern
from chopper.engine.run import loop_for
from chopper.kernels.carrier import BINARY32, BINARY64, BINARY128, Carrier
from chopper.kernels.odd import Exact, narrow, widen
from tests.operations.definition import exact, root

CARRIERS = (BINARY32, BINARY64, BINARY128)
SMALL = 400
LARGE = 1 << 15


def _where(condition: object, a: object, b: object) -> object:
    return a if condition else b


def _edges(c: Carrier, zero: int = 0) -> Exact:
    return Exact(zero, c.inf, c.inf | 1 << (c.precision - 2))


def _value(pattern: int, c: Carrier) -> Fraction:
    """Return the number of a pattern, by definition."""
    mag = pattern & ((1 << (c.width - 1)) - 1)
    field, fraction = divmod(mag, 1 << (c.precision - 1))
    significand = fraction + (1 << (c.precision - 1)) if field else fraction
    value = significand * Fraction(2) ** (max(field, 1) - c.bias - c.precision + 1)
    return -value if pattern < 0 else value


def _odd(x: Fraction, c: Carrier) -> int:
    """Return the pattern by definition: the even one of the two neighbours never, unless it is the number."""
    lower, upper = 0, c.inf - 1
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (middle, upper) if _value(middle, c) <= abs(x) else (lower, middle)
    found = upper if _value(upper, c) <= abs(x) else lower
    found |= _value(found, c) != abs(x)
    return found | c.sign if x < 0 else found


def _patterns(c: Carrier, rng: np.random.Generator) -> list[int]:
    """Return patterns of finite numbers: near 1, anywhere, subnormal, at the ends."""
    t, found = c.precision - 1, []
    for k in range(SMALL):
        fraction = int.from_bytes(rng.bytes(16), "little") % (1 << t)
        fraction = (fraction >> int(rng.integers(0, t))) << int(rng.integers(0, t)) & ((1 << t) - 1)
        top = c.inf >> t
        field = int(rng.integers(0, top)) if k % 3 == 0 else c.bias + int(rng.integers(-3, 4))
        field = int(rng.integers(0, 2)) if k % 7 == 0 else field
        found.append((field << t) + fraction | (c.sign if rng.random() < 0.5 else 0))
    return [*found, 1, c.inf - 1, 1 << t, (1 << t) - 1, c.bias << t]


def _result(name: str, numbers: tuple[Fraction, ...]) -> Fraction | None:
    x, y, *_ = (*numbers, Fraction(1))
    if name == "sqrt":
        return root(x) if x > 0 else None
    if name == "div":
        return x / y if y else None
    return {"add": x + y, "sub": x - y, "mul": x * y}[name]


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "sqrt"])
@pytest.mark.parametrize("c", CARRIERS, ids=lambda c: str(c.width))
def test_kernels(name: str, c: Carrier) -> None:
    """Results by fractions, on all carriers; what is not a number or zero is tested elsewhere."""
    rng, operation = np.random.default_rng(c.width), OPERATIONS[name]
    xs = _patterns(c, rng)
    ys = [*_patterns(c, rng)[: SMALL // 2], *(x ^ c.sign ^ 1 for x in xs[SMALL // 2 :])]
    for x, y in zip(xs, ys, strict=True):
        operands = (x, y)[: operation.arity]
        wanted = _result(name, tuple(_value(n, c) for n in operands))
        if wanted:
            assert operation.function(c.width)(_where, *operands, c, _edges(c)) == _odd(wanted, c)


@pytest.mark.parametrize("c", [BINARY32, BINARY64], ids=["32", "64"])
def test_widening_and_narrowing(c: Carrier) -> None:
    """Widening is exact and narrowing rounds to odd; specials stay what they are."""
    rng = np.random.default_rng(1)
    for x in (*_patterns(c, rng), 0, c.sign):
        wide = widen(_where, x, c, BINARY128)
        assert _value(wide, BINARY128) == _value(x, c) and (wide < 0) == (x < 0)
        assert narrow(_where, wide, BINARY128, c) == x
    for x in _patterns(BINARY128, rng):
        assert narrow(_where, x, BINARY128, c) == _odd(_value(x, BINARY128), c)
    for sign in (0, c.sign):
        assert widen(_where, c.inf | sign, c, BINARY128) == BINARY128.inf | (BINARY128.sign if sign else 0)
    assert narrow(_where, widen(_where, c.inf + 5, c, BINARY128), BINARY128, c) > c.inf


def test_fractions() -> None:
    """Patterns of exact fractions, and of enclosures."""
    rng = np.random.default_rng(2)
    for c in CARRIERS:
        for _ in range(100):
            x = Fraction(int(rng.integers(-(10**9), 10**9)), int(rng.integers(1, 10**9)))
            x *= Fraction(2) ** int(rng.integers(-1100, 1100))
            assert odd_pattern(x, c) == (_odd(x, c) if x else 0)
    assert odd_between(Fraction(1), Fraction(1), BINARY64) == odd_pattern(Fraction(1), BINARY64)
    assert odd_between(Fraction(1), 1 + Fraction(1, 2**60), BINARY64) is None
    assert odd_between(Fraction(-1, 3), Fraction(-1, 3) + Fraction(1, 2**70), BINARY64) is not None


def _numbers(spread: int, rng: np.random.Generator) -> np.ndarray:
    fractions = rng.integers(0, 2**52, LARGE) & rng.choice(-1 << np.array([0, 24, 29, 41, 49, 52]), LARGE)
    fields = rng.integers(1023 - spread, 1023 + spread + 1, LARGE)
    x = ((fields << 52) | fractions | (rng.integers(0, 2, LARGE) << 63)).view(np.float64)
    return np.where(rng.random(LARGE) < 0.02, np.copysign(0, x), x)


@pytest.mark.parametrize("spread", [1, 30, 300])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "sqrt"])
def test_the_processor_gives_the_same(name: str, spread: int) -> None:
    """Error-free transformations against the integer kernel, on numbers of middling size."""
    rng, operation = np.random.default_rng(spread), OPERATIONS[name]
    x, y = _numbers(spread, rng), _numbers(spread, rng)
    x = np.abs(x) if name == "sqrt" else x
    y = np.where(y == 0, 1.0, y) if name == "div" else y
    if name in ("add", "sub"):
        y[::7], y[::11] = np.nextafter(x[::7], 0), -x[::11]
        y[np.abs(y) < 1e-290] = 0
    for zero in (0, BINARY64.sign):
        arrays, edges = (x, y)[: operation.arity], _edges(BINARY64, zero)
        out = np.empty(LARGE, np.int64)
        entry = loop_for(f"operations.fast_loops.{name}", x, out, *arrays, out, edges)
        assert entry is not None and entry(*arrays, out, edges)
        wanted = operation.function(64)(np.where, *(a.view(np.int64) for a in arrays), BINARY64, edges)
        assert (out == wanted).all()


@pytest.mark.parametrize("spread", [1, 30, 300])
def test_the_processor_fuses(spread: int) -> None:
    """The odd sum of both errors, against fractions: cancelling products, tiny and huge addends."""
    rng = np.random.default_rng(spread)
    x, y, z = (_numbers(spread, rng) for _ in range(3))
    z[::3], z[1::3] = -(x * y)[::3], np.nextafter(-(x * y)[1::3], np.inf)
    z[2::9] *= 2.0 ** -rng.integers(40, 80)
    z[5::9] *= 2.0 ** rng.integers(50, 110)
    z[np.abs(z) < 1e-260] = 0
    out, edges = np.empty(LARGE, np.int64), _edges(BINARY64)
    entry = loop_for("operations.fast_loops.fma", x, out, x, y, z, out, edges)
    assert entry is not None and entry(x, y, z, out, edges)
    for row, got in list(zip(zip(x.tolist(), y.tolist(), z.tolist(), strict=True), out.tolist(), strict=True))[:1500]:
        wanted = exact("fma", *row)
        if isinstance(wanted, Fraction) and wanted:
            assert got == odd_pattern(wanted, BINARY64)
        else:
            zero = math.copysign(0.0, wanted if isinstance(wanted, float) else 0.0)
            assert got == struct.unpack("<q", struct.pack("<d", zero))[0]


def test_the_processor_gives_up() -> None:
    """Numbers that are not of middling size are left to the kernels."""
    out, edges, x = np.empty(LARGE, np.int64), _edges(BINARY64), np.ones(LARGE)
    for name in ("add", "mul", "div"):
        for bad in (5e-324, 1e300, math.inf, math.nan):
            y = x.copy()
            y[LARGE // 2] = bad
            entry = loop_for(f"operations.fast_loops.{name}", x, out, x, y, out, edges)
            assert entry is not None and not entry(x, y, out, edges)
