"""The JAX backend: arrays and tracers, on every device, inside every transformation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chopper.engine.backend import Draw, Request, is_portable
from chopper.errors import OutputError, RandomKeyError, RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper_ext.jax.derivative import STE, apply
from chopper_ext.jax.dtypes import code_dtype, codes_of, holds, pattern_dtype, result_dtype, value_dtype
from chopper_ext.jax.host import HostJob, now
from chopper_ext.jax.jobs import Rest, prepare
from chopper_ext.jax.operations import operate
from chopper_ext.jax.words import key_words, place, traced

__all__ = ["JaxBackend"]


class JaxBackend:
    """Runs calls on JAX arrays; an argument ``ste`` besides those of the protocol chooses the derivative."""

    def accepts(self, x: Any) -> bool:
        """Whether this backend runs calls on `x`."""
        return isinstance(x, jax.Array)

    def round(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None, ste: Any = "identity") -> Any:
        """Round values to values of the format."""
        _check(out, ste)
        return _perform("round", x, request, draw, result_dtype(x.dtype), ste)

    def encode(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to codes of the format."""
        _check(out, None)
        result_dtype(x.dtype)
        return _perform("encode", x, request, draw, code_dtype(request.fmt), None)

    def decode(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes into values, exactly; under tracing only the bits of a code are looked at, not those above."""
        _check(out, None)
        result = value_dtype(dtype)
        if not is_portable(fmt):
            raise UnsupportedInputError(f"{fmt} has scales besides its codes; pass what chopper.encode gave")
        bits = codes_of(codes, fmt)
        task = prepare("decode", Request(fmt), bits.dtype.name, result)
        with _lanes(task.wide):
            return apply(task.job, None, bits, Rest(task.numbers), None)

    def operate(self, function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Run an operation or a matrix product."""
        return operate(function, operands, keywords)


def _perform(task: str, x: Any, request: Request, draw: Draw, result: str, ste: Any) -> Any:
    tracing, fmt = traced(x, draw, request.scale), request.fmt
    job: Any
    if is_portable(fmt):
        if x.dtype in (np.int64, np.uint64):
            _need_values(tracing, f"an {x.dtype} has an exact float64; convert it first: x.astype(jax.numpy.float64)")
            return now(task, x, request, draw)
        job, numbers, wide, marked = prepare(task, request, pattern_dtype(x.dtype), result)
        if marked or (task == "round" and not holds(result, fmt)):
            ends = f"a value has a result in {fmt}; choose another overflow= or nan_input"
            room = f"{result} holds the values of {fmt} that come out; widen first: x.astype(jax.numpy.float32)"
            _need_values(tracing, ends if marked else room)
            return now(task, x, request, draw)
    elif tracing and task == "round":
        job, numbers, wide = HostJob(replace(request, scale=None), result), (), False
    elif tracing:
        raise UnsupportedInputError(f"cannot encode to {fmt} under tracing; chop there, or encode outside")
    else:
        return now(task, x, request, draw)
    rest, strides = _randomness(request, draw, x, tracing)
    with _lanes(wide):
        return apply(
            job._replace(strides=strides),
            ste,
            x,
            rest._replace(numbers=numbers, scale=request.scale),
            _ends(fmt, x.dtype),
        )


def _lanes(wide: bool) -> AbstractContextManager[Any]:
    """Return a context in which arrays may have as many bits as the kernels need."""
    return jax.enable_x64(True) if wide else nullcontext()


def _randomness(request: Request, draw: Draw, x: Any, tracing: bool) -> tuple[Rest, tuple[int, ...]]:
    if not request.rounding.random:
        return Rest(), ()
    if draw.words is not None:
        words = jnp.asarray(draw.words)
        if words.dtype != jnp.uint32 or words.shape != x.shape:
            raise RandomKeyError(
                f"random_words has dtype {words.dtype} and shape {words.shape}; pass uint32 of the shape {x.shape}"
            )
        return Rest(words=words), ()
    base, strides = place(draw.offset, x.shape)
    return Rest(key=key_words(draw.key, tracing), base=base), strides


@cache
def _ends(fmt: Format, dtype: Any) -> Any:
    """Return the least and the largest number of a format, for comparison with numbers of a dtype."""
    limit = Fraction(np.finfo(np.float64).max)
    ends = [float(max(min(end, limit), -limit)) for end in (fmt.min, fmt.max)]
    with np.errstate(over="ignore"):
        return np.array(ends).astype(dtype if jnp.issubdtype(dtype, jnp.floating) else np.float32)


def _check(out: Any, ste: Any) -> None:
    if out is not None:
        raise OutputError("out= cannot be used: JAX arrays do not change; take the result")
    if ste not in STE and not callable(ste):
        raise UnsupportedInputError(f"ste={ste!r} is not legal; legal: {', '.join(map(repr, STE))}, a function")


def _need_values(tracing: bool, what: str) -> None:
    """Refuse, under tracing, what only the values can tell."""
    if tracing:
        raise RangeError(f"under tracing nobody can see whether {what}, or call this outside of jit, vmap and grad")
