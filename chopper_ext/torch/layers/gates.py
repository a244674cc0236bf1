"""One step of a recurrent network by a recipe, for cells and for whole networks.

Both products of a step are linear layers of the recipe.  Every sum, product and activation of the gates is torch's own
in float32, rounded by ``elementwise``; its gradient is rounded by ``grad_elementwise`` on the way back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from chopper_ext.torch.layers.base import ChopLayer
from chopper_ext.torch.layers.linear import linear
from chopper_ext.torch.layers.points import point

__all__ = ["GRUGates", "Gates", "LSTMGates", "RNNGates", "States", "Weights"]

States = tuple[torch.Tensor, ...]
"""What a step hands to the next one: h, and c of an LSTM behind it."""


class Weights(NamedTuple):
    """The parameters of a step; biases may be None."""

    ih: torch.Tensor
    hh: torch.Tensor
    bias_ih: torch.Tensor | None
    bias_hh: torch.Tensor | None


class Gates(ChopLayer):
    """What the steps have in common."""

    def _step(self, x: torch.Tensor, states: States, weights: Weights) -> States:
        """Return the states after an input."""
        raise NotImplementedError

    def _rounded(self, x: torch.Tensor) -> torch.Tensor:
        return point(x, self.chop_spec.elementwise, self.chop_spec.grad_elementwise, self.chop_call())

    def _products(self, x: torch.Tensor, h: torch.Tensor, weights: Weights) -> tuple[torch.Tensor, torch.Tensor]:
        return (
            linear(x, weights.ih, weights.bias_ih, self.chop_spec, self.chop_call()),
            linear(h, weights.hh, weights.bias_hh, self.chop_spec, self.chop_call()),
        )


class RNNGates(Gates):
    """h' = f(W x + b + (U h + d)), f = tanh or relu."""

    def _step(self: Any, x: torch.Tensor, states: States, weights: Weights) -> States:
        one, two = self._products(x, states[0], weights)
        f = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        return (self._rounded(f(self._rounded(one + two))),)


class LSTMGates(Gates):
    """Gates i, f, g, o of s = (W x + b) + (U h + d); c' = f c + i g; h' = o tanh(c')."""

    def _step(self, x: torch.Tensor, states: States, weights: Weights) -> States:
        h, c = states
        one, two = self._products(x, h, weights)
        i, f, g, o = self._rounded(one + two).chunk(4, -1)
        gates = self._rounded(torch.cat((torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)), -1))
        i, f, g, o = gates.chunk(4, -1)
        c = self._rounded(self._rounded(f * c) + self._rounded(i * g))
        return self._rounded(o * self._rounded(torch.tanh(c))), c


class GRUGates(Gates):
    """r, z of sums; n = tanh(W x + b + r (U h + d)); h' = n + z (h - n)."""

    def _step(self, x: torch.Tensor, states: States, weights: Weights) -> States:
        (h,) = states
        one, two = self._products(x, h, weights)
        size = 2 * h.shape[-1]
        gates = self._rounded(torch.sigmoid(self._rounded(one[..., :size] + two[..., :size])))
        r, z = gates.chunk(2, -1)
        n = self._rounded(torch.tanh(self._rounded(one[..., size:] + self._rounded(r * two[..., size:]))))
        return (self._rounded(n + self._rounded(z * self._rounded(h - n))),)
