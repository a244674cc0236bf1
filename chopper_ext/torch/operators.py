"""The operators ``torch.ops.chopper``: rounding as compilers, exporters and dispatch modes see it, without derivative.

Each is a pure function of its arguments.  What there is to say besides values stands in a text, see `spelling`; the
64-bit key is given as a signed integer.  Results are contiguous.
"""

from __future__ import annotations

from typing import Any

import torch

from chopper import Format, get
from chopper.engine.backend import Draw, Request
from chopper_ext.torch import device, host
from chopper_ext.torch.dtypes import code_dtype, codes_of, format_of, is_codes, result_dtype, value_shape
from chopper_ext.torch.outputs import as_words
from chopper_ext.torch.spelling import read

__all__ = ["decode_op", "encode_op", "perform", "perform_decoding", "round_op"]

_KEY = 1 << 64


def perform(
    task: str, x: torch.Tensor, asked: Request, draw: Draw, out: torch.Tensor | None = None, threads: int | None = None
) -> Any:
    """Run "round" or "encode" on a tensor with memory of its own."""
    if is_codes(x.dtype):
        own = format_of(x.dtype)
        assert own is not None
        x = perform_decoding(codes_of(x), own, False)
    if x.device.type == "cpu":
        run = host.round_ if task == "round" else host.encode
        return run(x, asked, draw, out, threads)
    return (device.round_ if task == "round" else device.encode)(x, asked, draw, out)


def perform_decoding(
    codes: torch.Tensor, fmt: Format, wide: bool, out: torch.Tensor | None = None, threads: int | None = None
) -> torch.Tensor:
    """Decode a tensor of integers with memory of its own."""
    if codes.device.type == "cpu":
        return host.decode(codes, fmt, wide, out, threads)
    return device.decode(codes, fmt, wide, out)


def _draw(x: torch.Tensor, words: torch.Tensor | None, key: int, offset: int) -> Draw:
    checked = None if words is None else as_words(words, value_shape(x), x.device)
    return Draw(key % _KEY, offset % _KEY, checked)


def _round(x: torch.Tensor, words: torch.Tensor | None, asked: str, key: int, offset: int) -> torch.Tensor:
    result: torch.Tensor = perform("round", x, read(asked), _draw(x, words, key, offset))
    return result.contiguous()


def _encode(x: torch.Tensor, words: torch.Tensor | None, asked: str, key: int, offset: int) -> torch.Tensor:
    result: torch.Tensor = perform("encode", x, read(asked), _draw(x, words, key, offset))
    return result.contiguous()


def _decode(codes: torch.Tensor, fmt: str, wide: bool) -> torch.Tensor:
    return perform_decoding(codes_of(codes), get(fmt), wide).contiguous()


def _promised(like: torch.Tensor, shape: Any, dtype: torch.dtype) -> torch.Tensor:
    return like.new_empty(shape, dtype=dtype)


def _fake_round(x: torch.Tensor, words: torch.Tensor | None, asked: str, key: int, offset: int) -> torch.Tensor:
    return _promised(x, value_shape(x), result_dtype(x.dtype))


def _fake_encode(x: torch.Tensor, words: torch.Tensor | None, asked: str, key: int, offset: int) -> torch.Tensor:
    return _promised(x, value_shape(x), code_dtype(read(asked).fmt))


def _fake_decode(codes: torch.Tensor, fmt: str, wide: bool) -> torch.Tensor:
    return _promised(codes, value_shape(codes), torch.float64 if wide else torch.float32)


def _batched(
    operator: Any, info: Any, in_dims: Any, x: torch.Tensor, words: Any, *rest: Any
) -> tuple[torch.Tensor, int]:
    """Run on a batch: the batch axis comes first, and counts in the index of an element."""
    x = _in_front(x, in_dims[0], info.batch_size)
    words = None if words is None else _in_front(words, in_dims[1], info.batch_size)
    asked, key, offset = rest
    if not getattr(read(asked).fmt, "blocked", False):
        return operator(x, words, *rest), 0
    single = x[0].numel() if len(x) else 0
    parts = [
        operator(x[i], None if words is None else words[i], asked, key, offset + i * single) for i in range(len(x))
    ]
    return torch.stack(parts), 0


def _in_front(x: torch.Tensor, at: int | None, size: int) -> torch.Tensor:
    return x.expand(size, *x.shape) if at is None else x.movedim(at, 0)


def _vmap_round(info: Any, in_dims: Any, *args: Any) -> tuple[torch.Tensor, int]:
    return _batched(round_op, info, in_dims, *args)


def _vmap_encode(info: Any, in_dims: Any, *args: Any) -> tuple[torch.Tensor, int]:
    return _batched(encode_op, info, in_dims, *args)


def _vmap_decode(info: Any, in_dims: Any, codes: torch.Tensor, fmt: str, wide: bool) -> tuple[torch.Tensor, int]:
    return decode_op(codes.movedim(in_dims[0], 0), fmt, wide), 0


_library: Any = torch.library.Library("chopper", "DEF")  # type: ignore[no-untyped-call]
_ARGUMENTS = "Tensor x, Tensor? words, str asked, SymInt key, SymInt offset"
for _name, _arguments, _functions in (
    ("round", _ARGUMENTS, (_round, _fake_round, _vmap_round)),
    ("encode", _ARGUMENTS, (_encode, _fake_encode, _vmap_encode)),
    ("decode", "Tensor codes, str fmt, bool wide", (_decode, _fake_decode, _vmap_decode)),
):
    _real, _fake, _vmap = _functions
    _library.define(f"{_name}({_arguments}) -> Tensor", tags=(torch.Tag.pt2_compliant_tag,))
    _library.impl(_name, _real, "CompositeExplicitAutograd")
    torch.library.register_fake(f"chopper::{_name}", _fake, lib=_library)
    torch.library.register_vmap(f"chopper::{_name}", _vmap, lib=_library)

round_op: Any = torch.ops.chopper.round.default
encode_op: Any = torch.ops.chopper.encode.default
decode_op: Any = torch.ops.chopper.decode.default
"""The operators."""
