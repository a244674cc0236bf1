"""Arithmetic in a format: every operation rounded once, random modes with a fresh key for each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper import ops
from chopper.conversion import chop
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["Arithmetic"]


class Arithmetic:
    """Operations in one format and mode."""

    def __init__(
        self,
        fmt: str | Format,
        rounding: str | Rounding = "nearest_even",
        *,
        key: Any = None,
        overflow: Any = None,
        random_bits: int = 32,
        flags: Any = None,
    ) -> None:
        self.fmt, self.rounding = get(fmt), Rounding.parse(rounding)
        self.options = {"overflow": overflow, "random_bits": random_bits}
        self.flags = flags
        self._keys = np.random.default_rng(key) if self.rounding.random else None

    def round(self, x: Any) -> Any:
        """Round x to the format."""
        return chop(x, self.fmt, self.rounding, key=self._keys, **self.options)

    def _run(self, name: str, *operands: Any) -> Any:
        operation = getattr(ops, name)
        return operation(*operands, self.fmt, self.rounding, key=self._keys, flags=self.flags, **self.options)

    def add(self, x: Any, y: Any) -> Any:
        """Return x + y."""
        return self._run("add", x, y)

    def sub(self, x: Any, y: Any) -> Any:
        """Return x - y."""
        return self._run("sub", x, y)

    def mul(self, x: Any, y: Any) -> Any:
        """Return x * y."""
        return self._run("mul", x, y)

    def div(self, x: Any, y: Any) -> Any:
        """Return x / y."""
        return self._run("div", x, y)

    def sqrt(self, x: Any) -> Any:
        """Return the square root of x."""
        return self._run("sqrt", x)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """Return x * y + z."""
        return self._run("fma", x, y, z)
