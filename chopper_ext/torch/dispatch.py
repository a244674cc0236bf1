"""Which way a call on a tensor takes: straight to its memory, or through the operator; with or without a derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._ops import _len_torch_dispatch_stack_pre_dispatch

from chopper import Format
from chopper.engine.backend import Draw, Request
from chopper.errors import OutputError, RandomKeyError, UnsupportedInputError
from chopper.random import as_key
from chopper_ext.torch.autograd import StraightThroughBothWays, slope_of
from chopper_ext.torch.compiling import is_dual, is_transformed, traced_decode, traced_encode, traced_round
from chopper_ext.torch.dtypes import (
    check_codes_of,
    code_dtype,
    codes_of,
    is_codes,
    result_dtype,
    value_dtype,
    value_shape,
)
from chopper_ext.torch.operations import operate
from chopper_ext.torch.operators import encode_op, perform, perform_decoding, round_op
from chopper_ext.torch.outputs import as_words, check_out
from chopper_ext.torch.spelling import spell
from chopper_ext.torch.words import signed

__all__ = ["TorchBackend", "decoded", "encoded", "is_plain", "rounded"]


class TorchBackend:
    """Runs calls on tensors of every device."""

    def accepts(self, x: Any) -> bool:
        """Whether this backend runs calls on `x`."""
        return isinstance(x, torch.Tensor)

    def round(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to values of the format; a gradient passes straight through."""
        return rounded(x, request, draw, out, threads, "identity")

    def encode(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to codes of the format; there is no derivative."""
        return encoded(x, request, draw, out, threads)

    def decode(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes into values."""
        return decoded(codes, fmt, dtype, out, threads)

    def operate(self, function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Run an operation or a matrix product; a gradient passes straight through the roundings."""
        return operate(function, operands, keywords)


def rounded(x: torch.Tensor, asked: Request, draw: Draw, out: Any, threads: int | None, ste: Any) -> Any:
    """Round; see `chopper_ext.torch.chop`."""
    if torch.compiler.is_compiling():
        return traced_round(x, spell(asked), draw, out, ste)
    dtype = _checked(x)
    draw = _settled(draw, asked, x)
    moves = is_transformed() or is_dual() or (x.requires_grad and torch.is_grad_enabled())
    slope = None if ste == "identity" or ste is None else slope_of(ste, asked, dtype)
    if out is not None:
        if moves and ste is not None:
            raise OutputError("out= cannot carry a derivative; leave it out, detach the input or pass ste=None")
        check_out(out, x, value_shape(x), dtype)
    if not moves:
        return _run("round", x, asked, draw, out, threads)
    if ste is None or not x.dtype.is_floating_point or is_codes(x.dtype):
        return _run("round", x.detach(), asked, draw, out, threads)
    arguments = (x, slope, draw.words, _rounding, asked, draw.key, draw.offset, threads)
    return StraightThroughBothWays.apply(*arguments)  # type: ignore[no-untyped-call]


def encoded(x: torch.Tensor, asked: Request, draw: Draw, out: Any, threads: int | None) -> Any:
    """Round to codes; see `chopper_ext.torch.encode`."""
    if torch.compiler.is_compiling():
        return traced_encode(x, spell(asked), draw, out)
    _checked(x)
    draw = _settled(draw, asked, x)
    if out is not None:
        check_out(out, x, value_shape(x), code_dtype(asked.fmt))
    return _run("encode", x.detach(), asked, draw, out, threads)


def decoded(codes: torch.Tensor, fmt: Format, dtype: Any, out: Any, threads: int | None) -> torch.Tensor:
    """Decode; see `chopper_ext.torch.decode`."""
    if torch.compiler.is_compiling() or not is_plain(codes):
        return traced_decode(codes, fmt, dtype, out)
    kind = value_dtype(dtype)
    check_codes_of(codes.dtype, fmt)
    codes = codes_of(codes)
    if out is not None:
        check_out(out, codes, codes.shape, kind)
    return perform_decoding(codes, fmt, kind is torch.float64, out, threads)


def _checked(x: torch.Tensor) -> torch.dtype:
    if x.layout is not torch.strided or x.is_nested:
        raise UnsupportedInputError(f"cannot round a tensor of layout {x.layout}; round its values(), or x.to_dense()")
    return result_dtype(x.dtype)


def _settled(draw: Draw, asked: Request, x: torch.Tensor) -> Draw:
    """Return the draw with its key as a number, so that every use of it gives the same words."""
    if not asked.rounding.random:
        return _NO_DRAW
    if draw.words is not None:
        return Draw(0, 0, as_words(draw.words, value_shape(x), x.device))
    plain = hasattr(draw.offset, "__index__")
    key = as_key(draw.key, draw.offset if plain else 0)
    # An offset of another kind, a place in a larger array, is the host's to understand.
    return Draw(key.high << 32 | key.low, key.offset if plain else draw.offset)


_NO_DRAW = Draw(0, 0, None)


def _rounding(
    x: torch.Tensor, words: torch.Tensor | None, asked: Request, key: int, offset: int, threads: int | None
) -> torch.Tensor:
    result: torch.Tensor = _run("round", x, asked, Draw(key, offset, words), None, threads)
    return result


def _run(task: str, x: torch.Tensor, asked: Request, draw: Draw, out: torch.Tensor | None, threads: int | None) -> Any:
    if is_plain(x):
        return perform(task, x, asked, draw, out, threads)
    operator = round_op if task == "round" else encode_op
    result = operator(x, draw.words, spell(asked), _signed(draw.key), _signed(draw.offset))
    return result if out is None else out.copy_(result)


def _signed(number: Any) -> int:
    if not isinstance(number, int):
        raise RandomKeyError(f"offset={number!r} is for plain tensors of the host; pass an int, or random_words")
    return signed(number)


def is_plain(x: torch.Tensor) -> bool:
    """Whether a tensor is memory and nothing watches: no subclass, no transform, no dispatch mode, no tracing."""
    return (
        type(x) in (torch.Tensor, torch.nn.Parameter)
        and not is_transformed()
        and torch._C._len_torch_dispatch_stack() == 0
        and _len_torch_dispatch_stack_pre_dispatch() == 0  # type: ignore[no-untyped-call]
        and not torch._C._get_tracing_state()
        and x.device.type != "meta"
    )
