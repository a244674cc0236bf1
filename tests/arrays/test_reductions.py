"""Reductions go through elements in the order that they promise, whatever the axes, masks and layouts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chopper.arrays import array
from chopper.errors import ChopperError, OutputError
from tests.arrays.scalar import Dice, Machine, bits, same

SHAPE = (3, 4, 5)


def sample(fmt: str, shape: tuple[int, ...] = SHAPE, seed: int = 0, **options: object) -> object:
    """Return an array of numbers of a format."""
    return array(np.random.default_rng(seed).standard_normal(shape) * 3, fmt, **options)


def in_turn(step: object, numbers: list[float]) -> float:
    """Reduce one after the other."""
    total = numbers[0]
    for number in numbers[1:]:
        total = step(total, number)
    return total


def in_pairs(step: object, numbers: list[float]) -> float:
    """Reduce the first half, as long as a power of two allows, and the rest."""
    if len(numbers) == 1:
        return numbers[0]
    half = 1 << (len(numbers) - 1).bit_length() - 1
    return step(in_pairs(step, numbers[:half]), in_pairs(step, numbers[half:]))


def lines(values: object, axes: tuple[int, ...]) -> object:
    """Yield the index of each result and the numbers that it is made of, in C order."""
    kept = [a for a in range(values.ndim) if a not in axes]
    for index in np.ndindex(*(values.shape[a] for a in kept)):
        place = dict(zip(kept, index, strict=True))
        inner = product(*(range(values.shape[a]) for a in axes))
        rows = [{**place, **dict(zip(axes, one, strict=True))} for one in inner]
        yield index, [float(values[tuple(row[a] for a in range(values.ndim))]) for row in rows]


@pytest.mark.parametrize("order", ["sequential", "pairwise"])
@pytest.mark.parametrize("fmt", ["e4m3", "bf16", "posit8"])
@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), (1, 2), (2, 0), (0, 1, 2)])
def test_sums(axes: tuple[int, ...], fmt: str, order: str) -> None:
    """Over every choice of axes, in both orders, to nearest and upward."""
    for mode in ("nearest_even", "up"):
        x, machine = sample(fmt, rounding=mode, order=order), Machine(fmt, mode)
        run = in_turn if order == "sequential" else in_pairs
        result = np.add.reduce(x, axes)
        assert same(result, x.sum(axis=axes))
        assert x.sum(axis=axes, keepdims=True).shape == tuple(1 if a in axes else n for a, n in enumerate(SHAPE))
        for index, numbers in lines(x.values, axes):
            assert bits(result[index]) == bits(run(machine.add, numbers))


@pytest.mark.parametrize("n", range(1, 18))
def test_pairs_of_any_length(n: int) -> None:
    """Pairs by level are the tree that splits at powers of two."""
    x, machine = sample("e4m3", (n,), n, order="pairwise"), Machine("e4m3")
    assert bits(x.sum()) == bits(in_pairs(machine.add, x.tolist()))
    assert bits(x.prod()) == bits(in_pairs(machine.mul, x.tolist()))


@pytest.mark.parametrize("fmt", ["e4m3", "bf16", "posit8", "lns<8,3>", "int8"])
@pytest.mark.parametrize("mode", ["nearest_even", "down", "to_odd"])
def test_long_sums(fmt: str, mode: str) -> None:
    """However they are computed, they go through the elements in turn."""
    x, machine = sample(fmt, (40, 3), rounding=mode), Machine(fmt, mode)
    for column, total in zip(x.values.T, x.sum(axis=0).tolist(), strict=True):
        assert bits(total) == bits(in_turn(machine.add, [float(v) for v in column]))
    zeros = array(np.full(50, -0.0), "e4m3", mode)
    assert bits(zeros.sum()) == bits(-0.0)


def test_layout_does_not_matter() -> None:
    """A transposed or reversed array is added in the order of its indices."""
    x, machine = sample("e4m3", (4, 6)), Machine("e4m3")
    assert bits(x.T.sum()) == bits(in_turn(machine.add, [float(v) for v in x.values.T.ravel()]))
    assert bits(x[::-1, ::2].sum()) == bits(in_turn(machine.add, [float(v) for v in x.values[::-1, ::2].ravel()]))


@pytest.mark.parametrize("mode", ["stochastic", "stochastic_equal"])
def test_sums_draw_a_key_for_each_step(mode: str) -> None:
    """Sequential: as many keys as additions; pairwise: as many as levels."""
    dice = Dice("e4m3", mode, 3)
    x = sample("e4m3", (6, 4), rounding=mode, key=3)
    values = dice.round(np.random.default_rng(0).standard_normal((6, 4)) * 3)
    assert same(x, values)
    assert same(x.sum(axis=0), in_turn(dice.add, list(values)))
    assert same(x.sum(axis=1), in_turn(dice.add, list(values.T)))
    y = sample("e4m3", (5, 4), rounding=mode, key=4, order="pairwise")
    dice = Dice("e4m3", mode, 4)
    dice.calls = 1
    v = y.values.astype(float)
    level = dice.add(v[0:4:2], v[1:4:2])
    level = dice.add(level[0], level[1])
    assert same(y.sum(axis=0), dice.add(level, v[4]))
    assert y.arithmetic.keys.position == 4


@pytest.mark.parametrize("order", ["sequential", "pairwise"])
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2), (0, 1, 2)])
def test_masks_skip(axes: tuple[int, ...], order: str) -> None:
    """Elements that are left out are not there; of none, a sum is zero and a product one."""
    x, machine = sample("e4m3", order=order), Machine("e4m3")
    mask = np.random.default_rng(1).random(SHAPE) < 0.5
    mask[:, 1, 2] = False
    for ufunc, step, nothing in ((np.add, machine.add, 0.0), (np.multiply, machine.mul, 1.0)):
        result = ufunc.reduce(x, axes, where=mask)
        for (index, numbers), (_, kept) in zip(lines(x.values, axes), lines(mask, axes), strict=True):
            chosen = [number for number, keep in zip(numbers, kept, strict=True) if keep]
            run = in_turn if order == "sequential" else None
            if run or not chosen:
                assert bits(result[index]) == bits(run(step, chosen) if chosen else nothing)
    assert same(np.max(x, axis=1, where=mask, initial=-10.0), np.max(x.values, axis=1, where=mask, initial=-10.0))


def test_masked_pairs_keep_the_tree() -> None:
    """A pair of which one is left out is the other one."""
    x, machine = array([0.3, 5.1, 7.7, 0.9, 3.3], "e4m3", order="pairwise"), Machine("e4m3")
    a, _, c, d, e = x.tolist()
    mask = [True, False, True, True, True]
    assert bits(x.sum(where=mask)) == bits(machine.add(machine.add(a, machine.add(c, d)), e))


def test_masks_cause_no_overflow() -> None:
    """What a mask leaves out is not computed."""
    x = array([384.0, 384.0, 1.0], "e4m3", overflow="raise")
    assert float(x.sum(where=[True, False, False])) == 384.0
    assert np.add(x, x, where=[False, False, True]).tolist() == [0.0, 0.0, 2.0]
    with pytest.raises(ChopperError):
        x.sum()


def test_initial_values_and_empty_arrays() -> None:
    """An initial value stands first; a sum of nothing is zero, a largest of nothing an error."""
    x, machine = sample("e4m3", (5,)), Machine("e4m3")
    assert bits(x.sum(initial=0.3)) == bits(in_turn(machine.add, [machine.round(0.3), *x.tolist()]))
    assert float(x[:0].sum()) == 0.0
    assert float(x[:0].prod()) == 1.0
    assert x.reshape(5, 1)[:, :0].sum(axis=0).shape == (0,)
    assert x.reshape(5, 1)[:, :0].sum(axis=1).tolist() == [0.0] * 5
    with pytest.raises(ValueError, match="initial"):
        x[:0].max()
    with pytest.raises(ValueError, match="axis"):
        x.sum(axis=(0, 0))
    with pytest.raises(np.exceptions.AxisError):
        x.sum(axis=1)
    assert bits(sample("e4m3", ()).sum(axis=())) == bits(sample("e4m3", ()))


def test_accumulate_is_every_beginning() -> None:
    """Element k of a cumulative sum is the sum of the first k + 1."""
    x = sample("e5m2", (7, 3))
    for axis in (0, 1):
        sums = np.add.accumulate(x, axis)
        for k in range(x.shape[axis]):
            part = np.take(x, range(k + 1), axis)
            assert same(np.take(sums, k, axis), part.sum(axis=axis))
    assert same(np.cumsum(x), np.add.accumulate(x.ravel()))
    assert same(x.cumprod(axis=0), np.multiply.accumulate(x, 0))


def test_reduceat() -> None:
    """Runs between indices, as NumPy cuts them."""
    x = sample("e4m3", (9, 2))
    result = np.add.reduceat(x, [0, 4, 2, 8])
    for row, part in zip(result, (x[0:4], x[4:5], x[2:8], x[8:9]), strict=True):
        assert same(row, part.sum(axis=0))
    with pytest.raises(ValueError, match="reduceat"):
        np.add.reduceat(x, [9])


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "maximum"])
def test_outer(name: str) -> None:
    """All pairs."""
    x, y = sample("e4m3", (3, 2)), sample("e4m3", (4,), 1)
    ufunc = getattr(np, name)
    result = ufunc.outer(x, y)
    assert result.shape == (3, 2, 4)
    for i, j, k in np.ndindex(3, 2, 4):
        assert bits(result[i, j, k]) == bits(ufunc(x[i, j], y[k]))


@given(st.lists(st.integers(-4, 3), max_size=12), st.integers(0, 99))
def test_updates_at_indices(index: list[int], seed: int) -> None:
    """Repeated indices are updated one after the other, in the order in which they stand."""
    x, machine = sample("e4m3", (4,), seed), Machine("e4m3")
    more = sample("e4m3", (len(index),), seed + 1)
    expected = x.tolist()
    for i, number in zip(index, more.tolist(), strict=True):
        expected[i] = machine.add(expected[i], number)
    np.add.at(x, np.array(index, int), more)
    assert bits(x) == bits(expected)


def test_updates_of_parts() -> None:
    """Slices, pairs of indices, one operand, and functions of one argument."""
    x = sample("e4m3", (3, 4))
    y = x.copy()
    np.add.at(y, (slice(None), 1), 0.5)
    assert same(y[:, 1], x[:, 1] + 0.5)
    assert same(y[:, 2:], x[:, 2:])
    z = x.T.copy("F")
    np.negative.at(z, [0, 2])
    assert same(z[[0, 2]], -x.T[[0, 2]])
    np.multiply.at(z, ([0, 0], [1, 1]), 2)
    assert float(z[0, 1]) == -4 * float(x[1, 0])
    with pytest.raises(TypeError, match="plain"):
        np.add.at(np.zeros(3), [0], x[0, 0])


def test_out_and_where() -> None:
    """Results go where they are told to; a failed call leaves the place as it was."""
    x = sample("e4m3", (2, 3))
    out = array(np.zeros((2, 3)), "e4m3")
    assert np.add(x, 1, out=out) is out
    assert same(out, x + 1)
    plain = np.zeros((2, 3), np.float32)
    assert np.multiply(x, x, out=plain) is plain
    assert same(plain, x * x)
    assert np.less(x, 0, out=np.zeros((2, 3), bool)).dtype == bool
    mask = np.array([True, False, True])
    assert np.subtract(x, 1, out=out, where=mask) is out
    assert same(out, np.where(mask, x - 1, x + 1))
    total = array(np.zeros(3), "e4m3")
    assert x.sum(axis=0, out=total) is total
    assert same(total, x.sum(axis=0))
    kept = out.copy()
    for bad in (np.zeros((3, 2), np.float32), np.zeros((2, 3), np.int8), array(np.zeros((2, 2)), "e4m3")):
        with pytest.raises(OutputError):
            np.add(x, 1, out=bad)
    assert same(out, kept)
    with pytest.raises(OutputError, match="read-only"):
        np.add(x, 1, out=np.add(x, 1).values)


def test_masked_calls_use_the_words_of_the_whole() -> None:
    """In a random mode an element that a mask keeps is rounded as it would be without the mask."""
    one = sample("e4m3", (4, 5), rounding="stochastic", key=1)
    two = sample("e4m3", (4, 5), rounding="stochastic", key=1)
    mask = np.random.default_rng(2).random((4, 5)) < 0.5
    assert same(np.add(one, one[::-1], where=mask)[mask], (two + two[::-1])[mask])
    assert one.arithmetic.keys.position == two.arithmetic.keys.position
