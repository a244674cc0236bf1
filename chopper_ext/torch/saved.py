"""What autograd keeps for the backward pass, kept in a narrow format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from chopper import Format, Overflow, Rounding, decode, encode, get
from chopper.engine.backend import request
from chopper.errors import UnsupportedInputError
from chopper.random import Keys
from chopper_ext.torch.compiling import constant

__all__ = ["Savings", "saved_activations"]


class Savings:
    """How much has been kept so far: `tensors` in number, `values` in them, `bits` of their codes and scales."""

    def __init__(self) -> None:
        self.tensors = self.values = self.bits = 0

    def __repr__(self) -> str:
        return f"Savings(tensors={self.tensors}, values={self.values}, bits={self.bits})"


class _Kept(NamedTuple):
    codes: Any
    dtype: torch.dtype
    device: torch.device


@contextmanager
def saved_activations(
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
    axis: int = -1,
    smallest: int = 1,
) -> Iterator[Savings]:
    """Keep what autograd saves for the backward pass as codes of a format: ``with saved_activations("mxfp8"): ...``.

    The forward pass is what it is without; the backward pass finds ``chopper.chop(x, fmt, ...)`` in place of each saved
    tensor x, bit for bit.  Leaves, parameters among them, integers, booleans and complex tensors are kept as they are;
    so are tensors without axes where elements of the format share scales.

    Parameters
    ----------
    fmt, rounding, overflow, random_bits, axis
        As for `chopper.encode`.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        For stochastic modes: base of the stream of keys, one for each tensor in the order in which they are saved.
    smallest : int
        Keep tensors of fewer elements as they are.

    Yields
    ------
    Savings
        Counters.

    Raises
    ------
    UnsupportedInputError
        Inside `torch.compile`, which keeps what it likes.
    UnknownFormatError, RoundingError, PolicyError, RandomKeyError
        If an argument names nothing.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([0.3, 1.1], requires_grad=True)
    >>> with saved_activations("e4m3") as savings:
    ...     y = (x * 1).square().sum()
    >>> y.backward()
    >>> round(y.item(), 4), x.grad.tolist(), savings.bits
    (1.3, [0.625, 2.25], 16)
    """
    if torch.compiler.is_compiling():
        _refuse()
    asked = request(get(fmt), rounding, overflow, random_bits, None, axis=axis)
    keys = Keys.of(key) if asked.rounding.random else None
    savings = Savings()

    def pack(x: torch.Tensor) -> Any:
        if _stays(x, smallest) or (asked.fmt.blocked and x.dim() == 0):
            return x
        drawn = {} if keys is None else {"key": next(keys)}
        where = {"axis": axis} if asked.fmt.blocked else {}
        options: Any = {"overflow": asked.overflow, "random_bits": random_bits, **where, **drawn}
        codes = encode(x.detach(), asked.fmt, asked.rounding, **options)
        savings.tensors, savings.values = savings.tensors + 1, savings.values + x.numel()
        savings.bits += _bits(codes, asked.fmt, x.numel())
        return _Kept(codes, x.dtype, x.device)

    def unpack(kept: Any) -> torch.Tensor:
        if isinstance(kept, _Kept):
            return _values(kept, asked.fmt)
        same: torch.Tensor = kept
        return same

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        yield savings


def _stays(x: torch.Tensor, smallest: int) -> bool:
    plain = x.layout is torch.strided and not x.is_nested and x.is_floating_point()
    return not plain or x.is_leaf or x.numel() < smallest


def _bits(codes: Any, fmt: Format, count: int) -> int:
    return int(8 * codes.nbytes) if fmt.blocked else fmt.bits * count


def _values(kept: _Kept, fmt: Format) -> torch.Tensor:
    wide = kept.dtype is torch.float64
    if isinstance(kept.codes, torch.Tensor):
        found = decode(kept.codes, fmt, torch.float64 if wide else torch.float32)
    else:
        found = torch.as_tensor(kept.codes.decode("float64" if wide else "float32"))
    moved: torch.Tensor = found.to(kept.device, kept.dtype)
    return moved


@constant
def _refuse() -> None:
    raise UnsupportedInputError(
        "saved_activations() has no effect on what a compiled graph keeps; enter it around plain calls"
    )
