"""Every elementwise function, in every mode, is the operation of `chopper.ops` on each element."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from chopper import chop, ops
from chopper.arithmetic import operation_names
from chopper.arrays import array, known_names
from chopper.errors import UnsupportedInputError
from chopper.random import Keys
from tests.arrays.scalar import MODES, Dice, bits, same, values_of

FORMATS = ("e4m3", "e5m2", "posit8", "bf16", "int8", "fp32", "takum_log12")
OPERATIONS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "sqrt": "sqrt", "cbrt": "cbrt",
    "hypot": "hypot", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10",
    "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "arctan": "atan",
}  # fmt: skip
BASIC = ("add", "sub", "mul", "div", "sqrt")
EXACT = {
    "negative": lambda x: -x, "positive": lambda x: x, "absolute": abs, "fabs": abs, "conjugate": lambda x: x,
    "floor": math.floor, "ceil": math.ceil, "rint": round, "trunc": math.trunc,
}  # fmt: skip


def there(names: dict[str, str]) -> list[str]:
    """Return the functions whose operation there is."""
    return [name for name, operation in names.items() if operation in operation_names()]


def cases() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return functions, formats and modes: all modes in the first formats, some in the others."""
    some = ("nearest_even", "up", "stochastic")
    basic = [name for name in there(OPERATIONS) if OPERATIONS[name] in BASIC]
    other = [name for name in there(OPERATIONS) if name not in basic]
    found = [(name, fmt, MODES if fmt in FORMATS[:3] else some) for name in basic for fmt in FORMATS]
    return found + [(name, fmt, some) for name in other for fmt in ("e4m3", "bf16")]


@pytest.mark.parametrize(("name", "fmt", "modes"), cases())
def test_operations(name: str, fmt: str, modes: tuple[str, ...]) -> None:
    """A function of NumPy gives the bits of the operation, element by element."""
    ufunc, operation = getattr(np, name), getattr(ops, OPERATIONS[name])
    x = values_of(fmt, 20, 1)
    y = values_of(fmt, 20, 2)[::-1]
    for mode in modes:
        random = mode.startswith("stochastic")
        one = array(x, fmt, mode, key=5)
        two = array(y, one.arithmetic)
        result = ufunc(one, two) if ufunc.nin == 2 else ufunc(one)
        operands = [one, two][: ufunc.nin]
        expected = []
        for i, numbers in enumerate(zip(*(operand.tolist() for operand in operands), strict=True)):
            options = {"key": one.arithmetic.keys.at(2), "offset": i} if random else {}
            expected.append(float(operation(*numbers, fmt, mode, **options)))
        assert bits(result) == bits(expected), mode
        assert result.dtype == one.dtype
        assert result.format == one.format


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("name", EXACT)
def test_exact_functions(name: str, fmt: str) -> None:
    """What is exact is computed exactly, and rounded."""
    x = values_of(fmt, 40, 3)
    for mode in ("nearest_even", "up", "down", "stochastic"):
        one = array(x, fmt, mode, key=1)
        result = getattr(np, name)(one)
        for i, (element, value) in enumerate(zip(one.tolist(), result.tolist(), strict=True)):
            exact = element
            if name in ("negative", "absolute", "fabs"):
                exact = EXACT[name](element)
            elif math.isfinite(element) and element:
                exact = math.copysign(float(EXACT[name](Fraction(element))), element)
            options = {"key": one.arithmetic.keys.at(1), "offset": i} if mode == "stochastic" else {}
            assert bits(value) == bits(chop(exact, fmt, mode, **options)), (element, mode)


@pytest.mark.parametrize("fmt", FORMATS)
def test_sign_copysign_fmod_remainder(fmt: str) -> None:
    """Further functions, against definitions in fractions."""
    x, y = values_of(fmt, 50, 4), values_of(fmt, 50, 5)[::-1]
    one, two = array(x, fmt), array(y, fmt)
    for i, (a, b) in enumerate(zip(one.tolist(), two.tolist(), strict=True)):
        sign = a if math.isnan(a) else math.copysign(1.0, a) if a else 0.0
        assert bits(np.sign(one)[i]) == bits(chop(sign, fmt))
        if not (math.isnan(a) or math.isnan(b)):
            assert bits(np.copysign(one, two)[i]) == bits(chop(math.copysign(a, b), fmt))
    if fmt.startswith("takum_log"):
        return  # its numbers are no fractions
    for a, b in zip(one, two, strict=True):
        if math.isfinite(a) and math.isfinite(b) and b != 0:
            p, q = Fraction(float(a)), Fraction(float(b))
            down = p - q * math.floor(p / q)
            if float(down) == down:
                exact = float(down) if down else math.copysign(0.0, float(b))
                assert bits(a % b) == bits(chop(exact, fmt))
            assert bits(np.fmod(a, b)) == bits(chop(math.fmod(a, b), fmt))


@pytest.mark.parametrize("fmt", FORMATS)
def test_choices_and_answers(fmt: str) -> None:
    """Comparisons are those of the exact numbers; of two zeros the negative one is the smaller."""
    x, y = values_of(fmt, 24, 6), values_of(fmt, 24, 7)[::-1]
    one, two = array(x, fmt), array(y, fmt)
    a, b = np.meshgrid(one.values, two.values)
    grid, other = np.meshgrid(one, two)
    for name in ("less", "less_equal", "equal", "not_equal", "greater", "greater_equal"):
        answer = getattr(np, name)(grid, other)
        assert type(answer) is np.ndarray
        assert np.array_equal(answer, getattr(np, name)(a, b))
    order = [(math.copysign(1, v), v) for v in (-0.0, 0.0)]
    assert order == sorted(order)
    for name, pick in (("maximum", max), ("minimum", min), ("fmax", max), ("fmin", min)):
        for p, q, r in zip(a.ravel().tolist(), b.ravel().tolist(), getattr(np, name)(grid, other).flat, strict=True):
            if math.isnan(p) or math.isnan(q):
                rest = [v for v in (p, q) if not math.isnan(v)]
                assert bits(r) == bits(rest[0] if rest and name.startswith("f") else math.nan)
            else:
                assert bits(r) == bits(pick((p, q), key=lambda v: (v, math.copysign(1, v))))
    for name in ("isnan", "isinf", "isfinite", "signbit", "logical_not"):
        assert np.array_equal(getattr(np, name)(one), getattr(np, name)(one.values))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 17, -1])
def test_powers(exponent: int) -> None:
    """An integer exponent is a count: it stays exact, 17 is no number of e4m3."""
    x = array([0.5, -1.5, 2.0, 1.125], "e4m3")
    expected = [float(ops.power(v, exponent, "e4m3")) for v in x.tolist()]
    assert bits(x**exponent) == bits(expected)
    assert bits(np.power(x, np.full(4, exponent))) == bits(expected)


def test_ldexp_modf_frexp() -> None:
    """Scaling by powers of two is rounded once; parts of a number are exact."""
    x = array([0.3, -1.7, 448.0, 2.0**-9], "e4m3")
    assert same(np.ldexp(x, [1, -1, 0, -1]), chop(np.ldexp(x.values.astype(float), [1, -1, 0, -1]), "e4m3"))
    assert same(np.ldexp(x, 5000), [448.0, -448.0, 448.0, 448.0])
    assert same(np.ldexp(x, -5000), [0.0, -0.0, 0.0, 0.0])
    part, whole = np.modf(x)
    assert same(part + whole, x)
    mantissa, exponent = np.frexp(x)
    assert type(exponent) is np.ndarray
    assert same(np.ldexp(mantissa, exponent), x)
    with pytest.raises(UnsupportedInputError, match="exponents"):
        np.ldexp(x, 1.5)


def test_square_and_reciprocal() -> None:
    """They are a product and a quotient."""
    x = array(values_of("bf16", 40), "bf16")
    assert same(x**2, np.square(x))
    assert same(np.square(x), [float(ops.mul(v, v, "bf16")) for v in x.tolist()])
    assert same(np.reciprocal(x), [float(ops.div(1.0, v, "bf16")) for v in x.tolist()])


@pytest.mark.parametrize("mode", ["stochastic", "stochastic_equal"])
def test_calls_draw_keys_in_turn(mode: str) -> None:
    """Each rounding draws one key, also of plain operands; what rounds nothing draws none."""
    dice = Dice("e4m3", mode, 9)
    x = array([[0.1, 0.3, 7.7], [1.3, -2.9, 0.01]], "e4m3", mode, key=9)
    expected = dice.round([[0.1, 0.3, 7.7], [1.3, -2.9, 0.01]])
    assert same(x, expected)
    literal = dice.round(0.3)
    expected = dice.mul(literal, expected)
    y = 0.3 * x
    assert same(y, expected)
    assert (y > x).shape == (2, 3)
    assert np.maximum(y, x).shape == (2, 3)
    assert x.arithmetic.keys.position == 3
    assert same(y - x.T.T, dice.sub(expected, x.values))
    assert same(-y, dice.round(-expected))


def test_functions_that_are_not_there_say_what_is() -> None:
    """The message names the function, what there is, and the cure."""
    x = array([1.0], "e4m3")
    with pytest.raises(UnsupportedInputError, match=r"numpy.logaddexp has no correctly rounded.*add.*x\.values"):
        np.logaddexp(x, x)
    with pytest.raises(TypeError):
        np.bitwise_and(x, x)
    with pytest.raises(UnsupportedInputError, match="divmod"):
        divmod(x, x)
    with pytest.raises(UnsupportedInputError, match="dtype"):
        np.add(x, x, dtype=np.float64)
    assert "add" in known_names()


@pytest.mark.parametrize("fmt", ["e4m3", "posit8", "int8"])
def test_neighbours(fmt: str) -> None:
    """The next values of the format, not of the carrier; they draw no key, distances do."""
    x = array(values_of(fmt, 30), fmt, "stochastic", key=1)
    y = x[::-1]
    assert same(np.nextafter(x, y), ops.nextafter(x.values, y.values, fmt))
    assert x.arithmetic.keys.position == 1
    distances = np.copysign(ops.ulp(x.values, fmt), x.values)
    assert same(np.spacing(x), chop(distances, fmt, "stochastic", key=Keys(1).at(1)))
