"""How an update reaches weights of few digits: four ways, each a chain of rounded operations."""

from __future__ import annotations

from typing import Any

import torch

from chopper import Arithmetic, Overflow, Rounding
from chopper.compensation import grow_pair
from chopper.random import Keys
from chopper.recipes import Quant, quantize
from chopper_ext.torch.optimizers.plan import Plan

__all__ = ["arithmetic_of", "expanded", "held", "kahan", "nearest", "rounded", "split"]


def rounded(x: torch.Tensor, quant: Quant | None, keys: Keys) -> torch.Tensor:
    """Return a tensor rounded as a quant says; a random mode draws the next key."""
    if quant is None:
        return x
    result: torch.Tensor = quantize(x, quant, key=next(keys) if quant.random else None)
    return result


def nearest(x: torch.Tensor, quant: Quant | None) -> torch.Tensor:
    """Return a tensor rounded to nearest in the format of a quant."""
    return x if quant is None else quantize(x, Quant(quant.fmt, overflow=quant.overflow))


def held(plan: Plan, beside: dict[str, torch.Tensor], w: torch.Tensor) -> torch.Tensor:
    """Return the numbers that weights and what is kept beside them stand for, in float64."""
    if plan.master is not None:
        return beside["master"].double()
    if plan.update == "kahan":
        return w.double() - beside["correction"].double()
    return w.double() + beside["rest"].double() if plan.update == "expansion" else w.double()


def split(x: torch.Tensor, quants: tuple[Quant, ...], keys: Keys) -> torch.Tensor:
    """Return the sum of an expansion: x rounded by the first quant, the rest by the second, and so on.

    The rests and the sum are computed in the dtype of `x`, which is exact where the mode rounds to a neighbour: a rest
    is a multiple of the last digit of `x`, and so is the sum.
    """
    total = rounded(x, quants[0], keys)
    for quant in quants[1:]:
        total = total + rounded(x - total, quant, keys)
    return total


def arithmetic_of(quant: Quant, keys: Keys) -> Arithmetic:
    """Return the arithmetic in which corrections are computed."""
    policy = None if quant.overflow is None else Overflow.parse(quant.overflow)
    mode = Rounding.parse(quant.rounding)
    return Arithmetic(quant.format, mode, key=keys, overflow=policy, random_bits=quant.random_bits)


def kahan(w: torch.Tensor, new: torch.Tensor, c: torch.Tensor, by: Arithmetic) -> tuple[Any, Any]:
    """Return weights and corrections: ``u = new - w; y = u - c; s = w + y; c = (s - w) - y``, all rounded; s, c."""
    y = by.sub(by.sub(new, w), c)
    s = by.add(w, y)
    return s, by.sub(by.sub(s, w), y)


def expanded(w: torch.Tensor, new: torch.Tensor, e: torch.Tensor, by: Arithmetic) -> tuple[Any, Any]:
    """Return weights and rests: ``grow_pair((w, e), new - w)``, the difference rounded."""
    return grow_pair((w, e), by.sub(new, w), by)
