"""The derivative of rounding: what is passed straight through it.

The true derivative is zero almost everywhere.  `Slope` says what stands in its place, as a linear function of the
gradient g (or of the tangent, in forward mode), given the input x and the result q.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from chopper import chop
from chopper.engine.backend import Request
from chopper.errors import UnsupportedInputError
from chopper_ext.torch.dtypes import format_of
from chopper_ext.torch.operators import round_op
from chopper_ext.torch.spelling import read

__all__ = ["Slope", "StraightThrough", "StraightThroughBothWays", "bounds", "composed", "passed", "slope_of"]

Slope = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor] | tuple[float, float] | None
"""A function (x, q, g) -> g', linear in g; the bounds between which g passes; None: g passes everywhere."""


def slope_of(ste: Any, asked: Request | str, dtype: torch.dtype) -> Slope:
    """Return what ``ste=`` means for a call.

    Raises
    ------
    UnsupportedInputError
        If it is none of "identity", "clipped", a function or None, or the range of the format depends on the data.
    """
    if callable(ste):
        return ste  # type: ignore[no-any-return]
    if ste == "identity":
        return None
    if ste == "clipped":
        return bounds(asked, dtype)
    raise UnsupportedInputError(
        f"ste={ste!r} is not legal; legal: 'identity', 'clipped', a function (x, q, g) -> g, None"
    )


@lru_cache(maxsize=1024)
def bounds(asked: Request | str, dtype: torch.dtype) -> tuple[float, float]:
    """Return the lowest and the largest finite value of the format, cut to what a dtype holds."""
    fmt = (read(asked) if isinstance(asked, str) else asked).fmt
    if getattr(fmt, "blocked", False):
        raise UnsupportedInputError(
            f"ste='clipped' does not suit {fmt}: its range depends on the data; pass a function"
        )
    carrier = format_of(dtype)
    assert carrier is not None
    low, high = (chop(float(bound), carrier, "toward_zero", overflow="saturate") for bound in (fmt.min, fmt.max))
    return low, high


def passed(slope: Slope, x: Any, q: Any, g: torch.Tensor) -> torch.Tensor:
    """Return what of a gradient or tangent passes."""
    if slope is None:
        return g
    if isinstance(slope, tuple):
        return torch.where((x >= slope[0]) & (x <= slope[1]), g, torch.zeros_like(g))
    return slope(x, q, g)


class StraightThrough(torch.autograd.Function):
    """Round by the operator; backward, pass the gradient through.  For graphs: compilers refuse a forward mode."""

    generate_vmap_rule = True

    @staticmethod
    def forward(  # no *args: compilers would count them wrongly
        x: torch.Tensor, slope: Slope, words: torch.Tensor | None, text: str, key: int, offset: int
    ) -> torch.Tensor:
        """Round."""
        return round_op(x, words, text, key, offset)  # type: ignore[no-any-return]

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep what the slope needs."""
        ctx.slope = inputs[1]
        if ctx.slope is not None:
            ctx.save_for_backward(inputs[0], output if callable(ctx.slope) else None)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Return the gradient for x."""
        x, q = ctx.saved_tensors if ctx.slope is not None else (None, None)
        return passed(ctx.slope, x, q, g), None, None, None, None, None


class StraightThroughBothWays(StraightThrough):
    """The same with a forward mode; the rounding is given as a function."""

    @staticmethod
    def forward(x: torch.Tensor, slope: Slope, words: Any, rounding: Any, *args: Any) -> torch.Tensor:
        """Return ``rounding(x, words, *args)``."""
        return rounding(x, words, *args)  # type: ignore[no-any-return]

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep what the slope needs, for both directions."""
        StraightThrough.setup_context(ctx, inputs, output)
        if ctx.slope is not None:
            ctx.save_for_forward(inputs[0], output if callable(ctx.slope) else None)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Return the gradient for x."""
        return *StraightThrough.backward(ctx, g), None, None

    @staticmethod
    def jvp(ctx: Any, t: Any, *_: Any) -> Any:
        """Return the tangent of the result."""
        x, q = ctx.saved_tensors if ctx.slope is not None else (None, None)
        return passed(ctx.slope, x, q, t).clone()


def composed(x: torch.Tensor, slope: Slope, *args: Any) -> torch.Tensor:
    """Return the same by torch's own differentiable operations around the operator, bit for bit.

    ``w`` is zero with the wanted derivative (0 where x is infinite or NaN), ``w.detach() - w`` is +0, and q - (+0) is q
    for every q, -0 included.  For where compilers drop the derivative of a Function without an error: inside a
    transform of `torch.func`.
    """
    q = round_op(x.detach(), *args)
    finite = torch.where(torch.isfinite(x), x, torch.zeros_like(x))
    w = passed(slope, x.detach(), q, finite - finite.detach())
    return q - (w.detach() - w)  # type: ignore[no-any-return]
