"""chop with a choice of derivative, and what compilers trace in place of the core's chop, encode and decode."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import torch

import chopper
from chopper import Format, Overflow, Rounding, get
from chopper.engine.backend import Draw, elsewhere, request
from chopper.errors import UnsupportedInputError
from chopper.hardware import unit
from chopper_ext.torch.compiling import constant, settled, substitute, traced_decode, traced_encode, traced_round
from chopper_ext.torch.dispatch import rounded
from chopper_ext.torch.graphs import GRAPH

__all__ = ["chop", "show_to_compilers"]


def chop(
    x: torch.Tensor,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    axis: int | tuple[int, ...] = -1,
    scaling: Any = None,
    scale: Any = None,
    out: torch.Tensor | None = None,
    random_bits: int = 32,
    random_words: torch.Tensor | None = None,
    offset: int = 0,
    compat: str | None = None,
    threads: int | None = None,
    ste: Any = "identity",
) -> torch.Tensor:
    """Round every element of a tensor to a value of a format, with a choice of what stands for the derivative.

    Parameters are those of `chopper.chop`, which does the same with ``ste="identity"``, and one more.

    Parameters
    ----------
    ste : "identity", "clipped", callable or None
        What passes straight through in backward and forward mode: everything; what belongs to inputs within the finite
        range of the format; ``ste(x, q, g)``, a function of input, result and gradient, linear in the gradient; or
        nothing: the result is a constant.

    Returns
    -------
    Tensor
        On the device of `x`, with its shape and dtype; integers give float64, float8 and float4 give float32.  The
        values are those that `chopper.chop` gives for the same array in NumPy, bit for bit.

    Raises
    ------
    UnsupportedInputError, OutputError, RandomKeyError
        As `chopper.chop`; also for an unknown `ste`, for `out` where a derivative is due, and in a compiled graph for a
        stochastic mode without `key`, and for `scale`.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([0.3, 500.0], requires_grad=True)
    >>> y = chop(x, "e4m3", ste="clipped")
    >>> y.sum().backward()
    >>> y.tolist(), x.grad.tolist()
    ([0.3125, 448.0], [1.0, 0.0])
    """
    if not isinstance(x, torch.Tensor):
        raise UnsupportedInputError(f"chopper_ext.torch.chop rounds tensors, not {type(x).__name__}; see chopper.chop")
    draw = Draw(key, offset, random_words)
    if torch.compiler.is_compiling():
        text = settled(fmt, rounding, overflow, random_bits, compat, axis, scaling, scale)
        return traced_round(x, text, draw, out, ste)
    asked = request(get(fmt), rounding, overflow, random_bits, compat, axis=axis, scaling=scaling, scale=scale)
    result: torch.Tensor = rounded(x, asked, draw, out, threads, ste)
    return result


def _chop(x: Any, *args: Any, **options: Any) -> Any:
    if isinstance(x, torch.Tensor):
        return chop(x, *args, **options)
    return _chop_number(x, *args, **options) if isinstance(x, (int, float)) else _core_chop(x, *args, **options)


@constant
def _chop_number(x: float, *args: Any, **options: Any) -> Any:
    return _core_chop(x, *args, **options)


def _encode(
    x: Any,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    axis: int | tuple[int, ...] = -1,
    scaling: Any = None,
    scale: Any = None,
    out: Any = None,
    random_bits: int = 32,
    random_words: Any = None,
    offset: int = 0,
    compat: str | None = None,
    threads: int | None = None,
) -> Any:
    if isinstance(x, torch.Tensor):
        text = settled(fmt, rounding, overflow, random_bits, compat, axis, scaling, scale)
        return traced_encode(x, text, Draw(key, offset, random_words), out)
    return _core_encode(x, fmt, rounding, key=key, overflow=overflow, random_bits=random_bits, compat=compat)


def _decode(
    codes: Any, fmt: str | Format | None = None, dtype: Any = np.float32, *, out: Any = None, threads: Any = None
) -> Any:
    if fmt is not None and isinstance(codes, torch.Tensor):
        return traced_decode(codes, fmt, dtype, out)
    return _core_decode(codes, fmt, dtype)


def _elsewhere(operands: Any) -> Any:
    for x in operands:
        if isinstance(x, torch.Tensor):
            return GRAPH
    return None


def _unit(name: Any) -> Any:
    return name  # looked up when the operator's text is made


def _copy(function: Any) -> Callable[..., Any]:
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


_core_chop, _core_encode, _core_decode = (
    _copy(function) for function in (chopper.chop, chopper.encode, chopper.decode)
)


def show_to_compilers() -> None:
    """Let compilers trace the core's functions, which look up names and backends, by way of these."""
    for original, traceable in ((chopper.chop, _chop), (chopper.encode, _encode), (chopper.decode, _decode)):
        substitute(original, traceable)
    substitute(elsewhere, _elsewhere)
    substitute(unit, _unit)
