"""Dask gives the bits of NumPy, whatever the chunks; lazily, on threads and on processes."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import OutputError, PolicyError, RandomKeyError, RangeError, UnsupportedInputError
from chopper.random import Chunk
from chopper.rounding import Rounding
from tests.adapters.inputs import difficult, named

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
SUBJECT = "Dask against NumPy"
MODES = tuple(Rounding)
KEY = 99


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def options(mode):
    return {"key": KEY} if mode.random else {}


def compare(tally, fmt, xs, modes, convert=chopper.chop):
    x = da.from_array(xs, chunks=(xs.shape[0] // 3 + 1, (5, xs.shape[1] - 5)))
    results = dask.compute(*[convert(x, fmt, mode, **options(mode)) for mode in modes])
    for mode, got in zip(modes, results, strict=True):
        tally.same(got, convert(xs, fmt, mode, **options(mode)), xs, fmt=fmt, mode=mode, about=convert.__name__)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_format(dtype, tally):
    for fmt in named(dtype):
        modes = MODES if fmt.bits <= 8 or fmt.engine != "table" else MODES[:1]
        compare(tally, fmt, difficult(fmt, dtype, 1530).reshape(90, 17), modes)


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_format_at_length(dtype, tally):
    for fmt in named(dtype, at_length=True):
        xs = difficult(fmt, dtype, 100_000, seed=1).reshape(400, 250)
        compare(tally, fmt, xs, MODES)
        compare(tally, fmt, xs, MODES, chopper.encode)


CHUNKINGS = {
    (60, 70): [(60, 70), (7, 9), (1, 70), (60, 1), ((1, 59), (35, 35)), ((10, 0, 50), (3, 67))],
    (7, 8, 9): [(2, 3, 4), (7, 1, 9), (1, 8, 2), (7, 8, 9)],
    (500,): [(13,), (500,), ((1, 499),)],
    (): [()],
    (4, 0): [(2, 1)],
}


@pytest.mark.parametrize(("shape", "chunks"), [(s, c) for s, every in CHUNKINGS.items() for c in every], ids=str)
def test_any_chunks(shape, chunks, tally):
    xs = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    x = da.from_array(xs, chunks=chunks)
    words = np.random.default_rng(1).integers(0, 1 << 32, shape, np.uint32)
    for convert in (chopper.chop, chopper.encode):
        for given in ({}, {"key": 3}, {"key": 3, "offset": 2**32 - 9}, {"random_words": words}):
            mode = "stochastic" if given else "up"
            got = convert(x, "e4m3", mode, **given)
            want = np.asarray(convert(xs, "e4m3", mode, **given))
            assert (got.dtype, got.shape, got.chunks) == (want.dtype, shape, x.chunks)
            tally.same(got.compute(), want, xs, about=given)
    codes = chopper.encode(x, "e4m3")
    want = np.asarray(chopper.decode(np.asarray(chopper.encode(xs, "e4m3")), "e4m3", np.float64))
    tally.same(chopper.decode(codes, "e4m3", np.float64).compute(), want)


def test_an_array_that_is_itself_a_chunk(tally):
    xs = np.random.default_rng(0).standard_normal((40, 50))
    whole = chopper.chop(xs, "e4m3", "stochastic", key=5)
    part = da.from_array(xs[10:30, 20:], chunks=(7, 8))
    got = chopper.chop(part, "e4m3", "stochastic", key=5, offset=Chunk((10, 20), xs.shape))
    tally.same(got.compute(), whole[10:30, 20:])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8", "bool"])
def test_dtypes(dtype, tally):
    xs = np.arange(100).astype(dtype).reshape(10, 10)
    x = da.from_array(xs, chunks=4)
    for convert in (chopper.chop, chopper.encode):
        tally.same(convert(x, "e2m1").compute(), convert(xs, "e2m1"))


def never(block):
    raise AssertionError("a chunk was computed")


def test_nothing_is_computed_before_its_time():
    x = da.ones((8, 8), chunks=4).map_blocks(never, dtype="f4", meta=np.empty((0, 0), "f4"))
    for y in (chopper.chop(x, "e4m3"), chopper.chop(x, "e4m3", "stochastic", key=1), chopper.encode(x, "e4m3")):
        assert isinstance(y, da.Array)
        assert type(y._meta) is np.ndarray
    assert chopper.chop(x, "e4m3").dtype == np.float32
    assert chopper.encode(x, "bf16").dtype == np.uint16
    assert chopper.decode(chopper.encode(x, "e4m3"), "e4m3", np.float64).dtype == np.float64


def test_results_stay_what_they_are():
    """Entropy and generators are drawn once, when the graph is made; equal calls have equal names."""
    x = da.full((50, 50), 1.05, chunks=20)
    y = chopper.chop(x, "e4m3", "stochastic")
    assert np.array_equal(y.compute(), y.compute())
    assert not np.array_equal(y.compute(), chopper.chop(x, "e4m3", "stochastic").compute())
    one, two = np.random.default_rng(1), np.random.default_rng(1)
    first = chopper.chop(x, "e4m3", "stochastic", key=one).compute()
    assert np.array_equal(first, chopper.chop(x.compute(), "e4m3", "stochastic", key=two))
    named = [chopper.chop(x, "e4m3", "stochastic", key=key).name for key in (1, 1, 2)]
    assert named[0] == named[1] != named[2]
    assert chopper.chop(x, "e4m3").name != chopper.chop(x, "e5m2").name


def test_unknown_chunks():
    x = da.from_array(np.linspace(-3, 3, 40), chunks=7)
    some = x[x > 0]
    assert np.array_equal(chopper.chop(some, "e4m3").compute(), chopper.chop(some.compute(), "e4m3"))
    with pytest.raises(RandomKeyError, match="compute_chunk_sizes"):
        chopper.chop(some, "e4m3", "stochastic", key=1)


def test_errors_come_when_the_graph_is_made():
    x = da.ones((8, 8), chunks=4)
    with pytest.raises(OutputError, match="computed later"):
        chopper.chop(x, "e4m3", out=np.empty((8, 8)))
    with pytest.raises(PolicyError, match="does not suit"):
        chopper.chop(x, "e4m3", overflow="wrap")
    with pytest.raises(UnsupportedInputError, match="complex"):
        chopper.chop(x.astype("c16"), "e4m3")
    with pytest.raises(RandomKeyError, match="random_words has dtype"):
        chopper.chop(x, "e4m3", "stochastic", random_words=np.zeros(3, np.uint32))
    with pytest.raises(RandomKeyError, match="offset="):
        chopper.chop(x, "e4m3", "stochastic", key=1, offset=-1)
    with pytest.raises(RangeError, match="float32 does not hold"):
        chopper.decode(da.zeros(3, dtype="u8", chunks=2), "fp64")


def test_values_speak_when_they_are_computed():
    y = chopper.chop(da.full(9, 1e6, chunks=3), "e4m3", overflow="raise")
    with pytest.raises(RangeError, match="has no result in e4m3"):
        y.compute()


def test_worker_processes(tally):
    """Workers that are processes of their own, as on a cluster."""
    distributed = pytest.importorskip("distributed")
    xs = np.random.default_rng(0).standard_normal((60, 70)).astype(np.float32)
    x = da.from_array(xs, chunks=(20, 35))
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        got = chopper.chop(x, "e4m3", "stochastic", key=5)
        codes = chopper.encode(x, "posit8")
        results = [future.result() for future in client.compute([got, codes])]
    tally.same(results[0], chopper.chop(xs, "e4m3", "stochastic", key=5))
    tally.same(results[1], chopper.encode(xs, "posit8"))
