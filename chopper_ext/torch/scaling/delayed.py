"""Delayed scaling: the scale of a tensor comes from the largest magnitudes of earlier steps."""

from __future__ import annotations

from typing import Any

import torch

from chopper import Format, Rounding
from chopper.errors import PolicyError, UnsupportedInputError
from chopper_ext.torch.scaling.scaled import Saturated
from chopper_ext.torch.scaling.through import straight_through

__all__ = ["DelayedScaling"]


class DelayedScaling(torch.nn.Module):
    """Round tensors to a format, scaled by what earlier tensors of the same place were like.

    In float32, every operation rounded to nearest even::

        y = R(x s) / s                                       R saturates; s = 1 at first
        h[0] = max(h[0], max |x|)
        update: a = max(h) or h[0];  s = (largest value of the format / a) / 2^margin;  h = 0, h[0], h[1], ...

    where a is 0, infinite or NaN, or s would be infinite, s stays.  With `pow2`, s is then the largest power of two not
    above it, so that scaling is exact.  Gradients pass straight through.

    Parameters
    ----------
    fmt, rounding, key
        Of R; see `chopper_ext.torch.scaling.scaled.Saturated`.
    history : int
        Length of h.
    margin : int
        Powers of two to leave free.
    statistic : str
        "max" of the history, or "most_recent".
    pow2 : bool
        See above.
    every : int
        Update after so many calls in training; 0: only where `update` is called.
    persistent : bool
        Whether h and s are part of `state_dict`; by default they are not, and keys of the model stay what they were.

    Raises
    ------
    UnsupportedInputError
        If elements of the format share scales; if a tensor is not float32.
    PolicyError
        If another argument is not legal.

    Notes
    -----
    The recipe ``DelayedScaling`` of NVIDIA's Transformer Engine, which updates once an iteration: ``every=0``.

    Examples
    --------
    >>> import chopper, torch
    >>> scaling = DelayedScaling("e4m3", pow2=True)
    >>> x = torch.tensor([0.001, 0.75])
    >>> scaling(x).tolist(), scaling.scale.item(), scaling(x)[0].item() == chopper.chop(0.001 * 512, "e4m3") / 512
    ([0.001953125, 0.75], 512.0, True)
    """

    history: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self,
        fmt: str | Format,
        rounding: str | Rounding = "nearest_even",
        *,
        key: Any = None,
        history: int = 16,
        margin: int = 0,
        statistic: str = "max",
        pow2: bool = False,
        every: int = 1,
        persistent: bool = False,
    ) -> None:
        super().__init__()
        self._rounded = Saturated(fmt, rounding, key)
        if statistic not in ("max", "most_recent") or history < 1 or every < 0 or not isinstance(margin, int):
            raise PolicyError(
                f"statistic={statistic!r}, history={history!r}, every={every!r}, margin={margin!r}; legal: 'max' and "
                "'most_recent', lengths from 1 on, counts from 0 on, whole margins"
            )
        self.margin, self.statistic, self.pow2, self.every, self._calls = margin, statistic, pow2, every, 0
        self.register_buffer("history", torch.zeros(history), persistent)
        self.register_buffer("scale", torch.ones(()), persistent)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the rounded tensor."""
        if x.dtype != torch.float32:
            raise UnsupportedInputError(f"cannot scale a tensor of dtype {x.dtype}; pass float32")
        plain = x.detach()
        value = self._rounded(plain * self.scale) / self.scale
        if self.training:
            if plain.numel():
                self.history[0] = torch.maximum(self.history[0], plain.abs().amax())
            if self.every > 1:  # a count that changes would compile a graph anew
                self._calls = (self._calls + 1) % self.every
            if self.every and self._calls == 0:
                self.update()
        return straight_through(x, value)

    def update(self) -> None:
        """Compute the scale of the next calls, and make room in the history."""
        largest = self.history.amax() if self.statistic == "max" else self.history[0]
        # Not a number over a tensor, for which torch multiplies by a reciprocal.
        top = torch.full_like(largest, float(self._rounded.fmt.max))
        scale = torch.div(top, largest) / 2.0**self.margin
        if self.pow2:
            scale = torch.ldexp(torch.ones_like(scale), torch.frexp(scale).exponent - 1)
        legal = (largest > 0) & torch.isfinite(largest) & torch.isfinite(scale) & (scale > 0)
        self.scale.copy_(torch.where(legal, scale, self.scale))
        self.history.copy_(self.history.roll(1))
        self.history[0] = 0.0

    def extra_repr(self) -> str:
        """Return what `print` shows."""
        by = self._rounded
        return f"{by.fmt}, {by.rounding.value}, history={len(self.history)}, margin={self.margin}, pow2={self.pow2}"
