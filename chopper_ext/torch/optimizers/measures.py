"""How much of the updates of a step has arrived in the weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch

__all__ = ["Figures", "figures_of"]


class Figures(NamedTuple):
    """Figures of updates, over all weights.

    Attributes
    ----------
    updates : int
        Elements whose update is not zero.
    lost : int
        Those of them that have stayed what they were, with whatever is kept beside the weights.
    product : float
        Scalar product of what the updates were meant to be and what they were in effect.
    square : float
        Square of the norm of what the updates were meant to be.

    Both sums are taken in float64; their last digits depend on the order of summation.
    """

    updates: int = 0
    lost: int = 0
    product: float = 0.0
    square: float = 0.0

    @property
    def edq(self) -> float:
        """Effective descent quality: the length of the effective update along the one that was meant.

        Yu and others, Collage: light-weight low-precision strategy for LLM training, arXiv:2405.03637.
        """
        return self.product / math.sqrt(self.square) if self.square else 0.0

    @property
    def quality(self) -> float:
        """The same over the length of the update that was meant: 1 if nothing is lost on average; NaN without one."""
        return self.product / self.square if self.square else math.nan

    def plus(self, other: Figures) -> Figures:
        """Return figures of more weights."""
        sums: Any = (a + b for a, b in zip(self, other, strict=True))
        return Figures(*sums)


def figures_of(meant: torch.Tensor, before: torch.Tensor, after: torch.Tensor) -> Figures:
    """Return the figures of one tensor: what the update was meant to be, and what was held before and after."""
    effective = after - before
    moves = meant != 0
    return Figures(
        int(moves.sum()),
        int((moves & (effective == 0)).sum()),
        float((meant * effective).sum()),
        float((meant * meant).sum()),
    )
