"""What happens where numbers of a format meet plain numbers, or numbers of another format."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper import chop
from chopper.arithmetic import Arithmetic
from chopper.arrays import ChopArray, array
from chopper.errors import RandomKeyError, UnsupportedInputError
from chopper.random import Keys
from tests.arrays.scalar import Machine, bits, same


@pytest.mark.parametrize(
    "plain", [0.1, 17, True, np.float64(0.1), np.float32(0.1), np.int8(17), np.array([0.1, 17.0]), [0.1, 17.0], (1, 17)]
)
def test_plain_operands_are_rounded_first(plain: object) -> None:
    """On either side, of every kind, also in comparisons: as `array` rounds them."""
    x = array([0.3, 7.0], "e4m3")
    entered = array(plain, x.arithmetic)
    assert same(x * plain, x * entered)
    assert same(plain * x, entered * x)
    assert same(plain - x, entered - x)
    assert np.array_equal(x < plain, x < entered)
    assert np.array_equal(plain == x, entered == x)
    assert array(0.1, "e4m3") == 0.1


def test_a_literal_is_not_exact() -> None:
    """0.1 * 3 in e4m3 is R(R(0.1) * 3), not R(0.1 * 3)."""
    machine = Machine("e4m3")
    assert float(0.3 * array(3.0, "e4m3")) == machine.mul(machine.round(0.3), 3.0) == 0.9375
    assert chop(0.3 * 3.0, "e4m3") == 0.875


@pytest.mark.parametrize(("one", "two"), [
    (("e4m3",), ("e5m2",)), (("e4m3",), ("e4m3", "up")), (("e4m3", "stochastic"), ("e4m3",)),
])  # fmt: skip
def test_different_arithmetics_do_not_meet(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    """In operators, functions and joins; the message tells the cure."""
    x, y = array([1.0, 2.0], *one), array([1.0, 2.0], *two)
    for meet in (
        lambda: x + y, lambda: x < y, lambda: np.concatenate([x, y]), lambda: x @ y, lambda: np.where(x > 1, x, y),
        lambda: np.dot(x, y), lambda: np.clip(x, y, 3), lambda: np.einsum("i,i", x, y),
    ):  # fmt: skip
        with pytest.raises(UnsupportedInputError, match="astype"):
            meet()
    assert same((x + y.astype(x.arithmetic)), x + x) or "stochastic" in one


@pytest.mark.parametrize("option", [{"overflow": "nan"}, {"order": "pairwise"}])
def test_options_are_part_of_the_arithmetic(option: dict[str, str]) -> None:
    """Overflow and order must agree."""
    with pytest.raises(UnsupportedInputError, match="meet"):
        array([1.0], "e4m3") + array([1.0], "e4m3", **option)


def test_out_decides() -> None:
    """Operands of other formats are exact numbers there; the result is rounded once."""
    x, y = array([1.0, 3.0], "fp16") / 3, array([0.3, 0.1], "bf16")
    out = array([0.0, 0.0], "e4m3")
    np.add(x, y, out=out)
    assert same(out, chop(x.values.astype(float) + y.values.astype(float), "e4m3"))
    np.maximum(x, y, out=out)
    assert same(out, chop(np.maximum(x.values, y.values), "e4m3"))
    z = array([0.5, 0.25], "e4m3")
    before = z.values.astype(float)
    z += x
    assert z.format == chopper.get("e4m3")
    assert same(z, chop(before + x.values, "e4m3"))
    total = array(0.0, "e4m3")
    np.add.reduce(x, out=total)
    assert same(total, x.astype("e4m3").sum())


def test_an_arithmetic_takes_what_it_gets() -> None:
    """Its methods take arrays of every format as the exact numbers they are."""
    x, y = array([1.0, 3.0], "fp16") / 3, array([0.3, 0.1], "bf16")
    result = Arithmetic("e4m3").add(x, y)
    assert isinstance(result, ChopArray)
    assert same(result, chop(x.values.astype(float) + y.values.astype(float), "e4m3"))
    assert same(Arithmetic("e4m3").round(x), x.astype("e4m3"))
    assert type(Arithmetic("e4m3").add(x.values, 1.0)) is np.ndarray


def test_assignment_rounds() -> None:
    """Plain numbers, numbers of another format; those of the same format are stored as they are."""
    x = array(np.zeros(4), "e4m3", "up")
    x[0] = 0.3
    x[1:3] = [0.3, 17]
    x[3] = array(0.3, "fp16")
    assert x.tolist() == [0.3125, 0.3125, 18.0, 0.3125]
    x.flat[0] = 0.26
    x.fill(0.7)
    assert x.tolist() == [0.75] * 4
    with pytest.raises(ValueError, match="broadcast"):
        x[:] = [1.0, 2.0]
    assert x.tolist() == [0.75] * 4


def test_values_are_of_the_format() -> None:
    """Of every kind of input; the dtype follows from the format alone."""
    for fmt, dtype in (("e4m3", np.float32), ("fp32", np.float32), ("fp64", np.float64), ("int32", np.float64),
                       ("lns8", np.float64), ("posit16", np.float32), ("posit32", np.float64)):  # fmt: skip
        for x in (1, 0.3, [1, 2], np.float32([0.1]), np.float64([[0.1]]), np.arange(3), np.float16(0.1)):
            made = array(x, fmt)
            assert made.dtype == dtype
            assert made.shape == np.shape(x)
            assert same(made, chop(np.asarray(x, np.float64), fmt))
            assert (made + made).dtype == dtype
            assert same(chopper.decode(made.codes, fmt, np.float64), made)


def test_what_cannot_be_an_array() -> None:
    """Shared scales, text, and options beside an arithmetic."""
    with pytest.raises(UnsupportedInputError, match=r"mxfp4 share scales.*chopper\.chop"):
        array([1.0], "mxfp4")
    with pytest.raises(chopper.UnknownFormatError):
        array([1.0], "nonsense")
    with pytest.raises(UnsupportedInputError):
        array(["a"], "e4m3")
    with pytest.raises(UnsupportedInputError, match="leave"):
        array([1.0], Arithmetic("e4m3"), key=1)
    with pytest.raises(chopper.RoundingError):
        array([1.0], "e4m3", "sideways")
    with pytest.raises(chopper.PolicyError):
        array([1.0], "e4m3", overflow="explode")
    with pytest.raises(chopper.PolicyError, match="pairwise"):
        array([1.0], "e4m3", order="random")
    with pytest.raises(RandomKeyError):
        array([1.0], "e4m3", "stochastic", key=-1)
    with pytest.raises(chopper.RangeError):
        array([1000.0], "e4m3", overflow="raise")


def test_conversions() -> None:
    """astype: a format, an arithmetic, a dtype; a name that is both is a format."""
    x = array([0.3, 7.1], "bf16", "stochastic", key=3)
    assert x.astype("e4m3").format == chopper.get("e4m3")
    assert x.astype("e4m3").arithmetic.keys is x.arithmetic.keys
    assert x.astype("e4m3", "up").rounding is chopper.Rounding.UP
    assert same(x.astype("e4m3", "up"), chop(x.values, "e4m3", "up"))
    assert isinstance(x.astype("float32"), ChopArray)
    assert type(x.astype(float)) is np.ndarray
    assert x.astype(np.int64).tolist() == [0, 7]
    assert x.astype(">f8").dtype == np.dtype(">f8")
    assert x.astype("bf16", copy=False) is x
    assert not np.shares_memory(x.astype("bf16"), x)
    assert x.astype("bf16").arithmetic is x.arithmetic
    assert same(array(x, "e5m2"), chop(x.values, "e5m2"))


def test_scalars_in_lists_stay_of_the_format() -> None:
    """``numpy.array`` of single elements is an array of objects that computes in the format, and becomes one of it."""
    x = array([0.3, 1.7, 2.9], "e4m3")
    loose = np.array([x[0], x[1] * 0.1, x[2]])
    tight = np.stack([x[0], x[1] * 0.1, x[2]])
    assert loose.dtype == object
    assert same(x + loose, x + tight)
    assert same(loose * x, tight * x)
    assert same(array(list(loose * 0.7), "e4m3"), tight * 0.7)
    assert same(np.concatenate([x, loose]), np.concatenate([x, tight]))
    x[:] = loose
    assert same(x, tight)
    assert bits(loose.sum()) == bits(tight.sum())
    assert type(np.asarray(x)) is np.ndarray
    assert np.asarray(x).dtype == np.float32
    assert np.array([x[0], x[1]], float).dtype == np.float64


def test_streams() -> None:
    """Arrays made from one another share the stream; one that is passed is shared."""
    x = array([0.3, 1.7], "e4m3", "stochastic", key=3)
    assert (x + x)[0].T.copy().arithmetic is x.arithmetic
    keys = Keys(5)
    one, two = array([0.3], "e4m3", "stochastic", key=keys), array([0.3], "e4m3", "stochastic", key=keys)
    assert one.arithmetic.keys is two.arithmetic.keys is keys
    assert keys.position == 2
    assert (one + two).arithmetic is one.arithmetic
    assert (two + one).arithmetic is two.arithmetic
    fork = one.arithmetic.fork()
    assert fork.keys.base == keys.at(4)
    assert array(0.3, "e4m3").arithmetic.fork().keys is None
    rng = np.random.default_rng(0)
    assert array(0.3, "e4m3", "stochastic", key=rng).arithmetic.keys.base == int(
        np.random.default_rng(0).integers(0, 1 << 64, dtype="uint64")
    )
    bases = {array(0.3, "e4m3", "stochastic").arithmetic.keys.base for _ in range(3)}
    assert len(bases) == 3


def test_the_arithmetic_of_arrays() -> None:
    """Its own face: names, attributes, errors."""
    bf16 = Arithmetic("bf16", overflow="saturate", order="pairwise")
    assert repr(bf16) == "Arithmetic('bf16', 'nearest_even', overflow='saturate', order='pairwise')"
    assert bf16.options == {"overflow": chopper.Overflow.SATURATE, "random_bits": 32}
    assert not bf16.agrees(Arithmetic("bf16"))
    with pytest.raises(AttributeError):
        bf16.nonsense  # noqa: B018
    with pytest.raises(UnsupportedInputError, match="did you mean 'add'"):
        bf16.apply("addd", 1.0, 2.0)
    with pytest.raises(AttributeError):
        bf16.fmt = None  # type: ignore[misc, assignment]
    assert bf16.changed(bf16.fmt) is bf16
    assert bf16.changed(chopper.get("e4m3")).overflow is None
