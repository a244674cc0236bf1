"""A plan on a device: its integers and tables where the kernel finds them, and the kernel run by torch's operators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from chopper.engine.backend import Draw, Plan, Request, portable_plan
from chopper.kernels.threefry import random_word
from chopper.random import as_key
from chopper_ext.torch.outputs import may_overwrite
from chopper_ext.torch.words import signed

__all__ = ["Packed", "Program", "by_operators", "program", "run", "signed_words", "uses_triton"]

_SIGNED = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_WORD = 1 << 32


@dataclass(frozen=True)
class Packed:
    """A kernel's parameters: the integers of all fields, and in a tensor the tables one after the other."""

    integers: tuple[int, ...]  # of a table: where it begins
    tables: torch.Tensor | None  # in lanes
    outer: type  # the NamedTuple of the parameters
    inner: type | None  # that of the fields that are NamedTuples themselves: one kind, one after the other
    first: int  # where the integers of these begin
    last: int  # and where they end
    kinds: tuple[bool, ...]  # for each integer whether it is a table


@dataclass(frozen=True)
class Program:
    """A plan whose parameters lie on a device."""

    plan: Plan
    device: torch.device

    @property
    def lanes(self) -> torch.dtype:
        """The dtype of the integers that the kernel computes with."""
        return torch.int32 if self.plan.kernel.width == 32 else torch.int64

    @property
    def carrier(self) -> torch.dtype:
        """The dtype of the values."""
        return torch.float32 if self.plan.kernel.width == 32 else torch.float64

    @cached_property
    def params(self) -> Any:
        """The parameters, with tensors for tables."""
        return self._moved(self.plan.params)

    def _moved(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return torch.from_numpy(value.copy()).to(self.device)
        return type(value)(*map(self._moved, value)) if isinstance(value, tuple) else value

    @cached_property
    def packed(self) -> Packed:
        """The parameters, packed."""
        outer = self.plan.params
        nested = [part for part in outer if isinstance(part, tuple)]
        first = next((i for i, part in enumerate(outer) if isinstance(part, tuple)), 0)
        leaves = list(_leaves(outer))
        tables = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]
        starts = iter(np.cumsum([0, *(table.size for table in tables)]))
        integers = [int(next(starts)) if isinstance(leaf, np.ndarray) else int(leaf) for leaf in leaves]
        kinds = tuple(isinstance(leaf, np.ndarray) for leaf in leaves)
        return Packed(
            tuple(integers),
            torch.from_numpy(np.concatenate(tables)).to(self.device) if tables else None,
            type(outer),
            type(nested[0]) if nested else None,
            first,
            first + sum(map(len, nested)),
            kinds,
        )

    @cached_property
    def kernels(self) -> dict[Any, Any]:
        """What Triton has compiled of it."""
        return {}

    @cached_property
    def settings(self) -> Any:
        """What Triton takes."""
        from chopper_ext.torch.triton import settings_of

        return settings_of(self)


def _leaves(value: Any) -> Iterator[Any]:
    if not isinstance(value, tuple):
        yield value
        return
    for part in value:
        yield from _leaves(part)


@lru_cache(maxsize=1024)
def program(task: str, asked: Request, width: int, device: torch.device) -> Program:
    """Return the plan of a request for a carrier, on a device; see `chopper.engine.backend.portable_plan`."""
    return Program(portable_plan(task, asked, width), device)


def run(
    chosen: Program, x: torch.Tensor, dtype: torch.dtype, draw: Draw, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Run a program on floats of its carrier (by Triton, halves too), or on codes; the results have this dtype."""
    flat = x.resolve_neg().contiguous().view(-1)
    if not uses_triton(x.device):
        result = by_operators(chosen, flat, dtype, draw).view(x.shape)
        return result if out is None else out.copy_(result)
    from chopper_ext.torch.triton import by_triton

    fits = out is not None and out.dtype == dtype and may_overwrite(out, flat, draw.words)
    target = out if fits and out is not None else torch.empty(x.shape, dtype=dtype, device=x.device)
    by_triton(chosen, flat, target.view(-1), draw)
    return target if out is None or target is out else out.copy_(target)


def uses_triton(device: torch.device) -> bool:
    """Whether Triton runs programs on a device."""
    return device.type == "cuda" and _has_triton()


@lru_cache(maxsize=1)
def _has_triton() -> bool:
    return find_spec("triton") is not None


def by_operators(chosen: Program, flat: torch.Tensor, dtype: torch.dtype, draw: Draw) -> torch.Tensor:
    """Run a program by torch's operators, on any device."""
    kernel, lanes = chosen.plan.kernel, chosen.lanes
    word: Any = 0
    if kernel.random:
        words = signed_words(draw, flat.numel(), flat.device)
        word = words if kernel.width == 32 else words.to(torch.int64) & (_WORD - 1)
    out = kernel(torch.where, _lanes_of(flat, lanes), word, chosen.params, _take)
    size = dtype.itemsize
    result: torch.Tensor = (out if size == lanes.itemsize else out.to(_SIGNED[size])).view(dtype)
    return result


def _lanes_of(flat: torch.Tensor, lanes: torch.dtype) -> torch.Tensor:
    """Return patterns of floats, or unsigned codes, as lanes."""
    if flat.dtype.is_floating_point:
        return flat.view(lanes)
    size = flat.dtype.itemsize
    bits = flat.view(_SIGNED[size])
    return bits if size == lanes.itemsize else bits.to(lanes) & ((1 << 8 * size) - 1)


def _take(table: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    return table[index.long()]


def signed_words(draw: Draw, size: int, device: torch.device) -> torch.Tensor:
    """Return the random words of the elements of a flat tensor, as int32."""
    if draw.words is not None:
        words: torch.Tensor = draw.words.to(device).contiguous().view(-1).view(torch.int32)
        return words
    key = as_key(draw.key, draw.offset)
    index = torch.arange(size, dtype=torch.int64, device=device) + signed(key.offset)
    high, low = (index >> 32).to(torch.int32), index.to(torch.int32)
    found: torch.Tensor = random_word(signed(key.high, 32), signed(key.low, 32), high, low)  # type: ignore[no-untyped-call]
    return found
