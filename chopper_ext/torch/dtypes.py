"""Dtypes of tensors: which carry values, which are codes of a format of torch's own, and which hold codes."""

from __future__ import annotations

from functools import cache

import torch

from chopper import Format, get
from chopper.errors import UnsupportedInputError

__all__ = [
    "as_dtype",
    "check_codes_of",
    "code_dtype",
    "codes_of",
    "format_of",
    "is_codes",
    "result_dtype",
    "value_dtype",
    "value_shape",
]

_FORMATS = {
    "float8_e4m3fn": "e4m3",
    "float8_e5m2": "e5m2",
    "float8_e4m3fnuz": "e4m3fnuz",
    "float8_e5m2fnuz": "e5m2fnuz",
    "float8_e8m0fnu": "e8m0",
    "float4_e2m1fn_x2": "e2m1",
    "float16": "fp16",
    "bfloat16": "bf16",
    "float32": "fp32",
    "float64": "fp64",
}
_CARRIERS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_CODES = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}


@cache
def format_of(dtype: torch.dtype) -> Format | None:
    """Return the format whose codes a dtype holds; None for integers and for what chopper does not know."""
    name = _FORMATS.get(str(dtype).removeprefix("torch."))
    return None if name is None else get(name)


def is_codes(dtype: torch.dtype) -> bool:
    """Whether tensors of a dtype are codes with which torch itself does not compute: float8 and float4."""
    return dtype not in _CARRIERS and format_of(dtype) is not None


@cache
def result_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of what rounding a tensor gives: integers give float64, float8 and float4 give float32.

    Raises
    ------
    UnsupportedInputError
        If tensors of the dtype cannot be rounded.
    """
    if dtype in _CARRIERS:
        return dtype
    if is_codes(dtype):
        return torch.float32
    if dtype.is_complex:
        raise UnsupportedInputError(f"cannot round {dtype}: round real and imaginary parts apart")
    if dtype.is_floating_point or dtype in _quantized():
        raise UnsupportedInputError(f"cannot round {dtype}; legal: float16, bfloat16, float32, float64 and integers")
    return torch.float64


def _quantized() -> frozenset[torch.dtype]:
    return frozenset({torch.qint8, torch.quint8, torch.qint32, torch.quint4x2, torch.quint2x4})


@cache
def code_dtype(fmt: Format) -> torch.dtype:
    """Return the smallest unsigned dtype that holds the codes of a format."""
    return _CODES[max(1, 1 << (fmt.bits - 1).bit_length() >> 3)]


def value_dtype(dtype: object) -> torch.dtype:
    """Return float32 or float64, given as torch or NumPy name them.

    Raises
    ------
    UnsupportedInputError
        If it is another one.
    """
    name = getattr(dtype, "__name__", None) or str(dtype).removeprefix("torch.")
    if name not in ("float32", "float64"):
        raise UnsupportedInputError(f"dtype={dtype!r} cannot hold decoded values here; legal: float32, float64")
    return torch.float64 if name == "float64" else torch.float32


def codes_of(x: torch.Tensor) -> torch.Tensor:
    """Return the codes that a tensor of a dtype of torch's own holds: a view; float4 is unpacked, low half first."""
    fmt = format_of(x.dtype)
    if fmt is None:
        return x
    if fmt.bits < 8:
        pairs = x.view(torch.uint8)
        return torch.stack((pairs & 15, pairs >> 4), -1).flatten(-2)
    return x.view(code_dtype(fmt))


def check_codes_of(dtype: torch.dtype, fmt: Format) -> None:
    """Check that a dtype may hold codes of a format.

    Raises
    ------
    UnsupportedInputError
        If it says that it holds those of another one.
    """
    own = format_of(dtype)
    if own is not None and own != fmt:
        raise UnsupportedInputError(f"{dtype} holds codes of {own}, not of {fmt}; view it as integers to insist")


def value_shape(x: torch.Tensor) -> torch.Size:
    """Return the shape of the values that a tensor holds: those of float4 lie two to a byte along the last axis."""
    own = format_of(x.dtype)
    return torch.Size((*x.shape[:-1], 2 * x.shape[-1])) if own is not None and own.bits < 8 else x.shape


def as_dtype(codes: torch.Tensor, fmt: str | Format) -> torch.Tensor:
    """Return codes as a tensor of torch's own dtype for their format, without a copy; e2m1 is packed, two to a byte.

    Parameters
    ----------
    codes : Tensor
        What `encode` returned.
    fmt : str or Format
        One of e4m3, e5m2, e4m3fnuz, e5m2fnuz, e8m0, e2m1, fp16, bf16, fp32, fp64.

    Raises
    ------
    UnsupportedInputError
        If torch has no dtype for the format, the codes have another dtype than `encode` gives, or an odd number of
        codes of e2m1 lie along the last axis.

    Examples
    --------
    >>> import chopper, torch
    >>> as_dtype(chopper.encode(torch.tensor([0.3, 100.0]), "e4m3"), "e4m3")
    tensor([ 0.3125, 96.0000], dtype=torch.float8_e4m3fn)
    """
    form = get(fmt)
    names = [name for name, own in _FORMATS.items() if get(own) == form]
    dtype = getattr(torch, names[0], None) if names else None
    if dtype is None:
        raise UnsupportedInputError(f"torch has no dtype for {form}; legal: {', '.join(_FORMATS.values())}")
    if codes.dtype != code_dtype(form):
        raise UnsupportedInputError(f"codes of {form} have dtype {code_dtype(form)}, not {codes.dtype}")
    if form.bits >= 8:
        return codes.view(dtype)
    if codes.dim() == 0 or codes.shape[-1] % 2:
        raise UnsupportedInputError(
            f"codes of {form} are packed in pairs; the last axis of {tuple(codes.shape)} is odd"
        )
    return (codes[..., ::2] | codes[..., 1::2] << 4).view(dtype)
