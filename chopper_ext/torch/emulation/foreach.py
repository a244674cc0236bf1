"""Operations on lists of tensors, as operations on one tensor after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["one_by_one"]

_WITH_VALUE = ("addcmul", "addcdiv")
_OTHER_NAMES = {"norm": "linalg_vector_norm"}


def one_by_one(func: Any, args: Any, kwargs: Any) -> Callable[[], Any] | None:
    """Return a function without arguments that does what ``_foreach_...`` does; None if there is no such way."""
    name = func._schema.name.removeprefix("aten::_foreach_")
    in_place = name.endswith("_")
    bare = name.rstrip("_")
    aten = torch.ops.aten
    single = getattr(aten, f"{bare}_", None) if in_place else getattr(aten, _OTHER_NAMES.get(bare, bare), None)
    lists = [x for x in args if isinstance(x, (list, tuple))]
    if in_place and single is None and hasattr(aten, bare):
        single = _written_back(getattr(aten, bare))
    if single is None or not lists or "out" in kwargs:
        return None

    def run() -> Any:
        found = []
        for i in range(len(lists[0])):
            items = [x[i] if isinstance(x, (list, tuple)) else x for x in args]
            named = {k: x[i] if isinstance(x, (list, tuple)) else x for k, x in kwargs.items()}
            if bare in _WITH_VALUE and len(items) > 3:
                value = items.pop()
                named["value"] = value[i].item() if isinstance(value, torch.Tensor) else value
            found.append(single(*items, **named))
        return None if in_place else found

    return run


def _written_back(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *rest, **named: x.copy_(function(x, *rest, **named))
