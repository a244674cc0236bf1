"""Rounding at one point of a model: what passes forward, and the gradient that passes backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from chopper.recipes import Quant
from chopper_ext.torch.layers.base import Stream, call_of
from chopper_ext.torch.layers.operands import Call, operand
from chopper_ext.torch.layers.products import check_graph
from chopper_ext.torch.layers.spec import Spec

__all__ = ["QuantPoint", "around", "point", "quant_point"]


def point(x: torch.Tensor, forward: str | None, backward: str | None, call: Call) -> torch.Tensor:
    """Return a tensor rounded one way; its gradient is rounded another way.  Blocks lie along the last axis."""
    if forward is None and backward is None:
        return x
    check_graph()
    return _Point.apply(x, forward, backward, *call)  # type: ignore[no-any-return, no-untyped-call]


def around(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, spec: Spec, call: Call) -> torch.Tensor:
    """Return ``f(x)``, rounded by ``elementwise`` of a recipe; the gradient of `x` by ``grad_elementwise``."""
    return point(f(point(x, None, spec.grad_elementwise, call)), spec.elementwise, None, call)


class _Point(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: torch.Tensor, forward: str | None, backward: str | None, key: int, position: torch.Tensor | None, name: str
    ) -> torch.Tensor:
        """Round."""
        y = operand(x, forward, -1, Call(key, position, name), "elementwise")
        return x.clone() if forward is None else y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep what the way back needs."""
        _, _, ctx.way, ctx.key, position, ctx.name = inputs
        ctx.save_for_backward(position)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Round the gradient."""
        (position,) = ctx.saved_tensors
        return (
            operand(g, ctx.way, -1, Call(ctx.key, position, ctx.name), "grad_elementwise"),
            None,
            None,
            None,
            None,
            None,
        )


class QuantPoint(nn.Module):
    """A module that rounds what passes through it; see `quant_point`."""

    def __init__(self, forward: Quant | None, backward: Quant | None, key: Any = None) -> None:
        super().__init__()
        self.chop_forward = None if forward is None else str(forward)
        self.chop_backward = None if backward is None else str(backward)
        draws = any(q is not None and q.draws for q in (forward, backward))
        self.chop_stream = Stream(key) if draws else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Round."""
        return point(x, self.chop_forward, self.chop_backward, call_of(self.chop_stream))

    def extra_repr(self) -> str:
        """Say how."""
        return f"forward={self.chop_forward}, backward={self.chop_backward}"


def quant_point(forward: Any = None, backward: Any = None, *, key: Any = None) -> QuantPoint:
    """Return a module that rounds its input, and the gradient that comes back through it.

    Parameters
    ----------
    forward, backward : Quant, str or None
        How; None leaves it as it is.  Blocks lie along the last axis.
    key : int, optional
        Base of the stream of keys for stochastic modes; None draws fresh entropy once.

    Raises
    ------
    PolicyError, UnknownFormatError
        If a quant is not legal.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([0.3, 1.0], requires_grad=True)
    >>> y = quant_point("e4m3", "e2m1")(x)
    >>> (y * torch.tensor([1.2, 5.1])).sum().backward()
    >>> y.tolist(), x.grad.tolist()
    ([0.3125, 1.0], [1.0, 6.0])
    """
    return QuantPoint(Quant.of(forward), Quant.of(backward), key)
