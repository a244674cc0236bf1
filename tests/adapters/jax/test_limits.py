"""What cannot be done, and what is said then; dtypes that store codes."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import OutputError, PolicyError, RangeError, UnsupportedInputError

jax = pytest.importorskip("jax")
jnp = jax.numpy
SUBJECT = "JAX: limits and dtypes that store codes"
X = jnp.asarray([0.3, 1000.0, -1000.0], jnp.float32)


def test_out_is_refused():
    for call in (chopper.chop, chopper.encode):
        with pytest.raises(OutputError, match="JAX arrays do not change"):
            call(X, "e4m3", out=X)


def test_raise_looks_at_values():
    assert chopper.chop(X[:1], "e4m3", overflow="raise").tolist() == [0.3125]
    assert isinstance(chopper.chop(X[:1], "e4m3", overflow="raise"), jax.Array)
    for call in (chopper.chop, chopper.encode):
        with pytest.raises(RangeError, match=r"x\[1\] = 1000.0 has no result in e4m3 \(2 such values\)"):
            call(X, "e4m3", overflow="raise")
        with pytest.raises(RangeError, match="under tracing nobody can see whether a value has a result in e4m3"):
            jax.jit(lambda x, call=call: call(x, "e4m3", overflow="raise"))(X)


def test_formats_that_the_dtype_does_not_hold():
    """Values that fit come out; that can be seen where there are values."""
    half = X.astype(jnp.float16)
    assert chopper.chop(half[:1], "bf16").dtype == jnp.float16
    with pytest.raises(RangeError, match="does not fit float16"):
        chopper.chop(jnp.asarray([65504.0], jnp.float16), "bf16", "up")
    with pytest.raises(RangeError, match="float16 holds the values of bf16 that come out; widen first"):
        jax.jit(lambda x: chopper.chop(x, "bf16"))(half)
    assert np.array_equal(chopper.chop(X, "posit32"), chopper.chop(np.asarray(X), "posit32"))


def test_64_bits_must_be_allowed():
    cases = {
        "integers are rounded as float64": lambda: chopper.chop(jnp.arange(3), "e4m3"),
        "codes of e11m40 are uint64": lambda: chopper.encode(X, "e11m40"),
        "dtype is float64": lambda: chopper.decode(jnp.zeros(3, jnp.uint8), "e4m3", np.float64),
    }
    for message, call in cases.items():
        with pytest.raises(UnsupportedInputError, match=f"{message}.*jax_enable_x64"):
            call()
    with jax.enable_x64(True):
        wide = [call() for call in cases.values()]
    assert [str(y.dtype) for y in wide] == ["float64", "uint64", "float64"]


def test_integers_of_64_bits():
    with jax.enable_x64(True):
        assert chopper.chop(jnp.asarray([3, 2**40]), "e4m3").tolist() == [3.0, 448.0]
        with pytest.raises(RangeError, match="has no exact float64"):
            chopper.chop(jnp.asarray([2**60 + 1]), "e4m3")
        with pytest.raises(RangeError, match="whether an int64 has an exact float64"):
            jax.jit(lambda x: chopper.chop(x, "e4m3"))(jnp.asarray([3]))


@pytest.mark.parametrize("x", [jnp.ones(2, jnp.complex64), jax.random.key(0)], ids=["complex", "key"])
def test_dtypes_that_are_no_numbers(x):
    for call in (chopper.chop, chopper.encode):
        with pytest.raises(UnsupportedInputError, match="cannot round dtype"):
            call(x, "e4m3")
    with pytest.raises(UnsupportedInputError, match="cannot decode dtype"):
        chopper.decode(x, "e4m3")


def test_policies_are_checked_as_ever():
    with pytest.raises(PolicyError, match="does not suit"):
        jax.jit(lambda x: chopper.chop(x, "e4m3", overflow="wrap"))(X)


def test_codes_are_checked():
    assert chopper.decode(jnp.asarray([0, 126, 255]), "e4m3").tolist()[:2] == [0.0, 448.0]
    for codes in (jnp.asarray([-1]), jnp.asarray([256]), jnp.asarray([16], jnp.uint8)):
        with pytest.raises(RangeError, match="is not a code of"):
            chopper.decode(codes, "e4m3" if codes.dtype == jnp.int32 else "e2m1")
    with pytest.raises(UnsupportedInputError, match="cannot decode dtype float32"):
        chopper.decode(X, "e4m3")
    with pytest.raises(UnsupportedInputError, match="cannot hold decoded values"):
        chopper.decode(jnp.zeros(3, jnp.uint8), "e4m3", jnp.bfloat16)
    assert jax.jit(lambda c: chopper.decode(c, "nf4"))(jnp.asarray([16 + 7])).tolist() == [0.0]  # the low bits alone


NAMES = (
    "float8_e4m3fn float8_e5m2 float8_e4m3 float8_e3m4 float8_e4m3b11fnuz float8_e4m3fnuz float8_e5m2fnuz "
    "float8_e8m0fnu float4_e2m1fn bfloat16 float16 int4 uint4 int2 uint2 int8 uint8"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_dtypes_that_store_codes(name, tally):
    """Codes seen as numbers of the dtype are the decoded values, and such an array is decoded as it is."""
    from chopper_ext.jax import as_dtype

    fmt = chopper.get(name)
    codes = jnp.arange(1 << fmt.bits, dtype=f"uint{max(8, fmt.bits)}")
    stored = as_dtype(codes, fmt)
    assert stored.dtype == jnp.dtype(name)
    want = chopper.decode(np.asarray(codes), fmt)
    with np.errstate(invalid="ignore"):
        tally.same(np.asarray(stored).astype(np.float32), want, fmt=fmt)
    tally.same(chopper.decode(stored, fmt), want, fmt=fmt)
    tally.same(jax.jit(lambda c: chopper.decode(as_dtype(c, fmt), fmt))(codes), want, fmt=fmt)


def test_formats_without_a_dtype():
    from chopper_ext.jax import as_dtype

    with pytest.raises(UnsupportedInputError, match="JAX has no dtype that stores posit8"):
        as_dtype(jnp.zeros(3, jnp.uint8), "posit8")
    with pytest.raises(UnsupportedInputError, match="codes have dtype int32"):
        as_dtype(jnp.zeros(3, jnp.int32), "e4m3")
