"""Arithmetic on tensors for `chopper_ext.torch.emulate`: results of `chopper.ops`, in torch's dtypes."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from chopper import Accumulator, Format, Overflow, Rounding, chop, get, matmul, ops
from chopper.engine.backend import request
from chopper.errors import PolicyError, RangeError, UnsupportedInputError
from chopper.random import Keys
from chopper.recipes import accumulator_of
from chopper.recipes.accumulation import accumulation

__all__ = ["Rounder", "escapes", "is_dense", "is_rounded", "plain"]


def is_rounded(x: Any) -> bool:
    """Whether something is a tensor of numbers that are rounded: dense, of float16, bfloat16, float32 or float64."""
    return (
        isinstance(x, torch.Tensor)
        and x.dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16)
        and is_dense(x)
    )


def is_dense(x: torch.Tensor) -> bool:
    """Whether a tensor has all its elements in memory, neither sparse nor nested."""
    return x.layout is torch.strided and not x.is_nested


def escapes(x: Any) -> bool:
    """Whether something is a tensor of numbers that are not rounded: complex, sparse, or of another dtype of floats."""
    return isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex()) and not is_rounded(x)


def plain(x: torch.Tensor) -> torch.Tensor:
    """Return a tensor without history, and with memory: forward mode has zeros without any."""
    return torch.zeros(x.shape, dtype=x.dtype, device=x.device) if x._is_zerotensor() else x.detach()


class Rounder:
    """A format, a mode, an accumulator and a stream of keys; each call that rounds draws the next key.

    Parameters are those of `chopper_ext.torch.emulate`.
    """

    def __init__(
        self,
        fmt: str | Format,
        rounding: str | Rounding,
        *,
        key: Any,
        overflow: str | Overflow | None,
        random_bits: int,
        accumulate: Any,
    ) -> None:
        asked = request(get(fmt), rounding, overflow, random_bits, None)
        if asked.fmt.blocked:
            raise UnsupportedInputError(
                f"elements of {asked.fmt} share scales, so that single results cannot be rounded to it; legal: formats "
                "of single numbers; for shared scales round whole tensors with chopper.chop"
            )
        self.fmt, self.rounding, self.overflow = asked.fmt, asked.rounding, asked.overflow
        self.random_bits = random_bits
        self.keys = Keys.of(key) if asked.rounding.random else None
        self.accumulate, self.sums = self._accumulators(accumulate)

    def _accumulators(self, given: Any) -> tuple[Any, Any]:
        """Return what adds up products, and what adds up sums; None: torch itself."""
        if isinstance(given, str) and given == "exact":
            exact = self._exact()
            _check(exact)
            return exact, exact
        found = accumulator_of(accumulation(given))
        # A unit of hardware has products but no sums.
        return found, found if found is None or isinstance(found, Accumulator) else self._exact()

    def _exact(self) -> Accumulator:
        if self.overflow is None:
            return Accumulator(sum="exact", result=self.fmt, rounding=self.rounding.value, random_bits=self.random_bits)
        # The policy is applied afterwards, to a sum rounded to odd, with two digits to spare.
        if self.fmt.bits > (16 if self.rounding.random else 32):
            raise PolicyError(
                f"overflow={self.overflow.value!r} and accumulate='exact' do not go together for {self.fmt}; leave one "
                "out, or pass an Accumulator"
            )
        return Accumulator(sum="exact", result="e10m46", rounding="to_odd")

    # --- one rounding ------------------------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        key = None if self.keys is None else next(self.keys)
        return {"rounding": self.rounding, "key": key, "overflow": self.overflow, "random_bits": self.random_bits}

    def round(self, x: torch.Tensor) -> torch.Tensor:
        """Return a tensor rounded to the format, in its dtype."""
        result: torch.Tensor = chop(plain(x), self.fmt, **self._options())
        return result

    def number(self, x: float) -> float:
        """Return a Python number rounded to the format."""
        return float(chop(x, self.fmt, **self._options()))

    def apply(self, name: str, *operands: Any, dtype: torch.dtype) -> torch.Tensor:
        """Return what an operation of `chopper.ops` gives for tensors and Python numbers, as this dtype."""
        tensors = [plain(x) if isinstance(x, torch.Tensor) else x for x in operands]
        result = getattr(ops, name)(*tensors, self.fmt, **self._options())
        return self.settle(result, dtype)

    def settle(self, result: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Return values of the format as another dtype.

        Raises
        ------
        RangeError
            If it does not hold them.
        """
        if result.dtype == dtype:
            return result
        final = result.to(dtype)
        lost = (final.to(result.dtype) != result) & ~result.isnan()
        if lost.any():
            raise RangeError(
                f"{result[lost].flatten()[0].item()}, a value of {self.fmt}, does not fit "
                f"{str(dtype).removeprefix('torch.')}; run the program in float32 or float64"
            )
        return final

    # --- sums of products --------------------------------------------------------------------------------------------

    def product(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return the product of matrices, or of stacks of them, rounded to the format."""
        dtype = torch.promote_types(a.dtype, b.dtype)
        if self.accumulate is None:
            return self.round(torch.matmul(a, b))
        return self._added(a, b, self.accumulate, dtype)

    def total(self, x: torch.Tensor) -> torch.Tensor:
        """Return sums along the last axis, rounded to the format."""
        if self.sums is None:
            return self.round(x.sum(-1))
        rows = x.reshape(prod(x.shape[:-1]), x.shape[-1])
        ones = torch.ones(x.shape[-1], 1, dtype=x.dtype, device=x.device)
        return self._added(rows, ones, self.sums, x.dtype).reshape(x.shape[:-1])

    def _added(self, a: torch.Tensor, b: torch.Tensor, by: Any, dtype: torch.dtype) -> torch.Tensor:
        key = None if self.keys is None else next(self.keys)
        found = matmul(plain(a), plain(b), accumulate=by, key=key)
        if isinstance(by, Accumulator) and by.result == self.fmt:
            return self.settle(found, dtype)
        return self.settle(self.round(found), dtype)


def _check(exact: Accumulator) -> None:
    """Raise where exact sums are not rounded to a format in a mode, before a program runs."""
    one = torch.ones(1, 1)
    try:
        matmul(one, one, accumulate=exact, key=0)
    except UnsupportedInputError as error:
        raise PolicyError(f"{error}; or pass another accumulate=, such as None or an Accumulator") from None
