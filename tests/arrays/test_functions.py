"""NumPy's functions: those that move elements move them, those that compute do so step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chopper import chop, ops
from chopper.arrays import ChopArray, array, known_functions
from chopper.errors import ChopperError, UnsupportedInputError
from tests.arrays.scalar import Machine, bits, same

MOVES = {
    "reshape": lambda x: np.reshape(x, (4, 3)),
    "transpose": lambda x: np.transpose(x),
    "ravel": np.ravel,
    "squeeze": lambda x: np.squeeze(x[None]),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "flip": np.flip,
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "roll": lambda x: np.roll(x, 2, 1),
    "rot90": np.rot90,
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2, 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "diag": lambda x: np.diag(x[0]),
    "diagonal": np.diagonal,
    "tril": np.tril,
    "triu": lambda x: np.triu(x, 1),
    "take": lambda x: np.take(x, [2, 0], 0),
    "take_along_axis": lambda x: np.take_along_axis(x, np.zeros((1, 4), int), 0),
    "compress": lambda x: np.compress([True, False, True], x, 0),
    "extract": lambda x: np.extract(np.eye(3, 4) > 0, x),
    "delete": lambda x: np.delete(x, 1, 0),
    "sort": lambda x: np.sort(x, 0),
    "partition": lambda x: np.partition(x, 1),
    "unique": np.unique,
    "unique_counts": lambda x: np.unique(x, return_counts=True),
    "split": lambda x: np.split(x, 2, 1),
    "array_split": lambda x: np.array_split(x, 3, 1),
    "vsplit": lambda x: np.vsplit(x, 3),
    "hsplit": lambda x: np.hsplit(x, 2),
    "unstack": np.unstack,
    "atleast_3d": np.atleast_3d,
    "resize": lambda x: np.resize(x, (5, 5)),
    "copy": np.copy,
    "real": np.real,
    "matrix_transpose": np.linalg.matrix_transpose,
    "trim_zeros": lambda x: np.trim_zeros(x[0]),
    "concatenate": lambda x: np.concatenate([x, x * 1], 1),
    "stack": lambda x: np.stack([x, x], -1),
    "vstack": lambda x: np.vstack([x, x]),
    "hstack": lambda x: np.hstack([x, x]),
    "dstack": lambda x: np.dstack([x, x]),
    "column_stack": lambda x: np.column_stack([x, x]),
    "stack_rows": np.stack,
    "block": lambda x: np.block([[x, x], [x, x]]),
    "append": lambda x: np.append(x, x),
    "insert": lambda x: np.insert(x, 1, x[0], 0),
    "pad_edge": lambda x: np.pad(x, 1, "edge"),
    "pad": lambda x: np.pad(x, ((1, 0), (0, 2))),
    "where": lambda x: np.where(x > 0, x, x[::-1]),
    "select": lambda x: np.select([x > 1, x < -1], [x, x[::-1]], x * 1),
    "choose": lambda x: np.choose([0, 1, 0, 1], list(x[:2])),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[0]),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1]),
}
ANSWERS = {
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "argmax": np.argmax,
    "argmin": lambda x: np.argmin(x, 1),
    "argsort": np.argsort,
    "nonzero": np.nonzero,
    "flatnonzero": np.flatnonzero,
    "argwhere": np.argwhere,
    "count_nonzero": np.count_nonzero,
    "any": np.any,
    "all": lambda x: np.all(x, 0),
    "array_equal": lambda x: np.array_equal(x, x),
    "isclose": lambda x: np.isclose(x, x[0]),
    "allclose": lambda x: np.allclose(x, x),
    "searchsorted": lambda x: np.searchsorted(np.sort(x[0]), x[1]),
    "isin": lambda x: np.isin(x, x[0]),
    "iscomplexobj": np.iscomplexobj,
    "shares_memory": lambda x: np.shares_memory(x, x[0]),
    "lexsort": lambda x: np.lexsort(x),
    "where_one": lambda x: np.where(x > 0),
    "array2string": np.array2string,
}


def sample(fmt: str = "e4m3", shape: tuple[int, ...] = (3, 4), seed: int = 0, **options: object) -> ChopArray:
    """Return numbers of a format, a few of them zero."""
    x = np.random.default_rng(seed).standard_normal(shape) * 3
    return array(np.where(np.abs(x) < 0.5, 0.0, x), fmt, **options)


def agree(result: object, expected: object) -> bool:
    """Whether a result holds the values that NumPy gives, and floats as numbers of the format."""
    if isinstance(expected, (tuple, list)):
        return type(result) is type(expected) and all(map(agree, result, expected))
    if isinstance(expected, np.ndarray) and expected.dtype.kind == "f":
        return isinstance(result, ChopArray) and same(result, expected) and result.dtype == expected.dtype
    if isinstance(expected, np.ndarray):
        return type(result) is np.ndarray and np.array_equal(result, expected)
    return type(result) is type(expected) and bool(result == expected)


@pytest.mark.parametrize("name", MOVES)
def test_moves(name: str) -> None:
    """The same elements in the same places, in random modes without drawing a key for their sake."""
    x = sample()
    y = sample(rounding="stochastic", key=1)
    assert agree(MOVES[name](x), MOVES[name](x.values.copy()))
    result = MOVES[name](y)
    parts = result if isinstance(result, (tuple, list)) else [result]
    assert all(part.arithmetic is y.arithmetic for part in parts if isinstance(part, ChopArray))
    assert y.arithmetic.keys.position == 1 or name in ("concatenate", "select", "where")


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    """What is asked of the values is answered as NumPy does."""
    x = sample()
    if name == "shares_memory":
        assert ANSWERS[name](x)
    else:
        assert agree(ANSWERS[name](x), ANSWERS[name](x.values.copy()))


@pytest.mark.parametrize("function", [
    lambda x: np.concatenate([x, [0.1, 300.3]]),
    lambda x: np.where([True, False, True], x, 0.1),
    lambda x: np.append(x, 0.1),
    lambda x: np.insert(x, 1, 0.1),
    lambda x: np.pad(x, 1, constant_values=0.1),
    lambda x: np.select([x > 0], [x], 0.1),
    lambda x: np.stack([x, np.array([0.1, 0.2, 0.3])]),
    lambda x: np.hstack([0.1, x]),
    lambda x: np.block([x, np.array([0.1])]),
    lambda x: np.full_like(x, 0.1),
    lambda x: np.choose([0, 1, 0], [x, 0.1]),
    lambda x: np.full(3, 0.1, like=x),
    lambda x: np.array([0.1, 0.2], like=x),
    lambda x: np.eye(3, like=x) * 0.1,
])  # fmt: skip
def test_plain_parts_are_rounded(function: object) -> None:
    """Whatever plain comes together with numbers of the format becomes one of them."""
    result = function(array([1.0, -2.0, 3.0], "e4m3"))
    assert isinstance(result, ChopArray)
    assert same(result, chop(result.values, "e4m3"))


def test_likes() -> None:
    """Arrays like another one are of its arithmetic, unless a dtype says otherwise; they draw no key."""
    x = sample(rounding="stochastic", key=1)
    for function, number in ((np.zeros_like, 0.0), (np.ones_like, 1.0), (np.empty_like, 0.0)):
        assert function(x).arithmetic is x.arithmetic
        assert same(function(x), np.full((3, 4), number))
        assert function(x, shape=(2,)).shape == (2,)
        assert type(function(x, dtype=bool)) is np.ndarray
        assert type(function(x, int)) is np.ndarray
    assert x.arithmetic.keys.position == 1
    assert np.zeros(3, like=x).arithmetic is x.arithmetic
    assert np.arange(3, like=x).dtype == np.arange(3).dtype


def test_sums_and_differences() -> None:
    """trace, diff, polyval, trapezoid, convolve, cross."""
    x, machine = sample("bf16", (3, 4)), Machine("bf16")
    assert bits(np.trace(x)) == bits(machine.add(machine.add(x[0, 0], x[1, 1]), x[2, 2]))
    assert same(np.linalg.trace(x), np.trace(x))
    assert same(np.diff(x), x[:, 1:] - x[:, :-1])
    assert same(np.diff(x, 2, axis=0), (x[2:] - x[1:2]) - (x[1:2] - x[:1]))
    assert same(np.diff(x[0], prepend=0.3), np.diff(np.concatenate([[0.3], x[0]])))
    total = x.tolist()[0][0]
    for one in x.tolist()[0][1:]:
        total = machine.add(machine.mul(total, machine.round(0.7)), one)
    assert bits(np.polyval(x[0], 0.7)) == bits(total)
    strips = [machine.div(machine.mul(0.5, machine.add(b, a)), 2) for a, b in zip(x.tolist()[0], x.tolist()[0][1:])]  # noqa: B905
    assert bits(np.trapezoid(x[0], dx=0.5)) == bits(machine.add(machine.add(strips[0], strips[1]), strips[2]))
    a, b = x.tolist()[0], x.tolist()[1][:3]
    full = []
    for n in range(6):
        terms = [machine.mul(a[k], b[n - k]) for k in range(4) if 0 <= n - k < 3]
        full.append(terms[0])
        for term in terms[1:]:
            full[-1] = machine.add(full[-1], term)
    for mode in ("full", "same", "valid"):
        place = {"full": slice(None), "same": slice(1, 5), "valid": slice(2, 4)}[mode]
        assert same(np.convolve(x[0], x[1, :3], mode), full[place])
        assert len(np.convolve(a, b, mode)) == len(full[place])
    u, v = x.tolist()[0][:3], x.tolist()[1][:3]
    crossed = [machine.sub(machine.mul(u[i], v[j]), machine.mul(u[j], v[i])) for i, j in ((1, 2), (2, 0), (0, 1))]
    assert same(np.cross(x[0, :3], x[1, :3]), crossed)


def test_statistics() -> None:
    """mean, var, std, average, median: counts stay exact, 17 is no number of e4m3."""
    x = sample("e4m3", (17, 2))
    machine = Machine("e4m3")
    mean = [float(ops.div(s, 17, "e4m3")) for s in x.sum(axis=0).tolist()]
    assert same(x.mean(axis=0), mean)
    assert same(np.mean(x, 0, keepdims=True), [mean])
    assert bits(x.mean()) == bits(ops.div(float(x.sum()), 34, "e4m3"))
    away = x - array(mean, "e4m3")
    var = [float(ops.div(s, 16, "e4m3")) for s in (away * away).sum(axis=0).tolist()]
    assert same(x.var(axis=0, ddof=1), var)
    assert same(np.var(x, axis=0, correction=1), var)
    assert same(x.std(axis=0, ddof=1), [machine.sqrt(v) for v in var])
    mask = np.arange(34).reshape(17, 2) % 3 > 0
    sums, counts = x.sum(axis=0, where=mask).tolist(), mask.sum(axis=0)
    assert same(x.mean(axis=0, where=mask), [machine.div(s, n) for s, n in zip(sums, counts, strict=True)])
    weights = np.abs(x) + 0.5
    assert same(np.average(x, 0, weights), (x * weights).sum(axis=0) / weights.sum(axis=0))
    assert same(np.average(x), x.mean())
    assert same(np.median(x, 0), np.median(x.values, 0))
    pair = sorted(x.ravel().tolist())[16:18]
    assert bits(np.median(x)) == bits(machine.div(machine.add(*pair), 2))
    assert np.isnan(np.median(array([1.0, np.nan, 2.0], "e4m3")))
    assert same(np.ptp(x, 0), x.max(axis=0) - x.min(axis=0))


def test_extremes_and_clips() -> None:
    """Largest, smallest, bounds."""
    x = sample("e4m3", (3, 4))
    for function in (np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin):
        assert same(function(x, axis=1), function(x.values, axis=1))
        assert bits(function(x)) == bits(function(x.values))
    assert same(np.clip(x, -0.3, 1.7), np.clip(x.values, np.float32(chop(-0.3, "e4m3")), np.float32(chop(1.7, "e4m3"))))
    assert same(x.clip(min=0), np.maximum(x, 0))
    out = x.copy()
    assert np.clip(x, None, 1, out=out) is out
    holes = np.where(x > 1, np.nan, x)
    assert same(np.nansum(holes, 0), x.sum(axis=0, where=~(x > 1)))
    assert same(np.nanmean(holes, 0), x.mean(axis=0, where=~(x > 1)))
    assert same(np.nan_to_num(array([np.nan, np.inf, -np.inf, 1.0], "e5m2")), [0.0, 57344.0, -57344.0, 1.0])
    assert same(np.round(x), np.rint(x))
    with pytest.raises(UnsupportedInputError, match="decimal"):
        np.round(x, 1)


def test_norms() -> None:
    """The root of the sum of squares, each step rounded; sums and largest of magnitudes."""
    x = sample("bf16", (3, 4))
    machine = Machine("bf16")
    squares = [machine.mul(v, v) for v in x.tolist()[0]]
    total = squares[0]
    for one in squares[1:]:
        total = machine.add(total, one)
    assert bits(np.linalg.norm(x[0])) == bits(machine.sqrt(total))
    assert same(np.linalg.norm(x, axis=1)[0], np.linalg.norm(x[0]))
    assert same(np.linalg.vector_norm(x, axis=1), np.linalg.norm(x, axis=1))
    assert same(np.linalg.norm(x), np.linalg.norm(x.ravel()))
    assert same(np.linalg.matrix_norm(x), np.linalg.norm(x, "fro"))
    assert same(np.linalg.norm(x, 1), np.abs(x).sum(axis=0).max())
    assert same(np.linalg.norm(x, np.inf), np.abs(x).sum(axis=1).max())
    assert same(np.linalg.norm(x, -np.inf), np.abs(x).sum(axis=1).min())
    assert same(np.linalg.norm(x[0], 1), np.abs(x[0]).sum())
    assert same(np.linalg.norm(x[0], np.inf), np.abs(x[0]).max())
    assert np.linalg.norm(x, keepdims=True).shape == (1, 1)
    with pytest.raises(UnsupportedInputError, match="norm of order"):
        np.linalg.norm(x, 2)


def test_linspace() -> None:
    """Start plus i steps, i exact, each operation rounded."""
    start, stop = array(0.3, "e4m3"), array(7.0, "e4m3")
    machine = Machine("e4m3")
    points, step = np.linspace(start, stop, 6, retstep=True)
    assert bits(step) == bits(machine.div(machine.sub(7.0, start), 5))
    expected = [machine.add(start, machine.mul(i, step)) for i in range(5)] + [7.0]
    assert same(points, expected)
    assert np.linspace(start, stop, 4, endpoint=False).shape == (4,)


def test_functions_that_are_not_there_say_what_is() -> None:
    """The message names the function, what there is, and the cure."""
    x = sample()
    for function in (np.linalg.solve, np.linalg.qr, np.fft.fft, np.interp, np.percentile, np.histogram):
        args = {np.linalg.solve: (x[:, :3], x), np.interp: (x, x[0], x[1]), np.percentile: (x, 50)}.get(function, (x,))
        with pytest.raises(UnsupportedInputError, match=rf"{function.__name__}.* does not take .*\.values"):
            function(*args)
    with pytest.raises(UnsupportedInputError, match="dtype"):
        np.sum(x, dtype=np.float64)
    with pytest.raises(UnsupportedInputError, match="dtype"):
        np.mean(x, dtype=np.float64)
    with pytest.raises(TypeError):
        np.pad(x, 1, "mean")


def test_every_named_function_exists() -> None:
    """The names are NumPy's."""
    for name in known_functions():
        found = np
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found), name


def test_plain_arrays_change_in_place() -> None:
    """Functions that write to a plain array write values."""
    x = sample()
    plain = np.zeros((3, 4))
    np.copyto(plain, x)
    assert same(plain, x)
    np.fill_diagonal(plain, array(0.3, "e4m3").item())
    assert plain[0, 0] == 0.3125


INDEX = st.one_of(
    st.integers(-3, 2), st.slices(3), st.just(Ellipsis), st.just(None), st.lists(st.integers(-3, 2), max_size=4),
    st.just(np.array([True, False, True])),
)  # fmt: skip


@given(st.one_of(INDEX, st.tuples(INDEX), st.tuples(INDEX, INDEX)))
def test_indexing(index: object) -> None:
    """Whatever NumPy takes for an index, and views where NumPy gives them."""
    x = sample("e4m3", (3, 3))
    try:
        expected = x.values[index]
    except IndexError:
        with pytest.raises(IndexError):
            x[index]
        return
    part = x[index]
    assert isinstance(part, ChopArray)
    assert same(part, expected)
    assert np.shares_memory(part, x) == (isinstance(expected, np.ndarray) and np.shares_memory(expected, x.values))
    x[index] = 0.3
    assert np.all(x[index] == 0.3125)


def test_errors_are_of_the_house() -> None:
    """Text is no operand; complex numbers are none of a format."""
    x = array([1.0], "e4m3")
    with pytest.raises(TypeError):
        x + "text"
    with pytest.raises(ChopperError, match="imaginary"):
        x + np.array([1j])
