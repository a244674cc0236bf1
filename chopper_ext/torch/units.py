"""Matrix products by models of matrix units, on the device where the operands lie."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from chopper import decode, encode, get
from chopper.hardware import FusedSum, IntegerSum, Unit
from chopper_ext.torch.dtypes import codes_of, format_of, is_codes
from chopper_ext.torch.fused_tiles import SPECIAL, ZERO, add_tiles, can_add
from chopper_ext.torch.stacks import as_matrix, broadcasts, result_shape, stacked

__all__ = ["digits_of", "product_on_device", "words_of"]

_PLAIN = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32, "tf32": torch.float32}
_LANES = {1: torch.uint8, 2: torch.int16, 4: torch.int32}
_SMALL = (torch.float32, torch.float16, torch.bfloat16)
_EXACT = 1 << 22  # products of 8-bit integers of which float64 holds any sum


def product_on_device(unit: Unit, a: Any, b: Any, c: Any, most_axes: int | None) -> torch.Tensor | None:
    """Return the product, or None where the host has to do it, or to tell why it cannot be done."""
    operands = [a, b] if c is None else [a, b, c]
    if unit.scale or not _is_known(unit):
        return None
    if not all(isinstance(x, torch.Tensor) and x.device == a.device for x in operands):
        return None
    shape = result_shape(a.shape, b.shape, most_axes)
    if shape is None or (c is not None and not broadcasts(c.shape, shape)):
        return None
    found = [_codes(x.detach(), name) for x, name in zip(operands, (unit.a, unit.b, unit.c), strict=False)]
    if any(codes is None for codes in found):
        return None
    x, y = (as_matrix(codes, i) for i, codes in enumerate(found[:2]))
    full = (*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
    z = _addend(found[2] if len(found) > 2 else None, unit.c, shape, full, a.device)
    codes = _run(unit, x, y, z)
    values = codes if unit.c == "int32" else codes.view(torch.float16 if unit.c == "fp16" else torch.float32)
    small = unit.c != "int32" and all(t.dtype in _SMALL or is_codes(t.dtype) for t in operands)
    return values.to(torch.float32 if small else torch.float64).reshape(shape)


def _is_known(unit: Unit) -> bool:
    model = unit.model
    return isinstance(model, IntegerSum) or (isinstance(model, FusedSum) and can_add(model, digits_of(unit)))


def _addend(
    c: torch.Tensor | None, name: str, shape: tuple[int, ...], full: tuple[int, ...], device: torch.device
) -> torch.Tensor:
    """Return codes of what is added to, in the shape of the stack of results."""
    if c is None:
        return torch.zeros(full, dtype=torch.int16 if name == "fp16" else torch.int32, device=device)
    return c.expand(shape).reshape(full)


def _run(unit: Unit, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """Return codes (..., M, N) for codes (..., M, K), (..., K, N)."""
    if not c.numel() or not a.shape[-1]:
        return c
    shape = c.shape
    a, b, c = stacked(a, b, c)
    if isinstance(unit.model, IntegerSum):
        return _integers(unit, a, b, c).reshape(shape)
    model = unit.model
    x, y = words_of(a.transpose(1, 2), unit.a, model), words_of(b, unit.b, model)
    return add_tiles(model, x, y, c.contiguous(), digits_of(unit)).reshape(shape)


def _integers(unit: Unit, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """Return exact sums in 32 bits; float64 holds each of them that is formed."""
    saturates = unit.model.overflow == "saturate"
    total = c.to(torch.int64)
    step = unit.model.terms if saturates else _EXACT
    for k in range(0, a.shape[-1], step):
        total = total + torch.matmul(a[..., k : k + step].double(), b[:, k : k + step].double()).to(torch.int64)
        if saturates:
            total = total.clamp(-(1 << 31), (1 << 31) - 1)
    return total.to(torch.int32)


def _codes(x: torch.Tensor, name: str) -> torch.Tensor | None:
    """Return codes of numbers, those of integers as integers; None if some are no numbers of the format."""
    if is_codes(x.dtype) and str(format_of(x.dtype)) == name:
        return codes_of(x)
    if name.startswith(("int", "uint")):
        return _whole(x, name)
    x = x.resolve_neg()
    plain = _PLAIN.get(name)
    if plain is not None and x.dtype == plain:
        return x.contiguous().view(_LANES[plain.itemsize])
    values = x.double() if not x.dtype.is_floating_point else x
    with torch.no_grad():
        if plain is not None:
            rounded = values.to(plain)
            codes = rounded.contiguous().view(_LANES[plain.itemsize])
        else:
            codes = encode(values, name)
            rounded = decode(codes, name)
        same = (rounded.to(values.dtype) == values) | (rounded.isnan() & values.isnan())
    return codes if bool(same.all()) else None


def _whole(x: torch.Tensor, name: str) -> torch.Tensor | None:
    bits = int(name.removeprefix("u").removeprefix("int"))
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if name.startswith("int") else (0, (1 << bits) - 1)
    same = (x >= low) & (x <= high) & (x == x.trunc() if x.dtype.is_floating_point else True)
    return x.to(torch.int32) if bool(same.all()) else None


def words_of(codes: torch.Tensor, name: str, model: FusedSum) -> torch.Tensor:
    """Return codes (T, K, R) as words (T, K', R), K' padded to whole blocks, in the order of the model."""
    index = codes.to(torch.int64)
    index = (index >> 13) & 0x7FFFF if name == "tf32" else index & ((1 << _bits(name)) - 1)
    words = _table(name, codes.device)[index]
    size = 32 if model.order == "quarters" else model.terms
    missing = -words.shape[1] % size
    if missing:
        nothing = words.new_full((words.shape[0], missing, words.shape[2]), _word(0, ZERO))
        words = torch.cat([words, nothing], dim=1)
    if model.order == "quarters":
        k = torch.arange(words.shape[1], device=codes.device).view(-1, 4, 2)
        words = words[:, k.view(-1, 8, 2, 2).transpose(1, 2).reshape(-1)]
    return words.contiguous()


def _bits(name: str) -> int:
    return 19 if name == "tf32" else get(name).bits


def digits_of(unit: Unit) -> int:
    """Return how many fraction bits products have."""
    return sum(_fraction_bits(name) for name in (unit.a, unit.b))


def _fraction_bits(name: str) -> int:
    found: int = get(name).fraction_bits  # type: ignore[attr-defined]
    return found


def _word(s: int, e: int) -> int:
    return (s << 16) + (e & 0xFFFF)


@lru_cache(maxsize=64)
def _table(name: str, device: torch.device) -> torch.Tensor:
    """Return the words of all codes of a format."""
    codes = np.arange(1 << _bits(name))
    if name == "tf32":
        values = (codes.astype(np.uint32) << 13).view(np.float32).astype(np.float64)
    else:
        values = np.asarray(decode(codes, name, np.float64))
    finite = np.isfinite(values)
    digits = _fraction_bits(name)
    _, exponent = np.frexp(np.where(finite, values, 1))
    e = np.maximum(exponent - 1, get(name).emin)  # type: ignore[attr-defined]
    s = np.ldexp(np.where(finite, values, 0), digits - e).astype(np.int64)
    e = np.where(s == 0, ZERO, e)
    s = np.where(np.isinf(values), np.sign(np.where(np.isinf(values), values, 0)), s).astype(np.int64)
    e = np.where(finite, e, SPECIAL)
    return torch.from_numpy(((s << 16) + (e & 0xFFFF)).astype(np.int32)).to(device)
