"""The operations: which kernel of each carrier gives the exact result rounded to odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any

__all__ = ["LOOPS", "OPERATIONS", "Operation"]

LOOPS = MappingProxyType({1: "unary", 2: "binary", 3: "ternary"})
"""The names of the loops, by the number of operands."""


@dataclass(frozen=True)
class Operation:
    """A dialect function ``(where, x, ..., c, f)`` on carrier patterns; f is a `chopper.kernels.odd.Exact`.

    Parameters
    ----------
    module, name : str
        Module of `chopper.kernels`, and the function in it.
    arity : int
        How many operands it takes.
    wide : str
        The function for the carrier of 128 bits, where it is another one.
    whole : bool
        Whether the function needs exact products, which the carrier of 64 bits holds for short operands only.
    """

    module: str
    name: str
    arity: int
    wide: str = ""
    whole: bool = False

    def function(self, width: int) -> Callable[..., Any]:
        """Return the dialect function for a carrier."""
        return self._functions[width == 128]

    @cached_property
    def _functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        module = import_module(f"chopper.kernels.{self.module}")
        return getattr(module, self.name), getattr(module, self.wide or self.name)


OPERATIONS = MappingProxyType(
    {
        "add": Operation("sums", "add", 2),
        "sub": Operation("sums", "sub", 2),
        "mul": Operation("products", "mul", 2),
        "fma": Operation("products", "fma", 3, whole=True),
        "div": Operation("quotients", "div", 2, "div_wide"),
        "sqrt": Operation("roots", "sqrt", 1, "sqrt_wide"),
    }
)
"""The operations that have kernels."""
