"""Gradients rounded where they arise, and sums of gradients of several workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from chopper import Format, Rounding, get, ops
from chopper.errors import PolicyError, UnsupportedInputError
from chopper.random import Keys
from chopper.recipes import Quant, quantize
from chopper_ext.torch.scaling.automatic import AutomaticScaling

__all__ = ["all_reduced", "round_gradients"]


def round_gradients(
    parameters: Iterable[torch.Tensor], by: Quant | str | AutomaticScaling, *, key: Any = None
) -> Callable[[], None]:
    """Round the gradients of parameters as soon as backward has added them up.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require gradients.
    by : Quant, str or AutomaticScaling
        How; with a scaling, call its ``update()`` once a step.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        For a quant of a random mode: base of the stream of keys, one for each gradient in the order in which they
        arise.

    Returns
    -------
    function
        Call it to stop.

    Examples
    --------
    >>> import torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> stop = round_gradients([w], "e5m2")
    >>> (w * torch.tensor([1.1, 300.0])).sum().backward()
    >>> stop()
    >>> w.grad.tolist()
    [1.0, 320.0]
    """
    keys = Keys.of(key)
    quant = None if isinstance(by, AutomaticScaling) else Quant.of(by)

    def hook(p: torch.Tensor) -> None:
        if p.grad is None:
            return
        if isinstance(by, AutomaticScaling):
            p.grad.copy_(by.round(p.grad))
        elif quant is not None:
            p.grad.copy_(quantize(p.grad.detach(), quant, key=next(keys) if quant.random else None))

    leaves: list[Any] = list(parameters)
    handles = [p.register_post_accumulate_grad_hook(hook) for p in leaves]

    def stop() -> None:
        for handle in handles:
            handle.remove()

    return stop


def all_reduced(
    parts: Sequence[torch.Tensor],
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    order: str = "sequential",
) -> torch.Tensor:
    """Return the sum of tensors of several workers, every addition rounded once.

    Parameters
    ----------
    parts : sequence of Tensor
        One for each worker, of one shape.
    fmt, rounding
        As for `chopper.ops.add`.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        For stochastic modes: base of the stream of keys, one for each addition.
    order : str
        "sequential", as a ring does: ((g0 + g1) + g2) + ...; "pairwise", as a tree does: neighbours first, then
        neighbouring sums, an odd last one carried along.

    Raises
    ------
    PolicyError
        If there is no such order.
    UnsupportedInputError
        If there are no parts, or their shapes differ.

    Examples
    --------
    >>> import torch
    >>> parts = [torch.tensor([256.0]), torch.tensor([1.0]), torch.tensor([1.0])]
    >>> all_reduced(parts, "bf16").item(), all_reduced(parts[::-1], "bf16").item()
    (256.0, 258.0)
    """
    if order not in ("sequential", "pairwise"):
        raise PolicyError(f"order={order!r} is not legal; legal: 'sequential', 'pairwise'")
    if not parts or any(part.shape != parts[0].shape for part in parts):
        raise UnsupportedInputError("parts are to be tensors of one shape, at least one")
    known, mode = get(fmt), Rounding.parse(rounding)
    keys = Keys.of(key) if mode.random else None

    def add(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = ops.add(a, b, known, mode, key=None if keys is None else next(keys))
        return found

    left = [part.detach() for part in parts]
    while len(left) > 1:
        if order == "sequential":
            left = [add(left[0], left[1]), *left[2:]]
        else:
            odd = left[-1:] if len(left) % 2 else []
            left = [add(a, b) for a, b in zip(left[::2], left[1::2], strict=False)] + odd
    return left[0]
