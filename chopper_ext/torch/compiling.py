"""Calls as compilers trace them: what is known is settled while tracing, the rest becomes operators of the graph.

`torch.compile` must not trace the core's look-up of names and backends: `substitute` shows it the functions here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch.autograd import forward_ad

from chopper import Format, Overflow, Rounding, get
from chopper.engine.backend import Draw, request
from chopper.errors import OutputError, RandomKeyError
from chopper_ext.torch.autograd import StraightThrough, composed, slope_of
from chopper_ext.torch.dtypes import check_codes_of, is_codes, result_dtype, value_dtype
from chopper_ext.torch.operators import decode_op, encode_op, round_op
from chopper_ext.torch.spelling import read, spell, spell_format
from chopper_ext.torch.words import signed

__all__ = [
    "constant",
    "is_dual",
    "is_transformed",
    "settled",
    "substitute",
    "traced_decode",
    "traced_encode",
    "traced_round",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def constant(function: _Function) -> _Function:
    """Let compilers call a function while tracing, and keep its result."""
    # What torch.compiler.assume_constant_result does, which would load the compiler first.
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


def substitute(original: Callable[..., Any], traceable: Callable[..., Any]) -> None:
    """Let compilers trace one function in place of another."""
    # What torch.compiler.substitute_in_graph does, which would load the compiler first.
    original._torchdynamo_inline = traceable  # type: ignore[attr-defined]


def is_transformed() -> bool:
    """Whether a transform of `torch.func` is at work."""
    return torch._C._are_functorch_transforms_active()


def is_dual() -> bool:
    """Whether forward-mode derivatives are being taken."""
    return forward_ad._current_level >= 0


@constant
def settled(
    fmt: str | Format,
    rounding: str | Rounding,
    overflow: str | Overflow | None,
    random_bits: int,
    compat: str | None,
    axis: int | tuple[int, ...] = -1,
    scaling: Any = None,
    scale: Any = None,
) -> str:
    """Return the text of a request; raises what `chopper.chop` raises."""
    return spell(request(get(fmt), rounding, overflow, random_bits, compat, axis=axis, scaling=scaling, scale=scale))


@constant
def _is_random(text: str) -> bool:
    return read(text).rounding.random


@constant
def _carries_derivative(dtype: torch.dtype) -> bool:
    result_dtype(dtype)
    return dtype.is_floating_point and not is_codes(dtype)


@constant
def _named(fmt: str | Format, dtype: torch.dtype) -> str:
    check_codes_of(dtype, get(fmt))
    return spell_format(get(fmt))


@constant
def _is_wide(dtype: Any) -> bool:
    return value_dtype(dtype) is torch.float64


@constant
def _slope(ste: Any, text: str, dtype: torch.dtype) -> Any:
    return slope_of(ste, text, result_dtype(dtype))


def traced_round(x: torch.Tensor, text: str, draw: Draw, out: torch.Tensor | None, ste: Any) -> torch.Tensor:
    """Round, in a graph."""
    key, offset, words = _drawn(draw, text)
    if ste is None or not _carries_derivative(x.dtype):
        return _put(round_op(x.detach(), words, text, key, offset), out)
    slope = ste if callable(ste) else _slope(ste, text, x.dtype)
    if is_transformed() or is_dual() or callable(ste):
        result = composed(x, slope, words, text, key, offset)
    elif x.requires_grad and torch.is_grad_enabled():  # says nothing inside transforms, which come first
        result = StraightThrough.apply(x, slope, words, text, key, offset)  # type: ignore[no-untyped-call]
    else:
        result = round_op(x, words, text, key, offset)
    return _put(result, out)


def traced_encode(x: torch.Tensor, text: str, draw: Draw, out: torch.Tensor | None) -> torch.Tensor:
    """Encode, in a graph."""
    key, offset, words = _drawn(draw, text)
    codes = encode_op(x.detach(), words, text, key, offset)
    return _put(codes, out)


def traced_decode(codes: torch.Tensor, fmt: str | Format, dtype: Any, out: torch.Tensor | None) -> torch.Tensor:
    """Decode, in a graph."""
    name = _named(fmt, codes.dtype)
    values = decode_op(codes, name, _is_wide(dtype))
    return _put(values, out)


def _put(result: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
    if out is None:
        return result
    if out.dtype != result.dtype or out.shape != result.shape:
        _refuse_out()
    return out.copy_(result)


@constant
def _refuse_out() -> None:
    raise OutputError("out has not the dtype and shape of the result")


def _drawn(draw: Draw, text: str) -> tuple[int, int, torch.Tensor | None]:
    """Return key, offset and words as the operators take them."""
    key, offset, words = draw
    if not _is_random(text):
        return 0, 0, None
    if words is not None:
        return 0, 0, words.view(torch.int32)
    if not isinstance(key, int) or key < 0 or offset < 0:
        _complain()
    return signed(key), signed(offset), None


@constant
def _complain() -> None:
    raise RandomKeyError(
        "a stochastic mode needs a key in a graph, which would else repeat one draw; pass key= and offset= as ints "
        "from 0 to 2**64 - 1"
    )
