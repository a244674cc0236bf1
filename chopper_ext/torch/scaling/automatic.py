"""Automatic scaling: a power of two that follows how many values saturate."""

from __future__ import annotations

import math
from typing import Any

import torch

from chopper import Format, Rounding
from chopper.errors import PolicyError
from chopper.random import Keys
from chopper_ext.torch.scaling.scaled import Saturated

__all__ = ["AutomaticScaling"]

_LEAST, _MOST = 2.0**-126, 2.0**127


class AutomaticScaling:
    """Round gradients to a format, multiplied by a power of two mu that is halved and doubled as needed.

    ``round(g)`` is ``R(g mu) / mu``; R saturates.  `update`, once a step: if the share of elements that reached the
    bounds of the format is above `threshold`, mu is halved; if it has not been above for `patience` steps, mu is
    doubled; it stays between 2^-126 and 2^127, which float32 holds.  Both are exact as long as nothing leaves the
    normal range of the dtype.

    Parameters
    ----------
    fmt, rounding, key
        Of R; see `chopper_ext.torch.scaling.scaled.Saturated`.
    mu : float
        Where to begin: a power of two, from 2^-126 to 2^127.
    threshold : float
        The share that is tolerated.
    patience : int
        Steps.

    Raises
    ------
    UnsupportedInputError
        If elements of the format share scales.
    PolicyError
        If an argument is out of range.

    Notes
    -----
    The automatic scaling of FP8-LM (Peng and others, arXiv:2310.18313), where mu grows twofold over 1000 steps and the
    threshold is 0.001 %.

    Examples
    --------
    >>> import torch
    >>> scaling = AutomaticScaling("e4m3", mu=1024.0, patience=2)
    >>> g = torch.tensor([0.5, 1e-4])
    >>> scaling.round(g).tolist()
    [0.4375, 9.918212890625e-05]
    >>> scaling.update()
    >>> scaling.mu, scaling.round(g).tolist()
    (512.0, [0.5, 9.918212890625e-05])
    """

    def __init__(
        self, fmt: str | Format, rounding: str | Rounding = "nearest_even", *, key: Any = None, mu: float = 1.0,
        threshold: float = 1e-5, patience: int = 1000,
    ) -> None:  # fmt: skip
        self._rounded = Saturated(fmt, rounding, key)
        if not (_LEAST <= mu <= _MOST and math.frexp(mu)[0] == 0.5):
            raise PolicyError(f"mu={mu!r} is not legal; legal: powers of two from 2^-126 to 2^127")
        if not (0 <= threshold <= 1 and patience >= 1):
            raise PolicyError(f"threshold={threshold!r}, patience={patience!r}; legal: 0 to 1, and steps from 1 on")
        self.mu, self.threshold, self.patience = float(mu), threshold, patience
        self._saturated = self._elements = self._clean = 0

    @property
    def share(self) -> float:
        """The share of elements since the last update that reached the bounds of the format."""
        return self._saturated / self._elements if self._elements else 0.0

    def round(self, g: torch.Tensor) -> torch.Tensor:
        """Return a rounded gradient, and count."""
        scaled = self._rounded(g.detach() * self.mu)
        self._saturated += self._rounded.count_bounds(scaled)
        self._elements += g.numel()
        return scaled / self.mu

    def update(self) -> None:
        """Change mu for the next step, and begin to count anew."""
        if self.share > self.threshold:
            self.mu, self._clean = max(self.mu / 2, _LEAST), 0
        else:
            self._clean += 1
            if self._clean >= self.patience:
                self.mu, self._clean = min(self.mu * 2, _MOST), 0
        self._saturated = self._elements = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what a later run needs to go on."""
        keys = self._rounded.keys
        stream = None if keys is None else (keys.base, keys.position)
        return {"mu": self.mu, "clean": self._clean, "count": (self._saturated, self._elements), "keys": stream}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a run ended."""
        self.mu, self._clean = state["mu"], state["clean"]
        self._saturated, self._elements = state["count"]
        if state["keys"] is not None:
            self._rounded.keys = Keys(*state["keys"])
