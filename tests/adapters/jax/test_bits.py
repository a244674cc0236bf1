"""The bits of JAX are those of NumPy: every named format, every mode, both carriers."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.adapters.inputs import difficult, named

jax = pytest.importorskip("jax")
SUBJECT = "JAX against NumPy"
KEY = 20250704
MODES = tuple(Rounding)


@pytest.fixture(autouse=True)
def wide():
    """Let JAX have float64."""
    with jax.enable_x64(True):
        yield


def options(mode):
    return {"key": KEY} if mode.random else {}


def check(tally, fmt, mode, xs, convert=chopper.chop):
    """Compare a conversion of values, or to codes."""
    want = convert(xs, fmt, mode, **options(mode))
    got = convert(jax.numpy.asarray(xs), fmt, mode, **options(mode))
    tally.same(got, want, xs, fmt=fmt, mode=mode, about=convert.__name__)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_format(mode, dtype, tally):
    """The numbers of the format are arguments of what is compiled: one compilation for all formats of a kernel."""
    for fmt in named(dtype):
        if fmt.bits <= 8 or fmt.engine != "table" or mode is Rounding.STOCHASTIC:
            check(tally, fmt, mode, difficult(fmt, dtype, 1536))


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_format_at_length(mode, dtype, tally):
    """100 000 values each; values, and codes."""
    for fmt in named(dtype, at_length=True):
        xs = difficult(fmt, dtype, 100_000, seed=1)
        check(tally, fmt, mode, xs)
        check(tally, fmt, mode, xs, chopper.encode)


def fixed_numbers(modes):
    """Return a conversion inside a jit of the user's, to which format and modes are constants: all modes at once."""

    def convert(x, fmt):
        return jax.jit(lambda x: [chopper.chop(x, fmt, mode, **options(mode)) for mode in modes])(x)

    return convert


@pytest.mark.parametrize(("name", "dtype"), [("e4m3", "float32"), ("bf16", "float32"), ("fp32", "float64")])
def test_inside_jit(name, dtype, tally):
    """All modes in one compiled function, to which the format is a constant."""
    inside(tally, get(name), dtype, 3000)


@pytest.mark.parametrize("name", ["e8m0", "posit8", "int8", "nf4", "binary8p1ue"])
def test_one_mode_inside_jit(name, tally):
    """One of each kernel."""
    inside(tally, get(name), "float32", 3000, (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC_C))


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_format_inside_jit(dtype, tally):
    for fmt in named(dtype, at_length=True):
        inside(tally, fmt, dtype, 100_000)


def inside(tally, fmt, dtype, size, modes=MODES):
    xs = difficult(fmt, dtype, size, seed=2)
    for mode, got in zip(modes, fixed_numbers(modes)(jax.numpy.asarray(xs), fmt), strict=True):
        tally.same(got, chopper.chop(xs, fmt, mode, **options(mode)), xs, fmt=fmt, mode=mode)


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "bf16", "posit16", "int8", "nf4", "e8m0", "fixed<4,4>", "hif8"])
def test_codes(name, tally):
    """encode, and decode of every code."""
    fmt = get(name)
    for dtype in ("float32", "float64"):
        xs = difficult(fmt, dtype, 1536)
        for mode in (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC):
            check(tally, fmt, mode, xs, chopper.encode)
        codes = np.arange(1 << fmt.bits, dtype=chopper.encode(xs, fmt).dtype)
        want = chopper.decode(codes, fmt, dtype)
        tally.same(chopper.decode(jax.numpy.asarray(codes), fmt, dtype), want, codes, fmt=fmt)
        tally.same(jax.jit(lambda c, dtype=dtype: chopper.decode(c, fmt, dtype))(codes.astype(int)), want, codes)


@pytest.mark.parametrize("policy", ["infinity", "saturate", "propagate", "nan"])
@pytest.mark.parametrize("compat", [None, "ml_dtypes", "torch"])
def test_policies_and_presets(policy, compat, tally):
    given = {"compat": compat} if compat else {"overflow": policy}
    for dtype in ("float32", "float64"):
        xs = difficult(get("e5m2"), dtype, 1536)
        got = chopper.chop(jax.numpy.asarray(xs), "e5m2", **given)
        tally.same(got, chopper.chop(xs, "e5m2", **given), xs, fmt="e5m2", about=given)


@pytest.mark.parametrize("bits", [1, 7, 31])
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.random], ids=lambda mode: mode.value)
def test_fewer_random_bits(mode, bits, tally):
    xs = difficult(get("e4m3"), "float32", 1536)
    got = chopper.chop(jax.numpy.asarray(xs), "e4m3", mode, key=KEY, random_bits=bits)
    tally.same(got, chopper.chop(xs, "e4m3", mode, key=KEY, random_bits=bits), xs, fmt="e4m3", mode=mode)


@pytest.mark.parametrize("fmt", ["e4m3", "e2m1", "int4"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e5m2", "int32", "uint8", "int4", "bool"])
def test_other_dtypes(dtype, fmt, tally):
    """Narrow floats keep their dtype, float8 gives float32, integers give float64."""
    rng = np.random.default_rng(0)
    kind = jax.numpy.dtype(dtype)
    if kind.itemsize <= 2 and kind.kind in "Vf" and "int" not in dtype:
        xs = np.arange(1 << 8 * kind.itemsize, dtype=f"u{kind.itemsize}").view(kind)
    else:
        xs = rng.integers(0, 2 if dtype == "bool" else 8, 500).astype(kind)
    for mode in (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC):
        want = chopper.chop(xs, fmt, mode, **options(mode))
        got = chopper.chop(jax.numpy.asarray(xs), fmt, mode, **options(mode))
        assert got.dtype == want.dtype
        with np.errstate(invalid="ignore"):  # a signalling NaN
            got, want, shown = (np.asarray(a).astype("f8") for a in (got, want, xs))
        tally.same(got, want, shown, fmt=fmt, mode=mode)
