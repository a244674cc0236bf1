"""Names of operations as users give them: those of aten, without overloads, underscores and prefixes of kernels."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import torch

from chopper.errors import UnsupportedInputError, nearest_names

__all__ = ["Selection", "base_name", "canonical"]


@cache
def base_name(func: Any) -> str:
    """Return the name of an operation without overload and the underscore of those that work in place.

    Operations of other libraries keep the name of it: ``prims::add``.
    """
    space, _, name = func._schema.name.partition("::")
    bare = name if name.startswith("__") else name.rstrip("_")
    return bare if space == "aten" else f"{space}::{bare}"


@cache
def canonical(name: str) -> str:
    """Return the name by which users choose an operation.

    Examples
    --------
    >>> canonical("_foreach_add"), canonical("native_layer_norm_backward"), canonical("_log_softmax")
    ('add', 'layer_norm_backward', 'log_softmax')
    """
    return name.strip("_").removeprefix("foreach_").removeprefix("native_")


@cache
def _known() -> frozenset[str]:
    names = (one.partition(".")[0].removeprefix("aten::") for one in torch._C._dispatch_get_all_op_names())
    return frozenset(canonical(name) for name in names)


class Selection:
    """Which operations are rounded: those that fit a pattern of ``ops``, all if None, and none of ``exclude``.

    Raises
    ------
    UnsupportedInputError
        If a pattern fits no operation of aten.
    """

    def __init__(self, ops: str | Iterable[str] | None, exclude: str | Iterable[str]) -> None:
        self._ops = None if ops is None else _patterns("ops", ops)
        self._exclude = _patterns("exclude", exclude)
        self._found: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        """Whether an operation is rounded; by its `base_name`."""
        if name not in self._found:
            plain = canonical(name)
            inside = self._ops is None or any(fnmatchcase(plain, one) for one in self._ops)
            self._found[name] = inside and not any(fnmatchcase(plain, one) for one in self._exclude)
        return self._found[name]

    @property
    def is_all(self) -> bool:
        """Whether every operation is rounded."""
        return self._ops is None and not self._exclude


def _patterns(field: str, given: str | Iterable[str]) -> tuple[str, ...]:
    found = tuple(canonical(one) for one in ((given,) if isinstance(given, str) else given))
    for one in found:
        if not any(fnmatchcase(name, one) for name in _known()):
            near = nearest_names(one, sorted(_known()))
            raise UnsupportedInputError(
                f"{field}={one!r} fits no operation of aten"
                + (f"; did you mean {near}?" if near else "; legal: names such as 'mm', 'softmax', 'layer_norm*'")
            )
    return found
