"""Convolutions against loops over the elements of the result, and against the definition of an accumulator."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from chopper import convolution, ops
from chopper.accumulate import Accumulator
from chopper.convolution import conv
from chopper.errors import OutputError, RangeError, UnsupportedInputError
from chopper.gemm import dot, matmul
from tests import oracle
from tests.gemm.definition import Definition, words_from

SUBJECT = "convolutions"
SHAPES = {  # of images and kernels, options
    "line": ((2, 2, 9), (3, 2, 3), {}),
    "line, stride": ((2, 3, 8), (2, 3, 4), {"stride": 3, "padding": 2}),
    "plane": ((2, 2, 5, 4), (3, 2, 3, 2), {}),
    "plane, padding": ((2, 2, 4, 3), (2, 2, 3, 3), {"padding": (2, 1), "stride": (2, 1)}),
    "plane, dilation": ((1, 2, 7, 6), (2, 2, 3, 2), {"dilation": (2, 3), "padding": 1}),
    "plane, groups": ((2, 4, 4, 4), (6, 2, 2, 3), {"groups": 2, "padding": (0, 2)}),
    "each channel": ((3, 3, 4, 4), (3, 1, 2, 2), {"groups": 3}),
    "room": ((2, 2, 3, 4, 3), (2, 1, 2, 3, 2), {"groups": 2, "dilation": (1, 1, 2), "padding": 1, "stride": (2, 3, 1)}),
}
STEPWISE = {
    "fp32": Accumulator(),
    "fp16": Accumulator(sum="fp16"),
    "fp16, products of e5m2": Accumulator(product="e5m2", sum="fp16"),
    "bf16, stochastic": Accumulator(sum="bf16", rounding="stochastic"),
    "fp16, down": Accumulator(sum="fp16", rounding="down"),
    "posit16": Accumulator(sum="posit16"),
}
DEFINED = {
    "exact": Accumulator(sum="exact", result="bf16"),
    "exact, stochastic": Accumulator(sum="exact", result="e4m3", rounding="stochastic"),
    "fused": Accumulator(sum="fp16", fused=True),
    "blocked": Accumulator(sum="bf16", order="blocked", block=4, flush="fp32"),
    "tree, stochastic": Accumulator(sum="fp16", order="tree", rounding="stochastic", random_bits=9),
    "kahan": Accumulator(sum="e5m2", compensated="kahan"),
}


def case(name, seed=0):
    """Return images, kernels and bias of few bits, so that sums tie and cancel, with zeros of both signs."""
    x_shape, w_shape, options = SHAPES[name]
    rng = np.random.default_rng([seed, *x_shape])
    x, w, bias = (rng.normal(size=shape).astype(np.float32) for shape in (x_shape, w_shape, w_shape[:1]))
    x[rng.random(x.shape) < 0.1] = 0.0
    w[rng.random(w.shape) < 0.1] = -0.0
    return x, w, bias, options


def terms(x, w, *, stride=1, padding=0, dilation=1, groups=1):
    """Return a row of factors for each element of the result in C order, and the shape: plain loops over indices."""
    axes = x.ndim - 2
    stride, padding, dilation = (
        one if isinstance(one, tuple) else (one,) * axes for one in (stride, padding, dilation)
    )
    kernel, share = w.shape[2:], w.shape[1]
    shape = tuple(
        (x.shape[d + 2] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) // stride[d] + 1 for d in range(axes)
    )
    rows = []
    for n, o, *at in itertools.product(*map(range, (len(x), len(w), *shape))):
        first = o // (len(w) // groups) * share
        row = []
        for c, *j in itertools.product(*map(range, (share, *kernel))):
            place = [at[d] * stride[d] + j[d] * dilation[d] - padding[d] for d in range(axes)]
            inside = all(0 <= p < size for p, size in zip(place, x.shape[2:], strict=True))
            row.append((w[(o, c, *j)], x[(n, first + c, *place)] if inside else np.float32(0)))
        rows.append(row)
    return np.array(rows), (len(x), len(w), *shape)


def step_by_step(acc, rows, bias, key=0):
    """Return sums over rows of factors: each product and each sum rounded by `chopper.ops`."""
    factors = rows.transpose(2, 1, 0).astype(np.float64)
    steps = acc.steps(rows.shape[1])
    words = np.array([words_from(key, e * steps, steps) for e in range(len(rows))], np.uint32).T

    def options(step):
        return {"random_words": np.ascontiguousarray(words[step])} if acc.rounding == "stochastic" else {}

    total = np.zeros(len(rows))
    if bias is not None:
        total = ops.add(bias.astype(np.float64), -0.0, acc.sum, acc.rounding, **options(steps - 2))
    for k, (a, b) in enumerate(zip(*factors, strict=True)):
        product = ops.mul(a, b, acc.product or acc.sum, acc.rounding, **options(2 * k))
        total = ops.add(total, product, acc.sum, acc.rounding, **options(2 * k + 1))
    return total.astype(np.float32)


def spread(bias, shape):
    """Return the bias of each element of a result."""
    return np.broadcast_to(bias.reshape(-1, *(1,) * (len(shape) - 2)), shape).reshape(-1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("acc", STEPWISE)
def test_operations_one_after_another(acc, shape, tally):
    by = STEPWISE[acc]
    x, w, bias, options = case(shape)
    rows, full = terms(x, w, **options)
    for addend in (None, bias):
        want = step_by_step(by, rows, None if addend is None else spread(addend, full), key=11).reshape(full)
        got = conv(x, w, addend, accumulate=by, key=11, threads=1, **options)
        tally.same(got, want, fmt=by.sum, mode=by.rounding, about=(acc, shape, addend is not None))


@pytest.mark.parametrize("acc", DEFINED)
def test_definition(acc, tally):
    by = DEFINED[acc]
    for shape in ("line, stride", "plane, groups"):
        x, w, bias, options = case(shape, 1)
        x, w = x[:1], np.round(w * 4) / 4
        rows, full = terms(x, w, **options)
        judge = Definition(by, key=5)
        pairs = [[tuple(map(oracle.exact, pair)) for pair in row] for row in rows.tolist()]
        addend = [oracle.exact(float(b)) for b in spread(bias, full)]
        want = [
            float(judge.element_of(*zip(*row, strict=True), c, e))
            for e, (row, c) in enumerate(zip(pairs, addend, strict=True))
        ]
        got = conv(x, w, bias, accumulate=by, key=5, threads=1, **options)
        tally.same(got, np.array(want, np.float32).reshape(full), fmt=by.result or by.sum, mode=by.rounding, about=acc)


@pytest.mark.parametrize("shape", SHAPES)
def test_small_integers_as_torch_has_them(shape, tally):
    torch = pytest.importorskip("torch")
    x, w, bias, options = case(shape)
    x, w, bias = (np.round(a * 4) for a in (x, w, bias))
    function = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)[x.ndim - 3]
    want = function(*map(torch.from_numpy, (x, w, bias)), **options).numpy()
    for by in (Accumulator(), Accumulator(sum="exact", result="fp32"), Accumulator(sum="int32", result="fp32")):
        got = conv(x, w, bias, accumulate=by, **options)
        tally.same(got + np.float32(0), want + np.float32(0), fmt=by.sum, about=shape)  # signs of zeros are its own


@pytest.mark.parametrize("acc", [*STEPWISE.values(), *DEFINED.values()], ids=[*STEPWISE, *DEFINED])
def test_results_do_not_depend_on_the_cut(acc, tally, monkeypatch):
    x, w, bias, options = case("each channel")
    whole = conv(x, w, bias, accumulate=acc, key=(1 << 63) + 5, **options)
    per_image = math.prod(whole.shape[2:]) * w[0].size * 3
    for images in (0, 2):
        monkeypatch.setattr(convolution, "_UNFOLDED", per_image * images)
        got = conv(x, w, bias, accumulate=acc, key=(1 << 63) + 5, **options)
        tally.same(got, whole, fmt=acc.sum, mode=acc.rounding, about=(acc, images))


def test_pieces_stay_small(monkeypatch):
    sizes = []
    monkeypatch.setattr(convolution, "_UNFOLDED", 1000)
    monkeypatch.setattr(convolution, "matmul", lambda a, b, *c, **d: sizes.append(b.size) or matmul(a, b, *c, **d))
    x, w = np.ones((8, 2, 6, 6), np.float32), np.ones((1, 2, 3, 3), np.float32)
    conv(x, w, accumulate=Accumulator(compensated="kahan"))
    assert sizes == [3 * 18 * 16, 3 * 18 * 16, 2 * 18 * 16]


def test_zeros_and_specials_at_the_border():
    """Padding is +0: it keeps -0 of a bias unless +0 is added, and is NaN times infinity."""
    x, by = np.full((1, 1, 1), 2.0, np.float32), Accumulator(sum="fp16")
    for weight, bias, want in ((-1.0, -0.0, -0.0), (1.0, -0.0, 0.0), (np.inf, 0.0, np.nan), (-1.0, None, 0.0)):
        w = np.full((1, 1, 1), weight, np.float32)
        given = None if bias is None else np.array([bias], np.float32)
        got = conv(x, w, given, padding=1, accumulate=by)[0, 0, 0]
        assert repr(float(got)) == repr(want)
        again = conv(np.pad(x, ((0, 0), (0, 0), (1, 1))), w, given, accumulate=by)[0, 0, 0]
        assert repr(float(again)) == repr(want)


def test_dtypes():
    x, w = np.ones((1, 1, 3)), np.ones((1, 1, 2))
    for dtype, want in ((np.float16, np.float32), (np.float32, np.float32), (np.int8, np.float64)):
        assert conv(x.astype(dtype), w.astype(dtype)).dtype == want
        assert conv(x.astype(dtype), w).dtype == np.float64
    assert conv(x[:0], w).shape == (0, 1, 2)
    assert conv(x[:, :0], w[:, :0], [3.0]).tolist() == [[[3.0, 3.0]]]


def test_out():
    x, w, _, options = case("plane")
    want = conv(x, w, **options)
    out = np.full(want.shape, 7, np.float32)
    assert conv(x, w, out=out, **options) is out
    assert out.tobytes() == want.tobytes()
    with pytest.raises(OutputError, match="dtype float32"):
        conv(x, w, out=out.astype(np.float64))
    out[...] = 7
    with pytest.raises(RangeError):
        conv(x * 2**120, w, accumulate=Accumulator(sum="fp16", overflow="raise"), out=out)
    assert (out == 7).all()
    square = np.ones((1, 1, 4), np.float32)
    assert conv(square, np.ones((1, 1, 1), np.float32), [1.0], out=square.astype(np.float64)).tolist() == [[[2.0] * 4]]
    assert conv(square, np.ones((1, 1, 3), np.float32), padding=1, out=square).tolist() == [[[2.0, 3.0, 3.0, 2.0]]]


@pytest.mark.parametrize(
    ("shapes", "options", "text"),
    [
        (((1, 2), (1, 2)), {}, "1 to 3 spatial axes"),
        (((1, 2, 3, 3), (1, 2, 3)), {}, "1 to 3 spatial axes"),
        (((1, 3, 4), (2, 2, 1)), {}, "divide C and O"),
        (((1, 4, 4), (3, 2, 1)), {"groups": 2}, "divide C and O"),
        (((1, 1, 4), (1, 1, 3)), {"dilation": 2}, "do not fit"),
        (((1, 1, 4), (1, 1, 0)), {}, "do not fit"),
        (((1, 1, 4), (1, 1, 3)), {"stride": 0}, "stride=0"),
        (((1, 1, 4), (1, 1, 3)), {"padding": -1}, "padding=-1"),
        (((1, 1, 4), (1, 1, 3)), {"padding": (1, 2)}, "for 2 axes"),
        (((1, 1, 4), (1, 1, 3)), {"groups": True}, "groups=True"),
        (((1, 1, 4), (1, 1, 3)), {"bias": [1.0, 2.0]}, "bias has the shape"),
        (((1, 1, 4), (1, 1, 3)), {"accumulate": "fp16"}, "is no Accumulator"),
    ],
)
def test_what_does_not_go_together(shapes, options, text):
    with pytest.raises(UnsupportedInputError, match=text):
        conv(*map(np.ones, shapes), **options)


@pytest.mark.parametrize("acc", [*STEPWISE.values(), *DEFINED.values()], ids=[*STEPWISE, *DEFINED])
def test_matrix_times_vector_is_a_column(acc, tally):
    rng = np.random.default_rng(3)
    a, b, c = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 9), (9, 1), (5, 1)))
    for addend in (None, c):
        column = matmul(a, b, addend, accumulate=acc, key=8)[:, 0]
        got = dot(a, b[:, 0], None if addend is None else addend[:, 0], accumulate=acc, key=8)
        tally.same(got, column, fmt=acc.sum, mode=acc.rounding, about=acc)
    if acc.rounding != "stochastic":
        wide = rng.normal(size=(9, 4)).astype(np.float32)
        columns = [dot(a, wide[:, j], accumulate=acc) for j in range(4)]
        tally.same(np.stack(columns, 1), matmul(a, wide, accumulate=acc), fmt=acc.sum, about=acc)
