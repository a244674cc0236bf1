"""Products of arrays: every product and every sum rounded, in the order that they promise."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from chopper.arrays import ChopArray, array
from chopper.errors import UnsupportedInputError
from tests.arrays.scalar import Machine, bits, same


def sample(fmt: str = "e4m3", shape: tuple[int, ...] = (3, 4), seed: int = 0, **options: object) -> ChopArray:
    """Return numbers of a format, a few of them zero."""
    x = np.random.default_rng(seed).standard_normal(shape) * 3
    return array(np.where(np.abs(x) < 0.5, 0.0, x), fmt, **options)


def reference(machine: Machine, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the product of two matrices by definition."""
    out = np.zeros((x.shape[0], y.shape[1]))
    for i, j in product(range(x.shape[0]), range(y.shape[1])):
        for k in range(x.shape[1]):
            out[i, j] = machine.add(out[i, j], machine.mul(x[i, k], y[k, j]))
    return out


@pytest.mark.parametrize("mode", ["nearest_even", "down", "to_odd"])
@pytest.mark.parametrize("fmt", ["e4m3", "bf16", "posit8"])
def test_products(fmt: str, mode: str) -> None:
    """Every spelling of a product of matrices is the one by definition: products and sums rounded, k ascending."""
    x, y = sample(fmt, (3, 5), rounding=mode), sample(fmt, (5, 4), 1, rounding=mode)
    machine = Machine(fmt, mode)
    expected = reference(machine, x.values, y.values)
    for result in (
        x @ y, np.matmul(x, y), np.dot(x, y), x.dot(y), np.einsum("ij,jk->ik", x, y), np.einsum("ij,jk", x, y),
        np.tensordot(x, y, 1), np.inner(x, y.T), np.tensordot(x, y.T, ([1], [1])), np.linalg.matmul(x, y),
        np.matmul(x, y, out=array(np.zeros((3, 4)), fmt, mode)),
    ):  # fmt: skip
        assert same(result, expected)
    assert same(x @ y[:, 0], expected[:, 0])
    assert same(x[1] @ y, expected[1])
    for result in (x[1] @ y[:, 0], np.vdot(x[1], y[:, 0]), np.inner(x[1], y[:, 0]), np.einsum("i,i", x[1], y[:, 0])):
        assert same(result, expected[1, 0])
    assert same(np.vecdot(x, x[0]), [(row @ x[0]).item() for row in x])
    assert same(np.stack([x, x]) @ np.stack([y, y]), np.stack([expected, expected]))
    assert same(x @ np.stack([y, y]), np.stack([expected, expected]))


def test_products_in_pairs() -> None:
    """Pairwise: the tree of the products."""
    x, y = sample("e4m3", (2, 7), order="pairwise"), sample("e4m3", (7, 3), 1, order="pairwise")
    result = x @ y
    for i, j in np.ndindex(2, 3):
        assert bits(result[i, j]) == bits((x[i] * y[:, j]).sum() + 0.0)
    assert same(np.einsum("ij,jk->ik", x, y), result)


def test_products_of_other_shapes() -> None:
    """Nothing to add up gives zero; shapes that do not suit are errors; einsum of one operand and of three."""
    x = sample("e4m3", (3, 4))
    machine = Machine("e4m3")
    assert same(x[:, :0] @ x[:0], np.zeros((3, 4)))
    assert (x[:0] @ x.T).shape == (0, 3)
    with pytest.raises(UnsupportedInputError, match="matmul"):
        x @ x
    with pytest.raises(UnsupportedInputError, match="matmul"):
        x @ x[0, 0]
    assert same(np.dot(x, x[0, 1]), x * x[0, 1])
    assert same(np.outer(x[0], x[1]), np.multiply.outer(x[0], x[1]))
    assert same(np.einsum("ii->i", x[:, :3]), np.diagonal(x))
    assert bits(np.einsum("ii", x[:, :3])) == bits(np.trace(x[:, :3]) + 0.0)
    assert same(np.einsum("ij->j", x), x.sum(axis=0) + 0.0)
    assert same(np.einsum("ij->ji", x), x.T)
    three = np.einsum("i,i,i->", x[0], x[1], x[2])
    total = 0.0
    for a, b, c in zip(*x.tolist(), strict=True):
        total = machine.add(total, machine.mul(machine.mul(a, b), c))
    assert bits(three) == bits(total)
    for text, options in (("i...", {}), ("ij->ij", {"optimize": True}), ("i", {})):
        with pytest.raises(UnsupportedInputError, match="einsum"):
            np.einsum(text, x, **options)
    assert same(np.kron(x[0, :2], x[1, :2]), [machine.mul(a, b) for a in x.tolist()[0][:2] for b in x.tolist()[1][:2]])


def test_product_of_arrays_draws_one_key() -> None:
    """In random modes results depend on the key, and the stream moves on by one."""
    x = sample("e4m3", (3, 4), rounding="stochastic", key=1)
    again = sample("e4m3", (3, 4), rounding="stochastic", key=1)
    assert same(x @ x.T, again @ again.T)
    assert x.arithmetic.keys.position == 2
    assert same(x + x, again + again)


@pytest.mark.parametrize("mode", ["nearest_even", "down", "stochastic", "stochastic_equal"])
def test_products_are_those_of_the_loops(mode: str) -> None:
    """`chopper.matmul` gives the same bits, with the key that the stream gives."""
    gemm, accumulate = pytest.importorskip("chopper.gemm"), pytest.importorskip("chopper.accumulate")
    for order, name in (("sequential", "sequential"), ("pairwise", "tree")):
        x = sample("bf16", (5, 9), rounding=mode, key=1, order=order)
        key = x.arithmetic.keys and x.arithmetic.keys.at(1)
        sums = accumulate.Accumulator(sum="bf16", rounding=mode, order=name)
        assert same(x @ x.T, gemm.matmul(x.values, x.values.T, accumulate=sums, key=key))
