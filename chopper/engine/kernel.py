"""A kernel as a value: which dialect function, which rounding rule, which carrier."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from typing import Any

import numpy as np

from chopper.formats.hashing import hash_once, state_of_fields
from chopper.kernels import rules, steps
from chopper.kernels.carrier import BINARY32, BINARY64, BINARY128, Carrier

__all__ = ["Kernel"]


@dataclass(frozen=True)
class Kernel:
    """A dialect function ``(where, rule, bits, word, c, f)`` with its rule and carrier chosen; see also `tables`.

    Parameters
    ----------
    module : str
        Module of `chopper.kernels` that holds the function.
    name : str
        Name of the function.
    rule : str
        Name of the rounding rule.
    width : int
        32 or 64; 128 for results between an exact operation and its rounding.
    """

    module: str
    name: str
    rule: str
    width: int

    __hash__ = hash_once
    __getstate__ = state_of_fields

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The dialect function."""
        return getattr(import_module(f"chopper.kernels.{self.module}"), self.name)  # type: ignore[no-any-return]

    @cached_property
    def rule_function(self) -> Callable[..., Any]:
        """The rounding rule, or the float operation that a kernel of `chopper.kernels.magic` takes."""
        if self.module == "magic":
            return partial({"settle": _settle, "difference": _difference}[self.rule], self.width)
        if self.tables and self.random:
            return getattr(steps, self.rule)  # type: ignore[no-any-return]
        return getattr(rules, self.rule)  # type: ignore[no-any-return]

    @property
    def carrier(self) -> Carrier:
        """The carrier of the patterns."""
        return {32: BINARY32, 64: BINARY64, 128: BINARY128}[self.width]

    @property
    def random(self) -> bool:
        """Whether the rule uses the random word."""
        return self.rule.startswith("stochastic")

    @property
    def tables(self) -> bool:
        """Whether the function looks things up in tables: it then takes ``take(table, index)`` after ``where``."""
        return self.module == "steps"

    def __call__(
        self, where: Callable[..., Any], bits: Any, word: Any, f: Any, take: Callable[..., Any] | None = None
    ) -> Any:
        """Run the kernel on anything that has the dialect's operators; `take` is NumPy's indexing by default."""
        injected = (where, take or _take) if self.tables else (where,)
        return self.function(*injected, self.rule_function, bits, word, self.carrier, f)


def _take(table: Any, index: Any) -> Any:
    return int(table[index]) if isinstance(index, int) else table[index]


def _settle(width: int, a: Any, b: Any) -> Any:
    return _in_floats(lambda x, y: (x + y) - y, width, a, b)


def _difference(width: int, a: Any, b: Any) -> Any:
    return _in_floats(lambda x, y: x - y, width, a, b)


def _in_floats(operation: Callable[[Any, Any], Any], width: int, a: Any, b: Any) -> Any:
    """Run a float operation on the patterns of its operands: NumPy integers, or Python ints that wrap around."""
    if isinstance(a, int):
        a, b = (n & ((1 << width) - 1) for n in (a, b))
        if width == 64:  # Python's own floats
            result = operation(*struct.unpack("<2d", struct.pack("<2Q", a, b)))
            return int.from_bytes(struct.pack("<d", result), "little", signed=True)
        return int(_in_floats(operation, width, np.array([a], "u4").view("i4"), np.array([b], "u4").view("i4"))[0])
    kind = f"f{width // 8}"
    with np.errstate(all="ignore"):
        return operation(a.view(kind), b.view(kind)).view(a.dtype)
