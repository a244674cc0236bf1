"""Automatic scaling: a power of two that follows how many values saturate."""

from __future__ import annotations

from typing import Any

import torch

from chopper import Format, Rounding, chop, get
from chopper.errors import PolicyError, UnsupportedInputError
from chopper.random import Keys

__all__ = ["AutomaticScaling"]


class AutomaticScaling:
    """Round gradients to a format, multiplied by a power of two mu that is halved and doubled as needed.

    ``round(g)`` is ``R(g mu) / mu``; R saturates.  `update`, once a step: if the share of elements that reached the
    largest magnitude of the format is above `threshold`, mu is halved; if it has not been above for `patience` steps,
    mu is doubled.  Both are exact as long as nothing leaves the normal range of the dtype.

    Parameters
    ----------
    fmt : str or Format
        A format of single numbers.
    rounding : str or Rounding
        See `Rounding`.
    key : int, pair of uint32, numpy.random.Generator, Keys or None
        For stochastic modes: base of the stream of keys, one for each call.
    mu : float
        Where to begin: a power of two.
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
        self,
        fmt: str | Format,
        rounding: str | Rounding = "nearest_even",
        *,
        key: Any = None,
        mu: float = 1.0,
        threshold: float = 1e-5,
        patience: int = 1000,
    ) -> None:
        self.fmt, self.rounding = get(fmt), Rounding.parse(rounding)
        if self.fmt.blocked:
            raise UnsupportedInputError(f"elements of {self.fmt} have scales already; legal: formats of single numbers")
        if not (0 < mu < float("inf") and float(mu).hex().startswith("0x1.0000000000000p")):
            raise PolicyError(f"mu={mu!r} is not legal; legal: powers of two")
        if not (0 <= threshold <= 1 and patience >= 1):
            raise PolicyError(f"threshold={threshold!r}, patience={patience!r}; legal: 0 to 1, and steps from 1 on")
        self.mu, self.threshold, self.patience = float(mu), threshold, patience
        self._keys = (key if isinstance(key, Keys) else Keys(key)) if self.rounding.random else None
        self._saturated = self._elements = self._clean = 0

    @property
    def share(self) -> float:
        """The share of elements since the last update that reached the largest magnitude."""
        return self._saturated / self._elements if self._elements else 0.0

    def round(self, g: torch.Tensor) -> torch.Tensor:
        """Return a rounded gradient, and count."""
        key = None if self._keys is None else next(self._keys)
        codes: torch.Tensor = chop(g.detach() * self.mu, self.fmt, self.rounding, key=key, overflow="saturate")
        self._saturated += int((codes.abs() >= min(float(self.fmt.max), -float(self.fmt.min))).sum())
        self._elements += g.numel()
        return codes / self.mu

    def update(self) -> None:
        """Change mu for the next step, and begin to count anew."""
        if self.share > self.threshold:
            self.mu, self._clean = self.mu / 2, 0
        else:
            self._clean += 1
            if self._clean >= self.patience:
                self.mu, self._clean = self.mu * 2, 0
        self._saturated = self._elements = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what a later run needs to go on."""
        stream = None if self._keys is None else (self._keys.base, self._keys.position)
        return {"mu": self.mu, "clean": self._clean, "count": (self._saturated, self._elements), "keys": stream}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a run ended."""
        self.mu, self._clean = state["mu"], state["clean"]
        self._saturated, self._elements = state["count"]
        if state["keys"] is not None:
            self._keys = Keys(*state["keys"])
