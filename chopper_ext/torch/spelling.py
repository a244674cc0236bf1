"""Requests as text: what an operator of a graph can carry, also into another process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from functools import lru_cache
from typing import Any

from chopper import Format, Overflow, Rounding, get
from chopper.engine.backend import Request
from chopper.errors import ChopperError, FormatError, UnsupportedInputError

__all__ = ["read", "spell", "spell_format"]

_READ: dict[str, Callable[[Any], Any]] = {
    "fmt": get,
    "rounding": Rounding.parse,
    "overflow": Overflow.parse,
    "axis": lambda axis: tuple(axis) if isinstance(axis, list) else axis,
}


def spell(asked: Request) -> str:
    """Return a text that `read` turns back into an equal request: the fields that are not None, as JSON.

    Raises
    ------
    FormatError
        If no name of the format leads back to it.
    UnsupportedInputError
        If scales are given: a text cannot carry them.
    """
    if asked.scale is not None:
        raise UnsupportedInputError("scale= is for plain tensors; leave it out in torch.compile and torch.func")
    return _spell(asked)


@lru_cache(maxsize=4096)
def _spell(asked: Request) -> str:
    values = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return json.dumps({name: _plain(value) for name, value in values.items() if value is not None})


@lru_cache(maxsize=4096)
def read(text: str) -> Request:
    """Return the request that a text stands for."""
    values: dict[str, Any] = json.loads(text)
    return Request(**{name: _READ.get(name, _itself)(value) for name, value in values.items()})


@lru_cache(maxsize=1024)
def spell_format(fmt: Format) -> str:
    """Return a text that `chopper.get` turns back into an equal format, the grammar's if it has one.

    Raises
    ------
    FormatError
        If there is none.
    """
    for text in (getattr(fmt, "spelling", None), str(fmt)):
        try:
            if text and get(text) == fmt:
                return str(text)
        except ChopperError:
            continue
    raise FormatError(f"a graph needs a name for the format {fmt}; give it one with chopper.register")


def _plain(value: Any) -> Any:
    return spell_format(value) if isinstance(value, Format) else value.value if isinstance(value, Enum) else value


def _itself(value: Any) -> Any:
    return value
