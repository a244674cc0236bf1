"""Running chains and trees over codes: the processor's float32 where nothing can be subnormal, else exact steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import decode
from chopper.engine.kernel import Kernel
from chopper.engine.plan import Plan, Request, plan_round
from chopper.engine.threads import share
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.hardware.base import Unit
from chopper.hardware.chains import IEEE, EvenOddChain, ExactSum, FusedChain, PairTree, Rules
from chopper.kernels.carrier import BINARY32, BINARY64
from chopper.kernels.float import FloatParams
from chopper.rounding import Rounding

__all__ = ["products"]

_Array = npt.NDArray[Any]
_Chain = FusedChain | EvenOddChain | PairTree | ExactSum

_WIDTH = 16
"""Columns come in as many as the rows of the exact steps take at once."""
_SAFE = {"fp32": -126, "fp64": -1022}
"""The exponent of the smallest normal number."""
_QUIET = {"fp32": 0x7FC00000, "fp64": 0x7FF8 << 48}


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N); of NaNs, the positive quiet one."""
    model: _Chain = unit.model
    formats = get(unit.a), get(unit.b)
    rules = model.rules if not isinstance(model, ExactSum) else IEEE
    result = get(rules.fmt)
    factors = [_tamed(_filled(model, x), fmt, rules.operands) for x, fmt in zip((a, b), formats, strict=True)]
    c = _tamed(c, result, rules.addend)
    if rules.fmt == "fp64":
        return _codes(_double(model, factors, c, threads), rules.fmt)
    x, y = (decode(codes, fmt, np.float64) for codes, fmt in zip(factors, formats, strict=True))
    y = y.swapaxes(-1, -2)
    z = decode(c, result, np.float64)
    if _safe(model, rules.fmt, formats, x, y, z):
        return _codes(_run(model, x, y, z, np.dtype(np.float32), threads), rules.fmt)
    return _codes(_run(model, x, y, z, np.dtype(np.float64), threads), rules.fmt)


def _filled(model: _Chain, x: _Array) -> _Array:
    """Fill up k with zeros, as software does: chains to whole blocks, even and odd ones to pairs."""
    whole = model.terms if isinstance(model, FusedChain) else 2 if isinstance(model, EvenOddChain) else 1
    short = -x.shape[-1] % whole
    return np.concatenate([x, np.zeros((*x.shape[:-1], short), x.dtype)], -1) if short else x


def _tamed(codes: _Array, fmt: Format, subnormals: str) -> _Array:
    """Return codes with subnormal numbers as they are, as zeros of their sign, or as zero."""
    if subnormals == "gradual":
        return codes
    kind = codes.dtype.type
    sign = kind(fmt.sign_code)  # type: ignore[attr-defined]
    tiny = (codes & ~sign) < kind(1 << fmt.fraction_bits)  # type: ignore[attr-defined]
    return np.where(tiny, codes & sign if subnormals == "signed_zero" else kind(0), codes)


def _safe(model: _Chain, fmt: str, formats: tuple[Format, Format], x: _Array, y: _Array, z: _Array) -> bool:
    """Whether the processor's own arithmetic gives the results whatever it does with subnormal numbers.

    All products and c are multiples of one power of two that is a normal number.  So is then every sum, rounded or not.
    """
    from chopper.engine.hardware.host import has_fused

    if isinstance(model, ExactSum) or getattr(model, "fused", False) or not has_fused():
        return False
    if model.rules.rounding != "nearest_even":
        return False
    factors = sum(_quantum(values, form) for values, form in zip((x, y), formats, strict=True))
    return min(factors, _quantum(z, get(fmt))) >= _SAFE[fmt]


def _quantum(values: _Array, fmt: Format) -> int:
    """Return the exponent of a power of two of which all numbers are multiples; large if all are zero."""
    mags = np.ascontiguousarray(values).view(np.uint64) << np.uint64(1)
    least = int((mags - np.uint64(1)).min(initial=(1 << 64) - 1)) + 1  # zeros wrap around
    precision: int = fmt.precision  # type: ignore[attr-defined]
    return (least >> 53) - BINARY64.bias - precision + 1


@lru_cache(maxsize=64)
def _step(rules: Rules) -> tuple[Kernel, FloatParams]:
    """Return the kernel that rounds float64 numbers as the unit does, and its parameters."""
    mode = Rounding.parse(rules.rounding)
    fmt = get("fp32<subnormals=flush>" if rules.results == "flush" else "fp32")
    plan: Plan = plan_round(Request(fmt, mode), 64)
    f = (plan.twin or plan).params
    f = f._replace(over_pos=BINARY64.inf, over_neg=BINARY64.inf + BINARY64.sign)
    if rules.results == "flush_rounded":
        f = f._replace(smallest=(1 - BINARY32.bias + BINARY64.bias) << 52, under=0)
    return Kernel("float", "round_float_general", mode.value, 64), f


def _run(model: _Chain, x: _Array, y: _Array, z: _Array, dtype: np.dtype[Any], threads: int | None) -> _Array:
    """Run a model by compiled loops in float32, or by exact steps in float64."""
    from chopper.engine.hardware import chain_loops

    columns = z.shape[-1]
    room = -(-columns // _WIDTH) * _WIDTH
    a = np.ascontiguousarray(x, dtype)
    b = np.zeros((*y.shape[:-1], room), dtype)
    out = np.zeros((*z.shape[:-1], room), dtype)
    b[..., :columns] = y
    out[..., :columns] = z
    kernel, f = _step(IEEE if isinstance(model, ExactSum) else model.rules) if dtype.itemsize == 8 else (None, ())
    if isinstance(model, FusedChain):
        entry: Callable[..., None] = chain_loops.fused_chain
        head: tuple[Any, ...] = (kernel, a, b, out, f, np.array(model.order))
    elif isinstance(model, EvenOddChain):
        entry, head = chain_loops.even_odd, (kernel, a, b, out, f, model.terms)
    elif isinstance(model, ExactSum):
        entry, head = chain_loops.exact_sum, (kernel, a, b, out, f, model.terms)
    else:
        by = None if model.fused else kernel
        entry, head = chain_loops.pair_tree, (kernel, by, a, b, out, f, model.terms)
    share(lambda first, last: entry(*head, first, last), out.shape[0] * out.shape[1], threads, weight=_weight(x, room))
    return out[..., :columns]


def _weight(x: _Array, columns: int) -> int:
    return max(1, int(x.shape[-1]) * columns // 8)


def _double(model: _Chain, factors: list[_Array], c: _Array, threads: int | None) -> _Array:
    """Run a chain of fused multiply-adds in binary64."""
    from chopper import ops

    a, b = (codes.view(np.float64) for codes in factors)
    out = c.view(np.float64)
    y = b.swapaxes(-1, -2)
    fp64 = (get("fp64"), get("fp64"))
    if _safe(model, "fp64", fp64, a, y, out):
        return _run_double(a, y, out, threads)
    for k in range(a.shape[-1]):
        left, right = np.broadcast_arrays(a[..., k : k + 1], y[..., k : k + 1, :])
        out = ops.fma(np.ascontiguousarray(left), np.ascontiguousarray(right), np.ascontiguousarray(out), fmt="fp64")
    return np.asarray(out)


def _run_double(a: _Array, y: _Array, z: _Array, threads: int | None) -> _Array:
    from chopper.engine.hardware import chain_loops

    out = np.array(z, np.float64, order="C")
    head = (None, np.ascontiguousarray(a), np.ascontiguousarray(y), out, (), np.zeros(1, np.int64))
    share(
        lambda first, last: chain_loops.fused_chain(*head, first, last),
        out.shape[0] * out.shape[1],
        threads,
        weight=_weight(a, out.shape[-1]),
    )
    return out


def _codes(values: _Array, fmt: str) -> _Array:
    """Return the codes of numbers of the format, whatever the processor does with subnormal numbers."""
    kind = "u4" if fmt == "fp32" else "u8"
    if values.itemsize == np.dtype(kind).itemsize:
        codes = np.ascontiguousarray(values).view(kind)
    else:
        codes = _single(np.ascontiguousarray(values).view(np.int64))
    return np.asarray(np.where(np.isnan(values), np.array(_QUIET[fmt], kind), codes))


def _single(bits: npt.NDArray[np.int64]) -> _Array:
    """Return the float32 patterns of float64 patterns whose numbers float32 holds."""
    mag = bits & 0x7FFFFFFFFFFFFFFF
    field = (mag >> 52) - (BINARY64.bias - BINARY32.bias)
    low = ((mag & ((1 << 52) - 1)) | (1 << 52)) >> np.clip(30 - field, 0, 62)
    out = np.where(field > 0, (field << 23) | ((mag >> 29) & 0x7FFFFF), np.where(mag == 0, 0, low))
    out = np.where(mag >= BINARY64.inf, BINARY32.inf, out)
    return np.asarray(out | ((bits >> 32) & 0x80000000), np.uint32)
