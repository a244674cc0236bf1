"""emulate: what goes in, what the function sees, what comes out."""

from __future__ import annotations

import math
from collections import namedtuple
from math import sqrt

import numpy as np
import pytest
from numpy import zeros

from chopper import chop, ops
from chopper.arithmetic import operation_names
from chopper.arrays import ChopArray, array
from chopper.emulation import emulate
from chopper.errors import UnknownFormatError, UnsupportedInputError
from chopper.random import Keys
from tests.arrays.scalar import bits, same

Pair = namedtuple("Pair", "left right")


def kinds(**options):
    """Return what a function sees of its arguments."""
    return {name: type(one).__name__ for name, one in options.items()}


def helper(x):
    """Make an array in a helper."""
    return np.array([x, 0.1])


def growing(n, start=0.1):
    """Add up numbers in arrays that the function makes."""
    total = zeros(2)
    for _ in range(n):
        total += helper(start)
    return total


def deep(x):
    """Return containers."""
    return Pair(x, [x * 2]), {"n": 3, "x": x[0], "text": "t"}, (None, True)


def roots(x):
    """Use math in both spellings, and a number of its own."""
    return math.sqrt(x), sqrt(x), math.fabs(-x), math.floor(x), math.sqrt(2.0), math.isclose(x, x), math.hypot


@emulate("bf16")
def factorial(x):
    """Call itself by its decorated name."""
    return x if x <= 1.0 else x * factorial(x - 1.0)


class Model:
    """An object whose method is emulated."""

    scale = 0.1

    def run(self, x):
        """Use a number of the object."""
        return self.scale * x


def test_arguments() -> None:
    """Floats and arrays of floats become numbers of the format; everything else stays."""
    seen = emulate("e4m3")(kinds)(
        a=1.0,
        b=1,
        c=True,
        d="t",
        e=np.zeros(2),
        f=np.zeros(2, int),
        g=np.float32(1),
        h=None,
        i=[1.0],
        j=np.int8(1),
        k=1j,
    )
    assert seen == {
        "a": "ChopArray", "b": "int", "c": "bool", "d": "str", "e": "ChopArray", "f": "ndarray", "g": "ChopArray",
        "h": "NoneType", "i": "list", "j": "int8", "k": "complex",
    }  # fmt: skip
    seen = emulate("e4m3")(lambda pair, d: (type(pair), type(pair.left), type(d["x"][0])))(Pair(1.0, 2), {"x": [0.5]})
    assert seen == (Pair, ChopArray, ChopArray)


def test_results() -> None:
    """Plain by default: float64 arrays and floats; ChopArrays on request; containers as they are."""
    x = np.array([0.3, 1.7])
    pair, table, rest = emulate("e4m3")(deep)(x)
    assert type(pair) is Pair
    assert pair.left.dtype == np.float64
    assert same(pair.right[0], chop(2 * chop(x, "e4m3"), "e4m3"))
    assert type(table["x"]) is float
    assert (table["n"], table["text"], rest) == (3, "t", (None, True))
    pair, table, _ = emulate("e4m3", plain=False)(deep)(x)
    assert isinstance(pair.left, ChopArray)
    assert isinstance(table["x"], ChopArray)


def test_arrays_that_the_function_makes() -> None:
    """zeros and array, imported under their own names and used in helpers, are of the format."""
    expected = 0.0
    for _ in range(40):
        expected = float(ops.add(expected, chop(0.1, "e4m3"), "e4m3"))
    assert same(emulate("e4m3")(growing)(40), [expected] * 2)
    assert same(growing(2), [0.2, 0.2])
    for make in (lambda: np.ones(3), lambda: np.full(3, 0.1), lambda: np.linspace(0, 1, 5), lambda: np.eye(2), lambda:
                 np.arange(0.0, 1.0, 0.1), lambda: np.asarray([0.1]), lambda: np.array([[0.1, 2]])):  # fmt: skip
        made = emulate("e4m3", plain=False)(make)()
        assert isinstance(made, ChopArray)
        assert same(made, chop(make(), "e4m3"))
    for make in (lambda: np.arange(3), lambda: np.zeros(3, int), lambda: np.ones(2, bool), lambda: np.array(["a"])):
        assert type(emulate("e4m3", plain=False)(make)()) is np.ndarray
    assert isinstance(emulate("e4m3", plain=False)(lambda x: np.asarray(x))(1.0), ChopArray)
    points = emulate("e4m3", plain=False)(lambda a, b: np.linspace(a, b, 4))(0.3, 7.0)
    assert same(points, np.linspace(array(0.3, "e4m3"), array(7.0, "e4m3"), 4))


def test_math() -> None:
    """Of numbers of the format, math is computed in the format; of plain ones it is plain."""
    result = emulate("e4m3")(roots)(2.7)
    root = ops.sqrt(2.75, "e4m3")
    assert result[:6] == (root, root, 2.75, 2, math.sqrt(2.0), True)
    if "erf" in operation_names():
        assert emulate("e4m3")(lambda x: math.erf(x))(0.5) == float(ops.erf(0.5, "e4m3"))
    if "pow" in operation_names():
        assert emulate("e4m3")(lambda x: math.pow(x, 0.5))(2.75) == float(ops.pow(2.75, 0.5, "e4m3"))
    with pytest.raises(UnsupportedInputError, match="logaddexp"):
        emulate("e4m3")(lambda x: np.logaddexp(x, x))(1.0)


def test_recursion_closures_and_methods() -> None:
    """A decorated function that calls itself, enclosed functions, functions as arguments, methods, NumPy's own."""
    total = 1.0
    for k in range(2, 9):
        total = float(ops.mul(total, k, "bf16"))
    assert factorial(8.0) == total
    assert factorial.__name__ == "factorial"

    def inner(x):
        return np.zeros(1) + x

    def outer(x):
        return inner(x) * 0.1

    assert same(emulate("e4m3")(outer)(1.0), [chop(0.1, "e4m3")])
    assert same(emulate("e4m3")(lambda f, x: f(x))(inner, 0.1), [chop(0.1, "e4m3")])
    assert emulate("e4m3")(Model().run)(1.0) == chop(0.1, "e4m3")
    assert emulate("fp16")(np.linalg.norm)(np.array([300.0, 400.0])) == math.inf
    assert emulate("e4m3")(np.sqrt)(2.0) == ops.sqrt(2.0, "e4m3")
    assert emulate("e4m3")(np.zeros)(2).tolist() == [0.0, 0.0]


def test_keys() -> None:
    """A number begins anew at each call, a stream goes on, without a key there is fresh entropy."""

    def walk(n):
        return sum(np.full(50, 0.3) for _ in range(n))

    fixed = emulate("e4m3", "stochastic", key=1)(walk)
    assert same(fixed(5), fixed(5))
    keys = Keys(1)
    moving = emulate("e4m3", "stochastic", key=keys)(walk)
    first = moving(5)
    assert same(first, fixed(5))
    assert not same(first, moving(5))
    rng = emulate("e4m3", "stochastic", key=np.random.default_rng(1))(walk)
    assert not same(rng(5), rng(5))
    free = emulate("e4m3", "stochastic")(walk)
    assert not same(free(5), free(5))


def test_nothing_outside_changes() -> None:
    """Neither NumPy nor the module of the function."""
    before = dict(growing.__globals__)
    emulate("e4m3")(growing)(3)
    assert growing.__globals__ == before
    assert type(np.zeros(2)) is np.ndarray


def test_errors() -> None:
    """At once where the format or the mode is wrong, later where the function is."""
    with pytest.raises(UnsupportedInputError, match="share scales"):
        emulate("mxfp8")
    with pytest.raises(UnknownFormatError):
        emulate("nonsense")
    with pytest.raises(UnsupportedInputError, match="takes a function"):
        emulate("e4m3")(3)
    assert "e4m3" in repr(emulate("e4m3"))
    assert bits(emulate("e4m3")(lambda: 0.1)()) == bits(0.1)
