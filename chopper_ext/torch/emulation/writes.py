"""Operations that write to their arguments: which, and how a result gets there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch

from chopper_ext.torch.emulation.rounder import Rounder

__all__ = ["deliver", "leaves", "out_names", "written"]


def leaves(*parts: Any) -> Iterator[Any]:
    """Return what lists, tuples and dicts hold."""
    for part in parts:
        if isinstance(part, (list, tuple)):
            yield from leaves(*part)
        elif isinstance(part, dict):
            yield from leaves(*part.values())
        else:
            yield part


@cache
def out_names(func: Any) -> frozenset[str]:
    """Return the names of the arguments that are there to be written alone: ``out``."""
    return frozenset(argument.name for argument in func._schema.arguments if argument.is_out)


@cache
def _places(func: Any) -> tuple[tuple[int, str], ...]:
    arguments = enumerate(func._schema.arguments)
    return tuple((i, a.name) for i, a in arguments if a.alias_info is not None and a.alias_info.is_write)


def written(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """Return the tensors that a call of an operation writes to."""
    found: list[torch.Tensor] = []
    for i, name in _places(func):
        value = args[i] if i < len(args) else kwargs.get(name)
        found += [one for one in (value if isinstance(value, (list, tuple)) else [value]) if one is not None]
    return found


def deliver(result: Any, targets: list[torch.Tensor], rounder: Rounder) -> Any:
    """Write a result to the tensor that the operation writes to, if there is one, and return it."""
    if not targets:
        return result
    target = targets[0]
    if target.shape != result.shape:
        target.resize_(result.shape)
    return target.copy_(rounder.settle(result, target.dtype))
