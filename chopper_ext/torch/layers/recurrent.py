"""Cells of recurrent networks by a recipe.

Both products of a cell are linear layers of the recipe.  Every sum, product and activation of the gates is torch's own
in float32, rounded by ``elementwise``; its gradient is rounded by ``grad_elementwise`` on the way back.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import nn

from chopper_ext.torch.layers.base import ChopLayer, widened
from chopper_ext.torch.layers.linear import linear
from chopper_ext.torch.layers.points import point

__all__ = ["ChopGRUCell", "ChopLSTMCell", "ChopRNNCell"]


class _Cell(ChopLayer):
    """What cells have in common."""

    def _rounded(self, x: torch.Tensor) -> torch.Tensor:
        return point(x, self.chop_spec.elementwise, self.chop_spec.grad_elementwise, self.chop_call())

    def _products(self: Any, x: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return (
            linear(x, self.weight_ih, self.bias_ih, self.chop_spec, self.chop_call()),
            linear(h, self.weight_hh, self.bias_hh, self.chop_spec, self.chop_call()),
        )

    def _started(self: Any, input: torch.Tensor, state: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        x = widened(input, self.weight_ih)
        zeros = x.new_zeros((*x.shape[:-1], self.hidden_size))
        return x, zeros if state is None else widened(state, self.weight_hh)


class ChopRNNCell(_Cell, nn.RNNCell):
    """`torch.nn.RNNCell`: h' = f(W x + b + (U h + d)), f = tanh or relu."""

    plain: ClassVar[type[nn.Module]] = nn.RNNCell

    def forward(self, input: torch.Tensor, hx: torch.Tensor | None = None) -> torch.Tensor:
        """Return the new state."""
        if self.chop_plain:
            return self.plain.forward(self, input, hx)  # type: ignore[no-any-return]
        x, h = self._started(input, hx)
        one, two = self._products(x, h)
        f = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        return self._rounded(f(self._rounded(one + two)))


class ChopLSTMCell(_Cell, nn.LSTMCell):
    """`torch.nn.LSTMCell`: gates i, f, g, o of s = (W x + b) + (U h + d); c' = f c + i g; h' = o tanh(c')."""

    plain: ClassVar[type[nn.Module]] = nn.LSTMCell

    def forward(
        self, input: torch.Tensor, hx: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the new state."""
        if self.chop_plain:
            return self.plain.forward(self, input, hx)  # type: ignore[no-any-return]
        x, h = self._started(input, None if hx is None else hx[0])
        c = torch.zeros_like(h) if hx is None else widened(hx[1], self.weight_hh)
        one, two = self._products(x, h)
        i, f, g, o = self._rounded(one + two).chunk(4, -1)
        gates = self._rounded(torch.cat((torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)), -1))
        i, f, g, o = gates.chunk(4, -1)
        c = self._rounded(self._rounded(f * c) + self._rounded(i * g))
        return self._rounded(o * self._rounded(torch.tanh(c))), c


class ChopGRUCell(_Cell, nn.GRUCell):
    """`torch.nn.GRUCell`: r, z of sums; n = tanh(W x + b + r (U h + d)); h' = n + z (h - n)."""

    plain: ClassVar[type[nn.Module]] = nn.GRUCell

    def forward(self, input: torch.Tensor, hx: torch.Tensor | None = None) -> torch.Tensor:
        """Return the new state."""
        if self.chop_plain:
            return self.plain.forward(self, input, hx)  # type: ignore[no-any-return]
        x, h = self._started(input, hx)
        one, two = self._products(x, h)
        size = 2 * self.hidden_size
        gates = self._rounded(torch.sigmoid(self._rounded(one[..., :size] + two[..., :size])))
        r, z = gates.chunk(2, -1)
        n = self._rounded(torch.tanh(self._rounded(one[..., size:] + self._rounded(r * two[..., size:]))))
        return self._rounded(n + self._rounded(z * self._rounded(h - n)))
