"""Others who operate exactly: the processor in all its rounding modes, the C library's fma, SoftPosit.

NumPy computes float16 in float32, which is wide enough to round sums, products, quotients and roots once.  SoftPosit's
``pX2_mulAdd`` loses a sticky bit and is not asked.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np
import pytest

import chopper
from chopper import ops
from tests.operations.definition import differing

UFUNCS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "sqrt": np.sqrt}
KINDS = {"fp16": np.float16, "fp32": np.float32, "fp64": np.float64}
DIRECTIONS = {"nearest_even": 0, "down": 0x400, "up": 0x800, "toward_zero": 0xC00}
"""The values of fesetround on x86-64."""

SIZE = 4000


def _patterns(kind: type, count: int, seed: int) -> np.ndarray:
    """Return numbers of every exponent, half of them near each other's size, specials among them."""
    rng, bits = np.random.default_rng(seed), 8 * np.dtype(kind).itemsize
    raw = rng.integers(0, 1 << 63, count, dtype=np.uint64) ^ rng.integers(0, 2, count, dtype=np.uint64) << 63
    wild = (raw >> (64 - bits)).astype(f"u{bits // 8}").view(kind)
    near = (rng.standard_normal(count) * 2.0 ** rng.integers(-3, 4, count)).astype(kind)
    x = np.where(rng.random(count) < 0.5, near, wild)
    x[:6] = [0, -0.0, np.inf, -np.inf, np.nan, 1]
    return rng.permutation(x)


@contextmanager
def _direction(mode: str) -> Iterator[None]:
    """Let the processor round in a mode."""
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.fesetround(DIRECTIONS[mode])
    try:
        yield
    finally:
        library.fesetround(0)


def _on_processor(name: str, mode: str, *xs: np.ndarray) -> np.ndarray:
    out = np.empty_like(xs[0])
    with np.errstate(all="ignore"), _direction(mode):
        UFUNCS[name](*xs, out=out)
    return out


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the modes are those of x86-64")
@pytest.mark.parametrize(("fmt", "mode"), [("fp16", "nearest_even"), *product(("fp32", "fp64"), DIRECTIONS)])
@pytest.mark.parametrize("name", UFUNCS)
def test_processor(name: str, fmt: str, mode: str) -> None:
    """Sums, products, quotients and roots of float32 and float64 in four modes, of float16 to nearest."""
    kind = KINDS[fmt]
    xs = [_patterns(kind, SIZE, seed) for seed in range(1 if name == "sqrt" else 2)]
    if name in ("add", "sub"):
        xs[1][::3] = -xs[0][::3]
        with np.errstate(invalid="ignore"):  # signalling NaNs
            xs[1][1::9] = np.nextafter(xs[0][1::9], kind(0))
    wanted = _on_processor(name, mode, *xs)
    assert differing(getattr(ops, name)(*xs, fmt, mode), wanted.astype(np.float64)) == 0


@pytest.mark.parametrize(("fmt", "function"), [("fp64", "fma"), ("fp32", "fmaf")])
def test_fused(fmt: str, function: str) -> None:
    """The fused multiply-add of the C library."""
    path = ctypes.util.find_library("m")
    if path is None:
        pytest.skip("no C library to ask")
    number, kind = (ctypes.c_double, np.float64) if fmt == "fp64" else (ctypes.c_float, np.float32)
    fused = ctypes.CDLL(path)[function]
    fused.restype, fused.argtypes = number, [number] * 3
    x, y, z = (_patterns(kind, SIZE, seed) for seed in range(3))
    with np.errstate(all="ignore"):
        z[::2] = -(x * y)[::2]
        z[1::8] = np.nextafter(z[1::8], kind(0))
    wanted = [fused(*row) for row in zip(x.tolist(), y.tolist(), z.tolist(), strict=True)]
    assert differing(ops.fma(x, y, z, fmt), np.array(wanted)) == 0


@pytest.fixture(scope="module")
def softposit() -> ctypes.CDLL:
    """Return the C library inside of the extension module, which is not initialised for this."""
    spec = importlib.util.find_spec("_softposit")
    if spec is None:
        pytest.skip("no softposit: pip install softposit")
    return ctypes.CDLL(spec.origin)


def _asked(library: ctypes.CDLL, name: str, n: int, arity: int, px2: bool) -> Callable[..., int]:
    word: Any = ctypes.c_uint32 if px2 else {8: ctypes.c_uint8, 16: ctypes.c_uint16, 32: ctypes.c_uint32}[n]
    found = library[f"pX2_{name}" if px2 else f"p{n}_{name}"]
    found.restype, found.argtypes = word, [word] * arity + [ctypes.c_int] * px2
    if not px2:
        return found
    return lambda *codes: found(*(code << (32 - n) for code in codes), n) >> (32 - n)


POSITS = [("posit8es0", False), ("posit16es1", False), ("posit32", False), ("posit8", True), ("posit16", True)]


@pytest.mark.parametrize(("fmt", "px2"), POSITS)
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "sqrt"])
def test_softposit(softposit: ctypes.CDLL, name: str, fmt: str, px2: bool) -> None:
    """Codes of random posits, half of them of middling size, NaR and zero among them."""
    form, arity = chopper.get(fmt), 1 if name == "sqrt" else 2
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 1 << form.bits, (arity, SIZE))
    codes[:, ::2] = (1 << (form.bits - 2)) + rng.integers(0, 1 << (form.bits - 3), (arity, SIZE // 2))
    codes[0, :2], codes[-1, 1:4] = [0, form.nar], 0
    ask = _asked(softposit, name, form.bits, arity, px2)
    wanted = [ask(*row) for row in codes.T.tolist()]
    values = [chopper.decode(row, fmt, np.float64) for row in codes]
    got = chopper.encode(getattr(ops, name)(*values, fmt), fmt)
    assert got.tolist() == wanted


def test_named_counterexamples() -> None:
    """Where rounding a float64 result goes wrong."""
    assert ops.fma(7.0, 37.0, -(2.0**-100), "bf16") == 258
    assert ops.add(1.0, 2.0**-60, "bf16", "up") == ops.add(1.0, 2.0**-60, "bf16", "to_odd") == 1.0078125
    assert ops.sub(1.0, 2.0**-60, "bf16", "toward_zero") == 0.99609375
    a, b = (chopper.decode(code, "posit32", np.float64) for code in (0x40ABB8E5, 0x46B544ED))
    assert chopper.encode(ops.mul(a, b, "posit32"), "posit32") == 0x47F0FB7D
    assert chopper.encode(ops.fma(0.5, 2.0**28, 2.0**-28, "posit16es1"), "posit16es1") == 0x7FFF


@pytest.mark.parametrize("sign", [1, -1])
def test_products_of_posit32(sign: int) -> None:
    """Products of 1 + i 2^-27 one bit away from a tie, which float64 cannot tell from it."""
    i = np.arange(1, 4001, 2)
    j = np.array([pow(int(n), -1, 1 << 27) * ((1 << 26) + sign) % (1 << 27) for n in i])
    a, b = 1 + i * 2.0**-27, 1 + j * 2.0**-27
    keep = (chopper.chop(a, "posit32") == a) & (chopper.chop(b, "posit32") == b)
    got = ops.mul(a[keep], b[keep], "posit32")
    exact = [((1 << 27) + int(n)) * ((1 << 27) + int(m)) for n, m in zip(i[keep], j[keep], strict=True)]
    spare = [p.bit_length() - 28 for p in exact]
    wanted = [(p + (1 << (s - 1)) - 1 + (p >> s & 1)) >> s << s for p, s in zip(exact, spare, strict=True)]
    assert keep.sum() > 100 and got.tolist() == [p * 2.0**-54 for p in wanted]
