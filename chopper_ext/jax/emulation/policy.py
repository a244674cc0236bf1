"""How an operation rounds: the settings of an emulation, and the rounding of one result."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from chopper import Accumulator, chop
from chopper.formats.base import Format
from chopper_ext.jax.streams import nth

__all__ = ["Policy", "is_floating"]


class Policy(NamedTuple):
    """What does not change from operation to operation."""

    fmt: Format
    rounding: str
    overflow: str | None
    random_bits: int
    exclude: frozenset[str]
    exact: bool
    accumulate: Any  # Accumulator, unit or None

    @property
    def symmetric(self) -> bool:
        """Whether the format has the negative of each of its numbers."""
        return not self.fmt.blocked and self.fmt.min == -self.fmt.max

    @property
    def options(self) -> dict[str, Any]:
        """Keywords of `chopper.ops`, without the key."""
        given = {} if self.overflow is None else {"overflow": self.overflow}
        return {**given, "random_bits": self.random_bits}

    @property
    def sums(self) -> Accumulator:
        """The accumulator that rounds an exact sum of products once."""
        return Accumulator(
            sum="exact",
            result=self.fmt,
            rounding=self.rounding,
            overflow=self.overflow,
            random_bits=self.random_bits,
        )

    def rounded(self, x: Any, key: Any) -> Any:
        """Return a number rounded to the format, in its dtype; one of a dtype of 8 bits or less as it is."""
        if not is_floating(x) or x.dtype.itemsize == 1:
            return x
        return chop(jnp.asarray(x), self.fmt, self.rounding, key=key, **self.options)

    def all_rounded(self, results: list[Any], key: Any) -> list[Any]:
        """Round the results of one operation: a single one with its key, several with keys of the stream of it."""
        if len(results) == 1:
            return [self.rounded(results[0], key)]
        return [self.rounded(x, nth(key, place)) for place, x in enumerate(results)]


def is_floating(x: Any) -> bool:
    """Whether something is an array of floating-point numbers."""
    dtype = getattr(x, "dtype", None)
    return bool(jnp.issubdtype(dtype if dtype is not None else jnp.result_type(x), jnp.floating))
