"""The NumPy backend: numbers and arrays of every layout and real dtype, made flat, run and put back."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.backend import Draw
from chopper.engine.casts import narrow, widen
from chopper.engine.inputs import as_codes, as_real, as_words, check_out, code_dtype, exact_float, is_number
from chopper.engine.plan import Plan, Request
from chopper.engine.run import look_up, on_number, run
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.random import Key, as_key

__all__ = ["NumpyBackend"]

_Array = npt.NDArray[Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class NumpyBackend:
    """Runs calls on Python numbers, NumPy scalars and arrays, and nested lists of numbers."""

    def accepts(self, x: Any) -> bool:
        """Whether this backend runs calls on `x`."""
        return isinstance(x, (np.ndarray, np.generic, int, float, complex, str, bytes, list, tuple))

    def round(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to values of the format."""
        if request.fmt.blocked:
            return planning.whole_of(request.fmt).round_whole(x, request, draw, out, threads)
        if is_number(x) and out is None and not request.rounding.random and request.compat is None:
            plan = planning.plan_round(request, planning.carrier_width(request.fmt, 64))
            if plan.mark is None:
                return _from_bits(on_number(plan, _to_bits(x)))
        source = as_real(x)
        dtype = source.dtype if source.dtype.kind not in "iub" else np.dtype(np.float64)
        target = check_out(out, x, source.shape, dtype)
        carried, plan = _carry(source, request, planning.plan_round)
        result = _run(plan, carried, source, request, draw, target, threads)
        _check_mark(plan, result, source, request)
        return _deliver(result, source, dtype, out, target, x)

    def encode(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to codes of the format."""
        if request.fmt.blocked:
            return planning.whole_of(request.fmt).encode_whole(x, request, draw, out, threads)
        source = as_real(x)
        dtype = code_dtype(request.fmt)
        target = check_out(out, x, source.shape, dtype)
        carried, plan = _carry(source, request, planning.plan_encode, codes=True)
        if plan.mark is not None:
            draw = _drawn_once(request, draw)
            values, rounding = _carry(source, request, planning.plan_round, codes=True)
            _check_mark(rounding, _run(rounding, values, source, request, draw, None, threads), source, request)
        codes = target if target is not None and _is_flat(target) else np.empty(source.shape, dtype)
        key, words = _randomness(request, draw, source)
        run(plan, np.ascontiguousarray(carried).reshape(-1), codes.reshape(-1), key, words, threads)
        if target is not None:
            if codes is not target:
                np.copyto(target, codes)
            return out
        return int(codes[()]) if is_number(x) else codes[()] if isinstance(x, np.generic) else codes

    def decode(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes into values, exactly."""
        if fmt.blocked:
            return planning.whole_of(fmt).decode_whole(codes, fmt, dtype, out, threads)
        kind = _dtype(dtype)
        if kind not in (np.float32, np.float64):
            raise UnsupportedInputError(f"dtype={dtype!r} cannot hold decoded values here; legal: float32, float64")
        width = 8 * kind.itemsize
        if not planning.family_of(fmt).fits(fmt, width):
            reason = planning.family_of(fmt).why_not(fmt, width)
            cure = "; pass dtype=numpy.float64" if width == 32 else ""
            raise RangeError(f"{kind.name} does not hold every value of {fmt}: {reason}{cure}")
        source = as_codes(codes, fmt)
        target = check_out(out, codes, source.shape, kind)
        flat = np.ascontiguousarray(source).reshape(-1)
        values = target if target is not None and _is_flat(target) else np.empty(source.shape, kind.newbyteorder("="))
        plan = planning.plan_decode(fmt, width)
        if fmt.bits <= 16 and plan.slow:
            look_up(flat, _table(fmt, width), values.reshape(-1), threads)
        else:
            run(plan, flat, values.reshape(-1), None, None, threads)
        if target is not None:
            if values is not target:
                np.copyto(target, values)
            return out
        return float(values[()]) if is_number(codes) else values[()] if isinstance(codes, np.generic) else values


def _dtype(dtype: Any) -> np.dtype[Any]:
    try:
        kind: np.dtype[Any] = np.dtype(dtype)
    except (TypeError, ValueError):
        kind = np.dtype(object)
    return kind


@lru_cache(maxsize=64)
def _table(fmt: Format, width: int) -> _Array:
    """Return the value of every code that the code's dtype can hold; those beyond the format are never read."""
    codes = np.arange(1 << (8 * code_dtype(fmt).itemsize), dtype=np.int64) & ((1 << fmt.bits) - 1)
    table = np.empty(codes.size, f"f{width // 8}")
    run(planning.plan_decode(fmt, width), codes.astype(code_dtype(fmt)), table, None, None, 1)
    table.flags.writeable = False
    return table


def _carry(source: _Array, request: Request, planner: Any, codes: bool = False) -> tuple[_Array, Plan]:
    """Return the source as float32 or float64 with the plan for that carrier; `codes` as for `carrier_width`."""
    native32 = source.dtype.itemsize <= 4 and source.dtype.kind not in "iub"
    plan: Plan = planner(request, planning.carrier_width(request.fmt, 32 if native32 else 64, codes))
    if plan.narrow and not native32:
        with np.errstate(all="ignore"):
            source = source.astype(np.float32)
        plan = planner(request, planning.carrier_width(request.fmt, 32, codes))
    return widen(source, _FLOAT32 if plan.kernel.width == 32 else _FLOAT64), plan


def _randomness(request: Request, draw: Draw, source: _Array) -> tuple[Key | None, _Array | None]:
    if not request.rounding.random:
        return None, None
    if draw.words is not None:
        return None, as_words(draw.words, source.shape)
    return as_key(draw.key, draw.offset, source.shape), None


def _drawn_once(request: Request, draw: Draw) -> Draw:
    """Return the draw with a plain number for its key, so that using it twice gives the same words."""
    if not request.rounding.random or draw.words is not None or isinstance(draw.key, Key):
        return draw
    key = as_key(draw.key)
    return draw._replace(key=key.high << 32 | key.low)


def _run(
    plan: Plan,
    carried: _Array,
    source: _Array,
    request: Request,
    draw: Draw,
    target: _Array | None,
    threads: int | None,
) -> _Array:
    """Run a rounding plan; the result is `target` itself where it can be."""
    key, words = _randomness(request, draw, source)
    if key is None and words is None and not carried.flags.c_contiguous and carried.flags.f_contiguous:
        flipped = None if target is None else target.T
        return _run(plan, carried.T, source.T, request, draw, flipped, threads).T
    flat = np.ascontiguousarray(carried).reshape(-1)
    if target is not None and plan.mark is None and target.dtype == carried.dtype and _is_flat(target):
        result = target
    elif np.may_share_memory(flat, source):
        result = np.empty(source.shape, carried.dtype)
    else:
        result = flat.reshape(source.shape)
    run(plan, flat, result.reshape(-1), key, words, threads)
    return result


def _is_flat(a: _Array) -> bool:
    return a.flags.c_contiguous and a.dtype.isnative


def _check_mark(plan: Plan, result: _Array, source: _Array, request: Request) -> None:
    if plan.mark is None:
        return
    bad = np.argwhere(result.view(f"i{result.itemsize}") == plan.mark)
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        where = f"x[{', '.join(map(str, index))}] = " if index else ""
        raise RangeError(
            f"{where}{source[index]!s} has no result in {request.fmt} ({len(bad)} such values): under "
            "overflow='raise' values beyond the format's range are errors, under 'wrap' infinities, under "
            "nan_input='raise' NaNs; legal otherwise: overflow='saturate', 'propagate', 'infinity', 'nan'"
        )


def _deliver(result: _Array, source: _Array, dtype: np.dtype[Any], out: Any, target: _Array | None, x: Any) -> Any:
    """Return the result in the dtype of the input, in `out` if given, as a scalar for a scalar."""
    if result is not target:
        final = result if result.dtype == dtype else narrow(result, dtype)
        if target is not None:
            np.copyto(target, final)
        result = final
    if target is not None:
        return out
    return float(result[()]) if is_number(x) else result[()] if isinstance(x, np.generic) else result


def _to_bits(x: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", exact_float(x)))[0]
    return bits


def _from_bits(bits: int) -> float:
    number: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return number
