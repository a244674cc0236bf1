"""Matrix products of numbers by a matrix unit: numbers become codes, codes results, and these numbers again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import decode, encode
from chopper.engine.casts import widen
from chopper.engine.gemm.operands import Operand
from chopper.engine.gemm.shapes import Shapes, shapes_of
from chopper.engine.inputs import as_real, check_out
from chopper.errors import OutputError, UnsupportedInputError
from chopper.formats.registry import get
from chopper.hardware.base import Unit
from chopper.hardware.codes import run
from chopper.ops import mul
from chopper.scaled import ScaledArray

__all__ = ["multiply_on"]

_Array = npt.NDArray[Any]
_FLOATS: dict[str, np.dtype[Any]] = {
    "fp16": np.dtype(np.float16),
    "fp32": np.dtype(np.float32),
    "fp64": np.dtype(np.float64),
}


def multiply_on(
    unit: Unit, a: Any, b: Any, c: Any, mode: str, out: Any, threads: int | None, most_axes: int | None
) -> Any:
    """Run `chopper.gemm.matmul` on a unit, or `dot` of at most `most_axes` axes."""
    if mode != "dequantized":
        raise UnsupportedInputError(f"mode={mode!r} is of an Accumulator; with a unit leave mode= out")
    a, b = (x if isinstance(x, ScaledArray) else as_real(x) for x in (a, b))
    z = None if c is None else as_real(c)
    shapes = shapes_of(a.shape, b.shape, None if z is None else z.shape, most_axes)
    small = unit.c != "int32" and unit.c != "fp64" and all(map(_is_small, (a, b, c)))
    dtype = np.dtype(np.float32 if small else np.float64)
    target = check_out(out, a, shapes.result, dtype)
    for x in (a, b, c):
        if target is not None and isinstance(x, np.ndarray) and np.may_share_memory(x, target):
            raise OutputError("out overlaps an operand; pass separate memory")
    result = _decoded(_codes(unit, a, b, z, shapes, threads), unit.c).astype(dtype, copy=False).reshape(shapes.result)
    if target is None:
        return result[()]
    np.copyto(target, result)
    return out


def _codes(unit: Unit, a: Any, b: Any, c: _Array | None, shapes: Shapes, threads: int | None) -> _Array:
    """Return codes in the shape `shapes.full`."""
    z = _addend(unit, c, shapes)
    if unit.scale:
        (x, left), (y, right) = (_scaled(unit, *side) for side in ((a, unit.a, "a", -1), (b, unit.b, "b", -2)))
        return _by_factors(run(unit, x, y, z, threads, (left, right)), a, b, c)
    for which, x in (("a", a), ("b", b)):
        if isinstance(x, ScaledArray):
            raise UnsupportedInputError(f"{unit.name} has no scales, but {which} has; pass {which}.codes decoded")
    x = _number_codes(a, unit.a, "a").reshape(shapes.a)
    y = _number_codes(b, unit.b, "b").reshape(shapes.b).swapaxes(-1, -2)
    return run(unit, x, y, z, threads)


def _by_factors(codes: _Array, a: ScaledArray, b: ScaledArray, c: _Array | None) -> _Array:
    """Multiply results by the scales of whole arrays: fl(fl(s_a s_b) d) in float32."""
    factors = [np.float32(x.scales[1].reshape(())) for x in (a, b) if len(x.fmt.levels) > 1]
    if not factors:
        return codes
    if c is not None:
        raise UnsupportedInputError("a and b have scales of the whole array, which multiply the result; leave c out")
    factor = mul(factors[0], factors[1], fmt="fp32") if len(factors) == 2 else factors[0]
    return np.ascontiguousarray(mul(codes.view(np.float32), np.float32(factor), fmt="fp32")).view(np.uint32)


def _scaled(unit: Unit, x: Any, name: str, which: str, axis: int) -> tuple[_Array, _Array]:
    """Return codes and scales of an operand, the axis that is summed over last.

    Raises
    ------
    UnsupportedInputError
        If it is none with the unit's scales.
    """
    legal = (
        f"legal: chopper.encode(x, fmt, axis={axis}) with elements in {name}, a scale in {unit.scale} for {unit.block}"
    )
    if not isinstance(x, ScaledArray):
        raise UnsupportedInputError(f"{unit.name} has scales, but {which} is no ScaledArray; {legal}")
    fmt = x.fmt
    fits = fmt.element == get(name) and fmt.scale == get(unit.scale) and fmt.block == (unit.block,)
    along = x.axis if isinstance(x.axis, int) else None
    if not fits or x.ndim < 2 or along is None or along % x.ndim != x.ndim + axis or x.zero_points is not None:
        raise UnsupportedInputError(
            f"{which} is of {fmt} with axis={x.axis}, {x.ndim} axes; {legal} and two axes or more"
        )
    if len(fmt.levels) > 2 or (len(fmt.levels) > 1 and x.scales[-1].size != 1):
        raise UnsupportedInputError(f"{which} is of {fmt}; legal: one more scale for the whole array, in fp32")
    codes, scales = x.codes, x.scale_codes[0]
    return (codes, scales) if axis == -1 else (codes.swapaxes(-1, -2), scales.swapaxes(-1, -2))


def _addend(unit: Unit, c: _Array | None, shapes: Shapes) -> _Array:
    if c is None:
        return np.zeros(shapes.full, f"u{get(unit.c).bits // 8}")
    return np.broadcast_to(_number_codes(c, unit.c, "c").reshape(shapes.c or ()), shapes.full)


def _is_small(x: Any) -> bool:
    return x is None or isinstance(x, ScaledArray) or Operand(x).small


def _number_codes(x: Any, name: str, which: str) -> _Array:
    """Return the codes of numbers that are of a format; in tf32 those of float32, whose low bits the unit ignores.

    Raises
    ------
    UnsupportedInputError
        If a number is not one of the format.
    RangeError
        If it is an integer that float64 does not hold, and the format is no integer one.
    """
    given = as_real(x)
    if name.startswith(("int", "uint")):
        return _integers(given, name, which)
    if given.dtype.kind in "iub":
        given = widen(given, np.dtype(np.float64))
    with np.errstate(all="ignore"):
        found, codes = _rounded(given, "fp32" if name == "tf32" else name)
        same = (found == given) | (np.isnan(found) & np.isnan(given))
    if not same.all():
        raise UnsupportedInputError(_complaint(given[~same], "fp32" if name == "tf32" else name, which))
    return codes


def _rounded(x: _Array, name: str) -> tuple[_Array, _Array]:
    """Return what numbers become in a format, and the codes."""
    if name in _FLOATS:
        cast = x.astype(_FLOATS[name])
        return cast, np.ascontiguousarray(cast).view(f"u{cast.itemsize}").reshape(cast.shape)
    codes = np.asarray(encode(x, name))
    return np.asarray(decode(codes, name)), codes


def _integers(x: _Array, name: str, which: str) -> _Array:
    signed, bits = name.startswith("int"), int(name.removeprefix("u").removeprefix("int"))
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    with np.errstate(all="ignore"):
        same = (x >= low) & (x <= high) & (x == np.trunc(x))
    if not np.all(same):
        raise UnsupportedInputError(_complaint(x[~np.asarray(same)], name, which))
    return x.astype(np.int64).astype(f"u{bits // 8}")


def _complaint(wrong: _Array, name: str, which: str) -> str:
    cure = f"round it first: chopper.chop({which}, {name!r})"
    return f"{which} holds {wrong.flat[0].item()!r}, which is no number of {name}; {cure}"


def _decoded(codes: _Array, name: str) -> _Array:
    if name == "int32":
        return codes.view(np.int32)
    return codes.view(_FLOATS[name])
